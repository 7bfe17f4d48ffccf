"""Team 志愿服务队 of volunteers and its leader; a volunteer is in one team at a time, which his membership tells."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypeAlias, assert_never, get_args

import msgspec
from msgspec.structs import replace

from shared.decider import Command, Decider, DomainEvent
from shared.errors import NotFound, Refused


class FormTeam(Command, frozen=True):
    """`code` is the name of the team as a code, such as xintu 新途; its leader is its first member."""

    team_id: str
    code: str
    leader_id: str
    now: datetime


class JoinTeam(Command, frozen=True):
    team_id: str
    volunteer_id: str
    now: datetime


class LeaveTeam(Command, frozen=True):
    team_id: str
    volunteer_id: str
    now: datetime


class AppointLeader(Command, frozen=True):
    team_id: str
    leader_id: str
    now: datetime


class DisbandTeam(Command, frozen=True):
    team_id: str
    now: datetime


class TeamFormed(DomainEvent, frozen=True):
    team_id: str
    code: str
    leader_id: str


class VolunteerJoined(DomainEvent, frozen=True):
    team_id: str
    volunteer_id: str


class VolunteerLeft(DomainEvent, frozen=True):
    team_id: str
    volunteer_id: str


class LeaderAppointed(DomainEvent, frozen=True):
    team_id: str
    leader_id: str


class TeamDisbanded(DomainEvent, frozen=True):
    team_id: str


TeamCommand: TypeAlias = FormTeam | JoinTeam | LeaveTeam | AppointLeader | DisbandTeam
TeamEvent: TypeAlias = TeamFormed | VolunteerJoined | VolunteerLeft | LeaderAppointed | TeamDisbanded


class Team(msgspec.Struct, frozen=True):
    """As it was formed, None before; who is in it; `disbanded` for good."""

    formed: TeamFormed | None = None
    leader_id: str | None = None
    members: tuple[str, ...] = ()
    disbanded: bool = False


class TeamExists(Refused):
    """A team was formed under this id before. Form the new one under another id."""


class TeamIsDisbanded(Refused):
    """This team was disbanded. Join another one, or form a new one."""


class InAnotherTeam(Refused):
    """The volunteer is in another team, and nobody is in two. Let him leave that one first."""


class NotInTeam(Refused):
    """The volunteer is not in this team. Let him join it first."""


class LeaderMustStay(Refused):
    """The leader belongs to the team. Appoint another leader first, or disband the team."""


def decide(command: TeamCommand, team: Team) -> Sequence[TeamEvent]:
    match command:
        case FormTeam():
            return _formed(command, team)
        case JoinTeam(team_id, volunteer_id, now):
            present = volunteer_id in _present(team).members
            return [] if present else [VolunteerJoined(now, team_id, volunteer_id)]
        case LeaveTeam(team_id, volunteer_id, now):
            if volunteer_id not in _present(team).members:
                return []
            if volunteer_id == team.leader_id:
                raise LeaderMustStay
            return [VolunteerLeft(now, team_id, volunteer_id)]
        case AppointLeader(team_id, leader_id, now):
            if leader_id not in _present(team).members:
                raise NotInTeam
            return [LeaderAppointed(now, team_id, leader_id)] if leader_id != team.leader_id else []
        case DisbandTeam(team_id, now):
            return [TeamDisbanded(now, team_id)] if not team.disbanded and _present(team) else []
        case _:
            assert_never(command)


def _formed(command: FormTeam, team: Team) -> list[TeamEvent]:
    if team.formed is None:
        return [
            TeamFormed(command.now, command.team_id, command.code, command.leader_id),
            VolunteerJoined(command.now, command.team_id, command.leader_id),
        ]
    if (team.formed.code, team.formed.leader_id) == (command.code, command.leader_id):
        return []
    raise TeamExists


def _present(team: Team) -> Team:
    if team.formed is None:
        raise NotFound("no team was formed under this id", field="team_id")
    if team.disbanded:
        raise TeamIsDisbanded
    return team


def evolve(team: Team, event: TeamEvent) -> Team:
    match event:
        case TeamFormed(leader_id=leader_id):
            return Team(event, leader_id)
        case VolunteerJoined(volunteer_id=volunteer_id):
            return replace(team, members=(*team.members, volunteer_id))
        case VolunteerLeft(volunteer_id=volunteer_id):
            return replace(team, members=tuple(one for one in team.members if one != volunteer_id))
        case LeaderAppointed(leader_id=leader_id):
            return replace(team, leader_id=leader_id)
        case TeamDisbanded():
            return replace(team, leader_id=None, members=(), disbanded=True)
        case _:
            assert_never(event)


TEAM: Decider[TeamCommand, TeamEvent, Team] = Decider("team", Team(), decide, evolve, get_args(TeamEvent))
