"""Lots 积分批次 of points: what one source gave, with its own expiry, and the order in which lots are spent."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

import msgspec

from shared.clock import CHINA

LONGEST_ID = 96  # characters; what contracts allow an id


class Allocation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one lot gives."""

    lot_id: str
    points: int


class Portion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one lot gave or is given back, with all it takes to make the lot again where it was used up."""

    lot_id: str
    points: int
    earned_at: datetime
    expires_at: datetime | None


class Lot(msgspec.Struct, frozen=True):
    """`remaining` counts held points too. `over`: its expiry has come, and what is left was held then (PT7)."""

    lot_id: str
    remaining: int
    earned_at: datetime
    expires_at: datetime | None
    over: bool = False

    def is_live_at(self, now: datetime) -> bool:
        return not self.over and (self.expires_at is None or now < self.expires_at)

    @property
    def turn(self) -> tuple[bool, datetime, datetime, str]:
        """PT6: earliest expiry first and never last, then earliest earned, then lot id."""
        return (self.expires_at is None, self.expires_at or self.earned_at, self.earned_at, self.lot_id)


class Hold(msgspec.Struct, frozen=True):
    """Points promised to one redemption."""

    hold_id: str
    allocations: tuple[Allocation, ...]


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


def total(parts: tuple[Allocation, ...] | tuple[Portion, ...]) -> int:
    return sum(part.points for part in parts)


def with_points(lots: tuple[Lot, ...], added: Portion) -> tuple[Lot, ...]:
    """The lots, in the order of spending, with these points put into theirs, which is made where there is none."""
    known = next((lot for lot in lots if lot.lot_id == added.lot_id), None)
    if known is None:
        lot = Lot(added.lot_id, added.points, added.earned_at, added.expires_at)
    else:
        lot = msgspec.structs.replace(known, remaining=known.remaining + added.points)
    others = (other for other in lots if other is not known)
    return tuple(sorted((*others, lot), key=lambda each: each.turn))


def without_points(lots: tuple[Lot, ...], taken: tuple[Allocation, ...]) -> tuple[Lot, ...]:
    """The lots with these points taken out; one that is empty is dropped."""
    less = {part.lot_id: part.points for part in taken}
    left = (msgspec.structs.replace(lot, remaining=lot.remaining - less.get(lot.lot_id, 0)) for lot in lots)
    return tuple(lot for lot in left if lot.remaining > 0)
