"""Standing 会员状态: a member whom checkin has suspended, or who has left, redeems nothing (row 22)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypeAlias, assert_never, get_args

import msgspec

from shared.decider import Command, Decider, DomainEvent
from shared.errors import NotFound, Refused


class NoteSuspension(Command, frozen=True):
    """Checkin has suspended the membership."""

    member_id: str
    reason: str
    now: datetime


class NoteReinstatement(Command, frozen=True):
    """Checkin has lifted the suspension."""

    member_id: str
    now: datetime


class NoteLeaving(Command, frozen=True):
    """The member has left for good."""

    member_id: str
    now: datetime


class SuspensionNoted(DomainEvent, frozen=True):
    reason: str


class SuspensionLifted(DomainEvent, frozen=True):
    """`at` is when."""


class LeavingNoted(DomainEvent, frozen=True):
    """`at` is when."""


StandingCommand: TypeAlias = NoteSuspension | NoteReinstatement | NoteLeaving
StandingEvent: TypeAlias = SuspensionNoted | SuspensionLifted | LeavingNoted


class Standing(msgspec.Struct, frozen=True):
    suspended: bool = False
    left: bool = False

    def check(self) -> None:
        if self.left:
            raise NotFound("This member has left; the points stay until they expire.", field="member_id")
        if self.suspended:
            raise MemberSuspended


class MemberSuspended(Refused):
    """The membership is suspended: the points stay, and nothing can be redeemed. Have the suspension lifted first."""


def decide(command: StandingCommand, standing: Standing) -> Sequence[StandingEvent]:
    match command:
        case NoteSuspension(_, reason, now):
            return [] if standing.suspended else [SuspensionNoted(now, reason)]
        case NoteReinstatement(_, now):
            return [SuspensionLifted(now)] if standing.suspended else []
        case NoteLeaving(_, now):
            return [] if standing.left else [LeavingNoted(now)]
        case _:
            assert_never(command)


def evolve(standing: Standing, event: StandingEvent) -> Standing:
    match event:
        case SuspensionNoted():
            return msgspec.structs.replace(standing, suspended=True)
        case SuspensionLifted():
            return msgspec.structs.replace(standing, suspended=False)
        case LeavingNoted():
            return msgspec.structs.replace(standing, left=True)
        case _:
            assert_never(event)


STANDING: Decider[StandingCommand, StandingEvent, Standing] = Decider(
    "standing", Standing(), decide, evolve, get_args(StandingEvent)
)
