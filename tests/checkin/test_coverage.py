"""The 15-minute circle: who works inside the circle of a station."""

from __future__ import annotations

from hypothesis import given as every
from hypothesis import strategies as st

from services.checkin.domain.coverage import Crowd, people_within, permille
from services.checkin.domain.geometry import Place, metres_between
from services.checkin.domain.values import WALK_15_MIN_M

HERE = Place(36_000_000, 103_000_000)


def test_c5_the_circle_ends_at_15_minutes_on_foot() -> None:
    inside, outside = Place(36_010_810, 103_000_000), Place(36_010_820, 103_000_000)
    assert metres_between(HERE, inside) <= WALK_15_MIN_M < metres_between(HERE, outside)
    assert people_within([Crowd(inside, 3), Crowd(outside, 5)], [HERE]) == 3


def test_c5_whoever_has_two_stations_near_counts_once_and_whoever_has_none_not() -> None:
    assert people_within([Crowd(HERE, 3)], [HERE, HERE]) == 3
    assert people_within([Crowd(HERE, 3)], []) == 0
    assert people_within([], [HERE]) == 0


def near() -> st.SearchStrategy[Place]:
    return st.builds(Place, st.integers(36_000_000, 36_030_000), st.integers(103_000_000, 103_030_000))


@every(st.lists(st.builds(Crowd, near(), st.integers(0, 9)), max_size=12), st.lists(near(), max_size=12))
def test_c5_a_look_by_latitude_finds_whom_measuring_all_finds(crowds: list[Crowd], stations: list[Place]) -> None:
    expected = sum(
        crowd.people for crowd in crowds if any(metres_between(crowd.place, one) <= WALK_15_MIN_M for one in stations)
    )
    assert people_within(crowds, stations) == expected


def test_a_share_is_rounded_half_up_and_of_nobody_there_is_none() -> None:
    assert [permille(part, 2000) for part in (0, 1, 2, 1999, 2000)] == [0, 1, 1, 1000, 1000]
    assert permille(0, 0) is None
