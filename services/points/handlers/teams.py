"""Teams: who joins or leaves is written to the team and to the volunteer's own membership, both or neither."""

from __future__ import annotations

from shared.decider import Changes, Draft, Handlers, Read

from ..domain.membership import MEMBERSHIP, BeginMembership, EndMembership
from ..domain.team import (
    TEAM,
    AppointLeader,
    DisbandTeam,
    FormTeam,
    JoinTeam,
    LeaveTeam,
    TeamEvent,
    VolunteerJoined,
    VolunteerLeft,
)

HANDLERS = Handlers(TEAM, MEMBERSHIP)
HANDLERS.each(TEAM, "team_id", AppointLeader)


@HANDLERS.on(FormTeam)
def form_team(command: FormTeam, read: Read) -> Changes:
    return _moving(command, read)


@HANDLERS.on(JoinTeam)
def join_team(command: JoinTeam, read: Read) -> Changes:
    return _moving(command, read)


@HANDLERS.on(LeaveTeam)
def leave_team(command: LeaveTeam, read: Read) -> Changes:
    return _moving(command, read)


def _moving(command: FormTeam | JoinTeam | LeaveTeam, read: Read) -> Changes:
    draft = Draft(read)
    for event in draft.decide(TEAM, command.team_id, command):
        _follow(draft, event)
    return draft.changes


def _follow(draft: Draft, event: TeamEvent) -> None:
    match event:
        case VolunteerJoined(at, team_id, volunteer_id):
            draft.decide(MEMBERSHIP, volunteer_id, BeginMembership(team_id, at))
        case VolunteerLeft(at, team_id, volunteer_id):
            draft.decide(MEMBERSHIP, volunteer_id, EndMembership(team_id, at))


@HANDLERS.on(DisbandTeam)
def disband_team(command: DisbandTeam, read: Read) -> Changes:
    """Its members are free to join another one."""
    draft = Draft(read)
    members = draft.state(TEAM, command.team_id).members
    if draft.decide(TEAM, command.team_id, command):
        for volunteer_id in members:
            draft.decide(MEMBERSHIP, volunteer_id, EndMembership(command.team_id, command.now))
    return draft.changes
