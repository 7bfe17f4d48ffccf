"""Membership: the one team that a volunteer is in, kept with the team's own events in one decision."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypeAlias, assert_never, get_args

import msgspec

from shared.decider import Command, Decider, DomainEvent

from .team import InAnotherTeam


class BeginMembership(Command, frozen=True):
    team_id: str
    now: datetime


class EndMembership(Command, frozen=True):
    team_id: str
    now: datetime


class MembershipBegun(DomainEvent, frozen=True):
    team_id: str


class MembershipEnded(DomainEvent, frozen=True):
    team_id: str
    since: datetime


MembershipCommand: TypeAlias = BeginMembership | EndMembership
MembershipEvent: TypeAlias = MembershipBegun | MembershipEnded


class Membership(msgspec.Struct, frozen=True):
    team_id: str | None = None
    since: datetime | None = None


def decide(command: MembershipCommand, membership: Membership) -> Sequence[MembershipEvent]:
    match command:
        case BeginMembership(team_id) if membership.team_id == team_id:
            return []
        case BeginMembership(team_id, now):
            if membership.team_id is not None:
                raise InAnotherTeam(f"The volunteer is in team {membership.team_id}. Let him leave that one first.")
            return [MembershipBegun(now, team_id)]
        case EndMembership(team_id, now):
            if membership.team_id != team_id or membership.since is None:
                return []
            return [MembershipEnded(now, team_id, membership.since)]
        case _:
            assert_never(command)


def evolve(_membership: Membership, event: MembershipEvent) -> Membership:
    match event:
        case MembershipBegun(at=since, team_id=team_id):
            return Membership(team_id, since)
        case MembershipEnded():
            return Membership()
        case _:
            assert_never(event)


MEMBERSHIP: Decider[MembershipCommand, MembershipEvent, Membership] = Decider(
    "membership", Membership(), decide, evolve, get_args(MembershipEvent)
)
