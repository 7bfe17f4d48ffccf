"""Ballots and course sessions, as tests of welfare give them."""

from __future__ import annotations

from datetime import datetime, timedelta

from services.welfare.domain.ballot import BALLOT, CLOSING, BallotOpened, Course
from services.welfare.domain.member import MEMBER, MemberNoted
from shared.decider import Change, DeadlineSet
from shared.testing.given import on
from tests.welfare.campaigns import at

NOON = at(12)
CLOSES = at(18, day=25)
STARTS = at(14, day=1, month=2)


def course(course_id: str, place_id: str = "", starts_at: datetime = STARTS) -> Course:
    """At a place of its own unless one is named."""
    return Course(course_id, place_id or f"at_{course_id}", starts_at, starts_at + timedelta(minutes=90), 20)


FIRST_AID, TEA, CHESS = course("first_aid"), course("tea"), course("chess")
OPENED = BallotOpened(NOON, (FIRST_AID, TEA, CHESS), 2, 1, CLOSES)
DEADLINE = DeadlineSet(NOON, CLOSING, "", CLOSES)
a_ballot = on(BALLOT, "BL-1", OPENED, DEADLINE)


def members(*member_ids: str) -> list[Change]:
    """Known to checkin, so they may vote."""
    return [on(MEMBER, member_id, MemberNoted(at(0, day=1), "rider")) for member_id in member_ids]
