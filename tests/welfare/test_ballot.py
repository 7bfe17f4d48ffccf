"""Ballots and votes (WF12)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from services.welfare.domain import refusals
from services.welfare.domain.ballot import (
    BALLOT,
    BallotClosed,
    BallotOpened,
    CloseBallot,
    Course,
    OpenBallot,
    Ranked,
    VoteCounted,
)
from services.welfare.domain.member import MEMBER, LeavingNoted, SuspensionNoted
from services.welfare.domain.tally import BLOCK, WIDTH, Tally
from services.welfare.domain.vote import VOTE, CastVote, VoteCast, VoteChanged
from shared.decider import DeadlineCleared
from shared.errors import IdempotencyKeyReused, NotFound, Refused, ValidationFailed
from shared.testing.given import Given, Scenario, on
from tests.welfare.courses import (
    CHESS,
    CLOSES,
    DEADLINE,
    NOON,
    OPENED,
    STARTS,
    TEA,
    a_ballot,
    course,
    members,
)

SOON = NOON + timedelta(minutes=1)
OPEN = OpenBallot("BL-1", OPENED.courses, 2, 1, CLOSES, NOON)
CLEARED = DeadlineCleared(CLOSES, "closing", "", "closed")


def vote(member_id: str, *choices: str, change: bool = False, now: Any = SOON) -> CastVote:
    return CastVote("BL-1", member_id, choices, now, change)


def closed(*ranking: tuple[str, int], winners: tuple[Course, ...], voters: int) -> BallotClosed:
    return BallotClosed(CLOSES, tuple(Ranked(*one) for one in ranking), winners, voters)


def voted(given: Given, *votes: CastVote, opened: BallotOpened = OPENED) -> Scenario:
    """A ballot in which these votes were cast, one after the other."""
    scenario = given(on(BALLOT, "BL-1", opened, DEADLINE), *members(*{one.member_id for one in votes}))
    for one in votes:
        scenario.when(one)
    return scenario.when(CloseBallot("BL-1", CLOSES))


def test_wf12_a_ballot_opens_and_has_its_end(given: Given) -> None:
    given().when(OPEN).then(on(BALLOT, "BL-1", OPENED, DEADLINE))


def test_wf12_the_same_ballot_again_is_nothing_new_and_another_one_needs_its_own_id(given: Given) -> None:
    later = msgspec.structs.replace(OPEN, now=SOON)
    given(a_ballot).when(later).then_nothing()
    given(a_ballot).when(msgspec.structs.replace(OPEN, to_run=2)).then_refused(IdempotencyKeyReused)


@pytest.mark.parametrize(
    ("what", "field"),
    [
        ({"courses": ()}, "courses"),
        ({"courses": (TEA, TEA)}, "courses"),
        ({"courses": tuple(course(f"c{number}") for number in range(51))}, "courses"),
        ({"max_choices": 0}, "max_choices"),
        ({"max_choices": 4}, "max_choices"),
        ({"to_run": 0}, "to_run"),
        ({"to_run": 4}, "to_run"),
        ({"closes_at": NOON}, "closes_at"),
        ({"closes_at": STARTS + timedelta(seconds=1)}, "courses"),
        ({"courses": (msgspec.structs.replace(TEA, ends_at=STARTS),), "max_choices": 1}, "courses"),
        ({"courses": (course("tea", starts_at=STARTS + timedelta(days=366)),), "max_choices": 1}, "courses"),
        ({"courses": (msgspec.structs.replace(TEA, capacity=0),), "max_choices": 1}, "courses"),
        ({"courses": (msgspec.structs.replace(TEA, capacity=501),), "max_choices": 1}, "courses"),
    ],
)
def test_wf12_a_ballot_that_cannot_be_kept_is_not_opened(given: Given, what: dict[str, Any], field: str) -> None:
    refused = given().when(msgspec.structs.replace(OPEN, **what)).then_refused(ValidationFailed)
    assert isinstance(refused._outcome, Refused)
    assert refused._outcome.field == field


def test_wf12_a_member_votes_for_up_to_k_courses(given: Given) -> None:
    scenario = given(a_ballot, *members("W01"))
    scenario.when(vote("W01", "tea", "chess")).then(
        on(VOTE, "BL-1/W01", VoteCast(SOON, "BL-1", "W01", ("tea", "chess"))),
        on(BALLOT, "BL-1", VoteCounted(SOON, ("tea", "chess"), (), True)),
    )


@pytest.mark.parametrize("choices", [(), ("tea", "chess", "first_aid"), ("tea", "tea"), ("tea", "yoga")])
def test_wf12_more_than_k_courses_or_unknown_ones_are_named(given: Given, choices: tuple[str, ...]) -> None:
    refused = given(a_ballot, *members("W01")).when(vote("W01", *choices)).then_refused(ValidationFailed)
    assert isinstance(refused._outcome, Refused)
    assert refused._outcome.field == "choices"


def test_wf12_a_vote_can_be_changed_and_only_the_difference_is_counted(given: Given) -> None:
    changed = (
        given(a_ballot, *members("W01"))
        .when(vote("W01", "tea", "chess"))
        .when(vote("W01", "chess", "first_aid", change=True))
    )
    changed.then(
        on(VOTE, "BL-1/W01", VoteChanged(SOON, "BL-1", "W01", ("chess", "first_aid"))),
        on(BALLOT, "BL-1", VoteCounted(SOON, ("first_aid",), ("tea",), False)),
    )


def test_wf12_one_ballot_per_member_what_says_no_change_changes_nothing(given: Given) -> None:
    """Two devices that know nothing of one another: the second one does not silently replace what the first did."""
    once = given(a_ballot, *members("W01")).when(vote("W01", "tea"))
    once.when(vote("W01", "chess")).then_refused(refusals.AlreadyVoted)


def test_wf12_the_same_vote_again_is_nothing_new(given: Given) -> None:
    once = given(a_ballot, *members("W01")).when(vote("W01", "tea", "chess"))
    once.when(vote("W01", "chess", "tea")).then_nothing().when(vote("W01", "tea", "chess", change=True)).then_nothing()


def test_wf12_a_change_of_who_has_not_voted_is_his_vote(given: Given) -> None:
    cast = given(a_ballot, *members("W01")).when(vote("W01", "tea", change=True))
    assert [type(event) for event in cast.events["vote-BL-1/W01"]] == [VoteCast]


def test_wf12_votes_count_until_the_end_and_not_at_it(given: Given) -> None:
    last = CLOSES - timedelta(microseconds=1)
    given(a_ballot, *members("W01")).when(vote("W01", "tea", now=last)).then(
        on(VOTE, "BL-1/W01", VoteCast(last, "BL-1", "W01", ("tea",))),
        on(BALLOT, "BL-1", VoteCounted(last, ("tea",), (), True)),
    )
    given(a_ballot, *members("W01")).when(vote("W01", "tea", now=CLOSES)).then_refused(refusals.BallotClosed)


def test_wf12_an_officer_may_close_it_before_its_time(given: Given) -> None:
    early = given(a_ballot, *members("W01")).when(CloseBallot("BL-1", SOON))
    nobody = tuple(Ranked(one, 0) for one in ("first_aid", "tea", "chess"))
    early.then(on(BALLOT, "BL-1", BallotClosed(SOON, nobody, (), 0), msgspec.structs.replace(CLEARED, at=SOON)))
    early.when(vote("W01", "tea")).then_refused(refusals.BallotClosed)
    early.when(CloseBallot("BL-1", CLOSES)).then_nothing()


def test_wf12_who_is_suspended_has_left_or_is_unknown_does_not_vote(given: Given) -> None:
    known = members("W01")
    suspended = given(a_ballot, *known, on(MEMBER, "W01", SuspensionNoted(NOON)))
    suspended.when(vote("W01", "tea")).then_refused(refusals.MemberSuspended)
    given(a_ballot, *known, on(MEMBER, "W01", LeavingNoted(NOON))).when(vote("W01", "tea")).then_refused(NotFound)
    given(a_ballot).when(vote("W01", "tea")).then_refused(NotFound)


def test_wf12_nobody_votes_in_a_ballot_that_is_not_there(given: Given) -> None:
    given(*members("W01")).when(vote("W01", "tea")).then_refused(NotFound)
    given().when(CloseBallot("BL-1", SOON)).then_refused(NotFound)


def test_wf12_the_courses_with_most_votes_are_held(given: Given) -> None:
    votes = (vote("W01", "tea"), vote("W02", "tea", "chess"), vote("W03", "tea", "chess"), vote("W04", "first_aid"))
    two = msgspec.structs.replace(OPENED, to_run=2)
    ranking = (("tea", 3), ("chess", 2), ("first_aid", 1))
    voted(given, *votes, opened=two).then(on(BALLOT, "BL-1", closed(*ranking, winners=(TEA, CHESS), voters=4), CLEARED))


def test_wf12_of_equals_the_course_that_reached_the_count_first_is_before(given: Given) -> None:
    votes = (vote("W01", "chess"), vote("W02", "tea"), vote("W03", "tea"), vote("W04", "chess"))
    ranking = (("tea", 2), ("chess", 2), ("first_aid", 0))
    voted(given, *votes).then(on(BALLOT, "BL-1", closed(*ranking, winners=(TEA,), voters=4), CLEARED))


def test_wf12_a_count_that_was_lost_again_is_reached_anew(given: Given) -> None:
    """Tea has two first, loses one, and has two again only after chess."""
    votes = (vote("W01", "tea"), vote("W02", "tea"), vote("W03", "chess"), vote("W02", "first_aid", change=True))
    more = (vote("W04", "chess"), vote("W05", "tea"))
    ranking = (("chess", 2), ("tea", 2), ("first_aid", 1))
    voted(given, *votes, *more).then(on(BALLOT, "BL-1", closed(*ranking, winners=(CHESS,), voters=5), CLEARED))


def test_wf12_falling_back_to_a_count_is_no_later_than_it_was_reached(given: Given) -> None:
    """Tea has had two from the second vote on, also while it had three."""
    votes = (vote("W01", "tea"), vote("W02", "tea"), vote("W03", "tea"), vote("W04", "chess"), vote("W05", "chess"))
    back = vote("W01", "first_aid", change=True)
    ranking = (("tea", 2), ("chess", 2), ("first_aid", 1))
    voted(given, *votes, back).then(on(BALLOT, "BL-1", closed(*ranking, winners=(TEA,), voters=5), CLEARED))


def test_wf12_of_one_members_choices_the_first_is_counted_first(given: Given) -> None:
    ranking = (("chess", 1), ("first_aid", 1), ("tea", 0))
    voted(given, vote("W01", "chess", "first_aid")).then(
        on(BALLOT, "BL-1", closed(*ranking, winners=(CHESS,), voters=1), CLEARED)
    )


def test_wf12_a_course_that_nobody_wants_is_not_held(given: Given) -> None:
    all_three = msgspec.structs.replace(OPENED, to_run=3)
    ranking = (("tea", 1), ("first_aid", 0), ("chess", 0))
    voted(given, vote("W01", "tea"), opened=all_three).then(
        on(BALLOT, "BL-1", closed(*ranking, winners=(TEA,), voters=1), CLEARED)
    )


def test_wf12_a_course_whose_place_a_better_one_has_gives_way_to_the_next(given: Given) -> None:
    """E20: one place has one course at a time; one that begins when another ends is no clash."""
    tea, chess = course("tea", "R1"), course("chess", "R1", STARTS + timedelta(minutes=89))
    yoga = course("yoga", "R1", STARTS + timedelta(minutes=90))
    opened = BallotOpened(NOON, (tea, chess, yoga), 1, 2, CLOSES)
    votes = (
        *[vote(f"W0{n}", "tea") for n in (1, 2, 3)],
        vote("W04", "chess"),
        vote("W05", "chess"),
        vote("W06", "yoga"),
    )
    ranking = (("tea", 3), ("chess", 2), ("yoga", 1))
    voted(given, *votes, opened=opened).then(
        on(BALLOT, "BL-1", closed(*ranking, winners=(tea, yoga), voters=6), CLEARED)
    )


def test_a_tally_goes_up_and_down_over_its_blocks() -> None:
    counted, block = [Tally()], BLOCK // WIDTH
    for number in range(1, 2 * block + 3):
        counted.append(counted[-1].up(2 * number))
    for number in (block - 1, block, block + 1, 2 * block, 2 * block + 2):
        assert (counted[number].votes, counted[number].reached) == (number, 2 * number)
    tally = counted[-1]
    for number in range(2 * block + 2, -1, -1):
        assert (tally.votes, tally.reached) == (number, 2 * number)
        tally = tally.down()
    assert tally.down() == Tally()


def test_wf12_a_ballot_carries_a_hundred_thousand_voters() -> None:
    """Two courses change places all the time and end equal: who came up to 50,000 first is known to the vote, and how
    large the state is depends on the votes alone, four bytes each.
    """
    ballot = BALLOT.fold([OPENED])
    for number in range(100_000):
        choice = ("tea", "chess")[(number + number // 2) % 2]  # tea, chess, chess, tea: tea is the last to come up
        ballot = BALLOT.evolve(ballot, VoteCounted(SOON, (choice,), (), True))
    (closed, _) = BALLOT.decide(CloseBallot("BL-1", CLOSES), ballot)
    assert isinstance(closed, BallotClosed)
    assert closed.ranking == (Ranked("chess", 50_000), Ranked("tea", 50_000), Ranked("first_aid", 0))
    assert (closed.voters, closed.winners) == (100_000, (CHESS,))
    assert len(msgspec.msgpack.encode(ballot)) < 4 * 100_000 + 2_000
