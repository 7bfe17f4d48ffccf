"""Whether one person can have been at two stations (CK2).

Places are stored in whole micro-degrees. Only here they become floats: a speed is a hint for an auditor, not money.
"""

from __future__ import annotations

from datetime import timedelta
from math import asin, cos, radians, sin, sqrt
from typing import NamedTuple

from .values import FASTEST_KMH

EARTH_RADIUS_KM = 6371.0088  # the mean radius


class Place(NamedTuple):
    """A point on the map in micro-degrees."""

    lat_e6: int
    lon_e6: int


def km_between(one: Place, other: Place) -> float:
    """The great-circle distance, by the haversine formula."""
    lat, other_lat = radians(one.lat_e6 / 1e6), radians(other.lat_e6 / 1e6)
    half_lat, half_lon = (other_lat - lat) / 2, radians((other.lon_e6 - one.lon_e6) / 1e6) / 2
    haversine = sin(half_lat) ** 2 + cos(lat) * cos(other_lat) * sin(half_lon) ** 2
    return 2 * EARTH_RADIUS_KM * asin(sqrt(min(1.0, haversine)))  # rounding may pass 1 between antipodes


def is_impossible(one: Place, other: Place, gap: timedelta) -> bool:
    """CK2: more than 90 km/h between two scans. Two places at the same instant are impossible too."""
    return km_between(one, other) * 3600 > FASTEST_KMH * abs(gap).total_seconds()
