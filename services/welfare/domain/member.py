"""Member 会员, as checkin tells of him: what his vouchers go by."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypeAlias, assert_never, get_args

import msgspec

from shared.decider import Command, Decider, DomainEvent
from shared.errors import NotFound

from . import refusals


class NoteMember(Command, frozen=True):
    """Checkin knows the member; what he works as decides over some campaigns."""

    member_id: str
    trade: str
    now: datetime


class NoteSuspension(Command, frozen=True):
    member_id: str
    now: datetime


class NoteReinstatement(Command, frozen=True):
    member_id: str
    now: datetime


class NoteLeaving(Command, frozen=True):
    member_id: str
    now: datetime


class MemberNoted(DomainEvent, frozen=True):
    trade: str


class SuspensionNoted(DomainEvent, frozen=True):
    """`at` is when."""


class SuspensionLifted(DomainEvent, frozen=True):
    """`at` is when."""


class LeavingNoted(DomainEvent, frozen=True):
    """`at` is when."""


MemberCommand: TypeAlias = NoteMember | NoteSuspension | NoteReinstatement | NoteLeaving
MemberEvent: TypeAlias = MemberNoted | SuspensionNoted | SuspensionLifted | LeavingNoted


class Member(msgspec.Struct, frozen=True):
    """`trade` is None while checkin has not told of him; `since` is when he was suspended or left."""

    trade: str | None = None
    suspended: bool = False
    left: bool = False
    since: datetime | None = None

    def check(self, moment: datetime | None = None) -> None:
        """Raises `NotFound` for who has left, MEMBER_SUSPENDED for who is suspended (row 22): now, or at a moment."""
        if moment is not None and self.since is not None and moment < self.since:
            return
        if self.left:
            raise NotFound("This member has left.", field="member_id")
        if self.suspended:
            raise refusals.MemberSuspended(field="member_id")


def decide(command: MemberCommand, member: Member) -> Sequence[MemberEvent]:
    match command:
        case NoteMember(_, trade, now):
            return [] if member.trade == trade else [MemberNoted(now, trade)]
        case NoteSuspension(_, now):
            return [] if member.suspended else [SuspensionNoted(now)]
        case NoteReinstatement(_, now):
            return [SuspensionLifted(now)] if member.suspended else []
        case NoteLeaving(_, now):
            return [] if member.left else [LeavingNoted(now)]
        case _:
            assert_never(command)


def evolve(member: Member, event: MemberEvent) -> Member:
    match event:
        case MemberNoted(trade=trade):
            return msgspec.structs.replace(member, trade=trade)
        case SuspensionNoted(at=at):
            return msgspec.structs.replace(member, suspended=True, since=at)
        case SuspensionLifted():
            return msgspec.structs.replace(member, suspended=False, since=None)
        case LeavingNoted(at=at):
            return msgspec.structs.replace(member, left=True, since=member.since or at)
        case _:
            assert_never(event)


MEMBER: Decider[MemberCommand, MemberEvent, Member] = Decider("member", Member(), decide, evolve, get_args(MemberEvent))
