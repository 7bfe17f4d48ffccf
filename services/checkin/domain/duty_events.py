"""What happens to a duty of the rota 值班表."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias

from shared.decider import DeadlineCleared, DeadlineSet, DomainEvent

DutyKind: TypeAlias = Literal["chief", "patrol_daily", "patrol_weekly", "patrol_special"]


class DutyPlanned(DomainEvent, frozen=True):
    """A place in the rota that nobody is named for yet."""

    duty_id: str
    kind: DutyKind
    station_id: str
    window_from: datetime
    window_to: datetime
    theme: str | None = None


class DutyAssigned(DomainEvent, frozen=True):
    duty_id: str
    kind: DutyKind
    station_id: str
    window_from: datetime
    window_to: datetime
    people: tuple[str, ...]
    theme: str | None = None


class DeputyNamed(DomainEvent, frozen=True):
    """Who may start the chief's duty once it is missed."""

    duty_id: str
    station_id: str
    person: str


class SwapOffered(DomainEvent, frozen=True):
    """Somebody on the duty asks somebody else to take his place."""

    duty_id: str
    from_person: str
    to_person: str


class SwapWithdrawn(DomainEvent, frozen=True):
    """The offer was taken back, or declined."""

    duty_id: str
    from_person: str
    to_person: str
    by: str


class DutySwapped(DomainEvent, frozen=True):
    """Both have agreed: `to_person` has the place of `from_person`. `people` are those on the duty now."""

    duty_id: str
    kind: DutyKind
    station_id: str
    from_person: str
    to_person: str
    people: tuple[str, ...]


class DutyStarted(DomainEvent, frozen=True):
    """The chief, or after a miss his deputy, is on duty."""

    duty_id: str
    station_id: str
    window_to: datetime
    person: str
    as_deputy: bool


class DutyCompleted(DomainEvent, frozen=True):
    """`by_time`: nobody ended it, and its time was over."""

    duty_id: str
    station_id: str
    person: str
    by_time: bool


class DutyFulfilled(DomainEvent, frozen=True):
    """A report of the patrol was accepted: in time, which takes back a miss told meanwhile, or too late beside it."""

    duty_id: str
    kind: DutyKind
    station_id: str
    window_from: datetime
    report_id: str
    in_time: bool


class DutyReportAdded(DomainEvent, frozen=True):
    """One more report of the patrol was accepted. It fulfils nothing anew, and counts when the others are voided."""

    duty_id: str
    report_id: str
    in_time: bool


class DutyReportVoided(DomainEvent, frozen=True):
    """A report counts no longer. `left` is the one that stands for the duty now, in time or too late."""

    duty_id: str
    report_id: str
    left: str | None


class DutyFulfilmentRevoked(DomainEvent, frozen=True):
    """No report that was accepted in time is left: the patrol is to be reported again, or is missed after all."""

    duty_id: str
    kind: DutyKind
    station_id: str
    window_from: datetime
    report_id: str


class DutyMissed(DomainEvent, frozen=True):
    """Nobody started the chief's duty, or no report of the patrol was accepted, by `at`."""

    duty_id: str
    kind: DutyKind
    station_id: str
    window_from: datetime
    people: tuple[str, ...]


class DutyCancelled(DomainEvent, frozen=True):
    """The duty will not be: not missed, and nobody's fault."""

    duty_id: str
    kind: DutyKind
    station_id: str
    window_from: datetime
    reason: str  # a code


DutyEvent: TypeAlias = (
    DutyPlanned
    | DutyAssigned
    | DeputyNamed
    | SwapOffered
    | SwapWithdrawn
    | DutySwapped
    | DutyStarted
    | DutyCompleted
    | DutyFulfilled
    | DutyReportAdded
    | DutyReportVoided
    | DutyFulfilmentRevoked
    | DutyMissed
    | DutyCancelled
    | DeadlineSet
    | DeadlineCleared
)
