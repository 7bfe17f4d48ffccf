"""A station's rota 值班表 of one month: one chief for each date (CK10), and which duties there are (row 21).

It also keeps the timer that looks each evening whether the next date has its chief. Whether a duty is over is told by
its window and by its own stream: the sheet is not changed then.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TypeAlias, assert_never, get_args

import msgspec

from shared.decider import Command, DeadlineCleared, DeadlineSet, Decider, DomainEvent

from .duty_events import DutyKind
from .occupancy import month_of
from .refusals import RotaConflict
from .shifts import midnight, named_by

UNASSIGNED = "unassigned"  # the timer of CHIEF_NAMED_BY, its ref being the date


class EnterDuty(Command, frozen=True):
    duty_id: str
    kind: DutyKind
    day: date
    window_to: datetime
    now: datetime


class StrikeDuty(Command, frozen=True):
    """It is cancelled: its date may have another chief."""

    duty_id: str
    now: datetime


class AwaitChief(Command, frozen=True):
    """Look at CHIEF_NAMED_BY whether this date has a chief."""

    day: date
    now: datetime


class ReportUnassigned(Command, frozen=True):
    """There is none."""

    station_id: str
    day: date
    now: datetime


class StopAwaiting(Command, frozen=True):
    """The station is retired."""

    day: date
    now: datetime


class OpenRota(Command, frozen=True):
    """A station is registered: from now on its chiefs are looked for."""

    station_id: str
    now: datetime


class CheckRota(Command, frozen=True):
    """The timer `unassigned` is due."""

    station_id: str
    day: date
    now: datetime


class CancelDuties(Command, frozen=True):
    """Row 21: the station is out of service since `now`; this is one month of its rota."""

    station_id: str
    month: str
    reason: str  # a code
    now: datetime


class ReviseStarts(Command, frozen=True):
    """The station's hours have changed; this is one month of its rota."""

    station_id: str
    month: str
    now: datetime


class DutyEntered(DomainEvent, frozen=True):
    duty_id: str
    kind: DutyKind
    day: date
    window_to: datetime


class DutyStruck(DomainEvent, frozen=True):
    duty_id: str


class DutyUnassigned(DomainEvent, frozen=True):
    """CK10: no chief was named in time."""

    station_id: str
    day: date


RotaCommand: TypeAlias = EnterDuty | StrikeDuty | AwaitChief | ReportUnassigned | StopAwaiting
RotaEvent: TypeAlias = DutyEntered | DutyStruck | DutyUnassigned | DeadlineSet | DeadlineCleared


class Entry(msgspec.Struct, frozen=True):
    kind: DutyKind
    day: date
    window_to: datetime
    entered_at: datetime


class Sheet(msgspec.Struct, frozen=True):
    """By id of the duty, without those that were cancelled."""

    duties: dict[str, Entry] = {}

    def chief_duty(self, day: date) -> str | None:
        """The chief's duty of a date, planned or assigned."""
        return next((duty for duty, entry in self.duties.items() if entry.kind == "chief" and entry.day == day), None)

    def not_over(self, now: datetime) -> dict[str, Entry]:
        return {duty: one for duty, one in self.duties.items() if one.window_to > now}

    def to_come(self, now: datetime) -> dict[str, Entry]:
        """What is not over at this moment and was in the rota by then."""
        return {duty: one for duty, one in self.not_over(now).items() if one.entered_at <= now}


def sheet_of(station_id: str, day: date) -> str:
    """The name of the sheet that holds a date."""
    return sheet_of_month(station_id, month_of(midnight(day)))


def sheet_of_month(station_id: str, month: str) -> str:
    return f"{station_id}_{month}"


def station_of(sheet: str) -> str:
    return sheet.rpartition("_")[0]


def decide(command: RotaCommand, sheet: Sheet) -> list[RotaEvent]:
    match command:
        case EnterDuty(duty_id, kind, day, window_to, now):
            if duty_id in sheet.duties:
                return []
            if kind == "chief" and (other := sheet.chief_duty(day)):
                raise RotaConflict(f"the chief's duty of {day} at this station is {other}", field="station_id")
            return [DutyEntered(now, duty_id, kind, day, window_to)]
        case StrikeDuty(duty_id, now):
            return [DutyStruck(now, duty_id)] if duty_id in sheet.duties else []
        case AwaitChief(day, now):
            return [DeadlineSet(now, UNASSIGNED, day.isoformat(), named_by(day))]
        case ReportUnassigned(station_id, day, now):
            return [DutyUnassigned(now, station_id, day)]
        case StopAwaiting(day, now):
            return [DeadlineCleared(now, UNASSIGNED, day.isoformat(), "retired")]
        case _:
            assert_never(command)


def evolve(sheet: Sheet, event: RotaEvent) -> Sheet:
    match event:
        case DutyEntered(at, duty_id, kind, day, window_to):
            return Sheet({**sheet.duties, duty_id: Entry(kind, day, window_to, at)})
        case DutyStruck(duty_id=struck):
            return Sheet({duty_id: entry for duty_id, entry in sheet.duties.items() if duty_id != struck})
        case DutyUnassigned() | DeadlineSet() | DeadlineCleared():
            return sheet
        case _:
            assert_never(event)


ROTA: Decider[RotaCommand, RotaEvent, Sheet] = Decider("rota", Sheet(), decide, evolve, get_args(RotaEvent))
