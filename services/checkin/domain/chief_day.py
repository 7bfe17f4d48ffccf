"""One person's date as station chief: at one station only (CK10). Patrols are not bound by it."""

from __future__ import annotations

from datetime import date, datetime
from typing import TypeAlias, assert_never, get_args

import msgspec

from shared.decider import Command, Decider, DomainEvent

from .refusals import RotaConflict


class TakeChiefDay(Command, frozen=True):
    station_id: str
    duty_id: str
    now: datetime


class FreeChiefDay(Command, frozen=True):
    duty_id: str
    now: datetime


class ChiefDayTaken(DomainEvent, frozen=True):
    station_id: str
    duty_id: str


class ChiefDayFreed(DomainEvent, frozen=True):
    duty_id: str


ChiefDayCommand: TypeAlias = TakeChiefDay | FreeChiefDay
ChiefDayEvent: TypeAlias = ChiefDayTaken | ChiefDayFreed


class ChiefDay(msgspec.Struct, frozen=True):
    duty_id: str | None = None
    station_id: str | None = None


def chief_day(person: str, day: date) -> str:
    """The name of a person's date."""
    return f"{person}_{day.isoformat()}"


def decide(command: ChiefDayCommand, day: ChiefDay) -> list[ChiefDayEvent]:
    match command:
        case TakeChiefDay(station_id, duty_id, now):
            if day.duty_id == duty_id:
                return []
            if day.duty_id is not None:
                raise RotaConflict(f"this person is chief of {day.station_id} on this date", field="people")
            return [ChiefDayTaken(now, station_id, duty_id)]
        case FreeChiefDay(duty_id, now):
            return [ChiefDayFreed(now, duty_id)] if day.duty_id == duty_id else []
        case _:
            assert_never(command)


def evolve(day: ChiefDay, event: ChiefDayEvent) -> ChiefDay:
    match event:
        case ChiefDayTaken(station_id=station_id, duty_id=duty_id):
            return ChiefDay(duty_id, station_id)
        case ChiefDayFreed():
            return ChiefDay()
        case _:
            assert_never(event)


CHIEF_DAY: Decider[ChiefDayCommand, ChiefDayEvent, ChiefDay] = Decider(
    "chiefday", ChiefDay(), decide, evolve, get_args(ChiefDayEvent)
)
