"""Whether one person can have been at two stations (CK2). A speed is a hint for an auditor, not money."""

from __future__ import annotations

from datetime import timedelta

from .geometry import Place, metres_between
from .values import FASTEST_KMH


def is_impossible(one: Place, other: Place, gap: timedelta) -> bool:
    """CK2: more than 90 km/h between two scans. Two places at the same instant are impossible too."""
    return metres_between(one, other) * 3.6 > FASTEST_KMH * abs(gap).total_seconds()
