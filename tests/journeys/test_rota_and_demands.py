"""The rota and the demands of the day over the real broker and database: by HTTP, by Kafka, by the clock.

Each test goes on where the one before it has stopped: the clock never goes back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any

import httpx
import pytest
from msgspec import json

from shared.clock import CHINA
from shared.contracts.event_type import events_topic, feedback_topic, intake_topic
from shared.embedded.infra import Infra
from shared.testing.gates import Caller, calling
from shared.testing.infrastructure import Databases
from shared.testing.topics import Publisher, Raw, answers, binary, header, read_all
from tests.running import Town, a_town

pytestmark = pytest.mark.journey

PLACE = {"city": "lanzhou", "county": "chengguan", "lat_e6": 36_065_000, "lon_e6": 103_826_000, "capacity": 1}
STATIONS = {"S1": False, "S2": True, "S3": True, "S4": True}  # whether they are always open
NOTHING: Mapping[str, str] = {}
DEMANDS = ["charging"] * 3 + ["injury_insurance"] * 2 + ["meals"] * 3 + ["rest"] * 2 + ["legal"] * 2 + ["training"]


def china(text: str) -> str:
    return f"{text}+08:00"


def duty(identity: str, kind: str, station: str, begins: str, ends: str, *people: str) -> dict[str, Any]:
    window = {"window_from": china(f"2026-01-23T{begins}"), "window_to": china(f"2026-01-23T{ends}")}
    return {"duty_id": identity, "kind": kind, "station_id": station, **window, "people": list(people)}


class Rota:
    """The town, and what its people do."""

    def __init__(self, town: Town) -> None:
        self.town = town

    def clock(self, text: str) -> None:
        self.town.surroundings.clock.set(datetime.fromisoformat(f"2026-01-{text}").replace(tzinfo=CHINA))

    def person(self, name: str, *roles: str) -> Any:
        return calling(self.town.checkin, self.town.surroundings, name, *roles)

    async def does(self, name: str, verb: str, duty_id: str, body: dict[str, str] | None = None) -> str:
        """What a person does with a duty; the outcome, or the code."""
        async with self.person(name) as caller:
            return outcome(await caller.post(f"/duties/{duty_id}/{verb}", body or {}, f"{verb}-{duty_id}-{name}"))

    async def publish(self, topic: str, *records: Raw) -> None:
        async with Publisher(self.town.infra.kafka) as publisher:
            await publisher.send(topic, *records)
        await self.town.checkin.idle()

    async def published(self, word: str) -> list[dict[str, Any]]:
        """What checkin has told others, of one type."""
        await self.town.checkin.idle()
        records = await read_all(self.town.infra.kafka, events_topic("checkin"))
        kind = f"cn.yizhan.checkin.{word}.v1"
        return [json.decode(one.value) for one in records if header(one, "ce_type") == kind]


def outcome(answer: httpx.Response) -> str:
    body = answer.json()
    return str(body["outcome"] if answer.status_code == 200 else body["code"])


@pytest.fixture(scope="module")
async def rota(infra: Infra, databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rota]:
    async with a_town(infra, databases, tmp_path_factory.mktemp("rota")) as town:
        rota = Rota(town)
        rota.clock("22 12:00")
        await town.checkin.start()
        async with rota.person("P1", "officer") as officer:
            for station, always in STATIONS.items():
                body = {"station_id": station, "always_open": always, **PLACE}
                assert outcome(await officer.post("/stations", body, f"station-{station}")) == "accepted"
            weekly = [{"weekday": day, "opens_min": 330, "closes_min": 1320} for day in range(1, 8)]
            assert outcome(await officer.post("/stations/S1/set-hours", {"weekly": weekly}, "hours")) == "accepted"
            for member in ("W01", "W02"):
                body = {"member_id": member, "trade": "courier"}
                assert outcome(await officer.post("/members", body, member)) == "accepted"
        yield rota


@pytest.fixture(scope="module")
async def leader(rota: Rota) -> AsyncIterator[Caller]:
    async with rota.person("L1", "leader") as leader:
        yield leader


async def week_of(caller: Caller, station: str, position: str | None = None) -> dict[str, Any]:
    """A station's Friday."""
    query = {"week_of": "2026-01-23", **({"min_position": position} if position else {})}
    (shown,) = (await caller.get(f"/stations/{station}/rota", **query)).json()["stations"]
    (friday,) = [day for day in shown["days"] if day["date"] == "2026-01-23"]
    return dict(friday)


async def test_ck10_a_leader_names_one_chief_for_each_station_and_date(rota: Rota, leader: Caller) -> None:
    for body in (
        duty("chief-S1", "chief", "S1", "05:30", "22:00", "C1"),
        duty("chief-S2", "chief", "S2", "08:00", "18:00", "C2"),
        duty("chief-S3", "chief", "S3", "08:00", "18:00", "C5"),
        duty("morning", "patrol_daily", "S1", "07:30", "09:30", "V1", "V2"),
        duty("heating", "patrol_daily", "S2", "14:30", "16:30", "V3"),
        duty("closed", "patrol_daily", "S3", "14:30", "16:30", "V3"),
    ):
        answer = await leader.post("/duties", body, body["duty_id"])
        assert outcome(answer) == "accepted", answer.text
    friday = await week_of(leader, "S1", answer.json()["position"])
    assert (friday["chief"], friday["state"], friday["gap"], friday["kind"]) == ("C1", "assigned", False, "workday")
    assert (await week_of(leader, "S4"))["gap"] is True


@pytest.mark.parametrize(
    "body,code",
    [
        (duty("x1", "chief", "S1", "12:00", "18:00", "C9"), "ROTA_CONFLICT"),
        (duty("x2", "chief", "S4", "12:00", "18:00", "C1"), "ROTA_CONFLICT"),
        (duty("chief-S1", "chief", "S1", "05:30", "22:00", "C9"), "ROTA_CONFLICT"),
        (duty("x3", "chief", "S9", "12:00", "18:00", "C9"), "NOT_FOUND"),
        (duty("x4", "chief", "S4", "18:00", "12:00", "C9"), "VALIDATION_FAILED"),
    ],
)
async def test_what_the_rota_does_not_hold_is_refused(leader: Caller, body: dict[str, Any], code: str) -> None:
    assert outcome(await leader.post("/duties", body, f"refused-{body['duty_id']}-{code}")) == code


async def test_ck10_a_swap_needs_both(rota: Rota, leader: Caller) -> None:
    offer, accept = {"to_person": "C3"}, {"from_person": "C2"}
    assert await rota.does("L1", "offer-swap", "chief-S2", offer) == "DUTY_NOT_ASSIGNED"
    assert await rota.does("C3", "accept-swap", "chief-S2", accept) == "DUTY_NOT_ASSIGNED"
    assert await rota.does("C2", "offer-swap", "chief-S2", offer) == "accepted"
    await rota.town.checkin.idle()
    async with rota.person("C3") as other:
        asked = (await other.get("/people/C3/duties")).json()["duties"]
        assert [one["offers"] for one in asked] == [[{"from_person": "C2", "to_person": "C3"}]]
        swapped = await other.post("/duties/chief-S2/accept-swap", accept, "accept")
        assert (outcome(swapped), outcome(await other.post("/duties/chief-S2/accept-swap", accept, "once more"))) == (
            "accepted",
            "unchanged",
        )
    friday = await week_of(leader, "S2", swapped.json()["position"])
    assert (friday["chief"], friday["swaps"]) == ("C3", 1)
    (told,) = await rota.published("DutySwapped")
    assert (told["from_person"], told["to_person"], told["people"]) == ("C2", "C3", ["C3"])
    deputy = await leader.post("/duties/chief-S2/name-deputy", {"station_id": "S2", "person_id": "C2"}, "deputy")
    assert outcome(deputy) == "accepted"


async def test_a_duty_is_planned_named_withdrawn_from_and_cancelled(rota: Rota, leader: Caller) -> None:
    slot = duty("planned", "patrol_weekly", "S1", "13:30", "15:30")
    del slot["people"]
    assert outcome(await leader.post("/duties/plan", slot, "plan")) == "accepted"
    assert outcome(await leader.post("/duties", {**slot, "people": ["L1"]}, "name")) == "accepted"
    assert await rota.does("L1", "offer-swap", "planned", {"to_person": "V4"}) == "accepted"
    assert await rota.does("V5", "withdraw-swap", "planned", {"from_person": "L1"}) == "DUTY_NOT_ASSIGNED"
    assert await rota.does("V4", "withdraw-swap", "planned", {"from_person": "L1"}) == "accepted"
    assert await rota.does("V4", "accept-swap", "planned", {"from_person": "L1"}) == "DUTY_NOT_ASSIGNED"
    cancel = {"station_id": "S1", "reason": "illness"}
    elsewhere = await leader.post("/duties/planned/cancel", {**cancel, "station_id": "S2"}, "elsewhere")
    assert outcome(elsewhere) == "NOT_FOUND"
    assert outcome(await leader.post("/duties/planned/cancel", cancel, "cancel")) == "accepted"
    (told,) = await rota.published("DutyCancelled")
    assert (told["duty_id"], told["reason"]) == ("planned", "illness")


async def test_row_21_a_suspended_stations_duties_are_cancelled_and_stay_so(rota: Rota, leader: Caller) -> None:
    async with rota.person("P1", "officer") as officer:
        assert outcome(await officer.post("/stations/S3/suspend", {"reason": "repair"}, "suspend")) == "accepted"
        anew = duty("anew", "chief", "S3", "08:00", "18:00", "C5")
        assert outcome(await leader.post("/duties", anew, "while suspended")) == "STATION_SUSPENDED"
        cancelled = await rota.published("DutyCancelled")
        assert {(one["duty_id"], one["reason"]) for one in cancelled if one["station_id"] == "S3"} == {
            ("chief-S3", "station_suspended"),
            ("closed", "station_suspended"),
        }
        assert outcome(await officer.post("/stations/S3/resume", {}, "resume")) == "accepted"
    assert await rota.does("C5", "start", "chief-S3") == "DUTY_NOT_ASSIGNED"
    assert (await week_of(leader, "S3"))["gap"] is True


async def test_ck10_at_eight_in_the_evening_gaps_are_told(rota: Rota, leader: Caller) -> None:
    rota.clock("22 20:00")
    await rota.town.checkin.idle()
    told = {station: (await week_of(leader, station))["unassigned_at"] for station in STATIONS}
    assert {station for station, at in told.items() if at is not None} == {"S3", "S4"}


async def test_the_chief_on_duty_has_his_powers_without_a_grant(rota: Rota) -> None:
    rota.clock("23 05:25")
    let_in = {"member_id": "W02", "station_id": "S1", "gate_id": "S1-G1", "reason": "heat_wave"}
    async with rota.person("C1", "worker") as chief, rota.person("C9", "worker") as other:
        assert outcome(await chief.post("/scans/override", let_in, "before")) == "FORBIDDEN"
        assert outcome(await other.post("/duties/chief-S1/start", {}, "other")) == "DUTY_NOT_ASSIGNED"
        assert outcome(await chief.post("/duties/chief-S1/start", {}, "start")) == "accepted"
        rota.clock("23 05:35")
        await rota.town.checkin.idle()
        assert outcome(await chief.post("/scans/override", let_in, "during")) == "accepted"
        assert outcome(await chief.post("/scans/override", {**let_in, "station_id": "S2"}, "elsewhere")) == "FORBIDDEN"
        assert outcome(await other.post("/scans/override", let_in, "another")) == "FORBIDDEN"


async def test_ck10_who_has_not_started_by_nine_has_missed_it_and_the_deputy_starts(rota: Rota, leader: Caller) -> None:
    assert await rota.does("C2", "start", "chief-S2") == "DUTY_NOT_ASSIGNED"
    rota.clock("23 09:00")
    (missed,) = await rota.published("DutyMissed")
    assert (missed["duty_id"], missed["people"], missed["missed_at"]) == ("chief-S2", ["C3"], "2026-01-23T01:00:00Z")
    async with rota.person("C2") as deputy:
        assert outcome(await deputy.post("/duties/chief-S2/start", {}, "deputy starts")) == "accepted"
    await rota.town.checkin.idle()
    friday = await week_of(leader, "S2")
    assert (friday["state"], friday["started_by"], friday["missed_at"]) == ("on_duty", "C2", "2026-01-23T01:00:00Z")


def demand(number: int, category: str, ref: str, changes: Mapping[str, str] = NOTHING) -> dict[str, Any]:
    due = "2026-01-23T18:00:00" if number < 4 else "2026-02-06T18:00:00"
    what = {"demand_id": f"DM-{number}", "duty_id": "chief-S1", "station_id": "S1", "chief_id": "C1"}
    return {**what, "category": category, "deadline": china(due), "content_ref": ref, **changes}


def heard(identity: str, data: dict[str, Any]) -> Raw:
    return binary("cn.yizhan.checkin.DemandHeard.v1", identity, "/apps/chief", data["duty_id"], data)


async def posted(chief: Caller) -> dict[str, str]:
    body = {"subject": "S1-demands", "text": "The socket by the door gives no current."}
    return dict((await chief.post("/content", body, "words")).json())


async def test_step_11_thirteen_demands_by_either_door_and_four_are_met(rota: Rota) -> None:
    async with rota.person("C1") as chief, rota.person("P1", "officer") as officer:
        ref = (await posted(chief))["ref"]
        told = [demand(number, category, ref) for number, category in enumerate(DEMANDS)]
        for body in told[:6]:
            assert outcome(await chief.post("/demands", body, body["demand_id"])) == "accepted"
        await rota.publish(intake_topic("checkin"), *[heard(body["demand_id"], body) for body in told[6:]])
        published = await rota.published("DemandRecorded")
        assert Counter(one["category"] for one in published) == Counter(DEMANDS)
        assert {one["content_ref"] for one in published} == {ref}
        rota.clock("23 18:00")
        await rota.publish(events_topic("grievance"), *[closed(body["demand_id"]) for body in told[:4]])
        figures = (await officer.get("/demands/figures", station_id="S1")).json()
        assert [figures[name] for name in ("recorded", "closed", "open", "closed_in_time", "overdue")] == [
            13,
            4,
            9,
            4,
            0,
        ]
        assert len(figures["categories"]) == 6
        late = (await officer.get("/demands", state="open", category="meals", limit="2")).json()
        assert [one["demand_id"] for one in late["demands"]] == ["DM-5", "DM-6"]
        rest = (await officer.get("/demands", state="open", category="meals", after=str(late["next"]))).json()
        assert [one["demand_id"] for one in rest["demands"]] == ["DM-7"]


def closed(demand_id: str) -> Raw:
    case = {"case_id": f"CS-{demand_id}", "kind": "request", "category": "charging", "demand_id": demand_id}
    end = {"outcome": "done", "round": 1, "closed_at": china("2026-01-23T17:30:00"), "in_time": True}
    return binary(
        "cn.yizhan.grievance.CaseClosed.v1", f"closed-{demand_id}", "grievance", case["case_id"], {**case, **end}
    )


REFUSED = {
    "CATEGORY_UNKNOWN": {"category": "weather"},
    "DEADLINE_REQUIRED": {"deadline": china("2026-01-23T17:59:00")},
    "DUTY_NOT_ASSIGNED": {"duty_id": "chief-S2", "station_id": "S2"},
    "NOT_FOUND": {"duty_id": "no-such-duty"},
    "ALREADY_REGISTERED": {"demand_id": "DM-1", "category": "rest"},
}


async def test_demands_are_refused_with_the_same_codes_at_both_doors(rota: Rota) -> None:
    async with rota.person("C1") as chief:
        ref = (await posted(chief))["ref"]
        bodies = {code: demand(99, "charging", ref, changes) for code, changes in REFUSED.items()}
        by_http = {code: outcome(await chief.post("/demands", body, f"no-{code}")) for code, body in bodies.items()}
        assert by_http == {code: code for code in REFUSED}
        unposted = await chief.post("/demands", demand(99, "charging", "no-such-content"), "unposted")
        assert (unposted.json()["code"], unposted.json()["errors"][0]["field"]) == ("NOT_FOUND", "content_ref")
        others = await chief.post("/demands", demand(99, "charging", ref, {"chief_id": "C9"}), "for another")
        assert outcome(others) == "FORBIDDEN"
    await rota.publish(intake_topic("checkin"), *[heard(f"no-{code}", body) for code, body in bodies.items()])
    told = answers(await read_all(rota.town.infra.kafka, feedback_topic("checkin")))
    by_kafka = {one["id"].removeprefix("no-"): one.get("code") for one in told if one["id"].startswith("no-")}
    assert by_kafka == {code: code for code in REFUSED}


def accepted(report: str, duty_id: str, at: str) -> Raw:
    patrol = {"report_id": report, "duty_id": duty_id, "station_id": "S1", "volunteer_id": "V1", "kind_paid": "daily"}
    paid = {"points": 2, "rules_version": 1, "accepted_by": "automatic", "failed_items": []}
    times = {"performed_from": china("2026-01-23T08:00:00"), "accepted_at": china(f"2026-01-{at}")}
    return binary("cn.yizhan.points.PatrolReportAccepted.v1", report, "points", report, {**patrol, **paid, **times})


async def test_ck11_e15_a_report_fulfils_a_patrol_once_and_without_one_it_is_missed(rota: Rota) -> None:
    reports = [accepted(f"PR-{number}", "morning", "23T08:21:00") for number in range(3)]
    await rota.publish(events_topic("points"), *reports)
    rota.clock("24 16:30")
    missed = {one["duty_id"]: one["missed_at"] for one in await rota.published("DutyMissed")}
    assert missed["heating"] == "2026-01-24T08:30:00Z"
    assert "morning" not in missed
    await rota.publish(events_topic("points"), accepted("PR-9", "heating", "24T16:40:00"))
    async with rota.person("P1", "officer") as officer:
        query = {"from_day": "2026-01-23", "to_day": "2026-01-23", "county": "chengguan"}
        shown = (await officer.get("/patrol-coverage", **query)).json()["stations"]
    week = {"week_from": "2026-01-19", "kind": "patrol_daily", "scheduled": 1}
    assert {one["station_id"]: one["weeks"] for one in shown} == {
        "S1": [{**week, "fulfilled": 1, "missed": 0, "reported_late": 0}],
        "S2": [{**week, "fulfilled": 0, "missed": 1, "reported_late": 1}],
        "S3": [],
        "S4": [],
    }


async def coverage_of(rota: Rota, station: str) -> tuple[int, int, int]:
    """Fulfilled, missed, and reported too late, in the week."""
    await rota.town.checkin.idle()
    async with rota.person("P1", "officer") as officer:
        query = {"from_day": "2026-01-23", "to_day": "2026-01-23", "station_id": station}
        (shown,) = (await officer.get("/patrol-coverage", **query)).json()["stations"]
    (week,) = shown["weeks"]
    return week["fulfilled"], week["missed"], week["reported_late"]


def voided(report: str, duty_id: str, at: str) -> Raw:
    patrol = {"report_id": report, "duty_id": duty_id, "station_id": "S1", "volunteer_id": "V1", "points": 2}
    why = {"reason": "photos_of_another_day", "voided_at": china(f"2026-01-{at}")}
    identity = f"voided-{report}"
    return binary("cn.yizhan.points.PatrolReportVoided.v1", identity, "points", report, {**patrol, **why})


async def test_ck11_e34_voided_reports_undo_what_they_fulfilled(rota: Rota) -> None:
    """Of three reports two are voided and nothing changes; with the last, told twice, the patrol was missed."""
    assert await coverage_of(rota, "S1") == (1, 0, 0)
    topic = events_topic("points")
    await rota.publish(topic, voided("PR-0", "morning", "24T17:00:00"), voided("PR-2", "morning", "24T17:00:00"))
    assert await coverage_of(rota, "S1") == (1, 0, 0)
    await rota.publish(topic, *[voided("PR-1", "morning", "24T17:01:00")] * 2)
    assert await coverage_of(rota, "S1") == (0, 1, 0)
    missed = [one for one in await rota.published("DutyMissed") if one["duty_id"] == "morning"]
    assert [(one["people"], one["missed_at"]) for one in missed] == [(["V1", "V2"], "2026-01-24T01:30:00Z")]
    await rota.publish(topic, voided("PR-9", "heating", "24T17:02:00"))
    assert await coverage_of(rota, "S2") == (0, 1, 0)


async def test_a_duty_that_nobody_ended_is_over_and_so_are_its_powers(rota: Rota, leader: Caller) -> None:
    await rota.town.checkin.idle()
    assert (await week_of(leader, "S1"))["state"] == "completed"
    assert await rota.does("C1", "end", "chief-S1") == "unchanged"
    async with rota.person("C1") as chief:
        assert outcome(await chief.post("/scans/override", {"station_id": "S1"}, "after")) == "FORBIDDEN"


async def test_weeks_of_a_county_are_read_by_pages_with_the_calendar_of_working_days(rota: Rota) -> None:
    async with rota.person("P1", "officer") as officer:
        overrides = [{"date": "2026-01-23", "kind": "holiday"}, {"date": "2027-02-06", "kind": "holiday"}]
        published = await officer.post("/calendar", {"version": 1, "overrides": overrides}, "calendar")
        again = await officer.post("/calendar", {"version": 1, "overrides": []}, "calendar again")
        assert (outcome(published), outcome(again)) == ("accepted", "ALREADY_REGISTERED")
        query = {"week_of": "2026-01-23", "county": "chengguan", "min_position": published.json()["position"]}
        first = (await officer.get("/rota", limit="3", **query)).json()
        rest = (await officer.get("/rota", limit="3", after=first["next"], **query)).json()
        assert [one["station_id"] for one in first["stations"] + rest["stations"]] == list(STATIONS)
        assert [day["kind"] for day in first["stations"][0]["days"]] == ["workday"] * 4 + ["holiday"] + ["weekend"] * 2
        days = (await officer.get("/calendar", from_day="2027-02-05", days="2")).json()["days"]
        assert [(day["kind"], day["source"]) for day in days] == [("workday", "weekday"), ("holiday", "published")]


async def test_read_tables_built_anew_are_the_same(rota: Rota) -> None:
    await rota.town.checkin.idle()
    assert await rota.town.faults("checkin") == []
