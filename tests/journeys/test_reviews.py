"""A quarter's star review over the real broker and database: what counts by HTTP and by Kafka, closing it, its stars.

Each test goes on where the one before it has stopped: the clock never goes back.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import httpx
import pytest
from msgspec import json

from shared.clock import CHINA
from shared.contracts.event_type import events_topic, intake_topic
from shared.embedded.infra import Infra
from shared.testing.gates import Caller, calling, scanned
from shared.testing.infrastructure import Databases
from shared.testing.topics import Publisher, Raw, binary, header, read_all
from tests.running import Town, a_town

pytestmark = pytest.mark.journey

Q1 = "2026-Q1"
ITEMS = [
    "sign", "rules_posted", "tables_chairs", "toilet", "basic_appliances", "medicine_tools", "books",
    "person_in_charge",
]  # fmt: skip
STATION = {
    "city": "lanzhou", "county": "chengguan", "lat_e6": 36_065_000, "lon_e6": 103_826_000, "capacity": 50,
    "always_open": True,
}  # fmt: skip
STARS = {"W01": 5, "W02": 5, "W03": 4, "W04": 5, "W05": 1}  # the visit of the last one is voided
EIGHT = [{"code": code, "passed": True} for code in ITEMS]
WITHOUT_TOILET = [{"code": code, "passed": code != "toilet"} for code in ITEMS]


def china(text: str) -> str:
    return f"2026-{text}+08:00"


def set_clock(town: Town, text: str) -> None:
    town.surroundings.clock.set(datetime.fromisoformat(f"2026-{text}").replace(tzinfo=CHINA))


@pytest.fixture(scope="module")
async def town(infra: Infra, databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    async with a_town(infra, databases, tmp_path_factory.mktemp("reviews"), "checkin") as town:
        async with calling(town.checkin, town.surroundings, "P1", "officer") as officer:
            for station in ("S1", "S2"):
                insisted = await officer.insist("/stations", {"station_id": station, **STATION}, station)
                assert insisted.status_code == 200, insisted.text
            for member in STARS:
                await officer.post("/members", {"member_id": member, "trade": "courier"}, member)
        yield town


@pytest.fixture(scope="module")
async def officer(town: Town) -> AsyncIterator[Caller]:
    async with calling(town.checkin, town.surroundings, "P1", "officer", "leader", "gate") as officer:
        yield officer


def outcome(answer: httpx.Response) -> str:
    body = answer.json()
    return str(body["outcome"] if answer.status_code == 200 else body["code"])


async def review(town: Town, caller: Caller, station: str = "S1") -> dict[str, Any]:
    await town.checkin.idle()
    answer = await caller.get(f"/stations/{station}/review", period=Q1)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def publish(town: Town, topic: str, *records: Raw) -> None:
    async with Publisher(town.infra.kafka) as publisher:
        await publisher.send(topic, *records)
    await town.checkin.idle()


def of_grievance(name: str, identity: str, about: str, **data: Any) -> Raw:
    key = {"RectificationOverdue": "rectification_id", "RectificationClosed": "rectification_id",
           "SatisfactionGiven": "case_id", "ActionOverdue": "proposal_id", "CaseClosed": "case_id"}[name]  # fmt: skip
    facts = {key: about, "station_id": "S1", **data}
    return binary(f"cn.yizhan.grievance.{name}.v1", identity, "/grievance", about, facts)


async def test_visitors_rate_and_a_voided_visit_takes_its_rating_back(town: Town, officer: Caller) -> None:
    for member, stars in STARS.items():
        entered = await officer.post("/scans", scanned(member), f"in {member}")
        visit = entered.json()["events"][0]["data"]["visit_id"]
        async with calling(town.checkin, town.surroundings, member) as visitor:
            body = {"member_id": member, "stars": stars}
            assert outcome(await visitor.post(f"/visits/{visit}/rate", body, "rate")) == "accepted"
    void = {"member_id": "W05", "station_id": "S1", "reason": "gate_fault"}
    assert outcome(await officer.post(f"/visits/{visit}/void", void, "void")) == "accepted"
    found = (await review(town, officer))["so_far"]
    assert (found["mean_stars"], found["figures"]["ratings"], found["terms_e2"]["stars"]) == ("4.75", 4, 2_850)


async def test_rows_4_and_23_patrols_fulfilled_missed_and_cancelled(town: Town, officer: Caller) -> None:
    for duty in ("done", "undone", "struck"):
        window = {"window_from": china("01-23T13:00:00"), "window_to": china("01-23T15:00:00")}
        body = {"duty_id": duty, "kind": "patrol_daily", "station_id": "S1", "people": ["W01"], **window}
        assert outcome(await officer.post("/duties", body, duty)) == "accepted"
    cancel = {"station_id": "S1", "reason": "illness"}
    assert outcome(await officer.post("/duties/struck/cancel", cancel, "cancel")) == "accepted"
    assert (await review(town, officer))["patrols_to_come"] == 2
    report = {
        "report_id": "R1", "duty_id": "done", "station_id": "S1", "volunteer_id": "W01", "kind_paid": "daily",
        "points": 2, "rules_version": 1, "performed_from": china("01-23T13:10:00"), "accepted_by": "automatic",
        "failed_items": [], "accepted_at": china("01-23T14:00:00"),
    }  # fmt: skip
    accepted = [binary("cn.yizhan.points.PatrolReportAccepted.v1", i, "/points", "R1", report) for i in ("a", "b", "a")]
    await publish(town, events_topic("points"), *accepted)
    set_clock(town, "01-24T15:00")
    found = await review(town, officer)
    figures = found["so_far"]["figures"]
    assert (figures["scheduled"], figures["fulfilled"], found["patrols_to_come"]) == (2, 1, 0)
    assert found["so_far"]["terms_e2"]["patrols"] == 1_000


async def test_row_19_demands_met_by_their_deadline(town: Town, officer: Caller) -> None:
    window = {"window_from": china("01-24T15:00:00"), "window_to": china("01-24T20:00:00")}
    chief = {"duty_id": "chief", "kind": "chief", "station_id": "S1", "people": ["C1"], **window}
    assert outcome(await officer.post("/duties", chief, "chief")) == "accepted"
    async with calling(town.checkin, town.surroundings, "C1") as c1:
        assert outcome(await c1.post("/duties/chief/start", {}, "start")) == "accepted"
        await town.checkin.idle()
        assert (await c1.get("/stations/S1/review")).json()["period"] == Q1, "the present one; the chief may look"
    what = {"duty_id": "chief", "station_id": "S1", "chief_id": "C1", "category": "meals", "content_ref": "ref-1"}
    heard = [
        binary("cn.yizhan.checkin.DemandHeard.v1", f"DM-{n}", "/apps", "chief",
               {**what, "demand_id": f"DM-{n}", "deadline": china("02-06T18:00:00")})
        for n in range(3)
    ]  # fmt: skip
    await publish(town, intake_topic("checkin"), *heard)
    end = {"kind": "request", "category": "meals", "outcome": "done", "round": 1, "in_time": True}
    cases = [
        of_grievance("CaseClosed", f"closed-{n}", f"CS-{n}", demand_id=f"DM-{n}", closed_at=china(when), **end)
        for n, when in enumerate(("01-24T15:00:00", "02-06T18:00:01"))
    ]
    await publish(town, events_topic("grievance"), *cases)
    assert (await review(town, officer))["so_far"]["figures"]["due"] == 2, "the third may still be met"
    set_clock(town, "02-06T18:01")
    found = (await review(town, officer))["so_far"]
    assert (found["figures"]["due"], found["figures"]["met"], found["terms_e2"]["demands"]) == (3, 1, 333)


async def test_row_19_what_grievance_tells_counts_once_however_often_and_in_whatever_order(
    town: Town, officer: Caller
) -> None:
    overdue = [of_grievance("RectificationOverdue", one, "RC-1", due_at=china("01-26T12:00:00")) for one in "ab"]
    closed = of_grievance("RectificationClosed", "c", "RC-2", closed_at=china("02-01T12:00:00"))
    late = of_grievance("RectificationOverdue", "d", "RC-2", due_at=china("01-30T12:00:00"))
    action = of_grievance("ActionOverdue", "e", "PP-1", due_at=china("01-30T12:00:00"))
    content = [
        of_grievance("SatisfactionGiven", f"f{n}", "CS-1", round=round_, stars=stars)
        for n, (round_, stars) in enumerate([(1, 1), (2, 5)])
    ]
    strange = of_grievance("RectificationOverdue", "g", "RC-9", station_id="S9", due_at=china("01-30T12:00:00"))
    told = [*overdue, closed, late, action, *content, strange]
    await publish(town, events_topic("grievance"), *told, *told)
    found = await review(town, officer)
    assert (found["so_far"]["figures"]["overdue"], found["so_far"]["terms_e2"]["overdue"]) == (1, -500)
    assert found["beside"] == {"answers": {"rated": 1, "satisfied": 1}, "actions_overdue": 1}


REFUSED: dict[str, tuple[str, Any, int, str, str]] = {
    "seven items": ("/stations/S1/inspect-standard", {"items": EIGHT[1:]}, 422, "VALIDATION_FAILED", "items"),
    "nine items": ("/stations/S1/inspect-standard", {"items": [*EIGHT, EIGHT[0]]}, 422, "VALIDATION_FAILED", "items"),
    "no such period": (
        "/stations/S1/inspect-standard", {"items": EIGHT, "period": "2026-Q7"}, 422, "VALIDATION_FAILED", "period",
    ),
    "not begun": (
        "/stations/S1/inspect-standard", {"items": EIGHT, "period": "2026-Q2"}, 422, "VALIDATION_FAILED", "period",
    ),
    "no such station": ("/stations/S9/inspect-standard", {"items": EIGHT}, 404, "NOT_FOUND", "station_id"),
    "closing nowhere": ("/stations/S9/close-review", {"period": Q1}, 404, "NOT_FOUND", "station_id"),
    "closing no period": ("/stations/S1/close-review", {"period": "winter"}, 422, "VALIDATION_FAILED", "period"),
    "closing before its end": ("/stations/S1/close-review", {"period": Q1}, 409, "REVIEW_NOT_DUE", "period"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
async def test_what_cannot_be_is_refused_with_its_code_and_field(officer: Caller, case: str) -> None:
    path, body, status, code, field = REFUSED[case]
    answer = await officer.post(path, body, f"refused: {case}")
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_c5_an_inspector_inspects_and_does_not_close(town: Town, officer: Caller) -> None:
    async with calling(town.checkin, town.surroundings, "I1", "inspector") as inspector:
        assert outcome(await inspector.post("/stations/S1/inspect-standard", {"items": EIGHT}, "first")) == "accepted"
        body = {"items": WITHOUT_TOILET, "period": Q1}
        assert outcome(await inspector.post("/stations/S1/inspect-standard", body, "again")) == "accepted"
        assert outcome(await inspector.post("/stations/S1/close-review", {"period": Q1}, "close")) == "FORBIDDEN"
    async with calling(town.checkin, town.surroundings, "W01", "worker") as worker:
        assert outcome(await worker.post("/stations/S1/inspect-standard", body, "worker")) == "FORBIDDEN"
        assert (await worker.get("/stations/S1/review")).json()["code"] == "FORBIDDEN"
        assert (await worker.get("/reviews")).json()["code"] == "FORBIDDEN"
    inspection = (await review(town, officer))["inspection"]
    assert inspection["by"] == "I1"
    assert inspection["items"] == WITHOUT_TOILET


async def test_ck12_the_review_is_closed_once_for_what_it_was_worth_so_far(town: Town, officer: Caller) -> None:
    set_clock(town, "04-03T23:59")
    assert outcome(await officer.post("/stations/S1/close-review", {"period": Q1}, "too soon")) == "REVIEW_NOT_DUE"
    set_clock(town, "04-04T00:00")
    so_far = (await review(town, officer))["so_far"]
    assert so_far["score_e2"] == 3_500 + 2_850 + 1_000 + 333 - 500
    assert so_far["stars"] == 3
    uninspected = await officer.post("/stations/S2/close-review", {"period": Q1}, "close S2")
    assert (uninspected.status_code, outcome(uninspected)) == (409, "STANDARD_NOT_INSPECTED")
    closing = await officer.post("/stations/S1/close-review", {"period": Q1}, "close S1")
    assert outcome(closing) == "accepted", closing.text
    again = await officer.post("/stations/S1/close-review", {"period": Q1}, "again")
    assert (again.status_code, outcome(again)) == (409, "REVIEW_ALREADY_CLOSED")
    inspected = await officer.post("/stations/S1/inspect-standard", {"items": EIGHT, "period": Q1}, "late")
    assert outcome(inspected) == "REVIEW_ALREADY_CLOSED"
    found = await review(town, officer)
    award = {name: value for name, value in found["awarded"].items() if name not in ("at", "by")}
    assert (found["state"], award) == ("scored", so_far)


async def test_stars_are_on_the_card_on_the_map_and_told_to_others(town: Town, officer: Caller) -> None:
    card = (await officer.get("/stations/S1/card")).json()
    assert (card["stars"], card["stars_period"]) == (3, Q1)
    features = (await officer.get("/stations.geojson", county="chengguan")).json()["features"]
    assert {one["id"]: one["properties"]["stars"] for one in features} == {"S1": 3, "S2": None}
    assert "3 of 5" in (await officer.get("/map")).text
    kind = "cn.yizhan.checkin.StarRatingAwarded.v1"
    records = await read_all(town.infra.kafka, events_topic("checkin"))
    (told,) = [one for one in records if header(one, "ce_type") == kind]
    assert told.key == b"S1"
    assert json.decode(told.value) == {
        "station_id": "S1", "period": Q1, "score_e2": 7_183, "stars": 3, "caps": ["toilet"],
        "awarded_at": "2026-04-03T16:00:00Z",
    }  # fmt: skip


async def test_planners_see_a_countys_reviews_by_pages_and_its_history(town: Town) -> None:
    async with calling(town.checkin, town.surroundings, "PL1", "planner") as planner:
        first = (await planner.get("/reviews", county="chengguan", period=Q1, limit="1")).json()
        assert [(one["station_id"], one["state"]) for one in first["reviews"]] == [("S1", "scored")]
        rest = (await planner.get("/reviews", county="chengguan", period=Q1, after=first["next"])).json()
        assert [(one["station_id"], one["state"]) for one in rest["reviews"]] == [("S2", "open")]
        assert rest["history"] == [{"period": Q1, "scored": 1, "stars": {"1": 0, "2": 0, "3": 1, "4": 0, "5": 0}}]
        assert (await planner.get("/stations/S9/review")).json()["code"] == "NOT_FOUND"
        strange = (await planner.get("/reviews", period="2026-13")).json()
        assert (strange["code"], strange["errors"][0]["field"]) == ("VALIDATION_FAILED", "period")


async def test_all_is_as_the_log_says(town: Town) -> None:
    await town.checkin.idle()
    assert await town.faults("checkin") == []
