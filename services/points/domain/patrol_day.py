"""PatrolDay: the patrols of one volunteer on one day, which must not overlap, and of which three are paid (PT2)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TypeAlias, assert_never, get_args

import msgspec
from msgspec.structs import replace

from shared.clock import CHINA
from shared.decider import Command, Decider, DomainEvent
from shared.errors import Refused

from .values import PAID_PATROLS_PER_DAY

DAILY_CAP_REACHED = "DAILY_CAP_REACHED"  # a note on a report that is accepted and pays nothing


class BookPatrol(Command, frozen=True):
    """The time that a submitted patrol takes: nobody is on two patrols at once."""

    report_id: str
    performed_from: datetime
    performed_to: datetime
    now: datetime


class PayPatrol(Command, frozen=True):
    report_id: str
    now: datetime


class FreePatrol(Command, frozen=True):
    """The report was rejected, voided, set aside or corrected: its time is free for another."""

    report_id: str
    now: datetime


class PatrolBooked(DomainEvent, frozen=True):
    report_id: str
    performed_from: datetime
    performed_to: datetime


class PatrolPaid(DomainEvent, frozen=True):
    report_id: str


class PatrolFreed(DomainEvent, frozen=True):
    report_id: str


DayCommand: TypeAlias = BookPatrol | PayPatrol | FreePatrol
DayEvent: TypeAlias = PatrolBooked | PatrolPaid | PatrolFreed


class PatrolDay(msgspec.Struct, frozen=True):
    """A patrol past midnight is in two days, and paid in that of its beginning."""

    booked: dict[str, PatrolBooked] = {}
    paid: frozenset[str] = frozenset()

    @property
    def is_paid_up(self) -> bool:
        """Whether one more patrol of the day pays nothing."""
        return len(self.paid) >= PAID_PATROLS_PER_DAY


class OverlappingPatrol(Refused):
    """The volunteer has reported another patrol for a part of this time. Correct the times of this one."""


def days_of(volunteer_id: str, performed_from: datetime, performed_to: datetime) -> list[str]:
    """The entities of a patrol, the day of its beginning in China first (K1)."""
    day, last = (moment.astimezone(CHINA).date() for moment in (performed_from, performed_to - timedelta.resolution))
    days = [day + timedelta(number) for number in range((last - day).days + 1)]
    return [f"{volunteer_id}:{one.isoformat()}" for one in days]


def decide(command: DayCommand, day: PatrolDay) -> Sequence[DayEvent]:
    match command:
        case BookPatrol(report_id) if report_id in day.booked:
            return []
        case BookPatrol(report_id, since, until, now):
            if any(other.performed_from < until and since < other.performed_to for other in day.booked.values()):
                raise OverlappingPatrol(field="performed_from")
            return [PatrolBooked(now, report_id, since, until)]
        case PayPatrol(report_id, now):
            return [PatrolPaid(now, report_id)] if report_id not in day.paid else []
        case FreePatrol(report_id, now):
            return [PatrolFreed(now, report_id)] if report_id in day.booked else []
        case _:
            assert_never(command)


def evolve(day: PatrolDay, event: DayEvent) -> PatrolDay:
    match event:
        case PatrolBooked(report_id=report_id):
            return replace(day, booked={**day.booked, report_id: event})
        case PatrolPaid(report_id=report_id):
            return replace(day, paid=day.paid | {report_id})
        case PatrolFreed(report_id=report_id):
            booked = {ref: patrol for ref, patrol in day.booked.items() if ref != report_id}
            return PatrolDay(booked, day.paid - {report_id})
        case _:
            assert_never(event)


PATROL_DAY: Decider[DayCommand, DayEvent, PatrolDay] = Decider(
    "patrolday", PatrolDay(), decide, evolve, get_args(DayEvent)
)
