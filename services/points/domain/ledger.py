"""The ledger of a PointsAccount: what can happen to its points, and where they lie after it."""

from __future__ import annotations

from datetime import datetime
from typing import TypeAlias, assert_never

import msgspec

from shared.decider import DeadlineCleared, DeadlineSet, DomainEvent

from .lots import Allocation, Hold, Lot, Portion, total, with_points, without_points

LOT_TIMER = "lot"
HELD = "held"  # why a lot's timer is cleared while some of its points wait for their redemption's end (PT7)


class PointsEarned(DomainEvent, frozen=True):
    lot_id: str
    points: int
    reason: str
    source_ref: str
    earned_at: datetime
    expires_at: datetime | None


class PointsHeld(DomainEvent, frozen=True):
    """The points wait for the end of a redemption, at most until `until` (PT7)."""

    hold_id: str
    allocations: tuple[Allocation, ...]
    until: datetime


class PointsSpent(DomainEvent, frozen=True):
    """`hold_id` is None where the points were not held any more; what was missing then is `debt` (PT12)."""

    redemption_id: str
    allocations: tuple[Allocation, ...]
    hold_id: str | None
    debt: int


class PointsReleased(DomainEvent, frozen=True):
    """The held points lie in their lots as before."""

    hold_id: str
    why: str


class PointsExpired(DomainEvent, frozen=True):
    lot_id: str
    points: int


class PointsRefunded(DomainEvent, frozen=True):
    """PT8. `forgiven` is the part of the price that was owed and is owed no more."""

    redemption_id: str
    lots: tuple[Portion, ...]
    forgiven: int


class PointsReversed(DomainEvent, frozen=True):
    """PT9: `points` is what the source had given; it is `taken` from lots, and what they lack is `debt`."""

    lot_id: str
    reason: str
    source_ref: str
    points: int
    taken: tuple[Allocation, ...]
    debt: int


class SourceBarred(DomainEvent, frozen=True):
    """A source was reversed before it was ever credited: it will not be."""

    lot_id: str
    reason: str
    source_ref: str


class PointsDebtRepaid(DomainEvent, frozen=True):
    points: int
    allocations: tuple[Allocation, ...]


class LevelReached(DomainEvent, frozen=True):
    """PT10: by the points of a lifetime."""

    level: int
    lifetime: int


LedgerEvent: TypeAlias = (
    PointsEarned
    | PointsHeld
    | PointsSpent
    | PointsReleased
    | PointsExpired
    | PointsRefunded
    | PointsReversed
    | SourceBarred
    | PointsDebtRepaid
    | LevelReached
    | DeadlineSet
    | DeadlineCleared
)


class PointsAccount(msgspec.Struct, frozen=True):
    """Lots with points left, in the order of spending. Only `earned` grows with the account's life.

    It has every lot id, which stands for (reason, source), with the points that a reversal would take back: none
    where the source was reversed, or barred.
    """

    lots: tuple[Lot, ...] = ()
    holds: tuple[Hold, ...] = ()
    debt: int = 0
    lifetime: int = 0
    earned: dict[str, int] = {}

    def hold(self, hold_id: str) -> Hold | None:
        return next((hold for hold in self.holds if hold.hold_id == hold_id), None)

    def lot(self, lot_id: str) -> Lot | None:
        return next((lot for lot in self.lots if lot.lot_id == lot_id), None)

    def free(self, lot: Lot) -> int:
        """What of the lot is not held."""
        parts = (part for hold in self.holds for part in hold.allocations if part.lot_id == lot.lot_id)
        return lot.remaining - sum(part.points for part in parts)

    def available(self, now: datetime) -> int:
        """PT6. A lot past its expiry is not available, even before its timer has come."""
        return sum(self.free(lot) for lot in self.lots if lot.is_live_at(now))

    def take(self, points: int, now: datetime, first: str = "") -> tuple[Allocation, ...]:
        """PT6 over the lots as they lie, never from an empty or an expired one (E30); less where there is less."""
        found: list[Allocation] = []
        for lot in sorted(self.lots, key=lambda lot: lot.lot_id != first):  # stable: the others keep their order
            taken = min(self.free(lot), points) if lot.is_live_at(now) else 0
            if taken > 0:
                found.append(Allocation(lot.lot_id, taken))
                points -= taken
        return tuple(found)

    def portions(self, allocations: tuple[Allocation, ...]) -> tuple[Portion, ...]:
        """These parts of our lots, with what it takes to put them back one day (PT8)."""
        lots = {lot.lot_id: lot for lot in self.lots}
        own = ((part, lots[part.lot_id]) for part in allocations)
        return tuple(Portion(part.lot_id, part.points, lot.earned_at, lot.expires_at) for part, lot in own)


def evolve(account: PointsAccount, event: LedgerEvent) -> PointsAccount:
    match event:
        case PointsEarned(lot_id=lot_id, points=points):
            lots = with_points(account.lots, Portion(lot_id, points, event.earned_at, event.expires_at))
            earned = {**account.earned, lot_id: points}
            return msgspec.structs.replace(account, lots=lots, earned=earned, lifetime=account.lifetime + points)
        case PointsHeld(hold_id=hold_id, allocations=allocations):
            return msgspec.structs.replace(account, holds=(*account.holds, Hold(hold_id, allocations)))
        case PointsSpent(hold_id=hold_id, allocations=taken, debt=debt):
            return msgspec.structs.replace(_taken(account, taken, debt), holds=_without(account.holds, hold_id))
        case PointsReleased(hold_id=hold_id):
            return msgspec.structs.replace(account, holds=_without(account.holds, hold_id))
        case PointsExpired(lot_id=lot_id, points=points):
            return _taken(account, (Allocation(lot_id, points),), 0)
        case PointsRefunded(lots=returned, forgiven=forgiven):
            lots = account.lots
            for portion in returned:
                lots = with_points(lots, portion)
            return msgspec.structs.replace(account, lots=lots, debt=account.debt - forgiven)
        case PointsReversed(lot_id=lot_id, points=points, taken=taken, debt=debt):
            earned, lifetime = {**account.earned, lot_id: 0}, account.lifetime - points
            return msgspec.structs.replace(_taken(account, taken, debt), earned=earned, lifetime=lifetime)
        case SourceBarred(lot_id=lot_id):
            return msgspec.structs.replace(account, earned={**account.earned, lot_id: 0})
        case PointsDebtRepaid(points=points, allocations=taken):
            return _taken(account, taken, -points)
        case DeadlineCleared(name=name, ref=lot_id, reason=reason):
            return _over(account, lot_id) if (name, reason) == (LOT_TIMER, HELD) else account
        case DeadlineSet() | LevelReached():
            return account
        case _:
            assert_never(event)


def _taken(account: PointsAccount, taken: tuple[Allocation, ...], debt: int) -> PointsAccount:
    return msgspec.structs.replace(account, lots=without_points(account.lots, taken), debt=account.debt + debt)


def _without(holds: tuple[Hold, ...], hold_id: str | None) -> tuple[Hold, ...]:
    return tuple(hold for hold in holds if hold.hold_id != hold_id)


def _over(account: PointsAccount, lot_id: str) -> PointsAccount:
    lots = (msgspec.structs.replace(lot, over=lot.over or lot.lot_id == lot_id) for lot in account.lots)
    return msgspec.structs.replace(account, lots=tuple(lots))


def owed_or_in_lots(event: LedgerEvent) -> int:
    """What the event adds to Σ lots − debt: the line it is in the ledger."""
    match event:
        case PointsEarned(points=points):
            return points
        case PointsSpent(allocations=taken, debt=debt):
            return -total(taken) - debt
        case PointsExpired(points=points) | PointsReversed(points=points):
            return -points
        case PointsRefunded(lots=returned, forgiven=forgiven):
            return total(returned) + forgiven
        case _:
            return 0
