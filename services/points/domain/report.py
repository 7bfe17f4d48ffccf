"""PatrolReport 巡查填报: submitted, answered automatically or sent to the leader, accepted or rejected."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, TypeAlias, assert_never, get_args

import msgspec

from shared.decider import Command, DeadlineCleared, DeadlineSet, Decider, DomainEvent
from shared.errors import IdempotencyKeyReused, Refused, ValidationFailed

from .values import CLOCK_TOLERANCE, PRESENCE_WAIT, REACTION_WINDOW

PRESENCE_TIMER = "presence"
AUTOMATIC = "automatic"  # who decided, where no person did

KindPaid: TypeAlias = Literal["daily", "weekly", "key_period", "special"]


class CheckedItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One answered line of the checklist; a failed item is an answer too."""

    item: str
    ok: bool


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


class WaitForPresence(Command, frozen=True):
    """The report cannot be accepted yet."""

    now: datetime


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


class PatrolReportSubmitted(DomainEvent, frozen=True):
    """`at` is the end of the patrol, as statistics count it on its own day; `late`: recorded only, see K5."""

    report_id: str
    duty_id: str
    station_id: str
    volunteer_id: str
    performed_from: datetime
    performed_to: datetime
    checklist: tuple[CheckedItem, ...]
    offline: bool
    received_at: datetime
    late: bool


class PatrolReportAccepted(DomainEvent, frozen=True):
    report_id: str
    duty_id: str
    station_id: str
    volunteer_id: str
    kind_paid: KindPaid
    points: int
    rules_version: int
    by: str
    performed_from: datetime
    failed_items: tuple[str, ...]


class PatrolReportRejected(DomainEvent, frozen=True):
    report_id: str
    duty_id: str
    station_id: str
    volunteer_id: str
    code: str
    by: str


class ReportSentToReview(DomainEvent, frozen=True):
    report_id: str
    duty_id: str
    station_id: str
    volunteer_id: str


ReportCommand: TypeAlias = SubmitReport | WaitForPresence | AcceptReport | RejectReport | SendToReview
ReportAnswer: TypeAlias = PatrolReportAccepted | PatrolReportRejected | ReportSentToReview
ReportEvent: TypeAlias = PatrolReportSubmitted | ReportAnswer | DeadlineSet | DeadlineCleared


class NotFiled(msgspec.Struct, frozen=True, tag=True):
    """Nothing is known under this id."""


class Submitted(msgspec.Struct, frozen=True, tag=True):
    patrol: PatrolReportSubmitted
    waits: bool = False  # a deadline is set


class UnderReview(msgspec.Struct, frozen=True, tag=True):
    patrol: PatrolReportSubmitted


class Closed(msgspec.Struct, frozen=True, tag=True):
    """Accepted, rejected, or recorded too late for any answer."""

    patrol: PatrolReportSubmitted
    outcome: Literal["accepted", "rejected", "late"]


Report: TypeAlias = NotFiled | Submitted | UnderReview | Closed


class ChecklistIncomplete(Refused):
    """The checklist has no answers. Answer every item, failed ones too, and send the report again."""


class ReportNotReviewable(Refused):
    """The report is not open: it was answered before, came too late for an answer, or was never filed."""


def decide(command: ReportCommand, report: Report) -> Sequence[ReportEvent]:
    match command:
        case SubmitReport():
            return [_submitted(command)] if isinstance(report, NotFiled) else _sent_again(command, report)
        case WaitForPresence(now):
            patrol = _open_patrol(report)
            due_at = max(patrol.performed_to, now) + PRESENCE_WAIT
            return [DeadlineSet(at=now, name=PRESENCE_TIMER, ref=patrol.report_id, due_at=due_at)]
        case AcceptReport():
            return [_accepted(command, _open_patrol(report)), *_wait_over(report, command.now, "accepted")]
        case RejectReport():
            return [_rejected(command, _open_patrol(report)), *_wait_over(report, command.now, "rejected")]
        case SendToReview(report_id, now) if not isinstance(report, Submitted):
            return [DeadlineCleared(at=now, name=PRESENCE_TIMER, ref=report_id, reason="answered")]
        case SendToReview(_, now):
            return [_for_review(_open_patrol(report), now), *_wait_over(report, now, "sent_to_review")]
        case _:
            assert_never(command)


def _submitted(command: SubmitReport) -> PatrolReportSubmitted:
    _check_answers(command)
    performed_to = _believed_end(command)
    return PatrolReportSubmitted(
        at=performed_to,
        report_id=command.report_id,
        duty_id=command.duty_id,
        station_id=command.station_id,
        volunteer_id=command.volunteer_id,
        performed_from=command.performed_from,
        performed_to=performed_to,
        checklist=command.checklist,
        offline=command.offline,
        received_at=command.now,
        late=command.now - performed_to > REACTION_WINDOW,
    )


def _check_answers(command: SubmitReport) -> None:
    if not command.checklist:
        raise ChecklistIncomplete
    if len({answer.item for answer in command.checklist}) < len(command.checklist):
        raise ValidationFailed("An item of the checklist is answered twice.", field="checklist")


def _believed_end(command: SubmitReport) -> datetime:
    """K4: a device a little ahead of us is believed, but nothing ends after we heard of it."""
    if command.performed_to - command.now > CLOCK_TOLERANCE:
        raise ValidationFailed("The patrol ends after the report was received.", field="performed_to")
    performed_to = min(command.performed_to, command.now)
    if command.performed_from >= performed_to:
        raise ValidationFailed("The patrol must end after it begins, and before it is reported.", field="performed_to")
    return performed_to


def _sent_again(command: SubmitReport, report: Submitted | UnderReview | Closed) -> list[ReportEvent]:
    """Known by what a second sending cannot change; a clamped end (K4) may differ."""
    told = ("duty_id", "station_id", "volunteer_id", "performed_from")
    if any(getattr(command, field) != getattr(report.patrol, field) for field in told):
        raise IdempotencyKeyReused("This report_id belongs to another patrol. Use a new one.", field="report_id")
    return []


def _open_patrol(report: Report) -> PatrolReportSubmitted:
    if isinstance(report, Submitted | UnderReview):
        return report.patrol
    raise ReportNotReviewable


def _accepted(command: AcceptReport, patrol: PatrolReportSubmitted) -> PatrolReportAccepted:
    return PatrolReportAccepted(
        at=command.now,
        report_id=patrol.report_id,
        duty_id=patrol.duty_id,
        station_id=patrol.station_id,
        volunteer_id=patrol.volunteer_id,
        kind_paid=command.kind_paid,
        points=command.points,
        rules_version=command.rules_version,
        by=command.by,
        performed_from=patrol.performed_from,
        failed_items=tuple(answer.item for answer in patrol.checklist if not answer.ok),
    )


def _rejected(command: RejectReport, patrol: PatrolReportSubmitted) -> PatrolReportRejected:
    return PatrolReportRejected(
        at=command.now,
        report_id=patrol.report_id,
        duty_id=patrol.duty_id,
        station_id=patrol.station_id,
        volunteer_id=patrol.volunteer_id,
        code=command.code,
        by=command.by,
    )


def _for_review(patrol: PatrolReportSubmitted, now: datetime) -> ReportSentToReview:
    return ReportSentToReview(
        at=now,
        report_id=patrol.report_id,
        duty_id=patrol.duty_id,
        station_id=patrol.station_id,
        volunteer_id=patrol.volunteer_id,
    )


def _wait_over(report: Report, now: datetime, reason: str) -> list[ReportEvent]:
    if not isinstance(report, Submitted) or not report.waits:
        return []
    return [DeadlineCleared(at=now, name=PRESENCE_TIMER, ref=report.patrol.report_id, reason=reason)]


def evolve(report: Report, event: ReportEvent) -> Report:
    match event:
        case PatrolReportSubmitted():
            return Closed(event, "late") if event.late else Submitted(event)
        case DeadlineSet():
            return Submitted(report.patrol, waits=True) if isinstance(report, Submitted) else report
        case DeadlineCleared():
            return Submitted(report.patrol) if isinstance(report, Submitted) else report
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
