"""A patrol report for a duty that points was not told of: it waits, is quarantined, goes on by a replay."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import uuid4

import pytest
from msgspec import json

from services.points.domain.values import DUTY_WAIT
from shared.contracts.event_type import events_topic, feedback_topic, intake_topic, quarantine_topic
from shared.testing.gates import REPORTED, RULES, calling, duty, reported
from shared.testing.topics import Publisher, Raw, answers, binary, read_all
from tests.cli.lab import called, objects, refused
from tests.running import Town

pytestmark = pytest.mark.usefixtures("here")
APP = "/apps/patrol"
ASSIGNED, STARTED = "cn.yizhan.checkin.DutyAssigned.v1", "cn.yizhan.checkin.VisitStarted.v1"
CHECKIN = "/yizhan/checkin"


class Patrol:
    """One volunteer's, of whom checkin's events may come late."""

    def __init__(self, town: Town) -> None:
        self.town, self.name = town, uuid4().hex[:8]
        self.volunteer, self.duty, self.report = (f"{letter}-{self.name}" for letter in "VDR")

    async def publish(self, topic: str, *records: Raw) -> None:
        async with Publisher(self.town.infra.kafka) as publisher:
            await publisher.send(topic, *records)
        await self.town.points.idle()

    async def report_by_kafka(self, identity: str) -> None:
        data = reported(self.report, self.duty, self.volunteer)
        await self.publish(intake_topic("points"), binary(REPORTED, identity, APP, self.volunteer, data))

    async def report_by_http(self, key: str) -> dict[str, Any]:
        async with calling(self.town.points, self.town.surroundings, APP, "patrol_app") as app:
            answer = await app.post("/patrol-reports", reported(self.report, self.duty, self.volunteer), key)
            await self.town.points.idle()
            found: dict[str, Any] = answer.json()
            return found

    async def visit_is_told(self) -> None:
        data = {
            "visit_id": f"visit-{self.name}", "member_id": self.volunteer, "station_id": "S1", "gate_id": "S1-G1",
            "started_at": "2026-01-23T03:20:00Z", "offline": False, "clock_corrected": False, "counted": True,
            "flags": [],
        }  # fmt: skip
        await self._told(STARTED, self.volunteer, data)

    async def duty_is_told(self, *people: str) -> None:
        await self._told(ASSIGNED, self.duty, duty(self.duty, *(people or (self.volunteer,))))

    async def _told(self, kind: str, key: str, data: dict[str, Any]) -> None:
        await self.publish(events_topic("checkin"), binary(kind, f"{kind}-{uuid4()}", CHECKIN, key, data))

    async def time_is_over(self) -> None:
        clock = self.town.surroundings.clock
        clock.set(clock.now() + DUTY_WAIT)
        await self.town.points.idle()

    async def state(self) -> dict[str, Any]:
        async with calling(self.town.points, self.town.surroundings, "P1", "officer") as officer:
            found: dict[str, Any] = (await officer.get(f"/patrol-reports/{self.report}")).json()
            return found

    async def points(self) -> int:
        async with calling(self.town.points, self.town.surroundings, "P1", "officer") as officer:
            return int((await officer.get(f"/accounts/{self.volunteer}/balance")).json()["available"])

    async def told(self, identity: str) -> list[dict[str, Any]]:
        records = await read_all(self.town.infra.kafka, feedback_topic("points"))
        return [one for one in answers(records) if one.get("id") == identity]

    async def quarantined(self, identity: str) -> list[dict[str, Any]]:
        return [row for row in await _listed() if row["place"].startswith(f"{identity} of ")]


async def _listed() -> list[dict[str, Any]]:
    return objects(await called("quarantine", "list", "points", "--json"))


def statuses(told: Iterable[dict[str, Any]]) -> list[str]:
    return [one["status"] for one in told]


@pytest.fixture
async def patrol(town: Town) -> Patrol:
    async with calling(town.points, town.surroundings, "P1", "officer") as officer:
        assert (await officer.insist("/rules", RULES, "rules-1")).status_code == 200
    return Patrol(town)


async def test_the_duty_that_is_told_in_time_has_the_report_accepted(patrol: Patrol) -> None:
    await patrol.visit_is_told()
    await patrol.report_by_kafka(f"in-time-{patrol.name}")
    assert (await patrol.state())["state"] == "submitted"
    await patrol.duty_is_told()
    assert ((await patrol.state())["state"], await patrol.points()) == ("accepted", 2)
    await patrol.time_is_over()
    assert statuses(await patrol.told(f"in-time-{patrol.name}")) == ["accepted"]
    assert await patrol.quarantined(f"in-time-{patrol.name}") == []


async def test_a_known_duty_without_the_volunteer_refuses_at_once(patrol: Patrol) -> None:
    await patrol.duty_is_told("V-other")
    await patrol.report_by_kafka(f"not-on-it-{patrol.name}")
    (told,) = await patrol.told(f"not-on-it-{patrol.name}")
    assert (told["status"], told["code"], told["retry"]) == ("refused", "DUTY_NOT_ASSIGNED", False)


async def test_the_duty_that_is_never_told_quarantines_the_report_and_a_replay_goes_on_once(
    town: Town, patrol: Patrol
) -> None:
    identity = f"never-{patrol.name}"
    await patrol.visit_is_told()
    await patrol.report_by_kafka(identity)
    assert statuses(await patrol.told(identity)) == ["accepted"]
    await patrol.time_is_over()
    assert ((await patrol.state())["state"], (await patrol.state())["code"]) == ("quarantined", "CAUSE_MISSING")
    first, second = await patrol.told(identity)
    assert (first["status"], second["status"]) == ("accepted", "quarantined")
    assert (second["source"], second["code"], second["field"]) == (APP, "CAUSE_MISSING", "duty_id")
    assert (second["retry"], "under a new id" in second["remedy"]) == (True, True)
    assert town.points.actions().count("cause_missing") == 1
    (row,) = await patrol.quarantined(identity)
    assert (row["kind"], row["code"], row["field"]) == ("waited", "CAUSE_MISSING", "duty_id")
    notes = [json.decode(one.value) for one in await read_all(town.infra.kafka, quarantine_topic("points"))]
    assert {"ref": row["id"], "source": APP, "id": identity}.items() <= notes[-1].items()

    shown = objects(await called("quarantine", "show", "points", row["id"], "--json"))[0]
    assert (shown["stream"], shown["timer"]) == (f"report-{patrol.report}", "duty")
    assert json.decode(shown["value"])["duty_id"] == patrol.duty

    await patrol.duty_is_told()
    assert (await patrol.state())["state"] == "quarantined", "it is a person's turn"
    replay = ("quarantine", "replay", "points", row["id"])
    done = objects(await called(*replay, "--json"))[0]
    assert (done["outcome"], done["source"], done["event_id"]) == ("replayed", APP, identity)
    await town.points.idle()
    assert ((await patrol.state())["state"], await patrol.points()) == ("accepted", 2)
    assert statuses(await patrol.told(identity)) == ["accepted", "quarantined", "accepted"]
    assert await patrol.quarantined(identity) == []
    refused(await called(*replay), 1, "ID", f"{row['id']} was replayed before, by ")
    assert await patrol.points() == 2
    assert await town.faults("points") == []


async def test_a_report_by_http_runs_out_alike_and_its_app_may_send_it_again(town: Town, patrol: Patrol) -> None:
    key = f"http-{patrol.name}"
    await patrol.visit_is_told()
    assert (await patrol.report_by_http(key))["outcome"] == "accepted"
    await patrol.time_is_over()
    (told,) = await patrol.told(key)
    assert (told["source"], told["status"], told["code"]) == (APP, "quarantined", "CAUSE_MISSING")
    (row,) = await patrol.quarantined(key)
    shown = await called("quarantine", "show", "points", row["id"])
    assert f"stream: report-{patrol.report}" in shown.stdout
    await patrol.duty_is_told()
    assert (await patrol.report_by_http(key))["outcome"] == "accepted", "the first answer again, and nothing new"
    assert (await patrol.state())["state"] == "quarantined"
    assert (await patrol.report_by_http(f"{key}-again"))["outcome"] == "accepted"
    assert ((await patrol.state())["state"], await patrol.points()) == ("accepted", 2)
    assert (await called("quarantine", "replay", "points", row["id"])).exit_code == 0
    await town.points.idle()
    assert (await patrol.points(), await patrol.quarantined(key)) == (2, [])


async def test_what_is_dropped_leaves_the_list_with_its_reason(town: Town, patrol: Patrol) -> None:
    identity = f"dropped-{patrol.name}"
    await patrol.report_by_kafka(identity)
    await patrol.time_is_over()
    (row,) = await patrol.quarantined(identity)
    dropped = await called("quarantine", "drop", "points", row["id"], "--reason", "a test device", "--json")
    assert objects(dropped)[0]["outcome"] == "dropped"
    assert await patrol.quarantined(identity) == []
    assert (await called("verify", "points")).exit_code == 0
