"""PatrolReport 巡查填报: submitted, answered automatically or sent to the leader, accepted or rejected."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, TypeAlias, TypeVar, assert_never, get_args

import msgspec
from msgspec.structs import replace

from shared.decider import Command, DeadlineCleared, DeadlineSet, Decider, DomainEvent, IntakeRef, WaitExpired
from shared.errors import IdempotencyKeyReused, Refused

from .checklist import CheckedItem, check_answers
from .device_time import believed_end, comes_late
from .values import DUTY_WAIT, PRESENCE_WAIT

DUTY_TIMER, PRESENCE_TIMER = "duty", "presence"
AUTOMATIC = "automatic"  # who decided, where no person did

KindPaid: TypeAlias = Literal["daily", "weekly", "key_period", "special"]


class SubmitReport(Command, frozen=True):
    """`now` is when we received it."""

    report_id: str
    duty_id: str
    station_id: str
    volunteer_id: str
    performed_from: datetime
    performed_to: datetime
    checklist: tuple[CheckedItem, ...]
    offline: bool
    now: datetime
    intake: IntakeRef


class WaitForDuty(Command, frozen=True):
    """Nobody has told us of the duty yet. `intake` is who gets an answer when nobody ever does."""

    intake: IntakeRef
    now: datetime


class WaitForPresence(Command, frozen=True):
    """The duty is known, and the report cannot be accepted yet."""

    now: datetime


class EndDutyWait(Command, frozen=True):
    """The duty was not told in time. Given again by a replay, as it may have been told since."""

    report_id: str
    now: datetime


class FileAgain(Command, frozen=True):
    """The duty was told after all: the report is open again, as it was when it was received."""


class AcceptReport(Command, frozen=True):
    kind_paid: KindPaid
    points: int
    rules_version: int
    by: str
    now: datetime


class RejectReport(Command, frozen=True):
    code: str
    by: str
    now: datetime


class SendToReview(Command, frozen=True):
    """Nothing proved the patrol in time: its leader shall look at it."""

    report_id: str
    now: datetime


class RetryAcceptance(Command, frozen=True):
    """Weigh an open report again, as after rules were published that it lacked."""

    report_id: str
    now: datetime


class PatrolEvent(DomainEvent, frozen=True):
    """What each of them says of whose patrol it is."""

    report_id: str
    duty_id: str
    station_id: str
    volunteer_id: str


class PatrolReportSubmitted(PatrolEvent, frozen=True):
    """`at` is the end of the patrol, as statistics count it on its own day; `late`: recorded only, see K5."""

    performed_from: datetime
    performed_to: datetime
    checklist: tuple[CheckedItem, ...]
    offline: bool
    received_at: datetime
    late: bool


class ReportAwaitsDuty(DomainEvent, frozen=True):
    """`intake` is answered once more if the duty is never told."""

    intake: IntakeRef


class PatrolReportAccepted(PatrolEvent, frozen=True):
    kind_paid: KindPaid
    points: int
    rules_version: int
    by: str
    performed_from: datetime
    failed_items: tuple[str, ...]


class PatrolReportRejected(PatrolEvent, frozen=True):
    code: str
    by: str


class ReportSentToReview(PatrolEvent, frozen=True):
    """Its leader shall look at it."""


ReportWait: TypeAlias = WaitForDuty | WaitForPresence | EndDutyWait | FileAgain
ReportCommand: TypeAlias = SubmitReport | ReportWait | AcceptReport | RejectReport | SendToReview
PatrolFact: TypeAlias = PatrolReportSubmitted | PatrolReportAccepted | PatrolReportRejected | ReportSentToReview
ReportEvent: TypeAlias = PatrolFact | ReportAwaitsDuty | DeadlineSet | DeadlineCleared | WaitExpired
Told = TypeVar("Told", bound=PatrolEvent)


class NotFiled(msgspec.Struct, frozen=True, tag=True):
    """Nothing is known under this id."""


class Submitted(msgspec.Struct, frozen=True, tag=True):
    patrol: PatrolReportSubmitted
    waits: str | None = None  # the timer that is set
    intake: IntakeRef | None = None  # of one that waits, or has waited, for its duty


class Quarantined(msgspec.Struct, frozen=True, tag=True):
    """Its duty was never told. It is filed anew when it is replayed or sent again."""

    patrol: PatrolReportSubmitted
    intake: IntakeRef


class UnderReview(msgspec.Struct, frozen=True, tag=True):
    patrol: PatrolReportSubmitted


class Closed(msgspec.Struct, frozen=True, tag=True):
    """Accepted, rejected, or recorded too late for any answer."""

    patrol: PatrolReportSubmitted
    outcome: Literal["accepted", "rejected", "late"]


Report: TypeAlias = NotFiled | Submitted | Quarantined | UnderReview | Closed


class ReportNotReviewable(Refused):
    """The report is not open: it was answered before, came too late for an answer, or was never filed."""


def decide(command: ReportCommand, report: Report) -> Sequence[ReportEvent]:
    match command:
        case SubmitReport():
            return [_submitted(command)] if _is_new(command, report) else []
        case FileAgain():
            return [report.patrol] if isinstance(report, Quarantined) else []
        case WaitForDuty(intake, now):
            deadline = DeadlineSet(now, DUTY_TIMER, _open_patrol(report).report_id, now + DUTY_WAIT)
            return [ReportAwaitsDuty(at=now, intake=intake), deadline]
        case WaitForPresence(now):
            patrol = _open_patrol(report)
            due_at = max(patrol.performed_to, now) + PRESENCE_WAIT
            return [*_wait_over(report, now, "duty_told"), DeadlineSet(now, PRESENCE_TIMER, patrol.report_id, due_at)]
        case EndDutyWait(now=now):
            return _cause_missing(report, now)
        case AcceptReport():
            return [_accepted(command, _open_patrol(report)), *_wait_over(report, command.now, "accepted")]
        case RejectReport():
            rejected = _of(PatrolReportRejected, _open_patrol(report), command.now, code=command.code, by=command.by)
            return [rejected, *_wait_over(report, command.now, "rejected")]
        case SendToReview(report_id, now) if not isinstance(report, Submitted):
            return [DeadlineCleared(at=now, name=PRESENCE_TIMER, ref=report_id, reason="answered")]
        case SendToReview(_, now):
            return [_of(ReportSentToReview, _open_patrol(report), now), *_wait_over(report, now, "sent_to_review")]
        case _:
            assert_never(command)


def _submitted(command: SubmitReport) -> PatrolReportSubmitted:
    check_answers(command.checklist)
    performed_to = believed_end(command.performed_from, command.performed_to, command.now)
    return _of(
        PatrolReportSubmitted,
        command,
        performed_to,
        performed_from=command.performed_from,
        performed_to=performed_to,
        checklist=command.checklist,
        offline=command.offline,
        received_at=command.now,
        late=comes_late(performed_to, command.now),
    )


def _is_new(command: SubmitReport, report: Report) -> bool:
    """A report sent again is known by what a second sending cannot change; a clamped end (K4) may differ."""
    if isinstance(report, NotFiled):
        return True
    told = ("duty_id", "station_id", "volunteer_id", "performed_from")
    if any(getattr(command, field) != getattr(report.patrol, field) for field in told):
        raise IdempotencyKeyReused("This report_id belongs to another patrol. Use a new one.", field="report_id")
    return isinstance(report, Quarantined)


def _open_patrol(report: Report) -> PatrolReportSubmitted:
    if isinstance(report, Submitted | UnderReview):
        return report.patrol
    raise ReportNotReviewable


def _of(kind: type[Told], patrol: SubmitReport | PatrolReportSubmitted, at: datetime, **more: Any) -> Told:
    """A fact about a patrol, with whose it is."""
    return kind(
        at=at,
        report_id=patrol.report_id,
        duty_id=patrol.duty_id,
        station_id=patrol.station_id,
        volunteer_id=patrol.volunteer_id,
        **more,
    )


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
        failed_items=tuple(answer.item for answer in patrol.checklist if not answer.ok),
    )


def _cause_missing(report: Report, now: datetime) -> list[ReportEvent]:
    if not isinstance(report, Submitted | Quarantined) or report.intake is None:
        return []
    missing = WaitExpired(now, report.intake, "duty_id", DUTY_TIMER, report.patrol.report_id)
    return [missing, *_wait_over(report, now, "cause_missing")]


def _wait_over(report: Report, now: datetime, reason: str) -> list[ReportEvent]:
    if not isinstance(report, Submitted) or report.waits is None:
        return []
    return [DeadlineCleared(at=now, name=report.waits, ref=report.patrol.report_id, reason=reason)]


def evolve(report: Report, event: ReportEvent) -> Report:
    match event:
        case PatrolReportSubmitted():
            return Closed(event, "late") if event.late else Submitted(event)
        case ReportAwaitsDuty(intake=intake):
            return replace(report, intake=intake) if isinstance(report, Submitted) else report
        case DeadlineSet() | DeadlineCleared():
            waits = event.name if isinstance(event, DeadlineSet) else None
            return replace(report, waits=waits) if isinstance(report, Submitted) else report
        case WaitExpired(intake=intake):
            return report if isinstance(report, NotFiled) else Quarantined(report.patrol, intake)
        case ReportSentToReview():
            return report if isinstance(report, NotFiled) else UnderReview(report.patrol)
        case PatrolReportAccepted():
            return report if isinstance(report, NotFiled) else Closed(report.patrol, "accepted")
        case PatrolReportRejected():
            return report if isinstance(report, NotFiled) else Closed(report.patrol, "rejected")
        case _:
            assert_never(event)


REPORT: Decider[ReportCommand, ReportEvent, Report] = Decider(
    "report", NotFiled(), decide, evolve, get_args(ReportEvent)
)
