"""Stations: registered, given hours, suspended, resumed and retired."""

from __future__ import annotations

import msgspec
import pytest

from services.checkin.domain.hours import WeeklyInterval
from services.checkin.domain.refusals import AlreadyRegistered, StationSuspended
from services.checkin.domain.station import (
    STATION,
    ListOnMap,
    MapListingPublished,
    RegisterStation,
    ResumeStation,
    RetireStation,
    SetHours,
    StationHoursSet,
    StationResumed,
    StationRetired,
    SuspendStation,
)
from services.checkin.domain.station import StationSuspended as Suspended
from shared.decider import Command
from shared.errors import NotFound, ValidationFailed
from shared.testing.given import Given, on
from tests.checkin.town import EVERY_DAY, LONG_AGO, S1, at, s1_registered

NOON = at("12:00")
register_s1 = RegisterStation(
    "S1", "O1", "indoor", "c1", "n1", 36_000_000, 103_000_000, capacity=2, now=LONG_AGO, always_open=False
)
suspended = on(STATION, "S1", Suspended(at("09:00"), "S1", "heating"))
retired = on(STATION, "S1", StationRetired(at("09:00"), "S1"))


def test_ck3_a_station_that_names_no_longest_stay_has_240_minutes(given: Given) -> None:
    given().when(register_s1).then(on(STATION, "S1", s1_registered))
    assert s1_registered.max_stay_min == 240


def test_registering_the_same_station_again_changes_nothing(given: Given) -> None:
    given(S1).when(msgspec.structs.replace(register_s1, now=NOON)).then_nothing()


def test_registering_another_capacity_under_the_same_id_is_refused(given: Given) -> None:
    given(S1).when(msgspec.structs.replace(register_s1, capacity=3)).then_refused(AlreadyRegistered)


@pytest.mark.parametrize(
    "field,wrong,right",
    [
        ("capacity", 0, 1),
        ("name", "x" * 81, "x" * 80),
        ("name", " ", "驿"),
        ("max_stay_min", 0, 1),
        ("max_stay_min", 1441, 1440),
        ("lat_e6", 90_000_001, 90_000_000),
        ("lon_e6", -180_000_001, -180_000_000),
    ],
)
def test_a_station_that_cannot_be_is_refused_with_the_field_named(
    given: Given, field: str, wrong: int, right: int
) -> None:
    scenario = given()
    scenario.when(msgspec.structs.replace(register_s1, **{field: wrong})).then_refused(ValidationFailed)
    scenario.when(msgspec.structs.replace(register_s1, **{field: right}))
    assert "station-S1" in scenario.events


def test_a_station_may_have_a_name_and_keeps_it(given: Given) -> None:
    named = msgspec.structs.replace(register_s1, name="西关十字工会驿站")
    registered = msgspec.structs.replace(s1_registered, name="西关十字工会驿站")
    given().when(named).then(on(STATION, "S1", registered))
    given(on(STATION, "S1", registered)).when(named).then_nothing()
    given(on(STATION, "S1", registered)).when(register_s1).then_refused(AlreadyRegistered)


def test_c6_a_station_is_listed_once_with_each_provider_until_the_reference_changes(given: Given) -> None:
    listed = on(STATION, "S1", MapListingPublished(NOON, "S1", "amap", "B1"))
    given(S1).when(ListOnMap("S1", "amap", "B1", NOON)).then(listed)
    given(S1, listed).when(ListOnMap("S1", "amap", "B1", NOON)).then_nothing()
    for provider, ref in (("amap", "B2"), ("baidu", "B1")):
        again = ListOnMap("S1", provider, ref, NOON)  # type: ignore[arg-type]
        given(S1, listed).when(again).then(on(STATION, "S1", MapListingPublished(NOON, "S1", provider, ref)))  # type: ignore[arg-type]


def test_ck6_hours_are_set_and_setting_the_same_again_changes_nothing(given: Given) -> None:
    given(on(STATION, "S1", s1_registered)).when(SetHours("S1", EVERY_DAY, NOON)).then(
        on(STATION, "S1", StationHoursSet(NOON, "S1", EVERY_DAY, ()))
    )
    given(S1).when(SetHours("S1", EVERY_DAY, NOON)).then_nothing()


def test_ck6_hours_that_end_before_they_begin_are_refused(given: Given) -> None:
    given(S1).when(SetHours("S1", (WeeklyInterval(1, 600, 540),), NOON)).then_refused(ValidationFailed)


def test_a_station_is_suspended_once_and_resumed_once(given: Given) -> None:
    given(S1).when(SuspendStation("S1", "heating", NOON)).then(on(STATION, "S1", Suspended(NOON, "S1", "heating")))
    given(S1, suspended).when(SuspendStation("S1", "heating", NOON)).then_nothing()
    given(S1, suspended).when(ResumeStation("S1", NOON)).then(on(STATION, "S1", StationResumed(NOON, "S1")))
    given(S1).when(ResumeStation("S1", NOON)).then_nothing()


def test_a_station_is_retired_once_and_for_good(given: Given) -> None:
    given(S1).when(RetireStation("S1", NOON)).then(on(STATION, "S1", StationRetired(NOON, "S1")))
    given(S1, retired).when(RetireStation("S1", NOON)).then_nothing()
    given(S1, retired).when(ResumeStation("S1", NOON)).then_refused(StationSuspended)
    given(S1, retired).when(SetHours("S1", (), NOON)).then_refused(StationSuspended)
    given(S1, retired).when(ListOnMap("S1", "amap", "B1", NOON)).then_refused(StationSuspended)


@pytest.mark.parametrize(
    "command",
    [
        SetHours("S9", (), NOON),
        SuspendStation("S9", "x", NOON),
        ResumeStation("S9", NOON),
        RetireStation("S9", NOON),
        ListOnMap("S9", "amap", "B1", NOON),
    ],
)
def test_a_station_that_nobody_knows_is_not_found(given: Given, command: Command) -> None:
    given().when(command).then_refused(NotFound)
