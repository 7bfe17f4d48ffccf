"""Ballot 点单: members say which courses they want, and those with most votes are held (WF12).

Here are the courses and the counts; what a member chose is on a stream of his own (`vote.py`), decided together with
this one. So a ballot may have very many voters, and nobody who looks at it learns who voted for what.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypeAlias, assert_never, get_args

import msgspec

from shared.decider import Command, DeadlineCleared, DeadlineSet, Decider, DomainEvent
from shared.errors import IdempotencyKeyReused, NotFound, ValidationFailed

from . import refusals
from .tally import Tally
from .values import BALLOT_COURSES_MOST, COURSE_AHEAD, COURSE_PLACES_MOST

CLOSING = "closing"  # the timer at `closes_at`


class Course(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What can be voted for, and where and when it is held if it wins."""

    course_id: str
    place_id: str
    starts_at: datetime
    ends_at: datetime
    capacity: int

    def clashes(self, other: Course) -> bool:
        """Whether both are at one place at one moment."""
        return self.place_id == other.place_id and self.starts_at < other.ends_at and other.starts_at < self.ends_at


class OpenBallot(Command, frozen=True):
    """Let members vote for up to `max_choices` of these courses until a time; `to_run` of them will be held."""

    ballot_id: str
    courses: tuple[Course, ...]
    max_choices: int
    to_run: int
    closes_at: datetime
    now: datetime


class CountVote(Command, frozen=True):
    """A member's vote has these choices more and those less. Decided together with the vote."""

    ballot_id: str
    added: tuple[str, ...]
    dropped: tuple[str, ...]
    first: bool  # this member has not voted before
    now: datetime


class CloseBallot(Command, frozen=True):
    """Its time has come, or an officer ends it before."""

    ballot_id: str
    now: datetime


class BallotOpened(DomainEvent, frozen=True):
    courses: tuple[Course, ...]
    max_choices: int
    to_run: int
    closes_at: datetime


class VoteCounted(DomainEvent, frozen=True):
    """Whose vote it is stays with the vote. Choices are counted in the order in which they are named."""

    added: tuple[str, ...]
    dropped: tuple[str, ...]
    first: bool


class Ranked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A course and its votes."""

    course_id: str
    votes: int


class BallotClosed(DomainEvent, frozen=True):
    """`ranking` has all courses; `winners` are those that will be held, by rank."""

    ranking: tuple[Ranked, ...]
    winners: tuple[Course, ...]
    voters: int


BallotCommand: TypeAlias = OpenBallot | CountVote | CloseBallot
BallotEvent: TypeAlias = BallotOpened | VoteCounted | BallotClosed | DeadlineSet | DeadlineCleared


class Ballot(msgspec.Struct, frozen=True):
    """`counted`: how many choices were ever counted, which numbers them."""

    opened: BallotOpened | None = None
    closed: bool = False
    voters: int = 0
    counted: int = 0
    tallies: dict[str, Tally] = {}

    def known(self) -> BallotOpened:
        """Raises `NotFound`."""
        if self.opened is None:
            raise NotFound("No ballot was opened under this id.", field="ballot_id")
        return self.opened

    def check_open(self, now: datetime) -> BallotOpened:
        """WF12: until it closes, whether the timer has run or not. Raises `NotFound`, BALLOT_CLOSED."""
        opened = self.known()
        if self.closed or now >= opened.closes_at:
            raise refusals.BallotClosed(field="ballot_id")
        return opened

    def ranking(self) -> list[Course]:
        """By votes; of equals, whoever reached the count first; without votes, as the ballot has them."""
        tallies = [(course, self.tallies.get(course.course_id, Tally())) for course in self.known().courses]
        return [course for course, _ in sorted(tallies, key=lambda one: (-one[1].votes, one[1].reached))]

    def votes(self, course: Course) -> int:
        return self.tallies.get(course.course_id, Tally()).votes


def decide(command: BallotCommand, ballot: Ballot) -> Sequence[BallotEvent]:
    match command:
        case OpenBallot():
            return _opened(command, ballot)
        case CountVote(_, added, dropped, first, now):
            return [VoteCounted(now, added, dropped, first)]
        case CloseBallot(_, now):
            return _closed(ballot, now)
        case _:
            assert_never(command)


def _opened(command: OpenBallot, ballot: Ballot) -> Sequence[BallotEvent]:
    """The same again is nothing new; other courses or times would change what people have voted on."""
    _, courses, max_choices, to_run, closes_at, now = msgspec.structs.astuple(command)
    if ballot.opened is not None:
        if BallotOpened(ballot.opened.at, courses, max_choices, to_run, closes_at) == ballot.opened:
            return []
        raise IdempotencyKeyReused("This ballot was opened with other contents: open another.", field="ballot_id")
    check(command)
    opened = BallotOpened(now, courses, max_choices, to_run, closes_at)
    return [opened, DeadlineSet(now, CLOSING, "", closes_at)]


def _closed(ballot: Ballot, now: datetime) -> Sequence[BallotEvent]:
    opened = ballot.known()
    if ballot.closed:
        return []
    ranking = ballot.ranking()
    ranked = tuple(Ranked(course.course_id, ballot.votes(course)) for course in ranking)
    closed = BallotClosed(now, ranked, _winners(opened, ranking, ballot), ballot.voters)
    return [closed, DeadlineCleared(now, CLOSING, "", "closed")]


def _winners(opened: BallotOpened, ranking: Sequence[Course], ballot: Ballot) -> tuple[Course, ...]:
    """By rank, as many as are to run. A course that nobody wants is not held; one whose place is taken at its time by
    a better one cannot be, and the next in rank has its turn.
    """
    winners: list[Course] = []
    for course in ranking:
        if len(winners) < opened.to_run and ballot.votes(course) and not any(map(course.clashes, winners)):
            winners.append(course)
    return tuple(winners)


def check_choices(opened: BallotOpened, choices: tuple[str, ...]) -> None:
    """WF12: up to so many, each once, and of this ballot. Raises `ValidationFailed`."""
    if not 1 <= len(choices) <= opened.max_choices:
        raise ValidationFailed(f"Choose 1 to {opened.max_choices} courses.", field="choices")
    if len(set(choices)) < len(choices):
        raise ValidationFailed("Choose each course once.", field="choices")
    known = {course.course_id for course in opened.courses}
    if not known.issuperset(choices):
        raise ValidationFailed("Choose courses that are in the ballot.", field="choices")


def check(command: OpenBallot) -> None:
    """Whether what is voted on can be held. Raises `ValidationFailed`, which names the field."""
    courses, count = command.courses, len(command.courses)
    if not 1 <= count <= BALLOT_COURSES_MOST:
        raise ValidationFailed(f"A ballot has 1 to {BALLOT_COURSES_MOST} courses.", field="courses")
    if len({course.course_id for course in courses}) < count:
        raise ValidationFailed("Two courses have one id.", field="courses")
    if not 1 <= command.max_choices <= count:
        raise ValidationFailed("A member chooses one course at least, and at most all.", field="max_choices")
    if not 1 <= command.to_run <= count:
        raise ValidationFailed("One course at least is held, and at most all.", field="to_run")
    if command.closes_at <= command.now:
        raise ValidationFailed("It must close after it opens.", field="closes_at")
    for course in courses:
        if course.starts_at < command.closes_at:
            raise ValidationFailed("A course is held after the ballot.", field="courses")
        if course.ends_at <= course.starts_at or course.ends_at - command.now > COURSE_AHEAD:
            raise ValidationFailed(f"A course ends after it starts, within {COURSE_AHEAD.days} days.", field="courses")
        if not 1 <= course.capacity <= COURSE_PLACES_MOST:
            raise ValidationFailed(f"A course has 1 to {COURSE_PLACES_MOST} places.", field="courses")


def evolve(ballot: Ballot, event: BallotEvent) -> Ballot:
    match event:
        case BallotOpened():
            return msgspec.structs.replace(ballot, opened=event)
        case VoteCounted():
            return _counted(ballot, event)
        case BallotClosed():
            return msgspec.structs.replace(ballot, closed=True)
        case DeadlineSet() | DeadlineCleared():
            return ballot
        case _:
            assert_never(event)


def _counted(ballot: Ballot, event: VoteCounted) -> Ballot:
    """What is taken back goes first; each choice that comes has a number of its own, so no two are ever equal."""
    tallies = {**ballot.tallies}
    for course_id in event.dropped:
        tallies[course_id] = tallies.get(course_id, Tally()).down()
    for number, course_id in enumerate(event.added, ballot.counted + 1):
        tallies[course_id] = tallies.get(course_id, Tally()).up(number)
    return Ballot(ballot.opened, ballot.closed, ballot.voters + event.first, ballot.counted + len(event.added), tallies)


BALLOT: Decider[BallotCommand, BallotEvent, Ballot] = Decider("ballot", Ballot(), decide, evolve, get_args(BallotEvent))
