"""balance: a member's lots, and from them what is available, what is held and owed, and what expires next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Column, DateTime, Integer, Text, select

from shared.log.read import Recorded
from shared.projecting import Add, Drop, Projection, Put, RowChange
from shared.queries import View

from ..domain.account import REFUND
from ..domain.ledger import (
    PointsDebtRepaid,
    PointsEarned,
    PointsExpired,
    PointsHeld,
    PointsRefunded,
    PointsReleased,
    PointsReversed,
    PointsSpent,
)
from ..domain.lots import Allocation, lot_id_of
from ..domain.values import LEVELS, level_of

BALANCE = Projection("balance", 1)
LOT = BALANCE.table(
    "lot",
    Column("member_id", Text, primary_key=True),
    Column("lot_id", Text, primary_key=True),
    Column("remaining", Integer, nullable=False, server_default="0"),
    Column("points", Integer, nullable=False, server_default="0"),
    Column("reason", Text),  # these are never empty; an upsert that adds points could not be written were they not null
    Column("earned_at", DateTime(timezone=True)),
    Column("expires_at", DateTime(timezone=True)),
)
HOLD = BALANCE.table(
    "hold",
    Column("member_id", Text, primary_key=True),
    Column("hold_id", Text, primary_key=True),
    Column("allocations", Text, nullable=False),  # JSON: what each lot gives
    Column("until", DateTime(timezone=True), nullable=False),
)
OWN = BALANCE.table(
    "account",
    Column("member_id", Text, primary_key=True),
    Column("lifetime", Integer, nullable=False, server_default="0"),
    Column("debt", Integer, nullable=False, server_default="0"),
)


@BALANCE.on(PointsEarned)
def earned(event: PointsEarned, row: Recorded) -> list[RowChange]:
    lot = {"member_id": row.entity, "lot_id": event.lot_id, "remaining": event.points, "points": event.points}
    return [
        Put(LOT, {**lot, "reason": event.reason, "earned_at": event.earned_at, "expires_at": event.expires_at}),
        Add(OWN, {"member_id": row.entity, "lifetime": event.points, "debt": 0}),
    ]


@BALANCE.on(PointsHeld)
def held(event: PointsHeld, row: Recorded) -> list[RowChange]:
    allocations = msgspec.json.encode(event.allocations).decode()
    hold = {"member_id": row.entity, "hold_id": event.hold_id, "allocations": allocations, "until": event.until}
    return [Put(HOLD, hold)]


@BALANCE.on(PointsReleased)
def released(event: PointsReleased, row: Recorded) -> list[RowChange]:
    return [Drop(HOLD, {"member_id": row.entity, "hold_id": event.hold_id})]


@BALANCE.on(PointsSpent)
def spent(event: PointsSpent, row: Recorded) -> list[RowChange]:
    ended: list[RowChange] = [Drop(HOLD, {"member_id": row.entity, "hold_id": event.hold_id})] if event.hold_id else []
    return [*ended, *_taken(row, event.allocations, event.debt)]


@BALANCE.on(PointsExpired)
def expired(event: PointsExpired, row: Recorded) -> list[RowChange]:
    return _taken(row, (Allocation(event.lot_id, event.points),), 0)


@BALANCE.on(PointsRefunded)
def refunded(event: PointsRefunded, row: Recorded) -> list[RowChange]:
    """A lot of ours, used up or not, has its row already; only a lot that stands in for an expired one has none."""
    new = lot_id_of(REFUND, event.redemption_id)
    changes: list[RowChange] = [Add(OWN, {"member_id": row.entity, "lifetime": 0, "debt": -event.forgiven})]
    for lot in event.lots:
        key = {"member_id": row.entity, "lot_id": lot.lot_id}
        if lot.lot_id == new:
            dates = {"reason": REFUND, "earned_at": lot.earned_at, "expires_at": lot.expires_at}
            changes.append(Put(LOT, {**key, "remaining": lot.points, "points": 0, **dates}))
        else:
            changes.append(Add(LOT, {**key, "remaining": lot.points}))
    return changes


@BALANCE.on(PointsReversed)
def reversed_(event: PointsReversed, row: Recorded) -> list[RowChange]:
    lifetime = Add(OWN, {"member_id": row.entity, "lifetime": -event.points, "debt": 0})
    return [lifetime, *_taken(row, event.taken, event.debt)]


@BALANCE.on(PointsDebtRepaid)
def debt_repaid(event: PointsDebtRepaid, row: Recorded) -> list[RowChange]:
    return _taken(row, event.allocations, -event.points)


def _taken(row: Recorded, taken: Iterable[Allocation], debt: int) -> list[RowChange]:
    owed: list[RowChange] = [Add(OWN, {"member_id": row.entity, "lifetime": 0, "debt": debt})] if debt else []
    lots = (Add(LOT, {"member_id": row.entity, "lot_id": part.lot_id, "remaining": -part.points}) for part in taken)
    return [*owed, *lots]


async def of(view: View, member_id: str, now: datetime) -> dict[str, Any]:
    """A member's points now. A lot past its expiry is not available, even before its timer has come (PT5)."""
    query = select(LOT).where(LOT.c.member_id == member_id).order_by(LOT.c.expires_at, LOT.c.earned_at, LOT.c.lot_id)
    lots = [dict(row._mapping) for row in await view.db.execute(query)]
    held = await _held(view, member_id)
    own = (await view.db.execute(select(OWN).where(OWN.c.member_id == member_id))).first()
    lifetime, debt = (own.lifetime, own.debt) if own else (0, 0)
    live = [lot for lot in lots if lot["remaining"] and (lot["expires_at"] is None or lot["expires_at"] > now)]
    expiring = [
        {"lot_id": lot["lot_id"], "at": lot["expires_at"], "points": lot["remaining"]}
        for lot in live
        if lot["expires_at"] is not None
    ]
    upcoming = expiring[0]["at"] if expiring else None
    return {
        "member_id": member_id,
        "available": sum(lot["remaining"] - held[lot["lot_id"]] for lot in live),
        "held": sum(held.values()),
        "debt": debt,
        "lifetime": lifetime,
        "level": _level(lifetime),
        "expires_next": {"at": upcoming, "points": sum(lot["points"] for lot in expiring if lot["at"] == upcoming)},
        "expiring": expiring,
        "lots": [_shown(lot, held) for lot in live],
    }


def _shown(lot: dict[str, Any], held: Counter[str]) -> dict[str, Any]:
    shown = {name: lot[name] for name in ("lot_id", "remaining", "reason", "earned_at", "expires_at")}
    return {**shown, "held": held[lot["lot_id"]]}


async def _held(view: View, member_id: str) -> Counter[str]:
    """What is held, by lot."""
    held: Counter[str] = Counter()
    for row in await view.db.execute(select(HOLD.c.allocations).where(HOLD.c.member_id == member_id)):
        for part in msgspec.json.decode(row.allocations, type=list[Allocation]):
            held[part.lot_id] += part.points
    return held


def _level(lifetime: int) -> dict[str, Any]:
    """PT10: which level the points of a lifetime have reached, and how many open the next."""
    level = level_of(lifetime)
    return {"level": level, "next_from": LEVELS[level] if level < len(LEVELS) else None}
