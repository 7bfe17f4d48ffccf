"""PointsAccount 积分账户: lots 积分批次 of points, each with its own expiry, spent in a fixed order."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TypeAlias, assert_never, get_args

import msgspec

from shared.clock import CHINA
from shared.decider import Command, DeadlineCleared, DeadlineSet, Decider, DomainEvent
from shared.errors import Refused, ValidationFailed

LOT_TIMER = "lot"
OPENING = "opening"
LONGEST_ID = 96  # characters; what contracts allow an id


class EarnPoints(Command, frozen=True):
    """Credit one source. It is credited once, however often it is told (E24)."""

    member_id: str
    points: int
    reason: str
    source_ref: str
    earned_at: datetime
    now: datetime


class GrantOpeningLot(Command, frozen=True):
    """Take over points from an earlier system; `source_ref` names the line of its list."""

    member_id: str
    points: int
    source_ref: str
    earned_at: datetime
    now: datetime


class CreditLot(Command, frozen=True):
    """What both of the above come to, once the rules have said when the lot expires."""

    points: int
    reason: str
    source_ref: str
    earned_at: datetime
    expires_at: datetime | None
    now: datetime


class SpendPoints(Command, frozen=True):
    member_id: str
    redemption_id: str
    points: int
    now: datetime


class ExpireLot(Command, frozen=True):
    member_id: str
    lot_id: str
    now: datetime


class Allocation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one lot gives to a redemption."""

    lot_id: str
    points: int


class PointsEarned(DomainEvent, frozen=True):
    lot_id: str
    points: int
    reason: str
    source_ref: str
    earned_at: datetime
    expires_at: datetime | None


class PointsSpent(DomainEvent, frozen=True):
    """`hold_id` is None where the points were not held first."""

    redemption_id: str
    allocations: tuple[Allocation, ...]
    hold_id: str | None


class PointsExpired(DomainEvent, frozen=True):
    lot_id: str
    points: int


AccountCommand: TypeAlias = CreditLot | SpendPoints | ExpireLot
AccountEvent: TypeAlias = PointsEarned | PointsSpent | PointsExpired | DeadlineSet | DeadlineCleared


class Lot(msgspec.Struct, frozen=True):
    lot_id: str
    remaining: int
    earned_at: datetime
    expires_at: datetime | None

    def is_live_at(self, now: datetime) -> bool:
        return self.expires_at is None or now < self.expires_at

    @property
    def turn(self) -> tuple[bool, datetime, datetime, str]:
        """PT6: earliest expiry first and never last, then earliest earned, then lot id."""
        return (self.expires_at is None, self.expires_at or self.earned_at, self.earned_at, self.lot_id)


class PointsAccount(msgspec.Struct, frozen=True):
    """Lots with points left, in the order of spending. `earned` and `redeemed` grow with the account's life."""

    lots: tuple[Lot, ...] = ()
    earned: frozenset[str] = frozenset()  # lot ids, which stand for (reason, source)
    redeemed: frozenset[str] = frozenset()

    def available(self, now: datetime) -> int:
        """A lot past its expiry is not available, even before its timer has come."""
        return sum(lot.remaining for lot in self.lots if lot.is_live_at(now))


class InsufficientPoints(Refused):
    """The account holds fewer points than asked. Ask for fewer, or earn more first."""


class AlreadyEarned(Refused):
    """Points were credited for this source and reason before. Nothing is left to do."""


def lot_id_of(reason: str, source_ref: str) -> str:
    """One lot for each (reason, source); a digest where the plain name would be longer than an id may be."""
    name = f"{reason}:{source_ref}"
    return name if len(name) <= LONGEST_ID else "lot:" + hashlib.sha256(name.encode()).hexdigest()


def lot_expiry(earned_at: datetime, months: int | None) -> datetime | None:
    """PT5: good through the last day of the given number of months after the month of earning; None never expires."""
    if months is None:
        return None
    earned = earned_at.astimezone(CHINA)
    month = earned.year * 12 + earned.month - 1 + months + 1
    return datetime(month // 12, month % 12 + 1, 1, tzinfo=CHINA).astimezone(UTC)


def decide(command: AccountCommand, account: PointsAccount) -> Sequence[AccountEvent]:
    match command:
        case CreditLot():
            return _credited(command, account)
        case SpendPoints(_, redemption_id) if redemption_id in account.redeemed:
            return []
        case SpendPoints():
            return _spent(command, account)
        case ExpireLot():
            return _expired(command, account)
        case _:
            assert_never(command)


def _credited(command: CreditLot, account: PointsAccount) -> list[AccountEvent]:
    lot_id = lot_id_of(command.reason, command.source_ref)
    if command.points < 1:
        raise ValidationFailed("Points must be 1 or more.", field="points")
    if lot_id in account.earned:
        return []
    earned = PointsEarned(
        at=command.now,
        lot_id=lot_id,
        points=command.points,
        reason=command.reason,
        source_ref=command.source_ref,
        earned_at=command.earned_at,
        expires_at=command.expires_at,
    )
    if command.expires_at is None:
        return [earned]
    return [earned, DeadlineSet(at=command.now, name=LOT_TIMER, ref=lot_id, due_at=command.expires_at)]


def _spent(command: SpendPoints, account: PointsAccount) -> list[AccountEvent]:
    if command.points < 1:
        raise ValidationFailed("Points must be 1 or more.", field="points")
    available = account.available(command.now)
    if command.points > available:
        raise InsufficientPoints(f"{command.points} points asked, {available} available.")
    allocations = _allocations(command, account)
    return [PointsSpent(at=command.now, redemption_id=command.redemption_id, allocations=allocations, hold_id=None)]


def _allocations(command: SpendPoints, account: PointsAccount) -> tuple[Allocation, ...]:
    """PT6 over the lots as they lie, never from an empty or an expired one (E30)."""
    missing = command.points
    allocations: list[Allocation] = []
    for lot in account.lots:
        taken = min(lot.remaining, missing) if lot.is_live_at(command.now) else 0
        if taken:
            allocations.append(Allocation(lot.lot_id, taken))
            missing -= taken
    return tuple(allocations)


def _expired(command: ExpireLot, account: PointsAccount) -> list[AccountEvent]:
    lot = next((lot for lot in account.lots if lot.lot_id == command.lot_id), None)
    if lot is None:
        return [DeadlineCleared(at=command.now, name=LOT_TIMER, ref=command.lot_id, reason="spent")]
    if lot.is_live_at(command.now):
        return []  # asked too early, which the timer never does
    return [
        PointsExpired(at=command.now, lot_id=lot.lot_id, points=lot.remaining),
        DeadlineCleared(at=command.now, name=LOT_TIMER, ref=lot.lot_id, reason="expired"),
    ]


def evolve(account: PointsAccount, event: AccountEvent) -> PointsAccount:
    match event:
        case PointsEarned(lot_id=lot_id, points=points, earned_at=earned_at, expires_at=expires_at):
            lot = Lot(lot_id, points, earned_at, expires_at)
            lots = tuple(sorted((*account.lots, lot), key=lambda each: each.turn))
            return msgspec.structs.replace(account, lots=lots, earned=account.earned | {lot_id})
        case PointsSpent(redemption_id=redemption_id, allocations=allocations):
            lots = _less(account.lots, {taken.lot_id: taken.points for taken in allocations})
            return msgspec.structs.replace(account, lots=lots, redeemed=account.redeemed | {redemption_id})
        case PointsExpired(lot_id=lot_id, points=points):
            return msgspec.structs.replace(account, lots=_less(account.lots, {lot_id: points}))
        case DeadlineSet() | DeadlineCleared():
            return account
        case _:
            assert_never(event)


def _less(lots: tuple[Lot, ...], taken: dict[str, int]) -> tuple[Lot, ...]:
    left = (msgspec.structs.replace(lot, remaining=lot.remaining - taken.get(lot.lot_id, 0)) for lot in lots)
    return tuple(lot for lot in left if lot.remaining > 0)


ACCOUNT: Decider[AccountCommand, AccountEvent, PointsAccount] = Decider(
    "account", PointsAccount(), decide, evolve, get_args(AccountEvent)
)
