"""Course voting 点单 through the doors of real services: a ballot, its winners' places, who comes, who rates."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import pytest

from shared.clock import CHINA
from shared.contracts.event_type import events_topic, feedback_topic, intake_topic
from shared.embedded.infra import Infra
from shared.testing.gates import Caller, calling, settle
from shared.testing.infrastructure import Databases
from shared.testing.topics import Publisher, answers, binary, read_all
from tests.running import Town, a_town

pytestmark = pytest.mark.journey

VOTERS = [f"W{number:02}" for number in range(1, 41)]
_numbers = itertools.count(1)


def at(clock: str, day: int = 23, month: int = 1) -> datetime:
    return datetime.fromisoformat(f"2026-{month:02}-{day:02}T{clock}").replace(tzinfo=CHINA)


def course(course_id: str, place_id: str, clock: str = "14:00") -> dict[str, Any]:
    times = {"starts_at": at(clock, 1, 2).isoformat(), "ends_at": at("15:30", 1, 2).isoformat()}
    return {"course_id": course_id, "place_id": place_id, "capacity": 2, **times}


COURSES = [course("first_aid", "R1"), course("tea", "R2"), course("chess", "R3")]
BALLOT = {"courses": COURSES, "max_choices": 2, "to_run": 1, "closes_at": at("18:00", 25).isoformat()}


class School:
    """Officers of both services, and whoever votes, comes and rates."""

    def __init__(self, town: Town, officer: Caller, front: Caller, anyone: Caller) -> None:
        self.town, self.officer, self.front, self.anyone = town, officer, front, anyone

    def set(self, clock: str, day: int = 23, month: int = 1) -> None:
        self.town.surroundings.clock.path.write_text(f"fixed {at(clock, day, month).isoformat()}\n")

    async def code(self, path: str, body: Any, who: Caller | None = None) -> str:
        """The outcome, or the code of the refusal."""
        answer = (await (who or self.officer).post(path, body, f"key-{next(_numbers)}")).json()
        return str(answer.get("code") or answer["outcome"])

    async def votes(self, member: str, *choices: str, ballot: str = "BL-1", change: bool = False) -> str:
        body = {"ballot_id": ballot, "member_id": member, "choices": list(choices), "change": change}
        return await self.code("/votes", body, self.anyone)

    async def tell(self, name: str, *events: dict[str, Any]) -> list[str]:
        """What the publisher is answered on the feedback topic."""
        kind, ids = f"cn.yizhan.welfare.{name}.v1", [f"app-{next(_numbers)}" for _ in events]
        records = [
            binary(kind, one, "/apps/1", event["member_id"], event) for one, event in zip(ids, events, strict=True)
        ]
        async with Publisher(self.town.infra.kafka) as publisher:
            await publisher.send(intake_topic("welfare"), *records)
        await self.town.welfare.idle()
        found = {one["id"]: one for one in answers(await read_all(self.town.infra.kafka, feedback_topic("welfare")))}
        return [str(found[one].get("code") or found[one]["status"]) for one in ids]

    async def get(self, path: str, who: Caller | None = None, /, **query: str) -> dict[str, Any]:
        await self.town.idle()
        answer = await (who or self.officer).get(path, **query)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def told(self, of: str) -> list[dict[str, Any]]:
        """What welfare has published that has this field."""
        await self.town.idle()
        return [one for one in answers(await read_all(self.town.infra.kafka, events_topic("welfare"))) if of in one]


@pytest.fixture(scope="module")
async def school(infra: Infra, databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[School]:
    async with a_town(infra, databases, tmp_path_factory.mktemp("courses"), "checkin", "welfare") as town:
        await settle(town.checkin, town.surroundings, VOTERS)
        await town.idle()
        around = town.surroundings
        async with (
            calling(town.welfare, around, "P1", "officer", "machine") as officer,
            calling(town.checkin, around, "P1", "officer", "desk") as front,
            calling(town.welfare, around, "A1", "admin") as anyone,
        ):
            yield School(town, officer, front, anyone)


async def test_wf12_a_ballot_counts_each_member_once_whatever_the_door(school: School) -> None:
    school.set("12:00")
    assert await school.code("/ballots/BL-1/open", BALLOT) == "accepted"
    assert await school.code("/ballots/BL-1/open", {**BALLOT, "to_run": 2}) == "IDEMPOTENCY_KEY_REUSED"
    half = len(VOTERS) // 2
    by_app = [{"ballot_id": "BL-1", "member_id": one, "choices": ["tea"]} for one in VOTERS[:half]]
    assert await school.tell("VoteCast", *by_app) == ["accepted"] * half
    at_once = await asyncio.gather(*[school.votes(one, "chess", "first_aid") for one in VOTERS[half:]])
    assert at_once == ["accepted"] * half
    counts = await school.get("/ballots/BL-1/counts")
    assert {one["course_id"]: one["votes"] for one in counts["counts"]} == dict.fromkeys(
        ("first_aid", "tea", "chess"), half
    )
    shown = await school.get("/ballots/BL-1")
    assert (shown["state"], shown["voters"]) == ("open", len(VOTERS))
    assert {(one["votes"], one["rank"], one["won"]) for one in shown["courses"]} == {(None, None, None)}


async def test_wf12_every_code_of_votes_by_both_doors(school: School) -> None:
    vote = {"ballot_id": "BL-1", "member_id": "W01", "choices": ["tea"]}
    assert await school.votes("W01", "chess") == "ALREADY_VOTED"
    assert await school.votes("W01", "yoga") == "VALIDATION_FAILED"
    assert await school.votes("W01", "tea", "chess", "first_aid") == "VALIDATION_FAILED"
    assert await school.votes("W99", "tea") == "NOT_FOUND"
    assert await school.votes("W01", "tea", ballot="unknown") == "NOT_FOUND"
    wrong = [{**vote, "choices": ["chess"]}, {**vote, "choices": ["yoga"]}, {**vote, "ballot_id": "unknown"}]
    assert await school.tell("VoteCast", vote, *wrong) == [
        "accepted",  # the same again
        "ALREADY_VOTED",
        "VALIDATION_FAILED",
        "NOT_FOUND",
    ]
    assert await school.votes("W02", "chess", change=True) == "accepted"
    async with calling(school.town.welfare, school.town.surroundings, "W02", "worker") as worker:
        (mine,) = (await school.get("/members/W02/votes", worker))["votes"]
        assert (mine["choices"], mine["changed_at"] is None) == (["chess"], False)
        assert (await worker.get("/members/W01/votes")).json()["code"] == "FORBIDDEN"
        assert (await worker.get("/ballots/BL-1/counts")).json()["code"] == "FORBIDDEN"
        body = {"ballot_id": "BL-1", "member_id": "W01", "choices": ["tea"]}
        assert (await worker.post("/votes", body, "other")).json()["code"] == "FORBIDDEN"
    assert await school.code("/members/W40/suspend", {"reason": "left_trade"}, school.front) == "accepted"
    await school.town.idle()
    assert await school.votes("W40", "tea", change=True) == "MEMBER_SUSPENDED"
    assert await school.tell("VoteCast", {**vote, "member_id": "W40"}) == ["MEMBER_SUSPENDED"]


async def test_row24_the_winners_places_can_be_booked_when_the_ballot_has_closed(school: School) -> None:
    school.set("18:00", 25)
    assert await school.votes("W01", "chess", change=True) == "BALLOT_CLOSED"
    late = {"ballot_id": "BL-1", "member_id": "W01", "choices": ["chess"], "change": True}
    assert await school.tell("VoteCast", late) == ["BALLOT_CLOSED"]
    shown = await school.get("/ballots/BL-1")
    half = len(VOTERS) // 2
    result = [(one["course_id"], one["votes"], one["won"]) for one in shown["courses"]]
    assert result == [("chess", half + 1, True), ("first_aid", half, False), ("tea", half - 1, False)]
    (closed,) = await school.told("winners")
    assert [one["course_id"] for one in closed["winners"]] == ["chess"]
    session_id = shown["courses"][0]["session_id"]
    pool = (await school.front.get(f"/slot-pools/{session_id}")).json()
    assert (pool["course_id"], pool["place_id"], pool["capacity"]) == ("chess", "R3", 2)
    session = await school.get(f"/sessions/{session_id}")
    assert (session["state"], session["course_id"], session["mean"]) == ("scheduled", "chess", None)


async def test_row25_who_has_come_rates_once_within_seven_days(school: School) -> None:
    session_id = (await school.get("/ballots/BL-1"))["courses"][0]["session_id"]
    for member in ("W01", "W02"):
        assert await school.code(f"/slot-pools/{session_id}/book", {"member_id": member}, school.front) == "accepted"
    school.set("14:05", 1, 2)
    rating = {"session_id": session_id, "member_id": "W01", "stars": 5}
    early = {**rating, "member_id": "W02", "stars": 2}
    assert await school.code(f"/sessions/{session_id}/rate", rating, school.anyone) == "NOT_FOUND"
    nobody = {**early, "member_id": "W03"}
    assert await school.tell("SessionRated", early, nobody) == ["accepted", "accepted"]  # they wait for the attendance
    for member in ("W01", "W02"):
        comes = {"member_id": member, "place_id": "R3", "device_id": "desk"}
        assert await school.code("/bookings/present", comes, school.front) == "accepted"
    invited = (await school.get("/members/W01/sessions"))["attended"]
    assert [(one["session_id"], one["invited"]) for one in invited] == [(session_id, True)]
    told = await school.told("rated_until")
    assert {(one["member_id"], one["course_id"]) for one in told} == {("W01", "chess"), ("W02", "chess")}
    assert await school.code("/session-ratings", {**rating, "via": "callback"}) == "accepted"
    assert await school.code(f"/sessions/{session_id}/rate", rating, school.anyone) == "RATING_ALREADY_GIVEN"
    assert await school.tell("SessionRated", rating) == ["RATING_ALREADY_GIVEN"]
    assert (await school.get(f"/sessions/{session_id}/attendances", to_call="true"))["attendances"] == []
    school.set("14:05", 8, 2)
    await school.town.idle()
    fed_back = answers(await read_all(school.town.infra.kafka, feedback_topic("welfare")))
    assert [one["status"] for one in fed_back if one.get("code") == "CAUSE_MISSING"] == [
        "quarantined"
    ]  # W03 was not there
    assert await school.code("/session-ratings", rating) == "RATING_WINDOW_CLOSED"
    assert await school.tell("SessionRated", rating) == ["RATING_WINDOW_CLOSED"]


async def test_w7_the_quality_of_sessions_and_its_change(school: School) -> None:
    now = {"from": "2026-02-01", "to": "2026-03-01"}
    quality = await school.get("/session-quality", **now, against_from="2026-01-01", against_to="2026-02-01")
    assert (quality["held"], quality["attended"], quality["rated"], quality["mean"]) == (1, 2, 2, "3.50")
    assert {via: one["mean"] for via, one in quality["by_via"].items()} == {"scan": "2.00", "callback": "5.00"}
    assert (quality["before"]["sessions"], quality["change"]) == (0, {"mean": None, "percent": None})
    assert (await school.officer.get("/session-quality", **now, against_from="2026-01-01")).status_code == 422
    by_course = await school.get("/session-quality/courses", **now)
    assert [(one["course_id"], one["mean"]) for one in by_course["courses"]] == [("chess", "3.50")]
    listed = await school.get("/sessions", **now)
    assert [(one["course_id"], one["state"]) for one in listed["sessions"]] == [("chess", "held")]


async def test_w6_a_health_check_for_the_members_of_a_list(school: School) -> None:
    times = {"starts_at": at("09:00", 10, 2).isoformat(), "ends_at": at("11:00", 10, 2).isoformat(), "capacity": 40}
    slot = {"pool_id": "VAN-0210", "purpose": "service", "place_id": "VAN-1", "campaign_id": "care_200", **times}
    assert await school.code("/slot-pools", slot, school.front) == "accepted"
    await school.town.idle()
    assert await school.code("/sessions/VAN-0210/schedule", {"course_id": "health_check"}) == "accepted"
    assert await school.code("/sessions/unknown/schedule", {"course_id": "health_check"}) == "NOT_FOUND"
    assert await school.code("/slot-pools/VAN-0210/close", {"reason": "rain"}, school.front) == "accepted"
    session = await school.get("/sessions/VAN-0210")
    assert (session["state"], session["reason"], session["campaign_id"]) == ("cancelled", "rain", "care_200")


async def test_an_officer_closes_a_ballot_and_pages_go_on(school: School) -> None:
    school.set("14:05", 8, 2)
    again = {**BALLOT, "closes_at": at("14:06", 8, 2).isoformat()}
    assert await school.code("/ballots/BL-2/open", again) == "VALIDATION_FAILED"  # its courses are past
    later = [{**one, "starts_at": "2026-03-01T06:00:00Z", "ends_at": "2026-03-01T07:00:00Z"} for one in COURSES]
    assert await school.code("/ballots/BL-2/open", {**again, "courses": later}) == "accepted"
    assert await school.code("/ballots/BL-2/close", {}) == "accepted"
    assert await school.votes("W01", "tea", ballot="BL-2") == "BALLOT_CLOSED"
    first = await school.get("/ballots", limit="1")
    second = await school.get("/ballots", limit="1", before=str(first["next"]))
    assert [one["ballot_id"] for page in (first, second) for one in page["ballots"]] == ["BL-2", "BL-1"]


async def test_k7_two_devices_at_once_on_two_processes_give_one_vote(school: School) -> None:
    """WF12: whichever is first counts; the other one is told so. No count is lost, and no conflict is shown."""
    school.set("12:00", 9, 2)
    later = [{**one, "starts_at": "2026-03-02T06:00:00Z", "ends_at": "2026-03-02T07:00:00Z"} for one in COURSES]
    ballot = {**BALLOT, "courses": later, "closes_at": at("18:00", 9, 2).isoformat()}
    assert await school.code("/ballots/BL-3/open", ballot) == "accepted"
    second = school.town.process("welfare", role="api", name="welfare-2")
    await second.start()
    voters = VOTERS[:30]
    async with calling(second, school.town.surroundings, "A1", "admin") as other_door:

        async def other(member: str) -> str:
            body = {"ballot_id": "BL-3", "member_id": member, "choices": ["chess"]}
            return await school.code("/votes", body, other_door)

        mine = [school.votes(one, "tea", ballot="BL-3") for one in voters]
        said = await asyncio.gather(*[one for pair in zip(mine, map(other, voters), strict=True) for one in pair])
    outcomes = list(zip(said[::2], said[1::2], strict=True))
    assert {tuple(sorted(pair)) for pair in outcomes} == {("ALREADY_VOTED", "accepted")}
    counts = {one["course_id"]: one["votes"] for one in (await school.get("/ballots/BL-3/counts"))["counts"]}
    tea = [pair[0] for pair in outcomes].count("accepted")
    assert counts == {"tea": tea, "chess": len(voters) - tea, "first_aid": 0}
    school.set("18:00", 9, 2)
    shown = await school.get("/ballots/BL-3")
    result = {one["course_id"]: one["votes"] for one in shown["courses"]}
    assert (shown["voters"], result) == (len(voters), counts)


async def test_nothing_was_lost_doubled_or_shown_wrong(school: School) -> None:
    """Logs, read tables and topics agree after all of this."""
    await school.town.idle()
    assert await school.town.faults("checkin", "welfare") == []
