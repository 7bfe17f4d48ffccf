"""What others are told about stations; every one under its station."""

from __future__ import annotations

from datetime import date

import pytest

from services.checkin.domain.equipment import StationStateReported, SubsystemAlarmCleared, SubsystemAlarmRaised
from services.checkin.domain.facilities import FacilityHeld, StationFacilitiesChanged
from services.checkin.domain.hours import DateException, Interval, WeeklyInterval
from services.checkin.domain.station import (
    MapListingPublished,
    StationHoursSet,
    StationRegistered,
    StationResumed,
    StationRetired,
    StationSuspended,
)
from services.checkin.domain.work_area import WorkAreaCounted
from services.checkin.publishing import PUBLISHING
from shared.contracts import checkin_stations as contracts
from shared.contracts.model import Contract
from shared.decider import DomainEvent
from tests.checkin.town import at

SIX = at("06:00")
NAME = "西关驿站"
REGISTERED = StationRegistered(SIX, "S1", "O1", "indoor", "c1", "n1", 36_000_000, 103_000_000, 2, 240, False, NAME)
HOURS = StationHoursSet(
    SIX, "S1", (WeeklyInterval(5, 1200, 1560),), (DateException(date(2026, 2, 17), (Interval(600, 660),)),)
)


@pytest.mark.parametrize(
    "event,data",
    [
        (
            StationSuspended(SIX, "S1", "heating"),
            contracts.StationSuspended(station_id="S1", reason="heating", suspended_at=SIX),
        ),
        (StationResumed(SIX, "S1"), contracts.StationResumed(station_id="S1", resumed_at=SIX)),
        (StationRetired(SIX, "S1"), contracts.StationRetired(station_id="S1", retired_at=SIX)),
        (
            MapListingPublished(SIX, "S1", "amap", "B0FF"),
            contracts.MapListingPublished(station_id="S1", provider="amap", ref="B0FF", published_at=SIX),
        ),
        (
            SubsystemAlarmRaised(SIX, "S1", "energy", "major"),
            contracts.SubsystemAlarmRaised(station_id="S1", subsystem="energy", severity="major", raised_at=SIX),
        ),
        (
            SubsystemAlarmCleared(SIX, "S1", "energy", "major"),
            contracts.SubsystemAlarmCleared(station_id="S1", subsystem="energy", severity="major", cleared_at=SIX),
        ),
    ],
)
def test_others_are_told_under_the_station(event: DomainEvent, data: Contract) -> None:
    published = PUBLISHING.publish(event, "S1")
    assert published is not None
    assert (published.key, published.data) == ("S1", data)


def test_a_stations_name_stays_with_us() -> None:
    published = PUBLISHING.publish(REGISTERED, "S1")
    assert published is not None
    assert published.data == contracts.StationRegistered(
        station_id="S1", kind="indoor", city="c1", county="n1", lat_e6=36_000_000, lon_e6=103_000_000, capacity=2,
        max_stay_min=240, always_open=False, registered_at=SIX,
    )  # fmt: skip
    assert NAME not in published.data.canonical().decode()


def test_hours_are_told_with_their_exceptions() -> None:
    published = PUBLISHING.publish(HOURS, "S1")
    assert published is not None
    assert published.data.model_dump(mode="json") == {
        "station_id": "S1",
        "weekly": [{"weekday": 5, "opens_min": 1200, "closes_min": 1560}],
        "exceptions": [{"date": "2026-02-17", "intervals": [{"opens_min": 600, "closes_min": 660}]}],
        "set_at": "2026-01-22T22:00:00Z",
    }


@pytest.mark.parametrize(
    "event",
    [
        StationStateReported(SIX, "S1", 300, (), False, False),
        StationFacilitiesChanged(SIX, "S1", ("toilet",), ()),
        FacilityHeld(SIX, "S1", "toilet", "RC-1"),
        WorkAreaCounted(SIX, "A1", "n1", 36_000_000, 103_000_000, 240),
    ],
)
def test_what_only_our_own_queries_need_stays_private(event: DomainEvent) -> None:
    assert PUBLISHING.publish(event, "S1") is None
