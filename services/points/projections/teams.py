"""teams: who leads whom."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Index, Text, select

from shared.errors import NotFound
from shared.log.read import Recorded
from shared.projecting import Drop, Projection, Put, RowChange, Set
from shared.queries import View

from ..domain.membership import MembershipBegun, MembershipEnded
from ..domain.team import LeaderAppointed, TeamDisbanded, TeamFormed

TEAMS = Projection("teams", 1)
TEAM = TEAMS.table(
    "team",
    Column("team_id", Text, primary_key=True),
    Column("number", BigInteger, nullable=False),
    Column("org", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("leader_id", Text),
    Column("formed_at", DateTime(timezone=True), nullable=False),
    Column("disbanded", Boolean, nullable=False),
)
MEMBER = TEAMS.table(
    "team_member",
    Column("volunteer_id", Text, primary_key=True),
    Column("team_id", Text, nullable=False),
    Column("since", DateTime(timezone=True), nullable=False),
)
Index("team_v1_number", TEAM.c.org, TEAM.c.number)
Index("team_member_v1_team", MEMBER.c.team_id)


@TEAMS.on(TeamFormed)
def formed(event: TeamFormed, row: Recorded) -> list[RowChange]:
    who = {"team_id": event.team_id, "number": row.position, "org": row.context().org, "code": event.code}
    return [Put(TEAM, {**who, "leader_id": event.leader_id, "formed_at": event.at, "disbanded": False})]


@TEAMS.on(LeaderAppointed)
def led(event: LeaderAppointed, row: Recorded) -> list[RowChange]:
    return [Set(TEAM, {"team_id": event.team_id, "leader_id": event.leader_id})]


@TEAMS.on(TeamDisbanded)
def disbanded(event: TeamDisbanded, row: Recorded) -> list[RowChange]:
    return [Set(TEAM, {"team_id": event.team_id, "leader_id": None, "disbanded": True})]


@TEAMS.on(MembershipBegun)
def begun(event: MembershipBegun, row: Recorded) -> list[RowChange]:
    return [Put(MEMBER, {"volunteer_id": row.entity, "team_id": event.team_id, "since": event.at})]


@TEAMS.on(MembershipEnded)
def ended(event: MembershipEnded, row: Recorded) -> list[RowChange]:
    return [Drop(MEMBER, {"volunteer_id": row.entity, "team_id": event.team_id})]


async def of(view: View, team_id: str) -> dict[str, Any]:
    """A team and who is in it. Raises `NotFound`."""
    team = (await view.db.execute(select(TEAM).where(TEAM.c.team_id == team_id))).first()
    if team is None:
        raise NotFound(f"no team {team_id} was formed", field="team_id")
    query = select(MEMBER.c.volunteer_id).where(MEMBER.c.team_id == team_id).order_by(MEMBER.c.since, "volunteer_id")
    return {**_shown(dict(team._mapping)), "members": list((await view.db.execute(query)).scalars())}


async def page(view: View, org: str, limit: int, after: int) -> dict[str, Any]:
    """Teams of a union that are not disbanded, in the order of their forming."""
    query = select(TEAM).where(TEAM.c.org == org, TEAM.c.number > after, TEAM.c.disbanded.is_(False))
    rows = [dict(row._mapping) for row in await view.db.execute(query.order_by(TEAM.c.number).limit(limit))]
    return {"teams": [_shown(row) for row in rows], "next": rows[-1]["number"] if len(rows) == limit else None}


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in ("number", "org")}
