"""Reads every topic again from its start: what is known already must change nothing."""

from __future__ import annotations

import psycopg

from scenario.doors import Doors
from scenario.player import Player
from scenario.system import System
from shared.contracts.event_type import feedback_topic
from shared.testing.topics import read_all


async def replay_faults(system: System, doors: Doors, player: Player) -> list[str]:
    """Stored offsets are deleted, every service dies and begins again at the first record. Services must be idle."""
    before, seen = await _positions(system, doors), await _duplicates(system)
    _forget_offsets(system)
    await player.idle()
    after, again = await _positions(system, doors), await _duplicates(system)
    faults = [f"{name}: reading all topics again grew the log to {after[name]}" for name in after if after != before]
    if again <= seen:
        faults.append("no intake event was read again, so the replay shows nothing")
    return faults


def _forget_offsets(system: System) -> None:
    for name, url in system.databases.items():
        with psycopg.connect(url) as connection:
            connection.execute("delete from consumer_offset")
        system.crash(name)


async def _positions(system: System, doors: Doors) -> dict[str, int]:
    return {name: int((await doors.idle(name))["position"]) for name in system.services}


async def _duplicates(system: System) -> int:
    """How many intake events were answered as seen before."""
    records = [one for name in system.services for one in await read_all(system.infra.kafka, feedback_topic(name))]
    return sum(b'"duplicate"' in record.value for record in records)
