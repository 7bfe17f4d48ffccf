"""What is known of a duty 值班: its stages, and who is on it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, TypeAlias, assert_never

import msgspec

from shared.decider import DeadlineCleared, DeadlineSet
from shared.errors import NotFound

from .duty_events import (
    DeputyNamed,
    DutyAssigned,
    DutyCancelled,
    DutyCompleted,
    DutyEvent,
    DutyFulfilled,
    DutyFulfilmentRevoked,
    DutyKind,
    DutyMissed,
    DutyPlanned,
    DutyReportAdded,
    DutyReportVoided,
    DutyStarted,
    DutySwapped,
    SwapOffered,
    SwapWithdrawn,
)

MISS, END = "miss", "end"  # the timers: nobody started or reported; nobody ended

Stage: TypeAlias = Literal["unknown", "planned", "assigned", "missed", "on_duty", "completed", "fulfilled", "cancelled"]


class Slot(msgspec.Struct, frozen=True):
    """What a duty is, whoever is named for it."""

    duty_id: str
    kind: DutyKind
    station_id: str
    window_from: datetime
    window_to: datetime
    theme: str | None


class Duty(msgspec.Struct, frozen=True):
    """`people` are those on it now, `named` those it was assigned to first."""

    slot: Slot | None = None
    stage: Stage = "unknown"
    people: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    deputy: str | None = None
    offers: dict[str, str] = {}  # who asks whom
    last_swap: tuple[str, str] | None = None
    started: DutyStarted | None = None
    ended_at: datetime | None = None
    reports: dict[str, bool] = {}  # those that are accepted, and whether in time
    voided: tuple[str, ...] = ()  # reports that count no more, whatever is told of them later
    miss_due: datetime | None = None  # what the timers are set to
    end_due: datetime | None = None

    @property
    def known(self) -> Slot:
        """Raises `NotFound`."""
        if self.slot is None:
            raise NotFound("no such duty is in the rota", field="duty_id")
        return self.slot

    def known_at(self, station_id: str) -> Slot:
        """As above, and of this station: whoever may change a station's duties may not change another's."""
        if self.known.station_id != station_id:
            raise NotFound("this station has no such duty", field="duty_id")
        return self.known

    def report_left(self, voided: str) -> str | None:
        """Which of the others stands for the duty: one in time before one that was too late, then in their order."""
        others = [report for report in self.reports if report != voided]
        return next((report for report in others if self.reports[report]), next(iter(others), None))

    @property
    def waits(self) -> bool:
        """For its people, its start or its report."""
        return self.stage in ("planned", "assigned")

    def is_over(self, now: datetime) -> bool:
        return self.known.window_to <= now or self.stage in ("completed", "fulfilled", "cancelled")

    def is_on_duty(self, person: str, moment: datetime) -> bool:
        """Whether this person had this duty at a moment."""
        if self.started is None or self.started.person != person:
            return False
        return self.started.at <= moment and (self.ended_at is None or moment < self.ended_at)


def slot_of(event: DutyPlanned | DutyAssigned) -> Slot:
    return Slot(event.duty_id, event.kind, event.station_id, event.window_from, event.window_to, event.theme)


def evolve(duty: Duty, event: DutyEvent) -> Duty:
    """What has happened has happened."""
    changed = msgspec.structs.replace
    match event:
        case DutyPlanned():
            return changed(duty, slot=slot_of(event), stage="planned")
        case DutyAssigned():
            return changed(duty, slot=slot_of(event), stage="assigned", people=event.people, named=event.people)
        case DeputyNamed():
            return changed(duty, deputy=event.person)
        case SwapOffered():
            return changed(duty, offers={**duty.offers, event.from_person: event.to_person})
        case SwapWithdrawn():
            return changed(duty, offers=_without(duty.offers, event.from_person))
        case DutySwapped():
            swap = (event.from_person, event.to_person)
            return changed(duty, people=event.people, offers=_without(duty.offers, event.from_person), last_swap=swap)
        case DutyStarted():
            return changed(duty, stage="on_duty", started=event, offers={})
        case DutyCompleted(at):
            return changed(duty, stage="completed", ended_at=at)
        case DutyFulfilled():
            reports = {**duty.reports, event.report_id: event.in_time}
            return changed(duty, stage="fulfilled" if event.in_time else duty.stage, reports=reports)
        case DutyReportAdded():
            return changed(duty, reports={**duty.reports, event.report_id: event.in_time})
        case DutyReportVoided(report_id=report_id):
            reports = {report: in_time for report, in_time in duty.reports.items() if report != report_id}
            return changed(duty, reports=reports, voided=(*duty.voided, report_id))
        case DutyFulfilmentRevoked():
            return changed(duty, stage="assigned")
        case DutyMissed():
            return changed(duty, stage="missed", miss_due=None, offers={})
        case DutyCancelled(at):
            return changed(duty, stage="cancelled", ended_at=at, offers={})
        case DeadlineSet(name=name, due_at=due_at):
            return changed(duty, miss_due=due_at) if name == MISS else changed(duty, end_due=due_at)
        case DeadlineCleared(name=name):
            return changed(duty, miss_due=None) if name == MISS else changed(duty, end_due=None)
        case _:
            assert_never(event)


def _without(offers: Mapping[str, str], person: str) -> dict[str, str]:
    return {who: whom for who, whom in offers.items() if who != person}
