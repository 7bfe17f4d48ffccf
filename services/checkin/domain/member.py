"""A member 会员: the owner of the code 会员码 that opens every station."""

from __future__ import annotations

from datetime import datetime
from typing import TypeAlias, assert_never

import msgspec

from shared.decider import Command, Decider, DomainEvent
from shared.errors import NotFound

from .refusals import AlreadyRegistered
from .values import KEYS_KEPT


class RegisterMember(Command, frozen=True):
    member_id: str
    trade: str
    org_id: str
    now: datetime


class IssueCode(Command, frozen=True):
    """CK7: a new key for the member's code; the one before is withdrawn."""

    member_id: str
    key_id: str
    now: datetime


class RevokeCode(Command, frozen=True):
    member_id: str
    key_id: str
    now: datetime


class SuspendMember(Command, frozen=True):
    member_id: str
    reason: str  # a code
    now: datetime


class ReinstateMember(Command, frozen=True):
    member_id: str
    now: datetime


class LeaveMembership(Command, frozen=True):
    member_id: str
    now: datetime


class MemberRegistered(DomainEvent, frozen=True):
    member_id: str
    trade: str
    org_id: str


class MemberCodeIssued(DomainEvent, frozen=True):
    member_id: str
    key_id: str


class MemberCodeRevoked(DomainEvent, frozen=True):
    member_id: str
    key_id: str


class MemberSuspended(DomainEvent, frozen=True):
    member_id: str
    reason: str


class MemberReinstated(DomainEvent, frozen=True):
    member_id: str


class MemberLeft(DomainEvent, frozen=True):
    member_id: str


MemberCommand: TypeAlias = RegisterMember | IssueCode | RevokeCode | SuspendMember | ReinstateMember | LeaveMembership
MemberEvent: TypeAlias = (
    MemberRegistered | MemberCodeIssued | MemberCodeRevoked | MemberSuspended | MemberReinstated | MemberLeft
)


class Member(msgspec.Struct, frozen=True):
    registered: MemberRegistered | None = None
    suspended_from: datetime | None = None
    left_at: datetime | None = None
    key_id: str | None = None  # of the code that is valid now
    coded_from: datetime | None = None  # since the first code was issued the card alone opens no gate that is online
    revoked: dict[str, datetime] = {}  # the keys of before, and since when they are none

    def is_suspended(self, moment: datetime) -> bool:
        return self.suspended_from is not None and moment >= self.suspended_from

    def has_left(self, moment: datetime) -> bool:
        return self.left_at is not None and moment >= self.left_at

    def needs_code(self, moment: datetime) -> bool:
        return self.coded_from is not None and moment >= self.coded_from

    def is_revoked(self, key_id: str, moment: datetime) -> bool:
        """Whether a key whose signature is right was withdrawn by then; one we do not know never was a key."""
        return key_id != self.key_id and moment >= self.revoked.get(key_id, moment)


def decide(command: MemberCommand, member: Member) -> list[MemberEvent]:
    match command:
        case RegisterMember():
            return register(command, member)
        case _ if member.registered is None:
            raise NotFound(f"no member is registered as {command.member_id}", field="member_id")
        case RevokeCode(member_id, key_id, now):
            return revoke(member_id, key_id, member, now)
        case LeaveMembership(member_id, now):
            return [] if member.left_at else [*withdrawn(member_id, member, now), MemberLeft(now, member_id)]
        case SuspendMember(member_id, reason, now):
            unchanged = member.suspended_from or member.left_at
            return [] if unchanged else [MemberSuspended(at=now, member_id=member_id, reason=reason)]
        case _ if member.left_at is not None:
            raise NotFound(f"{command.member_id} has left: register under a new id", field="member_id")
        case IssueCode():
            return issue(command, member)
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


def issue(command: IssueCode, member: Member) -> list[MemberEvent]:
    """CK7. A member has one code: who has a new phone does not leave a valid one on the old."""
    if command.key_id == member.key_id:
        return []
    if command.key_id in member.revoked:
        raise AlreadyRegistered("this key was withdrawn and is not issued again", field="key_id")
    issued = MemberCodeIssued(command.now, command.member_id, command.key_id)
    return [*withdrawn(command.member_id, member, command.now), issued]


def revoke(member_id: str, key_id: str, member: Member, now: datetime) -> list[MemberEvent]:
    if key_id == member.key_id:
        return withdrawn(member_id, member, now)
    if key_id in member.revoked:
        return []
    raise NotFound(f"{member_id} has no code with the key {key_id}", field="key_id")


def withdrawn(member_id: str, member: Member, now: datetime) -> list[MemberEvent]:
    return [MemberCodeRevoked(now, member_id, member.key_id)] if member.key_id else []


def evolve(member: Member, event: MemberEvent) -> Member:
    match event:
        case MemberRegistered():
            return msgspec.structs.replace(member, registered=event)
        case MemberCodeIssued(at, key_id=key_id):
            return msgspec.structs.replace(member, key_id=key_id, coded_from=member.coded_from or at)
        case MemberCodeRevoked(at, key_id=key_id):
            revoked = dict([*member.revoked.items(), (key_id, at)][-KEYS_KEPT:])
            return msgspec.structs.replace(member, key_id=None, revoked=revoked)
        case MemberSuspended(at):
            return msgspec.structs.replace(member, suspended_from=at)
        case MemberReinstated():
            return msgspec.structs.replace(member, suspended_from=None)
        case MemberLeft(at):
            return msgspec.structs.replace(member, left_at=at)
        case _:
            assert_never(event)


MEMBER: Decider[MemberCommand, MemberEvent, Member] = Decider(
    "member",
    Member(),
    decide,
    evolve,
    (MemberRegistered, MemberCodeIssued, MemberCodeRevoked, MemberSuspended, MemberReinstated, MemberLeft),
)
