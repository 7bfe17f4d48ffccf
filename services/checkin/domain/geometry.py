"""Distances on the earth: the one place where coordinates become floats.

Places are stored in whole micro-degrees. Distances are geodesics of the WGS 84 ellipsoid, by geographiclib: a sphere is
wrong by up to half a percent, which is metres within a quarter and kilometres across a province.
"""

from __future__ import annotations

from math import asin, cos, degrees, radians, sin
from typing import NamedTuple

from geographiclib.geodesic import Geodesic

_SHORTEST_RADIUS_M = 6_335_439  # of curvature on that ellipsoid, at the equator: no angle is wider than by this one


class Place(NamedTuple):
    """A point on the map in micro-degrees."""

    lat_e6: int
    lon_e6: int


class Box(NamedTuple):
    """A range of coordinates in micro-degrees, both ends included."""

    south_e6: int
    north_e6: int
    west_e6: int
    east_e6: int

    def holds(self, place: Place) -> bool:
        lat_e6, lon_e6 = place
        return self.south_e6 <= lat_e6 <= self.north_e6 and self.west_e6 <= lon_e6 <= self.east_e6


EARTH = Box(-90_000_000, 90_000_000, -180_000_000, 180_000_000)


def metres_between(one: Place, other: Place) -> float:
    """The length of the shortest way over the earth."""
    ends = (one.lat_e6 / 1e6, one.lon_e6 / 1e6, other.lat_e6 / 1e6, other.lon_e6 / 1e6)
    return float(Geodesic.WGS84.Inverse(*ends, Geodesic.DISTANCE)["s12"])


def box_around(centre: Place, metres: float) -> Box:
    """A box that holds everything within this distance: for a query to look by an index before it measures.

    Around a pole, and across the date line, it holds every longitude.
    """
    angle = metres / _SHORTEST_RADIUS_M
    lat, reach_e6 = radians(centre.lat_e6 / 1e6), _outwards(angle)
    south_e6, north_e6 = centre.lat_e6 - reach_e6, centre.lat_e6 + reach_e6
    if south_e6 <= EARTH.south_e6 or north_e6 >= EARTH.north_e6:
        return Box(max(south_e6, EARTH.south_e6), min(north_e6, EARTH.north_e6), EARTH.west_e6, EARTH.east_e6)
    across_e6 = _outwards(asin(min(1.0, sin(angle) / cos(lat))))
    west_e6, east_e6 = centre.lon_e6 - across_e6, centre.lon_e6 + across_e6
    if west_e6 < EARTH.west_e6 or east_e6 > EARTH.east_e6:
        west_e6, east_e6 = EARTH.west_e6, EARTH.east_e6
    return Box(south_e6, north_e6, west_e6, east_e6)


def _outwards(angle: float) -> int:
    """Radians in micro-degrees, rounded up, and a little more than the ellipsoid can differ from a sphere."""
    return int(degrees(angle) * 1.01 * 1e6) + 1
