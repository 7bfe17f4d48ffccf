"""What asks for reports to be filed, proven and answered."""

from __future__ import annotations

from shared.contracts.checkin import DutyAssigned, VisitEnded, VisitStarted, VisitVoided
from shared.contracts.points import PatrolReported
from shared.decider import Command
from shared.policies import Intake, Policies, Receipt, Timers

from ..domain.account import EarnPoints, ReversePoints
from ..domain.checklist import CheckedItem
from ..domain.presence import ForgetVisit, NoteDeparture, NotePresence
from ..domain.report import CORRECTION_TIMER, DUTY_TIMER, PRESENCE_TIMER, REVIEW_TIMER
from ..domain.report_commands import EndCorrection, EndDutyWait, EscalateReport, SendToReview, SubmitReport
from ..domain.report_events import PatrolReportAccepted, PatrolReportVoided
from ..domain.rights import OpenRight

POLICIES = Policies()
INTAKE = Intake()

LATE = "late_beyond_window"  # checkin's flag of K5
PATROL = "patrol"  # the reason of points for a patrol


@INTAKE.on(PatrolReported)
def submit_report(event: PatrolReported, received: Receipt) -> Command:
    return SubmitReport(
        report_id=event.report_id,
        duty_id=event.duty_id,
        station_id=event.station_id,
        volunteer_id=event.volunteer_id,
        performed_from=event.performed_from,
        performed_to=event.performed_to,
        checklist=tuple(CheckedItem(answer.item, answer.ok) for answer in event.checklist),
        offline=event.offline,
        now=received.received_at,
        intake=received.intake,
    )


@POLICIES.on(VisitStarted)
def when_visit_started(event: VisitStarted) -> list[Command]:
    """K5: a visit told too late is known, but proves nothing."""
    late = LATE in event.flags
    return [NotePresence(event.member_id, event.visit_id, event.station_id, event.started_at, late)]


@POLICIES.on(VisitEnded)
def when_visit_ended(event: VisitEnded) -> list[Command]:
    return [NoteDeparture(event.member_id, event.visit_id, event.station_id, event.started_at, event.ended_at)]


@POLICIES.on(VisitVoided)
def when_visit_voided(event: VisitVoided) -> list[Command]:
    return [ForgetVisit(event.member_id, event.visit_id, event.station_id, event.voided_at)]


@POLICIES.on(DutyAssigned)
def when_duty_assigned(event: DutyAssigned) -> list[Command]:
    """Chiefs do not file patrol reports."""
    if event.kind == "chief":
        return []
    return [
        OpenRight(
            duty_id=event.duty_id,
            kind=event.kind,
            station_id=event.station_id,
            window_from=event.window_from,
            window_to=event.window_to,
            people=tuple(event.people),
            theme=event.theme,
        )
    ]


@POLICIES.on(PatrolReportAccepted)
def when_patrol_report_accepted(event: PatrolReportAccepted) -> list[Command]:
    """PT5: earned when the patrol was performed, however late it was accepted. A patrol worth nothing makes no lot."""
    if event.points == 0:
        return []
    return [EarnPoints(event.volunteer_id, event.points, PATROL, event.report_id, event.performed_from, event.at)]


@POLICIES.on(PatrolReportVoided)
def when_patrol_report_voided(event: PatrolReportVoided) -> list[Command]:
    """Choreography 27 (E34)."""
    if event.points == 0:
        return []
    return [ReversePoints(event.volunteer_id, PATROL, event.report_id, event.at)]


TIMERS: Timers = {
    ("report", DUTY_TIMER): lambda entity, ref, due_at: EndDutyWait(entity, due_at),
    ("report", PRESENCE_TIMER): lambda entity, ref, due_at: SendToReview(entity, due_at),
    ("report", REVIEW_TIMER): lambda entity, ref, due_at: EscalateReport(entity, due_at),
    ("report", CORRECTION_TIMER): lambda entity, ref, due_at: EndCorrection(entity, due_at),
}
