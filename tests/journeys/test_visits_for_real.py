"""Visits through a real service: every refusal by either door, rotating codes, an offline upload, the figures."""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from xml.etree import ElementTree

import httpx
import psycopg
import pytest

from services.checkin.domain import member_code
from shared.contracts.event_type import feedback_topic
from shared.embedded.infra import Infra
from shared.identity import Grant
from shared.testing.gates import GATE, SCANNED, SCANS, STATION, Caller, calling, scanned, settle
from shared.testing.infrastructure import Databases
from shared.testing.processes import NOON
from shared.testing.topics import Publisher, Raw, answers, binary, read_all
from tests.running import Town, a_town

USED = "cn.yizhan.checkin.ServiceUsed.v1"
PATHS = {SCANNED: "/scans", USED: "/service-uses"}
MEMBERS = [f"W{number:02}" for number in range(1, 16)]
DAY = {"from": "2026-01-23", "to": "2026-01-24"}
KEYS: dict[str, str] = {}  # of the codes that were issued, by member


@pytest.fixture(scope="module")
async def town(infra: Infra, databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    async with a_town(infra, databases, tmp_path_factory.mktemp("visits"), "checkin") as town:
        await settle(town.checkin, town.surroundings, MEMBERS)
        async with calling(town.checkin, town.surroundings, "P1", "officer") as officer:
            await prepared(officer)
        yield town


@pytest.fixture(scope="module")
async def officer(town: Town) -> AsyncIterator[Caller]:
    async with calling(town.checkin, town.surroundings, "P1", "officer") as officer:
        yield officer


@pytest.fixture(scope="module")
async def gate(town: Town) -> AsyncIterator[Caller]:
    async with calling(town.checkin, town.surroundings, GATE, "gate") as gate:
        yield gate


async def prepared(officer: Caller) -> None:
    """S1 and S2 take everybody. The others refuse, each for its own reason; so are members W11 to W14 refused."""
    for name, more in (
        ("S2", {}), ("S-off", {}), ("S-gate", {}), ("S-full", {"capacity": 1}), ("S-shut", {"always_open": False}),
    ):  # fmt: skip
        await done(officer, "/stations", {**STATION, "station_id": name, **more}, name)
    await done(officer, "/stations/S-off/suspend", {"reason": "heating"}, "suspend")
    await done(officer, "/stations/S-gate/register-gate", {"gate_id": "other"}, "register")
    await done(officer, "/members/W11/suspend", {"reason": "left_trade"}, "W11")
    for member in ("W12", "W13", "W14"):
        issued = await done(officer, f"/members/{member}/issue-code", {}, f"code-{member}")
        KEYS[member] = issued["events"][0]["data"]["key_id"]
    await done(officer, "/members/W13/revoke-code", {"key_id": KEYS["W13"]}, "revoke")


async def done(caller: Caller, path: str, body: Any, key: str) -> dict[str, Any]:
    answer = await caller.insist(path, body, key)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def code_of(town: Town, member: str, moment: datetime = NOON) -> str:
    """As the member's app is given it."""
    secret = base64.b64decode(town.surroundings.code_secret)
    return member_code.make(member, KEYS[member], (secret,), moment)


def service(member: str, name: str = "charge", qty: int = 1) -> dict[str, Any]:
    return {"member_id": member, "station_id": "S1", "service": name, "qty": qty}


def elsewhere(member: str, station: str) -> dict[str, Any]:
    return scanned(member) | {"station_id": station}


# --- every refusal, by either door -----------------------------------------------------------------------------------


def refusals(town: Town) -> dict[str, tuple[str, dict[str, Any], str]]:
    """What is told, and which code answers it."""
    minutes_ago = code_of(town, "W12", NOON - timedelta(minutes=5))
    future = {"scanned_at": "2026-01-23T12:01:00+08:00", "sent_at": "2026-01-23T12:00:00+08:00"}
    return {
        "a member nobody knows": (SCANNED, scanned("W99"), "CODE_UNKNOWN"),
        "a code nobody signed": (SCANNED, scanned("W12", code="W12.aaaa.1.AAAAAAAAAAAAAAAA"), "CODE_UNKNOWN"),
        "another member's code": (SCANNED, scanned("W01", code=code_of(town, "W12")), "CODE_UNKNOWN"),
        "the card of who has a code": (SCANNED, scanned("W12"), "CODE_UNKNOWN"),
        "a code of before": (SCANNED, scanned("W12", code=minutes_ago), "CODE_EXPIRED"),
        "a code withdrawn": (SCANNED, scanned("W13", code=code_of(town, "W13")), "CODE_REVOKED"),
        "a code used": (SCANNED, elsewhere("W14", "S2") | {"code": code_of(town, "W14")}, "CODE_REPLAYED"),
        "a suspended member": (SCANNED, scanned("W11"), "MEMBER_SUSPENDED"),
        "a gate that is not registered": (SCANNED, elsewhere("W10", "S-gate"), "DEVICE_UNREGISTERED"),
        "a closed station": (SCANNED, elsewhere("W10", "S-shut"), "STATION_CLOSED"),
        "a suspended station": (SCANNED, elsewhere("W10", "S-off"), "STATION_SUSPENDED"),
        "a full station": (SCANNED, elsewhere("W10", "S-full"), "STATION_FULL"),
        "a clock that contradicts itself": (SCANNED, scanned("W10", **future), "SCAN_IN_FUTURE"),
        "an exit without an entry": (SCANNED, scanned("W10", "exit"), "VISIT_NOT_OPEN"),
        "a service without a visit": (USED, service("W10"), "VISIT_NOT_OPEN"),
        "a service nobody offers": (USED, service("W10", "massage"), "CATEGORY_UNKNOWN"),
    }


async def test_every_refusal_has_its_code_by_http_and_by_kafka(town: Town, gate: Caller) -> None:
    await done(gate, "/scans", scanned("W14", code=code_of(town, "W14")), "W14-in")
    await done(gate, "/scans", elsewhere("W09", "S-full"), "W09-in")
    cases = refusals(town)
    expected = {name: code for name, (_, _, code) in cases.items()}
    by_http = {}
    for name, (kind, data, _) in cases.items():
        answer = await gate.post(PATHS[kind], data, f"refused {name}")
        by_http[name] = answer.json()["code"]
        assert answer.status_code == (404 if by_http[name] == "CODE_UNKNOWN" else 409), answer.text
    assert by_http == expected
    records = [binary(kind, name, "/gates/kafka", data["member_id"], data) for name, (kind, data, _) in cases.items()]
    assert {name: code for name, (_, code) in (await answered(town, *records)).items()} == expected


async def answered(town: Town, *records: Raw) -> dict[str, tuple[str, str | None]]:
    """Tell these by Kafka; what became of each, by its id."""
    async with Publisher(town.infra.kafka) as publisher:
        await publisher.send(SCANS, *records)
    ids = [dict(record.headers)["ce_id"] or b"" for record in records]
    await town.checkin.idle()
    told = answers(await read_all(town.infra.kafka, feedback_topic("checkin")))
    found = {one["id"]: (one["status"], one.get("code")) for one in told if one["status"] != "duplicate"}
    return {name.decode(): found[name.decode()] for name in ids}


async def test_an_auditor_sees_what_was_refused_at_each_gate(town: Town, officer: Caller) -> None:
    await town.checkin.idle()
    rows = (await officer.get("/scan-audit", station_id="S1", **DAY)).json()["rows"]
    refused = {row["code"]: row["scans"] for row in rows if row["kind"] == "refused"}
    # By both doors; who is not registered has no stream, and what contradicts itself is refused before it is a scan.
    assert refused == {
        "CODE_UNKNOWN": 6, "CODE_EXPIRED": 2, "CODE_REVOKED": 2, "MEMBER_SUSPENDED": 2, "VISIT_NOT_OPEN": 2,
    }  # fmt: skip


# --- rotating codes --------------------------------------------------------------------------------------------------


async def test_ck7_a_member_sees_his_own_code_and_it_opens_a_gate_once(town: Town, gate: Caller) -> None:
    clock = town.surroundings.clock
    async with calling(town.checkin, town.surroundings, "W12", "worker") as worker:
        shown = await worker.get("/members/W12/code")
        assert (shown.status_code, shown.headers["Cache-Control"]) == (200, "no-store")
        code = shown.json()["code"]
        assert code == code_of(town, "W12")
        assert [shown.json()[name] for name in ("shown_from", "shown_until", "accepted_until")] == [
            "2026-01-23T04:00:00Z", "2026-01-23T04:00:30Z", "2026-01-23T04:01:00Z",
        ]  # fmt: skip
        assert (await worker.get("/members/W14/code")).status_code == 403
    entered = await done(gate, "/scans", scanned("W12", code=code), "W12-in")
    clock.set(NOON + timedelta(seconds=2))
    again = await done(gate, "/scans", scanned("W12", code=code), "W12-again")
    assert [event["type"] for event in again["events"]] == ["DuplicateScanIgnored"]
    assert again["events"][0]["data"]["visit_id"] == entered["events"][0]["data"]["visit_id"]
    copied = await gate.post("/scans", elsewhere("W12", "S2") | {"code": code}, "W12-copied")
    assert copied.json()["code"] == "CODE_REPLAYED"
    clock.set(NOON + timedelta(seconds=40))
    out = scanned("W12", "exit", code=code_of(town, "W12", NOON + timedelta(seconds=40)))
    assert (await done(gate, "/scans", out, "W12-out"))["events"][0]["type"] == "VisitEnded"


async def test_who_has_no_code_is_told_so(town: Town) -> None:
    async with calling(town.checkin, town.surroundings, "W01", "worker") as worker:
        assert (await worker.get("/members/W01/code")).json()["code"] == "NOT_FOUND"


def test_ck7_no_secret_is_recorded_or_logged(town: Town) -> None:
    secret = town.surroundings.code_secret
    with psycopg.connect(town.urls["checkin"]) as db:
        for table, columns in (("event", "data::text || meta::text"), ("command", "result::text")):
            query = f"select count(*) from {table} where {columns} like %s"
            assert db.execute(query.encode(), (f"%{secret}%",)).fetchone() == (0,)
    assert secret not in town.checkin.output


# --- an offline gate -------------------------------------------------------------------------------------------------


def uploaded(identity: str, member: str, way: str, real: datetime) -> Raw:
    """By a gate whose clock is 26 hours and 10 minutes fast, sent at about half past twelve."""
    drift = timedelta(hours=26, minutes=10)
    times = {"scanned_at": (real + drift).isoformat(), "sent_at": (NOON + timedelta(minutes=30) + drift).isoformat()}
    return binary(SCANNED, identity, "/gates/S1-G7", member, scanned(member, way, gate_id="S1-G7", **times))


async def test_e1_e2_e12_an_upload_sent_three_times_late_by_a_clock_far_off_is_one_and_dated_right(
    town: Town, officer: Caller
) -> None:
    morning, last_week = NOON - timedelta(hours=6), NOON - timedelta(hours=73)
    batch = [
        uploaded("o1", "W01", "entry", morning),
        uploaded("o2", "W01", "exit", morning + timedelta(minutes=18)),
        uploaded("o3", "W02", "entry", morning + timedelta(minutes=1)),
        uploaded("o4", "W03", "entry", last_week),
        uploaded("o5", "W03", "exit", last_week + timedelta(minutes=5)),
    ]
    town.surroundings.clock.set(NOON + timedelta(minutes=30))
    assert {status for status, _ in (await answered(town, *batch)).values()} == {"accepted"}
    after_the_first = own_events(town)
    for minutes in (34, 39):  # until the timer of W02, who has not left, is due: ten minutes after the upload
        town.surroundings.clock.set(NOON + timedelta(minutes=minutes))
        await answered(town, *batch)
    assert own_events(town) == after_the_first
    (seen,) = (await officer.get("/members/W01/visits")).json()["visits"]
    assert (seen["started_at"], seen["ends_at"]) == ("2026-01-22T22:00:00Z", "2026-01-22T22:18:00Z")
    assert (seen["offline"], seen["clock_corrected"], seen["exit_kind"]) == (True, True, "scanned")
    (late,) = (await officer.get("/members/W03/visits")).json()["visits"]
    assert (late["started_at"], late["flags"]) == ("2026-01-20T03:00:00Z", ["late_beyond_window"])
    week = await officer.get("/visitor-flow", **{"from": "2026-01-20", "to": "2026-01-21"}, station_id="S1")
    assert [row["entries"] for row in week.json()["rows"]] == [1]


def own_events(town: Town) -> int:
    with psycopg.connect(town.urls["checkin"]) as db:
        row = db.execute("select count(*) from event where origin = '' and type <> 'IntakeAnswered'").fetchone()
        assert row is not None
        return int(row[0])


# --- what is done with a visit afterwards ----------------------------------------------------------------------------


async def entered(gate: Caller, member: str) -> str:
    told = await done(gate, "/scans", scanned(member), f"in-{member}")
    return str(next(event["data"]["visit_id"] for event in told["events"] if event["type"] == "VisitStarted"))


async def test_c7_a_visitor_rates_once_and_only_his_own_visit(town: Town, gate: Caller, officer: Caller) -> None:
    visit = await entered(gate, "W04")
    async with calling(town.checkin, town.surroundings, "W04", "worker") as worker:
        rated = await done(worker, f"/visits/{visit}/rate", {"member_id": "W04", "stars": 4}, "rate")
        again = await worker.post(f"/visits/{visit}/rate", {"member_id": "W04", "stars": 5}, "rate-again")
        assert (again.status_code, again.json()["code"]) == (409, "ALREADY_RATED")
        stars = await worker.get("/stations/S1/ratings", **DAY, min_position=rated["position"])
        assert (stars.json()["ratings"], stars.json()["mean"]) == (1, "4.00")
    async with calling(town.checkin, town.surroundings, "W05", "worker") as other:
        path = f"/visits/{visit}/rate"
        assert (await other.post(path, {"member_id": "W04", "stars": 1}, "as-W04")).status_code == 403
        assert (await other.post(path, {"member_id": "W05", "stars": 1}, "as-W05")).status_code == 404


async def test_c7_services_are_counted_and_plotted(town: Town, gate: Caller, officer: Caller) -> None:
    await entered(gate, "W05")
    by_kafka = binary(USED, "use-1", "/machines/m1", "W05", service("W05", "meal", 2))
    assert (await answered(town, by_kafka))["use-1"] == ("accepted", None)
    told = await done(gate, "/service-uses", service("W05"), "use-2")
    demand = await officer.get("/service-demand", **DAY, station_id="S1", min_position=told["position"])
    assert demand.json()["services"] == [
        {"service": "meal", "uses": 1, "qty": 2}, {"service": "charge", "uses": 1, "qty": 1},
    ]  # fmt: skip
    plot = await officer.get("/service-demand.svg", **DAY, county="wolong", min_position=told["position"])
    stands_alone(plot, "Services used at wolong", "meal 2; charge 1")


async def test_a_chief_ends_and_voids_visits_at_his_station_while_on_duty(
    town: Town, gate: Caller, officer: Caller
) -> None:
    first, second = await entered(gate, "W06"), await entered(gate, "W07")
    now = int(town.surroundings.clock.now().timestamp())
    grants = [Grant("chief", "S1", now - 60, now + 60)]
    authorization = town.surroundings.authorization("C1", grants=grants)
    why = {"station_id": "S1", "reason": "gate_fault"}
    async with calling(town.checkin, town.surroundings, "C1") as chief:
        chief.http.headers["Authorization"] = authorization
        elsewhere_ = await chief.post(f"/visits/{first}/end", {"member_id": "W06", **why, "station_id": "S2"}, "no")
        assert elsewhere_.status_code == 403
        ended = await done(chief, f"/visits/{first}/end", {"member_id": "W06", **why}, "end")
        assert ended["events"][0]["data"]["exit_kind"] == "chief"
        over = await chief.post(f"/visits/{first}/end", {"member_id": "W06", **why}, "end-again")
        assert over.json()["code"] == "VISIT_NOT_OPEN"
        before = (await officer.get("/stations/S1/live", min_position=ended["position"])).json()["occupancy"]
        voided = await done(chief, f"/visits/{second}/void", {"member_id": "W07", **why}, "void")
    after = (await officer.get("/stations/S1/live", min_position=voided["position"])).json()["occupancy"]
    assert after == before - 1
    (shown,) = (await officer.get("/members/W07/visits", min_position=voided["position"])).json()["visits"]
    assert shown["exit_kind"] == "voided"


async def test_a_day_of_visitors_is_plotted_by_hour(town: Town, officer: Caller) -> None:
    await town.checkin.idle()
    flow = (await officer.get("/visitor-flow/hours", day="2026-01-23", station_id="S1")).json()
    assert [flow["rows"][hour]["entries"] for hour in (5, 6, 12)] == [0, 2, 5]  # W01, W02; W14, W12, W04, W05, W06
    assert (flow["entries"], flow["members"]) == (7, 7)
    plot = await officer.get("/stations/S1/flow.svg", day="2026-01-23")
    stands_alone(plot, "Visitors of S1 on 2026-01-23, by hour", "06:00 2 entries, at most 2 inside")


def stands_alone(plot: httpx.Response, title: str, told: str) -> None:
    """Valid SVG that asks nobody for anything, and tells in words what it shows."""
    assert (plot.status_code, plot.headers["Content-Type"]) == (200, "image/svg+xml")
    root = ElementTree.fromstring(plot.content)
    space = "{http://www.w3.org/2000/svg}"
    assert (root.tag, root.get("role")) == (f"{space}svg", "img")
    assert (root.findtext(f"{space}title") or "").startswith(title)
    assert told in (root.findtext(f"{space}desc") or "")
    assert root.get("aria-labelledby") == "plot-title plot-desc"
    rest = plot.text.replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert not re.search(r"script|https?:|//[a-z]|url\(|@import|href", rest)


async def test_gates_and_members_are_had_back(town: Town, officer: Caller) -> None:
    gates = (await officer.get("/stations/S-gate/gates")).json()["gates"]
    assert [(gate["gate_id"], gate["direction"]) for gate in gates] == [("other", None)]
    removed = await done(officer, "/stations/S-gate/remove-gate", {"gate_id": "other"}, "remove")
    assert (await officer.get("/stations/S-gate/gates", min_position=removed["position"])).json()["gates"] == []
    left = await done(officer, "/members/W15/leave", {}, "leave")
    card = await officer.get("/members/W15", min_position=left["position"])
    assert (card.json()["state"], card.json()["key_id"]) == ("left", None)


async def test_after_all_this_log_read_tables_and_topics_agree(town: Town) -> None:
    await town.checkin.idle()
    assert await town.faults("checkin") == []
