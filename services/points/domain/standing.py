"""Standing 会员状态: whether checkin has suspended a member, who then redeems nothing (row 22 of the choreography)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypeAlias, assert_never, get_args

import msgspec

from shared.decider import Command, Decider, DomainEvent
from shared.errors import Refused


class NoteSuspension(Command, frozen=True):
    """Checkin has suspended the membership."""

    member_id: str
    reason: str
    now: datetime


class NoteReinstatement(Command, frozen=True):
    """Checkin has lifted the suspension."""

    member_id: str
    now: datetime


class SuspensionNoted(DomainEvent, frozen=True):
    reason: str


class SuspensionLifted(DomainEvent, frozen=True):
    """`at` is when."""


StandingCommand: TypeAlias = NoteSuspension | NoteReinstatement
StandingEvent: TypeAlias = SuspensionNoted | SuspensionLifted


class Standing(msgspec.Struct, frozen=True):
    suspended: bool = False

    def check(self) -> None:
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
        case _:
            assert_never(command)


def evolve(standing: Standing, event: StandingEvent) -> Standing:
    return Standing(suspended=isinstance(event, SuspensionNoted))


STANDING: Decider[StandingCommand, StandingEvent, Standing] = Decider(
    "standing", Standing(), decide, evolve, get_args(StandingEvent)
)
