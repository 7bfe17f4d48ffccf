"""CK2: whether one person can have been at both places."""

from __future__ import annotations

from services.checkin.domain.geometry import Place
from services.checkin.domain.travel import is_impossible
from tests.checkin.town import HOUR, MINUTE, SECOND

SOUTH, NORTH = Place(36_000_000, 103_000_000), Place(36_100_000, 103_000_000)  # 11.10 km: 7 min 23.9 s at 90 km/h


def test_ck2_more_than_90_km_an_hour_is_impossible_and_less_is_not() -> None:
    assert is_impossible(SOUTH, NORTH, 7 * MINUTE + 23 * SECOND)
    assert not is_impossible(SOUTH, NORTH, 7 * MINUTE + 24 * SECOND)
    assert is_impossible(SOUTH, NORTH, -7 * MINUTE)


def test_ck2_nobody_is_at_two_places_at_one_instant_but_may_stay_at_one() -> None:
    assert is_impossible(SOUTH, NORTH, 0 * HOUR)
    assert not is_impossible(SOUTH, SOUTH, 0 * HOUR)
