"""What people see of stations: live, on cards, in lists, and how many people have one near."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, datetime
from typing import Any

import pytest
import pytest_asyncio

from services.checkin.domain.equipment import (
    StationStateRepeated,
    StationStateReported,
    SubsystemAlarmCleared,
    SubsystemAlarmRaised,
    SubsystemState,
)
from services.checkin.domain.facilities import FacilityHeld, FacilityReleased, StationFacilitiesChanged
from services.checkin.domain.geometry import Place, metres_between
from services.checkin.domain.hours import DateException
from services.checkin.domain.station import (
    MapListingPublished,
    StationHoursSet,
    StationRegistered,
    StationResumed,
    StationRetired,
    StationSuspended,
)
from services.checkin.domain.visits import VisitEnded, VisitStarted
from services.checkin.domain.work_area import WorkAreaCounted
from services.checkin.projections import coverage_map, station_card, station_live
from services.checkin.projections.finding import Search, find
from shared.decider import DomainEvent
from shared.errors import NotFound, ValidationFailed
from shared.testing.infrastructure import Databases
from tests.checkin.read_models import ReadModels, tables_of
from tests.checkin.town import EVERY_DAY, LONG_AGO, MINUTE, SECOND, at, s1_hours, s1_registered, s2_registered

PROJECTIONS = (station_live.STATION_LIVE, station_card.STATION_CARD, coverage_map.COVERAGE_MAP)
NOON = at("12:00")


@pytest_asyncio.fixture
async def models(databases: Databases) -> AsyncIterator[ReadModels]:
    models = ReadModels(databases.fresh("stations", tables_of(*PROJECTIONS)), *PROJECTIONS)
    await models.told(s1_registered, s1_hours, s2_registered)
    yield models
    await models.database.close()


def placed(station: str, lat_e6: int, lon_e6: int, county: str = "n1", city: str = "c1") -> StationRegistered:
    return StationRegistered(LONG_AGO, station, "O1", "booth", city, county, lat_e6, lon_e6, 9, 240, True)


def entered(visit: str, moment: datetime, station: str = "S1") -> VisitStarted:
    return VisitStarted(moment, visit, f"W-{visit}", station, "g1", moment + 240 * MINUTE, False, False, True, ())


def reported(moment: datetime, status: Any = "ok", station: str = "S1", subsystem: str = "energy") -> DomainEvent:
    return StationStateReported(moment, station, 300, (SubsystemState(subsystem, status),), False, False)


async def live(models: ReadModels, moment: datetime, station: str = "S1") -> dict[str, Any]:
    async with models.view() as view:
        return await station_live.at(view, station, moment)


async def card(models: ReadModels, moment: datetime = NOON, station: str = "S1") -> dict[str, Any]:
    async with models.view() as view:
        return await station_card.of(view, station, moment)


async def found(models: ReadModels, search: Search, limit: int = 50, after: str | None = None) -> list[str]:
    async with models.view() as view:
        return [row.station_id for row in (await find(view, search, limit, after)).stations]


async def test_ck3_e8_occupancy_is_of_the_moment_with_every_end_applied(models: ReadModels) -> None:
    """E8: nobody stays for ever because a sweeper is late."""
    ended = VisitEnded(at("08:30"), "v1", "W-v1", "S1", at("08:00"), "scanned")
    await models.told(entered("v1", at("08:00")), entered("v2", at("08:10")), ended)
    moments = ("07:59", "08:00", "08:29", "08:30", "12:09", "12:10")
    assert [(await live(models, at(clock)))["occupancy"] for clock in moments] == [0, 1, 2, 1, 1, 0]


async def test_ck6_a_station_is_a_draft_until_its_hours_are_set(models: ReadModels) -> None:
    await models.told(
        StationRegistered(LONG_AGO, "S3", "O1", "booth", "c1", "n1", 36_000_000, 103_000_000, 9, 240, False, "新站")
    )
    assert (await live(models, NOON, "S3"))["state"] == "draft"
    assert (await live(models, NOON, "S3"))["name"] == "新站"
    await models.told(StationHoursSet(LONG_AGO, "S3", EVERY_DAY, ()))
    assert [(await live(models, at(clock), "S3"))["state"] for clock in ("05:29", "05:30")] == ["closed", "open"]


async def test_a_station_is_shown_as_it_is_through_its_life(models: ReadModels) -> None:
    states = [(await live(models, NOON))["state"]]
    for event in (StationSuspended(NOON, "S1", "heating"), StationResumed(NOON, "S1"), StationRetired(NOON, "S1")):
        await models.told(event)
        states.append((await live(models, NOON))["state"])
    assert states == ["open", "suspended", "open", "retired"]


async def test_ck8_a_state_older_than_its_time_is_unknown_and_not_open(models: ReadModels) -> None:
    await models.told(reported(NOON))
    fresh, old = await live(models, NOON + 300 * SECOND), await live(models, NOON + 301 * SECOND)
    assert (fresh["state"], fresh["age_s"], fresh["subsystems"]["energy"]["status"]) == ("open", 300, "ok")
    assert (old["state"], old["age_s"], old["subsystems"]["energy"]["status"]) == ("unknown", 301, "unknown")
    assert (await live(models, at("23:00")))["state"] == "closed", "what is closed anyway is not in doubt"


async def test_ck8_a_heartbeat_renews_what_it_names(models: ReadModels) -> None:
    await models.told(reported(NOON), reported(NOON, "fault", subsystem="video"))
    await models.told(StationStateRepeated(NOON + 4 * MINUTE, "S1", ("video",)))
    later = await live(models, NOON + 8 * MINUTE)
    assert (later["state"], later["age_s"]) == ("open", 240)
    assert {name: one["status"] for name, one in later["subsystems"].items()} == {"energy": "unknown", "video": "fault"}


async def test_ck8_a_station_without_equipment_is_shown_by_its_hours(models: ReadModels) -> None:
    now = await live(models, NOON)
    assert (now["state"], now["age_s"], now["reported_at"], now["subsystems"]) == ("open", None, None, {})


async def test_ck8_a_report_says_nothing_about_the_time_before_it(models: ReadModels) -> None:
    await models.told(reported(NOON))
    before = await live(models, at("11:00"))
    assert (before["state"], before["age_s"], before["subsystems"]["energy"]["status"]) == ("open", None, "unknown")


async def test_alarms_are_shown_while_they_are_open(models: ReadModels) -> None:
    await models.told(reported(NOON, "fault"), SubsystemAlarmRaised(NOON, "S1", "energy", "major"))
    assert (await live(models, NOON))["subsystems"]["energy"]["alarm"] == "major"
    await models.told(SubsystemAlarmCleared(NOON, "S1", "energy", "major"))
    assert (await live(models, NOON))["subsystems"]["energy"]["alarm"] is None


async def test_a_station_that_nobody_knows_is_not_found(models: ReadModels) -> None:
    with pytest.raises(NotFound):
        await live(models, NOON, "S99")
    with pytest.raises(NotFound):
        await card(models, station="S99")


async def test_a_list_is_by_city_or_county_a_page_at_a_time_without_what_is_retired(models: ReadModels) -> None:
    await models.told(
        placed("S3", 35_000_000, 104_000_000, "n2"),
        placed("S4", 35_000_000, 105_000_000, "n2", "c2"),
        placed("S5", 35_000_000, 105_000_000, "n3", "c2"),
        StationRetired(NOON, "S5"),
    )
    assert await found(models, Search()) == ["S1", "S2", "S3", "S4"]
    assert await found(models, Search(city="c2")) == ["S4"]
    assert await found(models, Search(county="n2")) == ["S3", "S4"]
    assert await found(models, Search(city="c1", county="n2")) == ["S3"]
    assert await found(models, Search(), 2) == ["S1", "S2"]
    assert await found(models, Search(), 2, "S2") == ["S3", "S4"]
    assert await found(models, Search(), 2, "S4") == []


async def test_around_a_point_the_nearest_comes_first_and_the_radius_is_exact(models: ReadModels) -> None:
    here = Place(36_000_000, 103_000_000)
    corner = placed("S3", 36_008_000, 103_010_000)  # in the box of 1,100 m, but not in the circle
    await models.told(corner, placed("S4", 36_005_000, 103_000_000), placed("S5", 36_009_000, 103_000_000))
    distance = metres_between(here, Place(36_008_000, 103_010_000))
    assert 1_200 < distance < 1_300
    assert await found(models, Search(centre=here, within_m=1_000)) == ["S1", "S4", "S5"]
    assert await found(models, Search(centre=here, within_m=1_100)) == ["S1", "S4", "S5"]
    assert await found(models, Search(centre=here, within_m=1_300)) == ["S1", "S4", "S5", "S3"]
    assert await found(models, Search(centre=here, within_m=20_000)) == ["S1", "S4", "S5", "S3", "S2"]
    assert await found(models, Search(city="c9", centre=here, within_m=20_000)) == []


async def test_pages_around_a_point_go_on_where_the_last_one_ended(models: ReadModels) -> None:
    here = Place(36_000_000, 103_000_000)
    await models.told(*(placed(f"T{n}", 36_000_000 + n * 1_000, 103_000_000) for n in range(1, 6)))
    pages, after = [], None
    while True:
        async with models.view() as view:
            page = await find(view, Search(centre=here, within_m=2_000), 2, after)
        pages.append([(row.station_id, metres) for row, metres in zip(page.stations, page.metres, strict=True)])
        if (after := page.next) is None:
            break
    assert pages == [[("S1", 0), ("T1", 111)], [("T2", 222), ("T3", 333)], [("T4", 444), ("T5", 555)]]
    with pytest.raises(ValidationFailed):
        await found(models, Search(centre=here, within_m=100), 2, "T5")


async def test_c6_a_card_says_when_the_station_opens_and_closes_next(models: ReadModels) -> None:
    """E16: over an exception, here a holiday that is closed."""
    await models.told(StationHoursSet(NOON, "S1", EVERY_DAY, (DateException(date(2026, 1, 24), ()),)))
    midday, night = await card(models), await card(models, at("22:30"))
    assert (midday["state"], midday["open_now"], midday["closes_at"]) == ("open", True, at("22:00"))
    assert midday["opens_at"] == at("05:30", 25)
    assert (night["state"], night["open_now"], night["opens_at"]) == ("closed", False, at("05:30", 25))
    assert night["closes_at"] == at("22:00", 25)
    assert len(night["weekly"]) == 7
    assert night["exceptions"] == (DateException(date(2026, 1, 24), ()),)


async def test_c6_an_always_open_station_neither_opens_nor_closes(models: ReadModels) -> None:
    shown = await card(models, station="S2")
    assert (shown["always_open"], shown["open_now"], shown["opens_at"], shown["closes_at"]) == (True, True, None, None)


async def test_c6_of_a_suspended_station_nothing_comes_next(models: ReadModels) -> None:
    await models.told(StationSuspended(NOON, "S1", "heating"))
    shown = await card(models)
    assert (shown["state"], shown["open_now"], shown["opens_at"]) == ("suspended", False, None)


async def test_ck8_whether_a_doubted_station_is_open_is_not_said(models: ReadModels) -> None:
    await models.told(reported(at("11:00")))
    shown = await card(models)
    assert (shown["state"], shown["open_now"]) == ("unknown", None)


async def test_ck5_a_card_says_that_the_station_is_full(models: ReadModels) -> None:
    await models.told(entered("v1", at("11:00")))
    assert (await card(models))["full"] is False
    await models.told(entered("v2", at("11:00")))
    assert ((await card(models))["occupancy"], (await card(models))["full"]) == (2, True)


async def test_row_7_a_card_shows_what_is_out_of_service_whoever_holds_it(models: ReadModels) -> None:
    await models.told(
        StationFacilitiesChanged(NOON, "S1", ("power_strips", "toilet"), ("toilet",)),
        FacilityHeld(NOON, "S1", "power_strips", "RC-1"),
        FacilityHeld(NOON, "S1", "power_strips", "RC-2"),
    )
    assert (await card(models))["facilities"] == ["power_strips", "toilet"]
    assert (await card(models))["out_of_service"] == ["power_strips", "toilet"]
    await models.told(
        FacilityReleased(NOON, "S1", "power_strips", "RC-1"),
        StationFacilitiesChanged(NOON, "S1", ("power_strips", "toilet"), ()),
    )
    assert (await card(models))["out_of_service"] == ["power_strips"]
    await models.told(FacilityReleased(NOON, "S1", "power_strips", "RC-2"))
    assert (await card(models))["out_of_service"] == []


async def test_row_7_what_a_rectification_holds_moves_with_its_second_notice(models: ReadModels) -> None:
    await models.told(FacilityHeld(NOON, "S1", "power_strips", "RC-1"), FacilityHeld(NOON, "S1", "toilet", "RC-1"))
    assert (await card(models))["out_of_service"] == ["toilet"]


async def test_c6_a_card_leads_there_by_every_provider_that_lists_the_station(models: ReadModels) -> None:
    named = StationRegistered(
        LONG_AGO, "S3", "O1", "booth", "c1", "n1", 36_065_000, 103_826_000, 9, 240, True, "西关&十字"
    )
    await models.told(
        named,
        MapListingPublished(NOON, "S3", "tencent", "T1"),
        MapListingPublished(NOON, "S3", "amap", "B1"),
        MapListingPublished(NOON, "S3", "amap", "B2"),
        MapListingPublished(NOON, "S3", "baidu", "D1"),
    )
    listings = (await card(models, station="S3"))["listings"]
    assert [(one["provider"], one["ref"]) for one in listings] == [("amap", "B2"), ("baidu", "D1"), ("tencent", "T1")]
    title = "%E8%A5%BF%E5%85%B3%26%E5%8D%81%E5%AD%97"
    assert listings[0]["navigation"] == (
        f"https://uri.amap.com/navigation?to=103.826000,36.065000,{title}&mode=walk&coordinate=wgs84&src=yizhan&callnative=1"
    )
    assert "location=36.065000,103.826000&title=" in listings[1]["navigation"]
    assert "coord:36.065000,103.826000;title:" in listings[2]["navigation"]
    assert (await card(models))["listings"] == []


async def test_a_card_has_no_stars_before_a_review_is_closed(models: ReadModels) -> None:
    shown = await card(models)
    assert (shown["stars"], shown["stars_period"]) == (None, None)


async def counties(models: ReadModels, limit: int = 100, after: str | None = None) -> list[dict[str, Any]]:
    async with models.view() as view:
        return await coverage_map.counties(view, limit, after)


def crowd(area: str, lat_e6: int, people: int, county: str = "n1") -> WorkAreaCounted:
    return WorkAreaCounted(NOON, area, county, lat_e6, 103_000_000, people)


async def test_c2_a_county_shows_its_stations_its_people_and_how_many_have_one_near(models: ReadModels) -> None:
    await models.told(crowd("A1", 36_005_000, 200), crowd("A2", 36_050_000, 100), crowd("A3", 36_000_000, 7, "n0"))
    draft = StationRegistered(LONG_AGO, "S3", "O1", "booth", "c1", "n1", 36_050_000, 103_000_000, 9, 240, False)
    await models.told(draft)
    assert await counties(models) == [
        {
            "county": "n0",
            "stations": 0,
            "in_service": 0,
            "work_areas": 1,
            "people": 7,
            "people_within": 7,
            "share_permille": 1000,
        },
        {
            "county": "n1",
            "stations": 3,
            "in_service": 2,
            "work_areas": 2,
            "people": 300,
            "people_within": 200,
            "share_permille": 667,
        },
    ], "a draft serves nobody, and a station across the border of the county does"


async def test_c2_a_station_that_is_suspended_or_retired_serves_nobody(models: ReadModels) -> None:
    await models.told(crowd("A1", 36_000_000, 200), StationSuspended(NOON, "S1", "heating"))
    (n1,) = await counties(models)
    assert (n1["stations"], n1["in_service"], n1["people_within"]) == (2, 1, 0)
    await models.told(StationRetired(NOON, "S1"))
    assert (await counties(models))[0]["stations"] == 1


async def test_c2_a_new_count_of_an_area_replaces_the_old_one(models: ReadModels) -> None:
    await models.told(crowd("A1", 36_000_000, 200), crowd("A1", 36_000_000, 50))
    assert (await counties(models))[0]["people"] == 50


async def test_c2_counties_come_by_pages(models: ReadModels) -> None:
    await models.told(*(placed(f"T{n}", 30_000_000, 100_000_000, f"m{n}") for n in range(4)))
    assert [one["county"] for one in await counties(models, 2)] == ["m0", "m1"]
    assert [one["county"] for one in await counties(models, 3, "m1")] == ["m2", "m3", "n1"]
