"""redemptions: what was asked for at a machine on a day, and what became of each."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, Index, Integer, Text, select

from shared.clock import CHINA
from shared.log.read import Recorded
from shared.projecting import Projection, Put, RowChange, Set
from shared.queries import View

from ..domain.redemption import (
    DispenseFailed,
    GoodsDispensed,
    GoodsRefunded,
    LateDispenseConfirmed,
    RedemptionExpired,
    RedemptionStarted,
)

REDEMPTIONS = Projection("redemptions", 1)
REDEMPTION = REDEMPTIONS.table(
    "redemption",
    Column("redemption_id", Text, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("member_id", Text, nullable=False),
    Column("machine_id", Text, nullable=False),
    Column("station_id", Text, nullable=False),
    Column("item_id", Text, nullable=False),
    Column("points", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("owed", Integer, nullable=False),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("ended_at", DateTime(timezone=True)),
)
Index("redemption_v1_machine", REDEMPTION.c.machine_id, REDEMPTION.c.position)


@REDEMPTIONS.on(RedemptionStarted)
def started(event: RedemptionStarted, row: Recorded) -> list[RowChange]:
    order = event.order
    asked = {
        "redemption_id": order.redemption_id,
        "position": row.position,
        "member_id": order.member_id,
        "machine_id": order.machine_id,
        "station_id": order.station_id,
        "item_id": order.item_id,
        "points": order.points,
    }
    return [Put(REDEMPTION, {**asked, "state": "held", "reason": None, "owed": 0, "started_at": event.at})]


@REDEMPTIONS.on(GoodsDispensed)
def dispensed(event: GoodsDispensed, row: Recorded) -> list[RowChange]:
    return [_ended(row, event.at, "dispensed", None)]


@REDEMPTIONS.on(LateDispenseConfirmed)
def dispensed_late(event: LateDispenseConfirmed, row: Recorded) -> list[RowChange]:
    return [_ended(row, event.at, "dispensed_late", None, event.owed)]


@REDEMPTIONS.on(DispenseFailed)
def failed(event: DispenseFailed, row: Recorded) -> list[RowChange]:
    return [_ended(row, event.at, "failed", event.reason)]


@REDEMPTIONS.on(RedemptionExpired)
def expired(event: RedemptionExpired, row: Recorded) -> list[RowChange]:
    return [_ended(row, event.at, "expired", event.why)]


@REDEMPTIONS.on(GoodsRefunded)
def refunded(event: GoodsRefunded, row: Recorded) -> list[RowChange]:
    return [_ended(row, event.at, "refunded", event.reason)]


def _ended(row: Recorded, at: datetime, state: str, reason: str | None, owed: int = 0) -> RowChange:
    ended = {"redemption_id": row.entity, "state": state, "reason": reason, "owed": owed, "ended_at": at}
    return Set(REDEMPTION, ended)


async def one(view: View, redemption_id: str) -> dict[str, Any] | None:
    """What became of one redemption; None for one that never started."""
    row = (await view.db.execute(select(REDEMPTION).where(REDEMPTION.c.redemption_id == redemption_id))).first()
    return {name: value for name, value in row._mapping.items() if name != "position"} if row else None


async def of_machine(view: View, machine_id: str, day: date, limit: int, before: int | None) -> list[dict[str, Any]]:
    """Those that started at a machine on a day of China, newest first."""
    start = datetime.combine(day, time(), CHINA)
    query = (
        select(REDEMPTION)
        .where(REDEMPTION.c.machine_id == machine_id)
        .where(REDEMPTION.c.started_at >= start, REDEMPTION.c.started_at < start + timedelta(days=1))
        .order_by(REDEMPTION.c.position.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(REDEMPTION.c.position < before)
    return [dict(row._mapping) for row in await view.db.execute(query)]
