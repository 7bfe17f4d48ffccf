"""CK12: the score of a star review, against a computation of its own with fractions."""

from __future__ import annotations

from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.checkin.domain.scoring import Tally, stars_for, terms

BEST = Tally(passed=8, ratings=1, stars=5, scheduled=1, fulfilled=1, due=1, met=1, overdue=0)


def rounded(value: Fraction) -> Fraction:
    """Half-up to a hundredth."""
    return Fraction(floor(value * 100 + Fraction(1, 2)), 100)


def plainly(tally: Tally) -> tuple[Fraction, int]:
    """As the rule reads, word for word."""
    mean = Fraction(tally.stars, tally.ratings) if tally.ratings else Fraction(3)
    patrols = Fraction(tally.fulfilled, tally.scheduled) if tally.scheduled else Fraction(0)
    demands = Fraction(tally.met, tally.due) if tally.due else Fraction(1)
    parts = [Fraction(5 * tally.passed), 6 * mean, 20 * patrols, 10 * demands]
    total = sum((rounded(part) for part in parts), Fraction(0)) - min(5 * tally.overdue, 20)
    score = min(max(total, Fraction(0)), Fraction(100))
    stars = 5 if score >= 90 else 4 if score >= 80 else 3 if score >= 70 else 2 if score >= 60 else 1
    return score, min(stars, 3) if tally.passed < 8 else stars


@st.composite
def tallies(draw: st.DrawFn) -> Tally:
    many = st.integers(0, 100_000) | st.integers(0, 9)
    ratings, scheduled, due = draw(many), draw(many), draw(many)
    return Tally(
        passed=draw(st.integers(0, 8)),
        ratings=ratings,
        stars=draw(st.integers(ratings, 5 * ratings)),
        scheduled=scheduled,
        fulfilled=draw(st.integers(0, scheduled)),
        due=due,
        met=draw(st.integers(0, due)),
        overdue=draw(st.integers(0, 6)),
    )


@given(tallies())
def test_ck12_the_score_is_what_the_rule_says(tally: Tally) -> None:
    score, stars = plainly(tally)
    found = terms(tally).score_e2
    assert Fraction(found, 100) == score
    assert stars_for(found, capped=tally.passed < 8) == stars
    assert 0 <= found <= 10_000
    assert 1 <= stars <= 5


def test_ck12_the_most_is_100_and_the_least_0() -> None:
    assert terms(BEST) == (4_000, 3_000, 2_000, 1_000, 0)
    assert terms(BEST).score_e2 == 10_000
    assert terms(Tally(0, 1, 1, 1, 0, 1, 0, 9)) == (0, 600, 0, 0, -2_000)
    assert terms(Tally(0, 1, 1, 1, 0, 1, 0, 9)).score_e2 == 0


def test_ck12_each_term_is_rounded_half_up() -> None:
    assert terms(Tally(0, 16, 17, 0, 0, 1, 0, 0)).stars == 638, "6.375"
    assert terms(Tally(0, 0, 0, 3, 1, 3, 2, 0)) == (0, 1_800, 667, 667, 0)
    assert terms(Tally(0, 0, 0, 160, 1, 800, 1, 0)) == (0, 1_800, 13, 1, 0), "0.125 and 0.0125"


def test_ck12_without_ratings_three_stars_without_demands_all_met_without_patrols_none_done() -> None:
    assert terms(Tally(8, 0, 0, 0, 0, 0, 0, 0)) == (4_000, 1_800, 0, 1_000, 0)


@pytest.mark.parametrize("overdue,taken", [(0, 0), (1, -500), (4, -2_000), (5, -2_000)])
def test_ck12_overdue_rectifications_take_20_at_most(overdue: int, taken: int) -> None:
    assert terms(Tally(8, 0, 0, 0, 0, 0, 0, overdue)).overdue == taken


@pytest.mark.parametrize(
    "score_e2,stars",
    [
        (10_000, 5),
        (9_000, 5),
        (8_999, 4),
        (8_000, 4),
        (7_999, 3),
        (7_000, 3),
        (6_999, 2),
        (6_000, 2),
        (5_999, 1),
        (0, 1),
    ],
)
def test_ck12_stars_begin_at_their_score(score_e2: int, stars: int) -> None:
    assert stars_for(score_e2, capped=False) == stars
    assert stars_for(score_e2, capped=True) == min(stars, 3)
