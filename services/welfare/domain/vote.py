"""Vote 投票: what one member has chosen in one ballot; it can be changed until the ballot closes (WF12).

A stream for each member of a ballot. The counts are the ballot's own (`ballot.py`), changed in the same decision.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypeAlias, get_args

import msgspec

from shared.decider import Command, Decider, DomainEvent

from . import refusals


class CastVote(Command, frozen=True):
    """`change` says that it may take the place of what the member has chosen before."""

    ballot_id: str
    member_id: str
    choices: tuple[str, ...]
    now: datetime
    change: bool = False


class VoteCast(DomainEvent, frozen=True):
    ballot_id: str
    member_id: str
    choices: tuple[str, ...]


class VoteChanged(DomainEvent, frozen=True):
    ballot_id: str
    member_id: str
    choices: tuple[str, ...]


VoteEvent: TypeAlias = VoteCast | VoteChanged
Vote: TypeAlias = tuple[str, ...]  # what is chosen


def vote_id(ballot_id: str, member_id: str) -> str:
    """The stream of a member's vote in a ballot."""
    return f"{ballot_id}/{member_id}"


def decide(command: CastVote, vote: Vote) -> Sequence[VoteEvent]:
    """The same choices again are nothing new, in whichever order. Others come of a change that was meant, or of two
    devices that know nothing of one another: only what says that it is a change is one.
    """
    ballot_id, member_id, choices, now, change = msgspec.structs.astuple(command)
    if not vote:
        return [VoteCast(now, ballot_id, member_id, choices)]
    if set(choices) == set(vote):
        return []
    if not change:
        raise refusals.AlreadyVoted(field="choices")
    return [VoteChanged(now, ballot_id, member_id, choices)]


def evolve(_vote: Vote, event: VoteEvent) -> Vote:
    return event.choices


VOTE: Decider[CastVote, VoteEvent, Vote] = Decider("vote", (), decide, evolve, get_args(VoteEvent))
