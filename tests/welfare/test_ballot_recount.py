"""A ballot's result against a recount by hand, for any course of votes (WF12)."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations
from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from services.welfare.domain.ballot import BALLOT, BallotClosed, BallotOpened, CloseBallot, Course
from services.welfare.domain.vote import VOTE, CastVote
from services.welfare.handlers import HANDLERS
from shared.decider import Change, Decider, DomainEvent
from shared.errors import Refused
from shared.testing.given import on
from tests.welfare.courses import CLOSES, NOON, STARTS, course, members

MEMBERS = ("W01", "W02", "W03", "W04", "W05", "W06")
COURSES = tuple(course(name, place, STARTS + timedelta(minutes=60 * late)) for name, place, late in (
    ("a", "R1", 0), ("b", "R1", 1), ("c", "R2", 0), ("d", "R2", 2), ("e", "R1", 2),
))  # fmt: skip


class Given(NamedTuple):
    """What somebody sends: perhaps too much, twice, or without saying that it is a change."""

    member_id: str
    choices: tuple[str, ...]
    change: bool


votes = st.lists(
    st.builds(
        Given,
        st.sampled_from(MEMBERS),
        st.lists(st.sampled_from("abcde"), min_size=1, max_size=3).map(tuple),
        st.booleans(),
    ),
    max_size=40,
)


class Log:
    """Streams that only grow; commands that are refused leave nothing."""

    def __init__(self, *past: Change) -> None:
        self.streams: dict[str, list[DomainEvent]] = {}
        self._append(past)

    def _append(self, changes: Any) -> None:
        for decider, entity, events in changes:
            self.streams.setdefault(decider.stream(entity), []).extend(events)

    def state(self, decider: Decider[Any, Any, Any], entity: str) -> Any:
        return decider.fold(self.streams.get(decider.stream(entity), []))

    def give(self, command: CastVote | CloseBallot) -> bool:
        try:
            self._append(HANDLERS.handle(command, self.state))
        except Refused:
            return False
        return True


class Recount:
    """Everybody's choices on paper; after each move of a vote all are counted again, and the counts written down."""

    def __init__(self, max_choices: int) -> None:
        self.max_choices = max_choices
        self.papers: dict[str, list[str]] = {}
        self.history: list[dict[str, int]] = [self.count()]

    def count(self) -> dict[str, int]:
        return {one.course_id: sum(one.course_id in paper for paper in self.papers.values()) for one in COURSES}

    def give(self, member_id: str, choices: tuple[str, ...], change: bool) -> bool:
        """Whether it is taken."""
        if len(choices) > self.max_choices or len(set(choices)) < len(choices):
            return False
        before = self.papers.get(member_id, [])
        if sorted(before) == sorted(choices):
            return True
        if before and not change:
            return False
        paper = self.papers[member_id] = [one for one in before if one in choices]
        self.history.append(self.count())
        for one in choices:
            if one not in paper:
                paper.append(one)
                self.history.append(self.count())
        return True

    def reached(self, course_id: str) -> int:
        """Since when it has had at least what it has now, without a break."""
        counts = [one[course_id] for one in self.history]
        since = len(counts)
        while since and counts[since - 1] >= counts[-1]:
            since -= 1
        return since

    def before(self, one: Course, other: Course) -> bool:
        """Whether one course ranks before another one."""
        counts = self.history[-1]
        mine, others = counts[one.course_id], counts[other.course_id]
        if mine != others:
            return mine > others
        if mine == 0:
            return COURSES.index(one) < COURSES.index(other)
        return self.reached(one.course_id) < self.reached(other.course_id)

    def ranking(self) -> tuple[Course, ...]:
        """The only order of all that agrees with each pair."""
        (found,) = [
            order
            for order in permutations(COURSES)
            if all(self.before(order[i], order[j]) for i in range(len(order)) for j in range(i + 1, len(order)))
        ]
        return found

    def winners(self, to_run: int) -> list[Course]:
        held: list[Course] = []
        for one in self.ranking():
            there = [other for other in held if other.place_id == one.place_id]
            free = all(one.ends_at <= other.starts_at or other.ends_at <= one.starts_at for other in there)
            if self.history[-1][one.course_id] > 0 and free:
                held.append(one)
        return held[:to_run]


@settings(max_examples=300, deadline=None)
@given(votes=votes, max_choices=st.integers(1, 3), to_run=st.integers(1, 5))
def test_wf12_the_result_is_that_of_a_recount(votes: list[Given], max_choices: int, to_run: int) -> None:
    opened = BallotOpened(NOON, COURSES, max_choices, to_run, CLOSES)
    log, recount = Log(on(BALLOT, "BL-1", opened), *members(*MEMBERS)), Recount(max_choices)
    for number, one in enumerate(votes, 1):
        cast = CastVote("BL-1", one.member_id, one.choices, NOON + timedelta(seconds=number), one.change)
        assert log.give(cast) == recount.give(*one)
    assert log.give(CloseBallot("BL-1", CLOSES))
    (closed,) = [event for event in log.streams["ballot-BL-1"] if isinstance(event, BallotClosed)]
    assert [one.course_id for one in closed.ranking] == [one.course_id for one in recount.ranking()]
    assert {one.course_id: one.votes for one in closed.ranking} == recount.history[-1]
    assert list(closed.winners) == recount.winners(to_run)
    assert closed.voters == len(recount.papers)
    for member_id, paper in recount.papers.items():
        assert set(log.state(VOTE, f"BL-1/{member_id}")) == set(paper)
