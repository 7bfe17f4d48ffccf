"""balance: a member's lots, and from them what is available and what expires next."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Column, DateTime, Integer, Text, select

from shared.log.read import Recorded
from shared.projecting import Add, Projection, Put, RowChange
from shared.queries import View

from ..domain.account import PointsEarned, PointsExpired, PointsSpent

BALANCE = Projection("balance", 1)
LOT = BALANCE.table(
    "lot",
    Column("member_id", Text, primary_key=True),
    Column("lot_id", Text, primary_key=True),
    Column("remaining", Integer, nullable=False),
    Column("points", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("earned_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True)),
)


@BALANCE.on(PointsEarned)
def earned(event: PointsEarned, row: Recorded) -> list[RowChange]:
    lot = {"member_id": row.entity, "lot_id": event.lot_id, "remaining": event.points, "points": event.points}
    return [Put(LOT, {**lot, "reason": event.reason, "earned_at": event.earned_at, "expires_at": event.expires_at})]


@BALANCE.on(PointsSpent)
def spent(event: PointsSpent, row: Recorded) -> list[RowChange]:
    return [_less(row, taken.lot_id, taken.points) for taken in event.allocations]


@BALANCE.on(PointsExpired)
def expired(event: PointsExpired, row: Recorded) -> list[RowChange]:
    return [_less(row, event.lot_id, event.points)]


def _less(row: Recorded, lot_id: str, points: int) -> RowChange:
    return Add(LOT, {"member_id": row.entity, "lot_id": lot_id, "remaining": -points})


async def of(view: View, member_id: str, now: datetime) -> dict[str, Any]:
    """A member's points now. A lot past its expiry is not available, even before its timer has come (PT5)."""
    query = select(LOT).where(LOT.c.member_id == member_id).order_by(LOT.c.expires_at, LOT.c.earned_at, LOT.c.lot_id)
    lots = [dict(row._mapping) for row in await view.db.execute(query)]
    live = [lot for lot in lots if lot["remaining"] and (lot["expires_at"] is None or lot["expires_at"] > now)]
    dated = [lot["expires_at"] for lot in live if lot["expires_at"] is not None]
    upcoming = min(dated, default=None)
    return {
        "member_id": member_id,
        "available": sum(lot["remaining"] for lot in live),
        "lifetime": sum(lot["points"] for lot in lots),
        "expires_next": {
            "at": upcoming,
            "points": sum(lot["remaining"] for lot in live if lot["expires_at"] == upcoming and upcoming),
        },
        "lots": [{k: lot[k] for k in ("lot_id", "remaining", "reason", "earned_at", "expires_at")} for lot in live],
    }
