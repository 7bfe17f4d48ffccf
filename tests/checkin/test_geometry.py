"""Distances over the earth, and the box that a query looks into before it measures."""

from __future__ import annotations

import pytest
from geographiclib.geodesic import Geodesic
from hypothesis import example
from hypothesis import given as every
from hypothesis import strategies as st

from services.checkin.domain.geometry import EARTH, Place, box_around, metres_between

LANZHOU, XIAN = Place(36_061_089, 103_834_304), Place(34_341_576, 108_939_774)


def test_a_degree_along_a_meridian_is_longer_towards_the_pole() -> None:
    """As published for WGS 84: 110,574 m at the equator, 111,694 m at the pole."""
    assert metres_between(Place(-500_000, 0), Place(500_000, 0)) == pytest.approx(110_574, abs=1)
    assert metres_between(Place(89_000_000, 0), Place(90_000_000, 0)) == pytest.approx(111_694, abs=1)


def test_a_degree_along_the_equator_is_111_320_m() -> None:
    assert metres_between(Place(0, 103_000_000), Place(0, 104_000_000)) == pytest.approx(111_319.5, abs=1)


def test_lanzhou_and_xian_are_about_503_km_apart_either_way() -> None:
    assert metres_between(LANZHOU, XIAN) == pytest.approx(503_000, abs=2_000)
    assert metres_between(XIAN, LANZHOU) == pytest.approx(metres_between(LANZHOU, XIAN))


def test_antipodes_and_the_date_line_have_a_distance() -> None:
    assert metres_between(Place(0, 0), Place(0, 180_000_000)) == pytest.approx(20_003_931, abs=1)  # over a pole
    assert metres_between(Place(0, 179_900_000), Place(0, -179_900_000)) == pytest.approx(22_264, abs=1)


def places() -> st.SearchStrategy[Place]:
    return st.builds(Place, st.integers(-90_000_000, 90_000_000), st.integers(-180_000_000, 180_000_000))


@every(places(), st.integers(1, 200_000), st.floats(0, 360), st.floats(0, 1))
@example(Place(89_999_000, 0), 50_000, 0.0, 1.0)
@example(Place(36_000_000, 179_999_000), 50_000, 90.0, 1.0)
@example(Place(88_500_000, 103_000_000), 150_000, 90.0, 1.0)
@example(Place(0, 103_000_000), 200_000, 0.0, 1.0)
def test_what_is_within_the_distance_is_in_the_box(centre: Place, metres: int, azimuth: float, share: float) -> None:
    there = Geodesic.WGS84.Direct(centre.lat_e6 / 1e6, centre.lon_e6 / 1e6, azimuth, metres * share)
    assert box_around(centre, metres).holds(Place(int(there["lat2"] * 1e6), int(there["lon2"] * 1e6)))


def test_the_box_of_a_walk_in_a_city_is_not_much_wider_than_the_walk() -> None:
    box = box_around(LANZHOU, 1_000)
    height = metres_between(Place(box.south_e6, LANZHOU.lon_e6), Place(box.north_e6, LANZHOU.lon_e6))
    width = metres_between(Place(LANZHOU.lat_e6, box.west_e6), Place(LANZHOU.lat_e6, box.east_e6))
    assert 2_000 <= height <= 2_060
    assert 2_000 <= width <= 2_060


def test_across_the_date_line_and_around_a_pole_every_longitude_is_looked_at() -> None:
    assert box_around(Place(36_000_000, 179_999_999), 1_000)[2:] == EARTH[2:]
    assert box_around(Place(89_999_999, 0), 1_000)[1:] == EARTH[1:]
