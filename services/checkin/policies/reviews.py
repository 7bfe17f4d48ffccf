"""What counts for a station's stars (CK12, rows 4, 19, 23): visits, patrols, demands, and what grievance tells.

Each counts in one period: a rating in that in which it was given, a patrol in that in which it begins, a demand in that
in which it falls due.
"""

from __future__ import annotations

from datetime import datetime

from shared.contracts.grievance import ActionOverdue, RectificationClosed, RectificationOverdue, SatisfactionGiven
from shared.decider import Command
from shared.policies import Policies

from ..domain.demand import DemandClosed, DemandRecorded
from ..domain.duty_events import (
    DutyAssigned,
    DutyCancelled,
    DutyFulfilled,
    DutyFulfilmentRevoked,
    DutyMissed,
    DutyPlanned,
)
from ..domain.overdue import NoteOverdue, NoteSettled
from ..domain.period import period_at
from ..domain.standing import (
    CountRating,
    NoteActionOverdue,
    NoteAnswerRated,
    NoteDemand,
    NoteDemandClosed,
    NotePatrol,
    PatrolNote,
    TakeBackRating,
)
from ..domain.visits import VisitRated, VisitVoided

POLICIES = Policies()


@POLICIES.on(VisitRated)
def count_rating(event: VisitRated) -> list[Command]:
    return [CountRating(event.station_id, period_at(event.at), event.visit_id, event.stars, event.at)]


@POLICIES.on(VisitVoided)
def take_back_rating_of_voided_visit(event: VisitVoided) -> list[Command]:
    if event.stars is None or event.rated_at is None:
        return []
    return [TakeBackRating(event.station_id, period_at(event.rated_at), event.visit_id, event.stars, event.at)]


@POLICIES.on(DutyPlanned)
def note_planned_patrol(event: DutyPlanned) -> list[Command]:
    """A patrol that nobody was ever named for is scheduled, too, and missed."""
    return _patrol(event, "scheduled")


@POLICIES.on(DutyAssigned)
def note_assigned_patrol(event: DutyAssigned) -> list[Command]:
    return _patrol(event, "scheduled")


@POLICIES.on(DutyFulfilled)
def note_fulfilled_patrol(event: DutyFulfilled) -> list[Command]:
    """Row 4. A report that was accepted too late leaves the miss as it is (CK11)."""
    return _patrol(event, "fulfilled") if event.in_time else []


@POLICIES.on(DutyFulfilmentRevoked)
def note_revoked_patrol(event: DutyFulfilmentRevoked) -> list[Command]:
    """Its report was voided."""
    return _patrol(event, "revoked")


@POLICIES.on(DutyMissed)
def note_missed_patrol(event: DutyMissed) -> list[Command]:
    """Row 23."""
    return _patrol(event, "missed")


@POLICIES.on(DutyCancelled)
def note_cancelled_patrol(event: DutyCancelled) -> list[Command]:
    return _patrol(event, "cancelled")


def _patrol(
    event: DutyPlanned | DutyAssigned | DutyFulfilled | DutyFulfilmentRevoked | DutyMissed | DutyCancelled,
    note: PatrolNote,
) -> list[Command]:
    if event.kind == "chief":
        return []
    return [NotePatrol(event.station_id, period_at(event.window_from), event.duty_id, note, event.at)]


@POLICIES.on(DemandRecorded)
def note_demand(event: DemandRecorded) -> list[Command]:
    return [NoteDemand(event.station_id, period_at(event.deadline), event.demand_id, event.deadline, event.at)]


@POLICIES.on(DemandClosed)
def note_closed_demand(event: DemandClosed) -> list[Command]:
    """Row 19, `CaseClosed`."""
    return [NoteDemandClosed(event.station_id, period_at(event.deadline), event.demand_id, event.in_time, event.at)]


@POLICIES.on(RectificationOverdue)
def note_overdue_rectification(event: RectificationOverdue) -> list[Command]:
    """Row 19."""
    return [NoteOverdue(event.station_id, event.rectification_id, event.due_at)]


@POLICIES.on(RectificationClosed)
def note_closed_rectification(event: RectificationClosed) -> list[Command]:
    return [NoteSettled(event.station_id, event.rectification_id, event.closed_at)]


@POLICIES.timed(SatisfactionGiven)
def note_rated_answer(event: SatisfactionGiven, at: datetime) -> list[Command]:
    """Row 19."""
    if event.station_id is None:
        return []
    return [NoteAnswerRated(event.station_id, period_at(at), event.case_id, event.round, event.stars, at)]


@POLICIES.on(ActionOverdue)
def note_overdue_action(event: ActionOverdue) -> list[Command]:
    """Row 19."""
    if event.station_id is None:
        return []
    return [NoteActionOverdue(event.station_id, period_at(event.due_at), event.proposal_id, event.due_at)]
