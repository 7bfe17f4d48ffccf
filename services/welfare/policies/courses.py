"""Votes from apps, and when a ballot closes."""

from __future__ import annotations

from shared.contracts.welfare_courses import VoteCast
from shared.decider import Command
from shared.policies import Intake, Receipt, Timers

from ..domain.ballot import BALLOT, CLOSING, CloseBallot
from ..domain.vote import CastVote

INTAKE = Intake()
TIMERS: Timers = {(BALLOT.category, CLOSING): lambda entity, ref, due_at: CloseBallot(entity, due_at)}


@INTAKE.on(VoteCast)
def cast_vote(event: VoteCast, received: Receipt) -> Command:
    """A vote counts when it has reached us."""
    return CastVote(event.ballot_id, event.member_id, tuple(event.choices), received.received_at, event.change)
