"""Ballots, votes, sessions and ratings."""

from __future__ import annotations

from shared.decider import Changes, Draft, Handlers, Read
from shared.errors import NotFound

from ..domain.ballot import BALLOT, CloseBallot, CountVote, OpenBallot, check_choices
from ..domain.member import MEMBER
from ..domain.vote import VOTE, CastVote, vote_id

HANDLERS = Handlers(BALLOT, VOTE, MEMBER)
HANDLERS.each(BALLOT, "ballot_id", OpenBallot, CloseBallot)


@HANDLERS.on(CastVote)
def cast_vote(command: CastVote, read: Read) -> Changes:
    """WF12 in the order of K10: who, whether it is open, what he has voted before. Vote and counts change together."""
    draft, ballot_id, now = Draft(read), command.ballot_id, command.now
    member = draft.state(MEMBER, command.member_id)
    member.check()
    if member.trade is None:
        raise NotFound("No member of this id is known here yet.", field="member_id")
    check_choices(draft.state(BALLOT, ballot_id).check_open(now), command.choices)
    vote = vote_id(ballot_id, command.member_id)
    before = draft.state(VOTE, vote)
    if draft.decide(VOTE, vote, command):
        added = tuple(one for one in command.choices if one not in before)
        dropped = tuple(one for one in before if one not in command.choices)
        draft.decide(BALLOT, ballot_id, CountVote(ballot_id, added, dropped, not before, now))
    return draft.changes
