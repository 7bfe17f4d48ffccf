"""Teams of volunteers 志愿服务队."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from shared.contracts.model import Code, Contract, Id
from shared.web import Call, MinPosition, Nothing, found

from ..domain.team import AppointLeader, DisbandTeam, FormTeam, JoinTeam, LeaveTeam
from ..projections import teams
from . import answers_patrols

router = APIRouter(prefix="/teams", tags=["teams"])


class NewTeam(Contract):
    """A team and its leader, who is its first member."""

    team_id: Id = Field(examples=["T1"])
    code: Code = Field(examples=["xintu"], description="The name of the team, as a code.")
    leader_id: Id = Field(examples=["W14"])


class Volunteer(Contract):
    """Who joins or leaves."""

    volunteer_id: Id = Field(examples=["W13"])


class Leader(Contract):
    """Who leads from now on; a member of the team."""

    leader_id: Id = Field(examples=["W14"])


@router.post("")
async def form(body: NewTeam, call: Call) -> Response:
    """Form a team."""
    return await call.give(FormTeam(body.team_id, body.code, body.leader_id, call.now), body)


@router.post("/{team_id}/join")
async def join(team_id: Id, body: Volunteer, call: Call) -> Response:
    """Join a team; nobody is in two."""
    return await call.give(JoinTeam(team_id, body.volunteer_id, call.now), body)


@router.post("/{team_id}/leave")
async def leave(team_id: Id, body: Volunteer, call: Call) -> Response:
    """Leave a team; its leader has to be replaced first."""
    return await call.give(LeaveTeam(team_id, body.volunteer_id, call.now), body)


@router.post("/{team_id}/appoint-leader")
async def appoint_leader(team_id: Id, body: Leader, call: Call) -> Response:
    """Put a member of the team at its head: he reviews the others' reports (PT3)."""
    return await call.give(AppointLeader(team_id, body.leader_id, call.now), body)


@router.post("/{team_id}/disband")
async def disband(team_id: Id, body: Nothing, call: Call) -> Response:
    """Disband a team; its members may join another one."""
    return await call.give(DisbandTeam(team_id, call.now), body)


@router.get("", responses={200: {"model": answers_patrols.Teams}})
async def list_teams(
    call: Call,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    after: Annotated[int, Query(ge=0, le=2**62, description="Continue after this, the page's `next`.")] = 0,
    min_position: MinPosition = None,
) -> Response:
    """The teams of the caller's union."""
    async with call.reading(teams.TEAMS, min_position) as view:
        return found(view, await teams.page(view, call.principal.org, limit, after))


@router.get("/{team_id}", responses={200: {"model": answers_patrols.Team}})
async def show(team_id: Id, call: Call, min_position: MinPosition = None) -> Response:
    """A team, its leader and its members."""
    async with call.reading(teams.TEAMS, min_position) as view:
        return found(view, await teams.of(view, team_id))
