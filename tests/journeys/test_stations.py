"""Stations through a running service: by HTTP and by Kafka, to cards, maps, and what others are told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from msgspec import json

from shared.contracts.registry import BY_TYPE
from shared.embedded.infra import Infra
from shared.testing.gates import Caller, calling, scanned
from shared.testing.infrastructure import Databases
from shared.testing.topics import Publisher, Raw, answers, binary, header, read_all
from shared.testing.waiting import eventually
from tests.running import Town, a_town

pytestmark = pytest.mark.journey

NAME = "西关十字工会驿站"
STATION = {
    "station_id": "S1", "city": "lanzhou", "county": "chengguan", "lat_e6": 36_065_000, "lon_e6": 103_826_000,
    "capacity": 12, "always_open": True, "name": NAME,
}  # fmt: skip
DRAFT = {**STATION, "station_id": "S2", "lat_e6": 36_066_000, "always_open": False, "name": None}
GIVEN_UP = {**STATION, "station_id": "S3", "name": None}
BOX = "/boxes/S1"
REPORTED = "cn.yizhan.checkin.StationStateReported.v1"


@pytest.fixture(scope="module")
async def town(infra: Infra, databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    async with a_town(infra, databases, tmp_path_factory.mktemp("stations"), "checkin") as town:
        async with calling(town.checkin, town.surroundings, "P1", "officer") as officer:
            for facts in (STATION, DRAFT, GIVEN_UP):
                body = {name: value for name, value in facts.items() if value is not None}
                assert (await officer.insist("/stations", body, f"{facts['station_id']}")).status_code == 200
            await officer.post("/stations/S3/retire", {}, "retire")
            await officer.post("/members", {"member_id": "W01", "trade": "courier"}, "W01")
        yield town


@pytest.fixture(scope="module")
async def officer(town: Town) -> AsyncIterator[Caller]:
    async with calling(town.checkin, town.surroundings, "P1", "officer") as officer:
        yield officer


@pytest.fixture(scope="module")
async def box(town: Town) -> AsyncIterator[Caller]:
    async with calling(town.checkin, town.surroundings, BOX, "machine", "gate") as box:
        yield box


def report(station: str = "S1", energy: str = "ok", **more: Any) -> dict[str, Any]:
    return {"station_id": station, "subsystems": {"energy": energy}, **more}


def of_grievance(name: str, identity: str, about: str = "RC-1", **data: Any) -> Raw:
    facts = {"rectification_id": about, "station_id": "S1", **data}
    return binary(f"cn.yizhan.grievance.{name}.v1", identity, "/grievance", about, facts)


NOTICE = {"severity": "major", "facility": "power_strips", "due_at": "2026-01-23T16:00:00+08:00"}
TOO_LATE = {"reported_at": "2026-01-23T11:59:00+08:00", "sent_at": "2026-01-23T11:58:00+08:00"}

REFUSED: dict[str, tuple[str, Any, int, str, str | None]] = {
    "other facts": ("/stations", {**STATION, "capacity": 13}, 409, "ALREADY_REGISTERED", "station_id"),
    "no name": ("/stations", {**STATION, "name": "\n"}, 422, "VALIDATION_FAILED", "name"),
    "hours of no day": (
        "/stations/S1/set-hours",
        {"weekly": [{"weekday": 1, "opens_min": 600, "closes_min": 540}]},
        422,
        "VALIDATION_FAILED",
        "weekly",
    ),
    "a facility elsewhere": (
        "/stations/S1/change-facilities",
        {"facilities": ["toilet"], "out_of_service": ["sauna"]},
        422,
        "VALIDATION_FAILED",
        "out_of_service",
    ),
    "facilities of nobody": ("/stations/S9/change-facilities", {"facilities": []}, 404, "NOT_FOUND", "station_id"),
    "facilities given up": (
        "/stations/S3/change-facilities",
        {"facilities": []},
        409,
        "STATION_SUSPENDED",
        "station_id",
    ),
    "a map without it": ("/stations/S9/list-on-map", {"provider": "amap", "ref": "B1"}, 404, "NOT_FOUND", "station_id"),
    "a strange map": ("/stations/S1/list-on-map", {"provider": "x", "ref": "B1"}, 422, "VALIDATION_FAILED", "provider"),
    "a map given up": (
        "/stations/S3/list-on-map",
        {"provider": "amap", "ref": "B1"},
        409,
        "STATION_SUSPENDED",
        "station_id",
    ),
    "a crowd nowhere": (
        "/work-areas",
        {"area_id": "A1", "county": "chengguan", "lat_e6": 91_000_000, "lon_e6": 0, "people": 1},
        422,
        "VALIDATION_FAILED",
        "lat_e6",
    ),
}


def check_refused(answer: httpx.Response, status: int, code: str, field: str | None = None) -> None:
    body = answer.json()
    assert (answer.status_code, body["code"]) == (status, code), body
    if field is not None:
        assert [error["field"] for error in body["errors"]] == [field]


@pytest.mark.parametrize("case", REFUSED)
async def test_what_cannot_be_is_refused_with_its_code_and_field(officer: Caller, case: str) -> None:
    path, body, status, code, field = REFUSED[case]
    check_refused(await officer.post(path, body, f"refused: {case}"), status, code, field)


REPORTS: dict[str, tuple[Any, int, str, str]] = {
    "of no station": (report("S9"), 404, "NOT_FOUND", "station_id"),
    "of one given up": (report("S3"), 409, "STATION_SUSPENDED", "station_id"),
    "from the future": (report(**TOO_LATE), 409, "SCAN_IN_FUTURE", "reported_at"),
    "of half a time": (report(sent_at="2026-01-23T11:58:00+08:00"), 422, "VALIDATION_FAILED", "reported_at"),
    "for no time": (report(ttl_s=0), 422, "VALIDATION_FAILED", "ttl_s"),
}


@pytest.mark.parametrize("case", REPORTS)
async def test_a_report_that_cannot_be_is_refused_by_http(box: Caller, case: str) -> None:
    body, status, code, field = REPORTS[case]
    check_refused(await box.post("/state-reports", body, f"report {case}"), status, code, field)


async def test_a_report_that_cannot_be_is_refused_the_same_by_kafka(town: Town) -> None:
    records = [
        binary(REPORTED, f"refused {number}", BOX, body["station_id"], body)
        for number, (body, *_) in enumerate(REPORTS.values())
    ]
    records.append(binary(REPORTED, "misread", BOX, "S1", report(energy="melted")))
    async with Publisher(town.infra.kafka) as publisher:
        await publisher.send("checkin.intake.v1", *records)
    await town.checkin.idle()
    told = answers(await read_all(town.infra.kafka, "checkin.feedback.v1"))
    given = {one["id"]: (one["status"], one.get("code"), one.get("field")) for one in told if one["source"] == BOX}
    for number, (_, _, code, field) in enumerate(REPORTS.values()):
        assert given[f"refused {number}"] == ("refused", code, field)
    assert given["misread"][0] == "quarantined"


async def test_a_member_is_not_let_into_a_draft_or_a_station_given_up(box: Caller) -> None:
    for station, code in (("S2", "STATION_CLOSED"), ("S3", "STATION_SUSPENDED"), ("S9", "NOT_FOUND")):
        answer = await box.post("/scans", {**scanned("W01"), "station_id": station}, f"scan {station}")
        assert answer.json()["code"] == code


async def test_row_7_a_major_hazard_takes_a_facility_out_of_service_until_it_is_closed(
    town: Town, officer: Caller
) -> None:
    facilities = {"facilities": ["power_strips", "toilet"]}
    assert (await officer.post("/stations/S1/change-facilities", facilities, "facilities")).status_code == 200
    async with Publisher(town.infra.kafka) as publisher:
        await publisher.send(
            "grievance.events.v1",
            of_grievance("RectificationClosed", "g0", "RC-0", closed_at="2026-01-23T11:00:00+08:00"),
            of_grievance("RectificationNoticeIssued", "g1", **NOTICE),
            of_grievance("RectificationNoticeIssued", "g2", "RC-2", **NOTICE),
            of_grievance("RectificationNoticeIssued", "g1", **NOTICE),
        )
        await town.checkin.idle()
        assert (await card(officer))["out_of_service"] == ["power_strips"]
        closed = {"closed_at": "2026-01-23T11:55:00+08:00"}
        await publisher.send("grievance.events.v1", of_grievance("RectificationClosed", "g3", **closed))
        await town.checkin.idle()
        assert (await card(officer))["out_of_service"] == ["power_strips"], "RC-2 holds it still"
        again = of_grievance("RectificationClosed", "g4", "RC-2", **closed)
        await publisher.send("grievance.events.v1", again)
        await town.checkin.idle()
        assert (await card(officer))["out_of_service"] == []


async def card(caller: Caller, station: str = "S1") -> dict[str, Any]:
    answer = await caller.get(f"/stations/{station}/card")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_row_10_alarms_are_told_to_others_once_by_either_door(town: Town, box: Caller) -> None:
    first = await box.post("/state-reports", report(energy="fault", ttl_s=600), "fault")
    assert [event["type"] for event in first.json()["events"]] == ["StationStateReported", "SubsystemAlarmRaised"]
    second = await box.post("/state-reports", report(energy="fault", ttl_s=600), "fault again")
    assert second.json()["outcome"] == "unchanged", "the clock of the tests stands: it is the same moment"
    alarms = await eventually(lambda: published(town, "SubsystemAlarmRaised"), 20)
    assert [(one["station_id"], one["subsystem"], one["severity"]) for one in alarms] == [("S1", "energy", "major")]
    live = (await box.get("/stations/S1/live", min_position=first.json()["position"])).json()
    assert (live["state"], live["age_s"], live["subsystems"]["energy"]["alarm"]) == ("open", 0, "major")


async def published(town: Town, name: str) -> list[dict[str, Any]]:
    """What is on checkin's topic of this type."""
    wanted = f"cn.yizhan.checkin.{name}.v1"
    assert wanted in BY_TYPE
    records = await read_all(town.infra.kafka, "checkin.events.v1")
    return [json.decode(one.value) for one in records if header(one, "ce_type") == wanted]


async def test_a_report_by_kafka_is_shown(town: Town, box: Caller) -> None:
    async with Publisher(town.infra.kafka) as publisher:
        await publisher.send("checkin.intake.v1", binary(REPORTED, "draft", BOX, "S2", report("S2", "offline")))
    await town.checkin.idle()
    live = (await box.get("/stations/S2/live")).json()
    assert (live["state"], live["subsystems"]["energy"]["status"]) == ("draft", "offline")


async def test_c6_a_station_is_on_maps_with_its_name_and_the_way_there(officer: Caller) -> None:
    listed = await officer.post("/stations/S1/list-on-map", {"provider": "amap", "ref": "B1"}, "amap")
    answer = await officer.get("/stations.geojson", county="chengguan", min_position=listed.json()["position"])
    assert answer.headers["Content-Type"] == "application/geo+json"
    assert answer.headers["ETag"] == f'"{answer.json()["position"]}"'
    features = {feature["id"]: feature for feature in answer.json()["features"]}
    assert (answer.json()["type"], sorted(features)) == ("FeatureCollection", ["S1", "S2"])
    assert features["S1"]["geometry"] == {"type": "Point", "coordinates": [103.826, 36.065]}
    assert features["S1"]["properties"]["name"] == NAME
    assert features["S1"]["properties"]["listings"][0]["navigation"].startswith("https://uri.amap.com/")
    assert features["S2"]["properties"]["state"] == "draft"


async def test_the_map_is_a_page_that_may_do_nothing(officer: Caller) -> None:
    answer = await officer.get("/map", city="lanzhou")
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert NAME in answer.text
    assert answer.text.count("<article") == 2


async def test_stations_are_listed_around_a_point_by_pages(officer: Caller) -> None:
    point = {"lat_e6": "36066000", "lon_e6": "103826000"}
    first = (await officer.get("/stations", limit="1", **point)).json()
    assert [(one["station_id"], one["distance_m"]) for one in first["stations"]] == [("S2", 0)]
    second = (await officer.get("/stations", limit="1", after=first["next"], **point)).json()
    assert [(one["station_id"], one["distance_m"]) for one in second["stations"]] == [("S1", 111)]
    assert second["next"] is None


@pytest.mark.parametrize(
    "query,field",
    [
        ({"lat_e6": "36066000"}, "lon_e6"),
        ({"lon_e6": "103826000"}, "lat_e6"),
        ({"lat_e6": "36066000", "lon_e6": "103826000", "after": "S9"}, "after"),
        ({"within_m": "50001"}, "within_m"),
        ({"limit": "0"}, "limit"),
        ({"city": "Lanzhou!"}, "city"),
    ],
)
async def test_a_list_that_nobody_can_mean_is_refused(officer: Caller, query: dict[str, str], field: str) -> None:
    check_refused(await officer.get("/stations", **query), 422, "VALIDATION_FAILED", field)


async def test_c2_planners_see_how_many_people_have_a_station_near(town: Town, officer: Caller) -> None:
    where = {"county": "chengguan", "lat_e6": 36_065_000}
    async with calling(town.checkin, town.surroundings, "PL1", "planner") as planner:
        for area, lon_e6, people in (("A1", 103_827_000, 240), ("A2", 103_927_000, 60)):
            answer = await planner.post(
                "/work-areas", {"area_id": area, **where, "lon_e6": lon_e6, "people": people}, area
            )
        shown = (await planner.get("/coverage", min_position=answer.json()["position"])).json()
    assert shown["circle_m"] == 1_200
    assert shown["counties"] == [
        {
            "county": "chengguan", "stations": 2, "in_service": 1, "work_areas": 2, "people": 300, "people_within": 240,
            "share_permille": 800,
        }
    ]  # fmt: skip


async def test_no_topic_has_the_name_of_a_station_and_all_is_as_the_log_says(town: Town) -> None:
    await town.idle()
    assert [one["capacity"] for one in await published(town, "StationRegistered")] == [12, 12, 12]
    topics = [f"checkin.{kind}.v1" for kind in ("events", "feedback", "quarantine")]
    everything = b"".join(record.value or b"" for record in await read_all(town.infra.kafka, *topics))
    assert NAME.encode() not in everything
    assert json.encode(NAME)[1:-1] not in everything
    assert await town.faults("checkin") == []
