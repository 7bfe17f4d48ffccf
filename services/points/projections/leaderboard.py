"""leaderboard: points by when they were earned, of members and of teams; of equals, whoever got there first (PT13)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Column, DateTime, Index, Integer, Text, and_, func, or_, select

from shared.log.read import Recorded
from shared.projecting import Drop, Projection, Put, RowChange, Set
from shared.queries import View

from ..domain.account import OPENING
from ..domain.ledger import PointsEarned, PointsReversed
from ..domain.membership import MembershipBegun, MembershipEnded
from ..domain.rights import DutyMissNoted, DutyMissWithdrawn

LEADERBOARD = Projection("leaderboard", 1)
EARNING = LEADERBOARD.table(
    "earning",
    Column("member_id", Text, primary_key=True),
    Column("lot_id", Text, primary_key=True),
    Column("position", BigInteger, nullable=False),  # when the count was reached, which decides between equals
    Column("org", Text, nullable=False),
    Column("points", Integer, nullable=False),
    Column("earned_at", DateTime(timezone=True), nullable=False),
)
STAY = LEADERBOARD.table(
    "team_stay",
    Column("member_id", Text, primary_key=True),
    Column("since", DateTime(timezone=True), primary_key=True),
    Column("team_id", Text, nullable=False),
    Column("until", DateTime(timezone=True)),
)
MISSED = LEADERBOARD.table(
    "missed_duty",
    Column("duty_id", Text, primary_key=True),
    Column("member_id", Text, primary_key=True),
    Column("org", Text, nullable=False),
    Column("missed_at", DateTime(timezone=True), nullable=False),
)
Index("earning_v1_period", EARNING.c.org, EARNING.c.earned_at)
Index("team_stay_v1_team", STAY.c.team_id)
Index("missed_duty_v1_member", MISSED.c.member_id, MISSED.c.missed_at)


@LEADERBOARD.on(PointsEarned)
def earned(event: PointsEarned, row: Recorded) -> list[RowChange]:
    if event.reason == OPENING:
        return []  # taken over from an earlier system, not earned here
    who = {"member_id": row.entity, "lot_id": event.lot_id, "position": row.position, "org": row.context().org}
    return [Put(EARNING, {**who, "points": event.points, "earned_at": event.earned_at})]


@LEADERBOARD.on(PointsReversed)
def reversed_(event: PointsReversed, row: Recorded) -> list[RowChange]:
    """E34: what was not earned after all leaves the ranking too."""
    return [Drop(EARNING, {"member_id": row.entity, "lot_id": event.lot_id})]


@LEADERBOARD.on(MembershipBegun)
def begun(event: MembershipBegun, row: Recorded) -> list[RowChange]:
    return [Put(STAY, {"member_id": row.entity, "since": event.at, "team_id": event.team_id, "until": None})]


@LEADERBOARD.on(MembershipEnded)
def ended(event: MembershipEnded, row: Recorded) -> list[RowChange]:
    return [Set(STAY, {"member_id": row.entity, "since": event.since, "until": event.at})]


@LEADERBOARD.on(DutyMissNoted)
def missed(event: DutyMissNoted, row: Recorded) -> list[RowChange]:
    """Choreography 23."""
    duty = {"duty_id": row.entity, "org": row.context().org, "missed_at": event.at}
    return [Put(MISSED, {**duty, "member_id": member}) for member in event.people]


@LEADERBOARD.on(DutyMissWithdrawn)
def not_missed(event: DutyMissWithdrawn, row: Recorded) -> list[RowChange]:
    return [Drop(MISSED, {"duty_id": row.entity, "member_id": member}) for member in event.people]


class Period(NamedTuple):
    """Of one union, [start, end)."""

    org: str
    start: datetime
    end: datetime


async def of_members(view: View, period: Period, limit: int, team_id: str | None = None) -> list[dict[str, Any]]:
    """Who earned most, of all or of one team, and how many duties each has missed meanwhile."""
    total, reached = func.sum(EARNING.c.points), func.max(EARNING.c.position)
    count = select(func.count()).where(MISSED.c.member_id == EARNING.c.member_id, MISSED.c.org == period.org)
    count = count.where(MISSED.c.missed_at >= period.start, MISSED.c.missed_at < period.end)
    query = select(EARNING.c.member_id, total.label("points"), count.scalar_subquery().label("missed"))
    if team_id is not None:
        query = query.select_from(EARNING.join(STAY, _while_in_it)).where(STAY.c.team_id == team_id)
    query = query.where(_within(period)).group_by(EARNING.c.member_id).order_by(total.desc(), reached).limit(limit)
    return [{"rank": rank, **dict(row._mapping)} for rank, row in enumerate(await view.db.execute(query), 1)]


async def of_teams(view: View, period: Period, limit: int) -> list[dict[str, Any]]:
    """Which teams earned most, by what their members earned while they were in it."""
    total, reached = func.sum(EARNING.c.points), func.max(EARNING.c.position)
    members = func.count(EARNING.c.member_id.distinct())
    query = select(STAY.c.team_id, total.label("points"), members.label("members"))
    query = query.select_from(EARNING.join(STAY, _while_in_it)).where(_within(period))
    query = query.group_by(STAY.c.team_id).order_by(total.desc(), reached).limit(limit)
    return [{"rank": rank, **dict(row._mapping)} for rank, row in enumerate(await view.db.execute(query), 1)]


_while_in_it = and_(
    STAY.c.member_id == EARNING.c.member_id,
    EARNING.c.earned_at >= STAY.c.since,
    or_(STAY.c.until.is_(None), EARNING.c.earned_at < STAY.c.until),
)


def _within(period: Period) -> Any:
    return and_(EARNING.c.org == period.org, EARNING.c.earned_at >= period.start, EARNING.c.earned_at < period.end)
