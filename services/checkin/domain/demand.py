"""A demand 诉求 that the chief of the day has heard: of which category, and by when it will be met (C3)."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias, assert_never, get_args

import msgspec

from shared.decider import Command, Decider, DomainEvent
from shared.errors import NotFound

from .device_time import Moment
from .duty_state import Duty
from .refusals import AlreadyRegistered, CategoryUnknown, DeadlineRequired, DutyNotAssigned
from .values import DEMAND_CATEGORIES

DemandFlag: TypeAlias = Literal["clock_corrected", "late_beyond_window"]


class RecordDemand(Command, frozen=True):
    demand_id: str
    duty_id: str
    station_id: str
    chief_id: str
    category: str
    deadline: datetime | None
    content_ref: str
    moment: Moment
    member_id: str | None = None  # whose demand it is, if he wants to be known
    content_hmac: str | None = None


class CloseDemand(Command, frozen=True):
    """Grievance has closed the case that the demand became."""

    demand_id: str
    case_id: str
    outcome: str
    closed_at: datetime


class DemandRecorded(DomainEvent, frozen=True):
    """`at` is when it was heard. The words are content, posted before."""

    demand_id: str
    duty_id: str
    station_id: str
    chief_id: str
    category: str
    deadline: datetime
    content_ref: str
    member_id: str | None
    content_hmac: str | None
    flags: tuple[DemandFlag, ...]


class DemandClosed(DomainEvent, frozen=True):
    demand_id: str
    duty_id: str
    station_id: str
    category: str
    deadline: datetime
    case_id: str
    outcome: str
    in_time: bool


DemandCommand: TypeAlias = RecordDemand | CloseDemand
DemandEvent: TypeAlias = DemandRecorded | DemandClosed


class Demand(msgspec.Struct, frozen=True):
    recorded: DemandRecorded | None = None
    closed: bool = False


def check_chief(command: RecordDemand, duty: Duty) -> None:
    """Only the chief of that duty, at its station, and of what was heard while on it."""
    if duty.known_at(command.station_id).kind != "chief" or not duty.is_on_duty(command.chief_id, command.moment.at):
        raise DutyNotAssigned("demands are recorded by the chief who is on this duty", field="duty_id")


def decide(command: DemandCommand, demand: Demand) -> list[DemandEvent]:
    match command:
        case RecordDemand():
            return _record(command, demand)
        case CloseDemand():
            return _close(command, demand)
        case _:
            assert_never(command)


def _record(command: RecordDemand, demand: Demand) -> list[DemandEvent]:
    """The same facts again are nothing new. A deadline must still be ahead when we are told, or nobody can meet it."""
    if demand.recorded is not None:
        if _facts(command) == _facts(demand.recorded):
            return []
        raise AlreadyRegistered("this demand is recorded with other facts: use another id", field="demand_id")
    if command.category not in DEMAND_CATEGORIES:
        known = ", ".join(sorted(DEMAND_CATEGORIES))
        raise CategoryUnknown(f"a demand is one of {known}", field="category")
    if command.deadline is None or command.deadline <= command.moment.received_at:
        raise DeadlineRequired(field="deadline")
    flags: list[DemandFlag] = ["clock_corrected"] if command.moment.clock_corrected else []
    if command.moment.late_beyond_window:
        flags.append("late_beyond_window")
    return [
        DemandRecorded(
            command.moment.at,
            command.demand_id,
            command.duty_id,
            command.station_id,
            command.chief_id,
            command.category,
            command.deadline,
            command.content_ref,
            command.member_id,
            command.content_hmac,
            tuple(flags),
        )
    ]


def _facts(one: RecordDemand | DemandRecorded) -> tuple[object, ...]:
    what = (one.duty_id, one.station_id, one.chief_id, one.category, one.deadline)
    return (*what, one.content_ref, one.member_id, one.content_hmac)


def _close(command: CloseDemand, demand: Demand) -> list[DemandEvent]:
    """By the first closing, which is in time up to the deadline; a case that is opened again is grievance's matter."""
    known = demand.recorded
    if known is None:
        raise NotFound("no such demand was recorded here", field="demand_id")
    if demand.closed:
        return []
    in_time = command.closed_at <= known.deadline
    what = (known.demand_id, known.duty_id, known.station_id, known.category, known.deadline)
    return [DemandClosed(command.closed_at, *what, command.case_id, command.outcome, in_time)]


def evolve(demand: Demand, event: DemandEvent) -> Demand:
    match event:
        case DemandRecorded():
            return Demand(event)
        case DemandClosed():
            return msgspec.structs.replace(demand, closed=True)
        case _:
            assert_never(event)


DEMAND: Decider[DemandCommand, DemandEvent, Demand] = Decider("demand", Demand(), decide, evolve, get_args(DemandEvent))
