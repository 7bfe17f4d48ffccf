"""What may be asked of a duty of the rota 值班表."""

from __future__ import annotations

from datetime import datetime
from typing import TypeAlias

from shared.decider import Command

from .duty_events import DutyKind

STATION_SUSPENDED, STATION_RETIRED = "station_suspended", "station_retired"  # why all duties of a station are cancelled


class PlanDuty(Command, frozen=True):
    duty_id: str
    kind: DutyKind
    station_id: str
    window_from: datetime
    window_to: datetime
    now: datetime
    theme: str | None = None  # a code; of special patrols


class AssignDuty(Command, frozen=True):
    duty_id: str
    kind: DutyKind
    station_id: str
    window_from: datetime
    window_to: datetime
    people: tuple[str, ...]
    now: datetime
    theme: str | None = None  # a code; of special patrols


class NameDeputy(Command, frozen=True):
    duty_id: str
    station_id: str
    person: str
    now: datetime


class OfferSwap(Command, frozen=True):
    duty_id: str
    from_person: str
    to_person: str
    now: datetime


class AcceptSwap(Command, frozen=True):
    duty_id: str
    from_person: str
    to_person: str
    now: datetime


class WithdrawSwap(Command, frozen=True):
    """By the one who offered it, or by the one who declines it."""

    duty_id: str
    from_person: str
    by: str
    now: datetime


class StartDuty(Command, frozen=True):
    duty_id: str
    person: str
    now: datetime


class EndDuty(Command, frozen=True):
    """Without a person it is the timer `end`."""

    duty_id: str
    person: str | None
    now: datetime


class FulfilDuty(Command, frozen=True):
    """Points has accepted a report of this patrol."""

    duty_id: str
    report_id: str
    accepted_at: datetime


class VoidDutyReport(Command, frozen=True):
    """Points has voided a report of this patrol that it had accepted."""

    duty_id: str
    report_id: str
    now: datetime


class MissDuty(Command, frozen=True):
    """The timer `miss` is due."""

    duty_id: str
    now: datetime


class CancelDuty(Command, frozen=True):
    """By a leader; or, when `suspended`, as the station is out of service (row 21)."""

    duty_id: str
    station_id: str
    reason: str  # a code
    now: datetime
    suspended: bool = False


class SetDeadline(Command, frozen=True):
    """`start_by` follows from the hours of the station at the date, which another stream holds."""

    duty_id: str
    start_by: datetime
    now: datetime


DutyCommand: TypeAlias = (
    PlanDuty
    | AssignDuty
    | NameDeputy
    | OfferSwap
    | AcceptSwap
    | WithdrawSwap
    | StartDuty
    | EndDuty
    | FulfilDuty
    | VoidDutyReport
    | MissDuty
    | CancelDuty
    | SetDeadline
)
