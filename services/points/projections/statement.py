"""statement: every movement of a member's points, in order. What is only held has not moved."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, Index, Integer, Text, func, select

from shared.log.read import Recorded
from shared.projecting import Projection, Put, RowChange
from shared.queries import View

from ..domain.ledger import (
    LedgerEvent,
    PointsEarned,
    PointsExpired,
    PointsRefunded,
    PointsReversed,
    PointsSpent,
    owed_or_in_lots,
)

STATEMENT = Projection("statement", 1)
LINE = STATEMENT.table(
    "statement_line",
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("member_id", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("kind", Text, nullable=False),
    Column("points", Integer, nullable=False),
    Column("ref", Text, nullable=False),
)
Index("statement_line_v1_member", LINE.c.member_id, LINE.c.position)


@STATEMENT.on(PointsEarned)
def earned(event: PointsEarned, row: Recorded) -> list[RowChange]:
    return [_line(row, event, event.earned_at, f"earned_{event.reason}", event.source_ref)]


@STATEMENT.on(PointsSpent)
def spent(event: PointsSpent, row: Recorded) -> list[RowChange]:
    return [_line(row, event, event.at, "spent", event.redemption_id)]


@STATEMENT.on(PointsExpired)
def expired(event: PointsExpired, row: Recorded) -> list[RowChange]:
    return [_line(row, event, event.at, "expired", event.lot_id)]


@STATEMENT.on(PointsRefunded)
def refunded(event: PointsRefunded, row: Recorded) -> list[RowChange]:
    return [_line(row, event, event.at, "refunded", event.redemption_id)]


@STATEMENT.on(PointsReversed)
def reversed_(event: PointsReversed, row: Recorded) -> list[RowChange]:
    return [_line(row, event, event.at, f"reversed_{event.reason}", event.source_ref)]


def _line(row: Recorded, event: LedgerEvent, at: datetime, kind: str, ref: str) -> RowChange:
    key = {"position": row.position, "member_id": row.entity}
    return Put(LINE, {**key, "at": at, "kind": kind, "points": owed_or_in_lots(event), "ref": ref})


async def of(view: View, member_id: str, limit: int, before: int | None) -> list[dict[str, Any]]:
    """A member's movements, newest first, each with the balance after it: Σ lots − debt (E26)."""
    after = func.sum(LINE.c.points).over(order_by=LINE.c.position).label("balance")
    lines = select(LINE, after).where(LINE.c.member_id == member_id).subquery()
    query = select(lines).order_by(lines.c.position.desc()).limit(limit)
    if before is not None:
        query = query.where(lines.c.position < before)
    return [dict(row._mapping) for row in await view.db.execute(query)]
