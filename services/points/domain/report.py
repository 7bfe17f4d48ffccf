"""PatrolReport 巡查填报: submitted, answered automatically or by its leader, accepted, rejected or returned; voided."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, TypeAlias, TypeVar, assert_never, get_args

import msgspec
from msgspec.structs import replace

from shared.decider import DeadlineCleared, DeadlineSet, Decider, IntakeRef, WaitExpired
from shared.errors import IdempotencyKeyReused, Refused

from .checklist import check_answers
from .device_time import believed_end, comes_late
from .report_commands import (
    AcceptReport,
    EndCorrection,
    EndDutyWait,
    EscalateReport,
    FileAgain,
    RejectReport,
    ReportCommand,
    ReportWait,
    ReturnReport,
    SendToReview,
    SubmitReport,
    VoidReport,
    WaitForDuty,
    WaitForPresence,
)
from .report_events import (
    PatrolEvent,
    PatrolReportAccepted,
    PatrolReportRejected,
    PatrolReportReturned,
    PatrolReportSubmitted,
    PatrolReportVoided,
    ReportAwaitsDuty,
    ReportEscalated,
    ReportEvent,
    ReportSentToReview,
)
from .values import CORRECTION_WAIT, DUTY_WAIT, PRESENCE_WAIT, REVIEW_WAIT

DUTY_TIMER, PRESENCE_TIMER, REVIEW_TIMER, CORRECTION_TIMER = "duty", "presence", "review", "correction"
AUTOMATIC = "automatic"  # who decided, where no person did
NOT_CORRECTED = "NOT_CORRECTED"  # the code of a returned report whose volunteer let the deadline pass


Told = TypeVar("Told", bound=PatrolEvent)


class NotFiled(msgspec.Struct, frozen=True, tag=True):
    """Nothing is known under this id."""


class Submitted(msgspec.Struct, frozen=True, tag=True):
    patrol: PatrolReportSubmitted
    waits: str | None = None  # the timer that is set, here and below
    intake: IntakeRef | None = None  # of one that waits, or has waited, for its duty


class Quarantined(msgspec.Struct, frozen=True, tag=True):
    """Its duty was never told. It is filed anew when it is replayed or sent again."""

    patrol: PatrolReportSubmitted
    intake: IntakeRef


class UnderReview(msgspec.Struct, frozen=True, tag=True):
    patrol: PatrolReportSubmitted
    waits: str | None = None


class Returned(msgspec.Struct, frozen=True, tag=True):
    """With the volunteer, for a correction."""

    patrol: PatrolReportSubmitted
    waits: str | None = None


class Closed(msgspec.Struct, frozen=True, tag=True):
    """Accepted, rejected, recorded too late for any answer, or accepted and voided."""

    patrol: PatrolReportSubmitted
    outcome: Literal["accepted", "rejected", "late", "voided"]
    points: int = 0


Report: TypeAlias = NotFiled | Submitted | Quarantined | UnderReview | Returned | Closed


class ReportNotReviewable(Refused):
    """The report is not at this step: it waits for something else, was answered before, or was never filed."""


def decide(command: ReportCommand, report: Report) -> Sequence[ReportEvent]:
    match command:
        case SubmitReport():
            return _filed(command, report) if _is_new(command, report) else []
        case AcceptReport():
            return [_accepted(command, _open_patrol(report)), *_wait_over(report, command.now, "accepted")]
        case RejectReport():
            rejected = _of(PatrolReportRejected, _open_patrol(report), command.now, code=command.code, by=command.by)
            return [rejected, *_wait_over(report, command.now, "rejected")]
        case SendToReview() | ReturnReport() | VoidReport():
            return _handed_on(command, report)
        case _:
            return _waited(command, report)


def _waited(command: ReportWait, report: Report) -> Sequence[ReportEvent]:
    match command:
        case WaitForDuty(intake, now):
            deadline = DeadlineSet(now, DUTY_TIMER, _open_patrol(report).report_id, now + DUTY_WAIT)
            return [ReportAwaitsDuty(at=now, intake=intake), deadline]
        case WaitForPresence(now):
            patrol = _open_patrol(report)
            due_at = max(patrol.performed_to, now) + PRESENCE_WAIT
            return [*_wait_over(report, now, "duty_told"), DeadlineSet(now, PRESENCE_TIMER, patrol.report_id, due_at)]
        case EndDutyWait(now=now):
            return _cause_missing(report, now)
        case FileAgain():
            return [report.patrol] if isinstance(report, Quarantined) else []
        case EscalateReport(report_id, now) if not isinstance(report, UnderReview):
            return [DeadlineCleared(now, REVIEW_TIMER, report_id, "answered")]
        case EscalateReport(_, now):
            return [_of(ReportEscalated, _open_patrol(report), now), *_wait_over(report, now, "escalated")]
        case EndCorrection(report_id, now) if not isinstance(report, Returned):
            return [DeadlineCleared(now, CORRECTION_TIMER, report_id, "corrected")]
        case EndCorrection(_, now):
            rejected = _of(PatrolReportRejected, _open_patrol(report), now, code=NOT_CORRECTED, by=AUTOMATIC)
            return [rejected, *_wait_over(report, now, "rejected")]
        case _:
            assert_never(command)


def _handed_on(command: SendToReview | ReturnReport | VoidReport, report: Report) -> Sequence[ReportEvent]:
    match command:
        case SendToReview(report_id, now) if not isinstance(report, Submitted):
            return [DeadlineCleared(at=now, name=PRESENCE_TIMER, ref=report_id, reason="answered")]
        case SendToReview(report_id, now):
            deadline = DeadlineSet(now, REVIEW_TIMER, report_id, now + REVIEW_WAIT)
            sent = _of(ReportSentToReview, _open_patrol(report), now)
            return [sent, *_wait_over(report, now, "sent_to_review"), deadline]
        case ReturnReport(code, by, now):
            patrol = under_review(report)
            deadline = DeadlineSet(now, CORRECTION_TIMER, patrol.report_id, now + CORRECTION_WAIT)
            returned = _of(PatrolReportReturned, patrol, now, code=code, by=by)
            return [returned, *_wait_over(report, now, "returned"), deadline]
        case VoidReport(_, code, by, now):
            if not isinstance(report, Closed) or report.outcome not in ("accepted", "voided"):
                raise ReportNotReviewable
            voided = _of(PatrolReportVoided, report.patrol, now, points=report.points, code=code, by=by)
            return [voided] if report.outcome == "accepted" else []
        case _:
            assert_never(command)


def _filed(command: SubmitReport, report: Report) -> list[ReportEvent]:
    """A correction has a deadline of its own, so it is never late (K5)."""
    check_answers(command.checklist)
    performed_to = believed_end(command.performed_from, command.performed_to, command.now)
    submitted = _of(
        PatrolReportSubmitted,
        command,
        performed_to,
        performed_from=command.performed_from,
        performed_to=performed_to,
        checklist=command.checklist,
        offline=command.offline,
        received_at=command.now,
        late=not isinstance(report, Returned) and comes_late(performed_to, command.now),
    )
    return [*_wait_over(report, command.now, "corrected"), submitted]


def _is_new(command: SubmitReport, report: Report) -> bool:
    """A report sent again is known by what a second sending cannot change; a clamped end (K4) may differ."""
    if isinstance(report, NotFiled):
        return True
    told = ["duty_id", "volunteer_id"] if isinstance(report, Returned) else ["duty_id", "station_id", "volunteer_id"]
    if not isinstance(report, Returned):
        told.append("performed_from")
    if any(getattr(command, field) != getattr(report.patrol, field) for field in told):
        raise IdempotencyKeyReused("This report_id belongs to another patrol. Use a new one.", field="report_id")
    return isinstance(report, Quarantined) or (isinstance(report, Returned) and _is_corrected(command, report.patrol))


def _is_corrected(command: SubmitReport, patrol: PatrolReportSubmitted) -> bool:
    """The first sending told again corrects nothing."""
    told = ("station_id", "performed_from", "performed_to", "checklist")
    return any(getattr(command, field) != getattr(patrol, field) for field in told)


def _open_patrol(report: Report) -> PatrolReportSubmitted:
    if isinstance(report, Submitted | UnderReview | Returned):
        return report.patrol
    raise ReportNotReviewable


def under_review(report: Report) -> PatrolReportSubmitted:
    """The patrol that waits for a person's answer. Raises `ReportNotReviewable`."""
    if isinstance(report, UnderReview):
        return report.patrol
    raise ReportNotReviewable


def _of(kind: type[Told], patrol: SubmitReport | PatrolReportSubmitted, at: datetime, **more: Any) -> Told:
    """A fact about a patrol, with whose it is."""
    whose = {name: getattr(patrol, name) for name in PatrolEvent.__struct_fields__[1:]}
    return kind(at=at, **whose, **more)


def _accepted(command: AcceptReport, patrol: PatrolReportSubmitted) -> PatrolReportAccepted:
    return _of(
        PatrolReportAccepted,
        patrol,
        command.now,
        kind_paid=command.kind_paid,
        points=command.points,
        rules_version=command.rules_version,
        by=command.by,
        performed_from=patrol.performed_from,
        failed_items=tuple(answer.item for answer in patrol.checklist if answer.ok is False),
        note=command.note,
    )


def _cause_missing(report: Report, now: datetime) -> list[ReportEvent]:
    if not isinstance(report, Submitted | Quarantined) or report.intake is None:
        return []
    missing = WaitExpired(now, report.intake, "duty_id", DUTY_TIMER, report.patrol.report_id)
    return [missing, *_wait_over(report, now, "cause_missing")]


def _wait_over(report: Report, now: datetime, reason: str) -> list[ReportEvent]:
    if not isinstance(report, Submitted | UnderReview | Returned) or report.waits is None:
        return []
    return [DeadlineCleared(at=now, name=report.waits, ref=report.patrol.report_id, reason=reason)]


def evolve(report: Report, event: ReportEvent) -> Report:
    if isinstance(event, PatrolReportSubmitted):
        return Closed(event, "late") if event.late else Submitted(event)
    if isinstance(report, NotFiled):
        return report
    match event:
        case ReportAwaitsDuty(intake=intake):
            return replace(report, intake=intake) if isinstance(report, Submitted) else report
        case DeadlineSet() | DeadlineCleared():
            waits = event.name if isinstance(event, DeadlineSet) else None
            return replace(report, waits=waits) if isinstance(report, Submitted | UnderReview | Returned) else report
        case WaitExpired(intake=intake):
            return Quarantined(report.patrol, intake)
        case ReportSentToReview():
            return UnderReview(report.patrol, getattr(report, "waits", None))
        case ReportEscalated():
            return report
        case PatrolReportReturned():
            return Returned(report.patrol, getattr(report, "waits", None))
        case PatrolReportAccepted(points=points):
            return Closed(report.patrol, "accepted", points)
        case PatrolReportRejected():
            return Closed(report.patrol, "rejected")
        case PatrolReportVoided():
            return Closed(report.patrol, "voided")
        case _:
            assert_never(event)


REPORT: Decider[ReportCommand, ReportEvent, Report] = Decider(
    "report", NotFiled(), decide, evolve, get_args(ReportEvent)
)
