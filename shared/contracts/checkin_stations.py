"""Stations in what checkin takes and tells: where they are, when they are open, and how their equipment is.

Names of stations are shown to people by checkin alone: no contract has free text.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, StrictInt

from shared.contracts.model import Code, Contract, Count, Flag, Id, Instant

Latitude: TypeAlias = Annotated[StrictInt, Field(ge=-90_000_000, le=90_000_000, description="Micro-degrees, WGS 84.")]
Longitude: TypeAlias = Annotated[
    StrictInt, Field(ge=-180_000_000, le=180_000_000, description="Micro-degrees, WGS 84.")
]
Minute: TypeAlias = Annotated[StrictInt, Field(ge=0, le=2880)]
MapProvider: TypeAlias = Literal["amap", "baidu", "tencent"]
Status: TypeAlias = Literal["ok", "warning", "fault", "offline"]
Severity: TypeAlias = Literal["general", "major"]


class StationStateReported(Contract):
    """A station's equipment says how it is. Intake; key: the station."""

    station_id: Id
    subsystems: dict[Code, Status] = Field(
        min_length=1, max_length=32, description="Those that the report is about; of others it says nothing."
    )
    ttl_s: Count | None = Field(default=None, description="For how many seconds to believe it; 300 by default (CK8).")
    reported_at: Instant | None = Field(
        default=None, description="The device's time of the state. Given together with sent_at by one that was offline."
    )
    sent_at: Instant | None = Field(
        default=None, description="The device's time when it sends; tells how wrong the device's clock is (K4)."
    )


class StationRegistered(Contract):
    """There is a station. Until its hours are set it is closed, unless it is always open. Key: the station."""

    station_id: Id
    kind: Code
    city: Code
    county: Code
    lat_e6: Latitude
    lon_e6: Longitude
    capacity: Count
    max_stay_min: Count
    always_open: Flag
    registered_at: Instant


class WeeklyHours(Contract):
    """Open every week on the day it starts; closing past midnight is above 1440."""

    weekday: Annotated[StrictInt, Field(ge=1, le=7, description="1 is Monday.")]
    opens_min: Minute
    closes_min: Minute


class HoursOfDay(Contract):
    """Open from one minute of the day to another."""

    opens_min: Minute
    closes_min: Minute


class HoursOfDate(Contract):
    """Replaces what starts on this date, and nothing else (CK6)."""

    date: date
    intervals: list[HoursOfDay]


class StationHoursSet(Contract):
    """All hours of a station, in place of those before. Published; key: the station."""

    station_id: Id
    weekly: list[WeeklyHours]
    exceptions: list[HoursOfDate]
    set_at: Instant


class StationSuspended(Contract):
    """A station is out of service for a while: what is bound to it is cancelled or waits. Key: the station."""

    station_id: Id
    reason: Code
    suspended_at: Instant


class StationResumed(Contract):
    """A suspended station is back in service. Published; key: the station."""

    station_id: Id
    resumed_at: Instant


class StationRetired(Contract):
    """A station is given up for good. Published; key: the station."""

    station_id: Id
    retired_at: Instant


class MapListingPublished(Contract):
    """A map provider shows the station. Published; key: the station."""

    station_id: Id
    provider: MapProvider
    ref: Id = Field(description="What the provider calls the place.")
    published_at: Instant


class SubsystemAlarmRaised(Contract):
    """Equipment is not as it should be. One more of the same subsystem: the severity has changed. Key: the station."""

    station_id: Id
    subsystem: Code
    severity: Severity = Field(description="major: what may hurt somebody is at fault.")
    raised_at: Instant


class SubsystemAlarmCleared(Contract):
    """Equipment is as it should be again. Published; key: the station."""

    station_id: Id
    subsystem: Code
    severity: Severity = Field(description="As it was last.")
    cleared_at: Instant


class StarRatingAwarded(Contract):
    """The review of a period is closed: so many stars has the station 星级评定. Published; key: the station."""

    station_id: Id
    period: Id = Field(description="The calendar quarter in China, as in 2026-Q1.")
    score_e2: Count = Field(description="The score of 0 to 100 in hundredths, by CK12.")
    stars: Count = Field(description="One to five.")
    caps: list[Code] = Field(
        description="Items of the eight-have standard 八有 that failed, for which there are three stars at most."
    )
    awarded_at: Instant
