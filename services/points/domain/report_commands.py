"""What can be asked of a patrol report: the commands of `report`, which decides them."""

from __future__ import annotations

from datetime import datetime
from typing import TypeAlias

from shared.decider import Command, IntakeRef

from .checklist import CheckedItem
from .report_events import KindPaid


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
    note: str | None = None


class RejectReport(Command, frozen=True):
    code: str
    by: str
    now: datetime


class SendToReview(Command, frozen=True):
    """Nothing proved the patrol in time: its leader shall look at it."""

    report_id: str
    now: datetime


class ReturnReport(Command, frozen=True):
    """Something is wrong that the volunteer can put right."""

    code: str
    by: str
    now: datetime


class EscalateReport(Command, frozen=True):
    """Nobody has reviewed it for 48 hours: never accepted by time, but shown to a union officer (PT3)."""

    report_id: str
    now: datetime


class EndCorrection(Command, frozen=True):
    """The volunteer has not corrected it in time."""

    report_id: str
    now: datetime


class VoidReport(Command, frozen=True):
    """An officer has found that it should not have been accepted."""

    report_id: str
    code: str
    by: str
    now: datetime


class RetryAcceptance(Command, frozen=True):
    """Weigh an open report again, as after rules were published that it lacked."""

    report_id: str
    now: datetime


ReportWait: TypeAlias = WaitForDuty | WaitForPresence | EndDutyWait | FileAgain | EscalateReport | EndCorrection
ReportAnswer: TypeAlias = AcceptReport | RejectReport | SendToReview | ReturnReport | VoidReport
ReportCommand: TypeAlias = SubmitReport | ReportWait | ReportAnswer
