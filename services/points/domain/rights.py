"""The right to file 填报资格: who may report on a duty, as checkin assigned it, and which reports claim its pay."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, TypeAlias, assert_never, get_args

import msgspec

from shared.decider import Command, Decider, DomainEvent
from shared.errors import Refused

from .values import PAID_REPORTS_PER_DAILY_DUTY

PatrolKind: TypeAlias = Literal["patrol_daily", "patrol_weekly", "patrol_special"]  # checkin's words


class OpenRight(Command, frozen=True):
    """Checkin put these people on this duty. Told again with other people or times, the last word holds."""

    duty_id: str
    kind: PatrolKind
    station_id: str
    window_from: datetime
    window_to: datetime
    people: tuple[str, ...]
    theme: str | None = None


class MoveRight(Command, frozen=True):
    """Somebody took another's place on the duty: these people are on it now."""

    duty_id: str
    people: tuple[str, ...]
    now: datetime


class CloseRight(Command, frozen=True):
    """The duty was cancelled: nobody reports on it any more."""

    duty_id: str
    reason: str
    now: datetime


class NoteMissedDuty(Command, frozen=True):
    """No report of the duty was accepted in time: a note for the ranking."""

    duty_id: str
    station_id: str
    people: tuple[str, ...]
    now: datetime


class ClaimSlot(Command, frozen=True):
    """A report was submitted: it claims one of the duty's paid places, first submitted first (PT2)."""

    report_id: str
    volunteer_id: str
    station_id: str
    now: datetime


class PayClaim(Command, frozen=True):
    """The report was accepted: its place is taken for good."""

    report_id: str
    now: datetime


class ReleaseClaim(Command, frozen=True):
    """The report was rejected: its place is free for another."""

    report_id: str
    now: datetime


class VoidClaim(Command, frozen=True):
    """The report was accepted, and voided: its place is free although it was paid."""

    report_id: str
    now: datetime


class RightOpened(DomainEvent, frozen=True):
    """`at` is `window_from`, from when the right can be used: checkin does not tell when it assigned the duty."""

    kind: PatrolKind
    station_id: str
    window_from: datetime
    window_to: datetime
    people: tuple[str, ...]
    theme: str | None


class RightMoved(DomainEvent, frozen=True):
    people: tuple[str, ...]


class RightClosed(DomainEvent, frozen=True):
    reason: str


class DutyMissNoted(DomainEvent, frozen=True):
    station_id: str
    people: tuple[str, ...]


class DutyMissWithdrawn(DomainEvent, frozen=True):
    """A report of the duty was accepted in time after all, as by a visit told late: it was not missed (CK11)."""

    people: tuple[str, ...]


class SlotClaimed(DomainEvent, frozen=True):
    report_id: str
    volunteer_id: str
    station_id: str


class ClaimPaid(DomainEvent, frozen=True):
    report_id: str


class ClaimReleased(DomainEvent, frozen=True):
    report_id: str


DutyCommand: TypeAlias = OpenRight | MoveRight | CloseRight | NoteMissedDuty
ClaimCommand: TypeAlias = ClaimSlot | PayClaim | ReleaseClaim | VoidClaim
RightsCommand: TypeAlias = DutyCommand | ClaimCommand
DutyEvent: TypeAlias = RightOpened | RightMoved | RightClosed | DutyMissNoted | DutyMissWithdrawn
RightsEvent: TypeAlias = DutyEvent | SlotClaimed | ClaimPaid | ClaimReleased


class Claim(msgspec.Struct, frozen=True):
    report_id: str
    volunteer_id: str
    station_id: str
    paid_at: datetime | None = None

    @property
    def paid(self) -> bool:
        return self.paid_at is not None

    def is_paid_before(self, moment: datetime) -> bool:
        return self.paid_at is not None and self.paid_at < moment


class Right(msgspec.Struct, frozen=True):
    """The duty, None while checkin's word is still on its way, and its live claims in the order of submission.

    `moved` has the people of a swap that is told before its duty.
    """

    duty: RightOpened | None = None
    claims: tuple[Claim, ...] = ()
    closed: bool = False
    missed: DutyMissNoted | None = None
    moved: tuple[str, ...] | None = None

    def check_on_duty(self, volunteer_id: str, station_id: str) -> None:
        """At the door; while the duty is not known, nobody can tell."""
        if self.closed:
            raise DutyNotAssigned("The duty was cancelled. Report only on duties of the rota.")
        if self.excludes(volunteer_id, station_id):
            raise DutyNotAssigned

    def excludes(self, volunteer_id: str, station_id: str) -> bool:
        """The duty is known, and this person at this station is not on it."""
        return self.duty is not None and (volunteer_id not in self.duty.people or station_id != self.duty.station_id)

    @property
    def slots(self) -> int | None:
        """PT2: as many paid reports as people, of a daily duty two at most; so none is paid twice by a swap (E21)."""
        if self.duty is None:
            return None
        people = len(self.duty.people)
        return min(people, PAID_REPORTS_PER_DAILY_DUTY) if self.duty.kind == "patrol_daily" else people

    @property
    def in_line(self) -> list[str]:
        """PT2: the reports that are paid or may be, first submitted first."""
        return [c.report_id for c in self.claims if c.paid or not self.excludes(c.volunteer_id, c.station_id)]

    def has_slot_for(self, report_id: str) -> bool:
        """PT2: whether this claim is early enough to be paid."""
        return report_id in self.in_line[: self.slots]

    @property
    def waiting(self) -> tuple[Claim, ...]:
        return tuple(claim for claim in self.claims if not claim.paid)


class DutyNotAssigned(Refused):
    """The volunteer is not on this duty at this station. Check the duty and the station in the rota."""


class DutySlotFilled(Refused):
    """The duty's paid places are taken by earlier reports. File again only if one of those is rejected."""


def decide(command: RightsCommand, right: Right) -> Sequence[RightsEvent]:
    match command:
        case OpenRight():
            opened = _opened(command)
            return [] if right.duty == opened and not right.closed else [opened]
        case MoveRight(_, people, now):
            known = right.moved if right.duty is None else right.duty.people
            return [] if known == people else [RightMoved(now, people)]
        case CloseRight(_, reason, now):
            return [] if right.closed else [RightClosed(now, reason)]
        case NoteMissedDuty(_, station_id, people, now):
            in_time = any(claim.is_paid_before(now) for claim in right.claims)  # checkin had not heard of it yet
            return [] if right.missed or in_time else [DutyMissNoted(now, station_id, people)]
        case _:
            return _claim(command, right)


def _claim(command: ClaimCommand, right: Right) -> Sequence[RightsEvent]:
    match command:
        case ClaimSlot():
            return _claimed(command, right)
        case PayClaim(report_id, now):
            due = any(claim.report_id == report_id for claim in right.waiting)
            return [ClaimPaid(at=now, report_id=report_id), *_not_missed(right, now)] if due else []
        case ReleaseClaim(report_id, now):
            due = any(claim.report_id == report_id for claim in right.waiting)
            return [ClaimReleased(at=now, report_id=report_id)] if due else []
        case VoidClaim(report_id, now):
            known = any(claim.report_id == report_id for claim in right.claims)
            return [ClaimReleased(at=now, report_id=report_id)] if known else []
        case _:
            assert_never(command)


def _not_missed(right: Right, accepted_at: datetime) -> list[RightsEvent]:
    missed = right.missed
    return [DutyMissWithdrawn(accepted_at, missed.people)] if missed and accepted_at < missed.at else []


def _opened(command: OpenRight) -> RightOpened:
    return RightOpened(
        at=command.window_from,
        kind=command.kind,
        station_id=command.station_id,
        window_from=command.window_from,
        window_to=command.window_to,
        people=command.people,
        theme=command.theme,
    )


def _claimed(command: ClaimSlot, right: Right) -> list[RightsEvent]:
    if any(claim.report_id == command.report_id for claim in right.claims):
        return []
    if any(claim.volunteer_id == command.volunteer_id for claim in right.claims):
        raise DutySlotFilled("This volunteer has reported on this duty before. File again only if that is rejected.")
    if right.slots is not None and len(right.in_line) >= right.slots:
        raise DutySlotFilled
    return [
        SlotClaimed(
            at=command.now,
            report_id=command.report_id,
            volunteer_id=command.volunteer_id,
            station_id=command.station_id,
        )
    ]


def evolve(right: Right, event: RightsEvent) -> Right:
    match event:
        case RightOpened():
            duty = event if right.moved is None else msgspec.structs.replace(event, people=right.moved)
            return msgspec.structs.replace(right, duty=duty, closed=False, moved=None)
        case RightMoved(people=people):
            if right.duty is None:
                return msgspec.structs.replace(right, moved=people)
            return msgspec.structs.replace(right, duty=msgspec.structs.replace(right.duty, people=people))
        case RightClosed():
            return msgspec.structs.replace(right, closed=True)
        case DutyMissNoted():
            return msgspec.structs.replace(right, missed=event)
        case DutyMissWithdrawn():
            return msgspec.structs.replace(right, missed=None)
        case SlotClaimed():
            claim = Claim(event.report_id, event.volunteer_id, event.station_id)
            return msgspec.structs.replace(right, claims=(*right.claims, claim))
        case ClaimPaid(at, report_id=paid):
            claims = (msgspec.structs.replace(c, paid_at=at) if c.report_id == paid else c for c in right.claims)
            return msgspec.structs.replace(right, claims=tuple(claims))
        case ClaimReleased(report_id=released):
            return msgspec.structs.replace(right, claims=tuple(c for c in right.claims if c.report_id != released))
        case _:
            assert_never(event)


RIGHTS: Decider[RightsCommand, RightsEvent, Right] = Decider("rights", Right(), decide, evolve, get_args(RightsEvent))
