"""What can happen to a patrol report: the events of `report`, which decides them."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias

from shared.decider import DeadlineCleared, DeadlineSet, DomainEvent, IntakeRef, WaitExpired

from .checklist import CheckedItem

KindPaid: TypeAlias = Literal["daily", "weekly", "key_period", "special"]


class PatrolEvent(DomainEvent, frozen=True):
    """What each of them says of whose patrol it is."""

    report_id: str
    duty_id: str
    station_id: str
    volunteer_id: str


class PatrolReportSubmitted(PatrolEvent, frozen=True):
    """`at` is the end of the patrol, as statistics count it on its own day; `late`: recorded only, see K5.

    A second one of the same report is a correction that its leader had asked for (PT3).
    """

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
    """`note` says why it pays nothing, where it would have: DAILY_CAP_REACHED."""

    kind_paid: KindPaid
    points: int
    rules_version: int
    by: str
    performed_from: datetime
    failed_items: tuple[str, ...]
    note: str | None


class PatrolReportRejected(PatrolEvent, frozen=True):
    code: str
    by: str


class ReportSentToReview(PatrolEvent, frozen=True):
    """Its leader shall look at it."""


class PatrolReportReturned(PatrolEvent, frozen=True):
    """The volunteer may correct it, under the same report id and until its deadline."""

    code: str
    by: str


class ReportEscalated(PatrolEvent, frozen=True):
    """Nobody has reviewed it in time: a union officer shall."""


class PatrolReportVoided(PatrolEvent, frozen=True):
    """It was accepted and should not have been: what it gave is taken back."""

    points: int
    code: str
    by: str


PatrolFact: TypeAlias = (
    PatrolReportSubmitted
    | PatrolReportAccepted
    | PatrolReportRejected
    | ReportSentToReview
    | PatrolReportReturned
    | ReportEscalated
    | PatrolReportVoided
)
ReportEvent: TypeAlias = PatrolFact | ReportAwaitsDuty | DeadlineSet | DeadlineCleared | WaitExpired
