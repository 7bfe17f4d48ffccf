"""How many people work within 15 minutes on foot of a station (C5)."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from .geometry import Place, box_around, metres_between
from .values import WALK_15_MIN_M


class Crowd(NamedTuple):
    """People who work around a place."""

    place: Place
    people: int


def people_within(crowds: Iterable[Crowd], stations: Iterable[Place]) -> int:
    """Of these people, how many have one of these stations inside their circle. Whoever has two counts once."""
    by_latitude = sorted(stations)
    return sum(crowd.people for crowd in crowds if any(_within(crowd.place, by_latitude)))


def _within(place: Place, by_latitude: list[Place]) -> Iterator[bool]:
    box = box_around(place, WALK_15_MIN_M)
    first = bisect_left(by_latitude, (box.south_e6, box.west_e6))
    last = bisect_right(by_latitude, (box.north_e6, box.east_e6))
    for station in by_latitude[first:last]:
        if box.holds(station):  # only then measure, which takes a hundred times as long
            yield metres_between(place, station) <= WALK_15_MIN_M


def permille(part: int, whole: int) -> int | None:
    """Rounded half up; of nobody there is no share."""
    return (2000 * part + whole) // (2 * whole) if whole else None
