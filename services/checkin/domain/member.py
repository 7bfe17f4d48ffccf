"""A member 会员: the owner of the code 会员码 that opens every station."""

from __future__ import annotations

from datetime import datetime
from typing import TypeAlias, assert_never

import msgspec

from shared.decider import Command, Decider, DomainEvent
from shared.errors import NotFound

from .refusals import AlreadyRegistered


class RegisterMember(Command, frozen=True):
    member_id: str
    trade: str
    org_id: str
    now: datetime


class SuspendMember(Command, frozen=True):
    member_id: str
    reason: str  # a code
    now: datetime


class ReinstateMember(Command, frozen=True):
    member_id: str
    now: datetime


class MemberRegistered(DomainEvent, frozen=True):
    member_id: str
    trade: str
    org_id: str


class MemberSuspended(DomainEvent, frozen=True):
    member_id: str
    reason: str


class MemberReinstated(DomainEvent, frozen=True):
    member_id: str


MemberCommand: TypeAlias = RegisterMember | SuspendMember | ReinstateMember
MemberEvent: TypeAlias = MemberRegistered | MemberSuspended | MemberReinstated


class Member(msgspec.Struct, frozen=True):
    registered: MemberRegistered | None = None
    suspended_from: datetime | None = None

    def is_suspended(self, moment: datetime) -> bool:
        return self.suspended_from is not None and moment >= self.suspended_from


def decide(command: MemberCommand, member: Member) -> list[MemberEvent]:
    match command:
        case RegisterMember():
            return register(command, member)
        case _ if member.registered is None:
            raise NotFound(f"no member is registered as {command.member_id}", field="member_id")
        case SuspendMember(member_id, reason, now):
            return [] if member.suspended_from else [MemberSuspended(at=now, member_id=member_id, reason=reason)]
        case ReinstateMember(member_id, now):
            return [MemberReinstated(at=now, member_id=member_id)] if member.suspended_from else []
        case _:
            assert_never(command)


def register(command: RegisterMember, member: Member) -> list[MemberEvent]:
    """The same facts again are nothing new; other facts under a known id would overwrite a person."""
    facts = MemberRegistered(command.now, command.member_id, command.trade, command.org_id)
    if member.registered is None:
        return [facts]
    if msgspec.structs.replace(facts, at=member.registered.at) == member.registered:
        return []
    raise AlreadyRegistered(field="member_id")


def evolve(member: Member, event: MemberEvent) -> Member:
    match event:
        case MemberRegistered():
            return msgspec.structs.replace(member, registered=event)
        case MemberSuspended(at):
            return msgspec.structs.replace(member, suspended_from=at)
        case MemberReinstated():
            return msgspec.structs.replace(member, suspended_from=None)
        case _:
            assert_never(event)


MEMBER: Decider[MemberCommand, MemberEvent, Member] = Decider(
    "member", Member(), decide, evolve, (MemberRegistered, MemberSuspended, MemberReinstated)
)
