"""statement: every movement of a member's points, in order."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, Index, Integer, Text, select

from shared.log.read import Recorded
from shared.projecting import Projection, Put, RowChange
from shared.queries import View

from ..domain.account import PointsEarned, PointsExpired, PointsSpent

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
    return [_line(row, event.earned_at, f"earned_{event.reason}", event.points, event.source_ref)]


@STATEMENT.on(PointsSpent)
def spent(event: PointsSpent, row: Recorded) -> list[RowChange]:
    return [_line(row, event.at, "spent", -sum(taken.points for taken in event.allocations), event.redemption_id)]


@STATEMENT.on(PointsExpired)
def expired(event: PointsExpired, row: Recorded) -> list[RowChange]:
    return [_line(row, event.at, "expired", -event.points, event.lot_id)]


def _line(row: Recorded, at: datetime, kind: str, points: int, ref: str) -> RowChange:
    key = {"position": row.position, "member_id": row.entity}
    return Put(LINE, {**key, "at": at, "kind": kind, "points": points, "ref": ref})


async def of(view: View, member_id: str, limit: int, before: int | None) -> list[dict[str, Any]]:
    """A member's movements, newest first."""
    query = select(LINE).where(LINE.c.member_id == member_id).order_by(LINE.c.position.desc()).limit(limit)
    if before is not None:
        query = query.where(LINE.c.position < before)
    return [dict(row._mapping) for row in await view.db.execute(query)]
