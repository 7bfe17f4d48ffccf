"""The events of checkin that are about stations."""

from __future__ import annotations

from typing import Any

from shared.contracts import checkin_stations as stations
from shared.contracts.event_type import EventType
from shared.contracts.model import Contract

_WHERE = {"station_id": "S1"}
_AT = "2026-01-22T21:35:00Z"
_ALARM = {**_WHERE, "subsystem": "energy", "severity": "major"}


def _published(model: type[Contract], purpose: str, example: dict[str, Any], *consumers: str) -> EventType:
    key, said = "station_id", {**_WHERE, **example}
    return EventType(model, "checkin", "published", purpose, key, said, consumers, data_class="none")


EVENTS: tuple[EventType, ...] = (
    EventType(
        stations.StationStateReported,
        "checkin",
        "intake",
        "A station's equipment says how it is; what is no longer repeated is shown as unknown.",
        "station_id",
        {**_WHERE, "subsystems": {"energy": "ok", "visitor_counting": "ok", "video": "offline"}},
        data_class="none",
    ),
    _published(
        stations.StationRegistered,
        "There is a station, for maps and for whoever has to do with it.",
        {
            "kind": "station",
            "city": "lanzhou",
            "county": "chengguan",
            "lat_e6": 36_065_000,
            "lon_e6": 103_826_000,
            "capacity": 12,
            "max_stay_min": 240,
            "always_open": False,
            "registered_at": _AT,
        },
        "welfare",
    ),
    _published(
        stations.StationHoursSet,
        "When a station is open, for maps.",
        {
            "weekly": [{"weekday": 5, "opens_min": 330, "closes_min": 1320}],
            "exceptions": [{"date": "2026-02-17", "intervals": []}],
            "set_at": _AT,
        },
    ),
    _published(
        stations.StationSuspended,
        "A station is out of service: bookings and duties there are cancelled, campaigns bound to it pause.",
        {"reason": "heating", "suspended_at": _AT},
        "welfare",
    ),
    _published(stations.StationResumed, "A suspended station is back in service.", {"resumed_at": _AT}, "welfare"),
    _published(stations.StationRetired, "A station is given up for good.", {"retired_at": _AT}),
    _published(
        stations.MapListingPublished,
        "A map provider shows the station.",
        {"provider": "amap", "ref": "B0FFG5CXXX", "published_at": _AT},
    ),
    _published(
        stations.SubsystemAlarmRaised,
        "Equipment is not as it should be; a major alarm opens a rectification without a reporter.",
        {**_ALARM, "raised_at": _AT},
    ),
    _published(
        stations.StarRatingAwarded,
        "A station has its stars for a quarter, for maps and public pages.",
        {"period": "2026-Q1", "score_e2": 8_658, "stars": 3, "caps": ["toilet"], "awarded_at": "2026-04-07T01:00:00Z"},
    ),
    _published(stations.SubsystemAlarmCleared, "Equipment is as it should be again.", {**_ALARM, "cleared_at": _AT}),
)
