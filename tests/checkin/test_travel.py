"""CK2: whether one person can have been at both places."""

from __future__ import annotations

import pytest

from services.checkin.domain.travel import Place, is_impossible, km_between
from tests.checkin.town import HOUR, MINUTE, SECOND

LANZHOU, XIAN = Place(36_061_089, 103_834_304), Place(34_341_576, 108_939_774)


def test_ck2_a_degree_along_a_meridian_is_111_km() -> None:
    assert km_between(Place(36_000_000, 103_000_000), Place(37_000_000, 103_000_000)) == pytest.approx(
        111.195, abs=0.001
    )


def test_ck2_lanzhou_and_xian_are_about_503_km_apart_either_way() -> None:
    assert km_between(LANZHOU, XIAN) == pytest.approx(503, abs=2)
    assert km_between(XIAN, LANZHOU) == pytest.approx(km_between(LANZHOU, XIAN))


def test_ck2_antipodes_and_the_date_line_have_a_distance() -> None:
    assert km_between(Place(0, 0), Place(0, 180_000_000)) == pytest.approx(20_015, abs=1)
    assert km_between(Place(0, 179_900_000), Place(0, -179_900_000)) == pytest.approx(22.24, abs=0.01)


def test_ck2_more_than_90_km_an_hour_is_impossible_and_less_is_not() -> None:
    south, north = Place(36_000_000, 103_000_000), Place(36_100_000, 103_000_000)  # 11.12 km: 7 min 24.8 s at 90 km/h
    assert is_impossible(south, north, 7 * MINUTE + 24 * SECOND)
    assert not is_impossible(south, north, 7 * MINUTE + 25 * SECOND)
    assert is_impossible(south, north, -7 * MINUTE)


def test_ck2_nobody_is_at_two_places_at_one_instant_but_may_stay_at_one() -> None:
    assert is_impossible(LANZHOU, XIAN, 0 * HOUR)
    assert not is_impossible(LANZHOU, LANZHOU, 0 * HOUR)
