"""A small load over both services and both doors, that goes on whatever dies meanwhile."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

from shared.contracts.event_type import intake_topic
from shared.testing.gates import GATE, HOUR, REPORTED, RULES, SCANS, calling, duty, reported, scan, scanned, settle
from shared.testing.topics import Publisher, binary
from tests.running import Town

MEMBERS = [f"W{number:02}" for number in range(1, 13)]
APP = "/apps/patrol"
ROUNDS = itertools.count(1)


async def settle_both(town: Town) -> None:
    """A station, members, rules."""
    await settle(town.checkin, town.surroundings, MEMBERS)
    async with calling(town.points, town.surroundings, "P1", "officer") as officer:
        answer = await officer.insist("/rules", RULES, "rules-1")
        assert answer.status_code == 200, answer.text


async def a_round(town: Town, name: str) -> None:
    """Everybody goes in, patrols, reports and goes out; half by Kafka, half by HTTP. Ends when all is handed over."""
    kafka, http = MEMBERS[::2], MEMBERS[1::2]
    for way in ("entry", "exit"):
        async with asyncio.TaskGroup() as doors:
            doors.create_task(_scans_by_kafka(town, name, way, kafka))
            doors.create_task(scans_by_http(town, name, way, http))
            if way == "exit":
                doors.create_task(_patrols(town, name))


async def _scans_by_kafka(town: Town, name: str, way: str, members: list[str]) -> None:
    async with Publisher(town.infra.kafka) as publisher:
        await publisher.send(SCANS, *[scan(f"{name}-{way}-{member}", member, way) for member in members])


async def scans_by_http(town: Town, name: str, way: str, members: list[str]) -> None:
    """Each is repeated under its key until it has an answer."""
    async with calling(town.checkin, town.surroundings, GATE, "gate") as gate:
        for member in members:
            answer = await gate.insist("/scans", scanned(member, way), f"{name}-{way}-{member}")
            assert answer.status_code == 200, answer.text


async def _patrols(town: Town, name: str) -> None:
    """Two people's duty; one reports by each door. Each round has its own time, as nobody patrols twice at once."""
    first, second = MEMBERS[0], MEMBERS[1]
    now = town.surroundings.clock.now()
    ended = now - HOUR * next(ROUNDS)
    async with calling(town.checkin, town.surroundings, "P1", "officer") as officer:
        assigned = await officer.insist("/duties", duty(f"D-{name}", first, second, now=now), f"duty-{name}")
        assert assigned.status_code == 200, assigned.text
    await _report_by_kafka(town, f"PR-{name}-1", reported(f"PR-{name}-1", f"D-{name}", first, ended=ended))
    async with calling(town.points, town.surroundings, APP, "patrol_app") as app:
        identity = f"PR-{name}-2"
        answer = await app.insist("/patrol-reports", reported(identity, f"D-{name}", second, ended=ended), identity)
    assert answer.status_code in (200, 409), answer.text  # refused when the duty has not got there yet


async def _report_by_kafka(town: Town, identity: str, report: dict[str, Any]) -> None:
    async with Publisher(town.infra.kafka) as publisher:
        await publisher.send(intake_topic("points"), binary(REPORTED, identity, APP, report["volunteer_id"], report))
