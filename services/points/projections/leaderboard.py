"""leaderboard: points by when they were earned; of equals, whoever got there first (PT13)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, Index, Integer, Text, func, select

from shared.log.read import Recorded
from shared.projecting import Projection, Put, RowChange
from shared.queries import View

from ..domain.account import OPENING
from ..domain.ledger import PointsEarned

LEADERBOARD = Projection("leaderboard", 1)
EARNING = LEADERBOARD.table(
    "earning",
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("org", Text, nullable=False),
    Column("member_id", Text, nullable=False),
    Column("points", Integer, nullable=False),
    Column("earned_at", DateTime(timezone=True), nullable=False),
)
Index("earning_v1_period", EARNING.c.org, EARNING.c.earned_at)


@LEADERBOARD.on(PointsEarned)
def earned(event: PointsEarned, row: Recorded) -> list[RowChange]:
    if event.reason == OPENING:
        return []  # taken over from an earlier system, not earned here
    who = {"position": row.position, "org": row.context().org, "member_id": row.entity}
    return [Put(EARNING, {**who, "points": event.points, "earned_at": event.earned_at})]


async def of(view: View, org: str, start: datetime, end: datetime, limit: int) -> list[dict[str, Any]]:
    """The ranking of a period [start, end)."""
    total, last = func.sum(EARNING.c.points), func.max(EARNING.c.position)
    query = (
        select(EARNING.c.member_id, total.label("points"))
        .where(EARNING.c.org == org, EARNING.c.earned_at >= start, EARNING.c.earned_at < end)
        .group_by(EARNING.c.member_id)
        .order_by(total.desc(), last)
        .limit(limit)
    )
    return [{"rank": rank, **dict(row._mapping)} for rank, row in enumerate(await view.db.execute(query), 1)]
