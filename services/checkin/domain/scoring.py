"""CK12: the score of a star review 星级评定, in whole hundredths, and the stars that it is worth."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from .values import (
    MOST_OVERDUE,
    POINTS_DEMANDS,
    POINTS_ITEM,
    POINTS_OVERDUE,
    POINTS_PATROLS,
    POINTS_STAR,
    STAR_STEPS,
    STARS_CAPPED,
    STARS_UNRATED,
)

_E2 = 100


class Tally(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that the score depends on."""

    passed: int  # items of the standard
    ratings: int
    stars: int  # of all ratings together
    scheduled: int  # patrols
    fulfilled: int
    due: int  # demands
    met: int
    overdue: int  # rectifications


class Terms(NamedTuple):
    """The parts of the score in hundredths of a point, each rounded half-up."""

    standard: int
    stars: int
    patrols: int
    demands: int
    overdue: int  # 0 or less

    @property
    def score_e2(self) -> int:
        return min(max(sum(self), 0), 100 * _E2)


def terms(tally: Tally) -> Terms:
    """Where nobody rated the mean is three, where no demand fell due all are met; no patrol scheduled is none done."""
    unrated, nothing_due = POINTS_STAR * STARS_UNRATED * _E2, POINTS_DEMANDS * _E2
    return Terms(
        POINTS_ITEM * tally.passed * _E2,
        _share(POINTS_STAR, tally.stars, tally.ratings) if tally.ratings else unrated,
        _share(POINTS_PATROLS, tally.fulfilled, tally.scheduled) if tally.scheduled else 0,
        _share(POINTS_DEMANDS, tally.met, tally.due) if tally.due else nothing_due,
        -min(POINTS_OVERDUE * tally.overdue, MOST_OVERDUE) * _E2,
    )


def _share(points: int, part: int, whole: int) -> int:
    """points × part / whole in hundredths, half-up."""
    return (2 * points * part * _E2 + whole) // (2 * whole)


def stars_for(score_e2: int, *, capped: bool) -> int:
    """How many stars a score is worth; three at most when an item of the standard failed."""
    stars = next((stars for points, stars in STAR_STEPS if score_e2 >= points * _E2), 1)
    return min(stars, STARS_CAPPED) if capped else stars
