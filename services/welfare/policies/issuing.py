"""What gifts are given for: check-ins, commended reports, and what checkin tells of members."""

from __future__ import annotations

from datetime import datetime

from shared.contracts.checkin import MemberLeft, MemberRegistered, MemberReinstated, MemberSuspended, VisitStarted
from shared.contracts.grievance import ReporterCommended
from shared.decider import Command
from shared.policies import Policies

from ..domain.giving import EvaluateVisit, RewardReporter
from ..domain.member import NoteLeaving, NoteMember, NoteReinstatement, NoteSuspension

POLICIES = Policies()

LATE = "late_beyond_window"  # checkin's flag of K5


@POLICIES.on(VisitStarted)
def when_visit_started(event: VisitStarted) -> list[Command]:
    """Row 1. K5: a visit told more than 72 hours late is given nothing for."""
    if LATE in event.flags:
        return []
    return [EvaluateVisit(event.visit_id, event.member_id, event.station_id, event.started_at)]


@POLICIES.timed(ReporterCommended)
def when_reporter_commended(event: ReporterCommended, at: datetime) -> list[Command]:
    """Row 8."""
    return [RewardReporter(event.rectification_id, event.member_id, at)]


@POLICIES.on(MemberRegistered)
def when_member_registered(event: MemberRegistered) -> list[Command]:
    return [NoteMember(event.member_id, event.trade, event.registered_at)]


@POLICIES.on(MemberSuspended)
def when_member_suspended(event: MemberSuspended) -> list[Command]:
    """Row 22."""
    return [NoteSuspension(event.member_id, event.suspended_at)]


@POLICIES.on(MemberReinstated)
def when_member_reinstated(event: MemberReinstated) -> list[Command]:
    return [NoteReinstatement(event.member_id, event.reinstated_at)]


@POLICIES.on(MemberLeft)
def when_member_left(event: MemberLeft) -> list[Command]:
    return [NoteLeaving(event.member_id, event.left_at)]
