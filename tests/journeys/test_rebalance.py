"""Workers that join and leave under load: every record is taken once, and each member's records in order."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from services.checkin.main import SERVICE
from shared.contracts.registry import PRODUCERS
from shared.embedded.infra import Infra
from shared.testing.gates import SCANS, scan
from shared.testing.infrastructure import databases_of, fresh_topics, infrastructure
from shared.testing.processes import ServiceProcess, Surroundings
from shared.testing.topics import Publisher
from shared.testing.waiting import eventually
from tests.running import migrated

pytestmark = [pytest.mark.fault, pytest.mark.slow]
MEMBERS = [f"W{number:02}" for number in range(1, 25)]
TOTAL, AT_ONCE = 6_000, 200


@pytest.fixture(scope="module")
def own_infra() -> Iterator[Infra]:
    """A group of our own: members that were killed stay in it for half a minute."""
    with infrastructure("rebalance") as infra:
        yield infra


async def test_workers_that_come_and_go_under_load_take_each_record_once_and_in_order(
    own_infra: Infra, tmp_path: Path
) -> None:
    """Three workers of one group: one is killed, one joins late, one is stopped; all come back."""
    await fresh_topics(own_infra, *PRODUCERS)
    with databases_of(own_infra) as databases:
        url = migrated(databases, SERVICE)
    surroundings = Surroundings(tmp_path, own_infra.kafka)
    workers = [ServiceProcess("checkin", surroundings, url, role="worker", name=f"worker{n}") for n in range(3)]
    for number, worker in enumerate(workers):
        worker.settings["YIZHAN_MEMBER"] = str(number)
    try:
        await asyncio.gather(workers[0].start(), workers[1].start())
        load = asyncio.create_task(_load(own_infra))
        await eventually(lambda: len(_taken(url)) > 500, 30)
        workers[0].kill()
        await workers[2].start()
        assert await workers[1].stop() == 0
        await asyncio.gather(workers[0].start(), workers[1].start())
        await load
        await eventually(lambda: len(_taken(url)), 90, until=lambda count: count >= TOTAL)
    finally:
        for worker in workers:
            worker.kill()
    taken = _taken(url)
    assert len(taken) == len(set(taken)) == TOTAL
    for member in MEMBERS:
        mine = [identity for who, identity in taken if who == member]
        assert mine == sorted(mine)


async def _load(infra: Infra) -> None:
    async with Publisher(infra.kafka) as publisher:
        for start in range(0, TOTAL, AT_ONCE):
            numbers = range(start, start + AT_ONCE)
            await publisher.send(SCANS, *[scan(f"s-{n:05}", MEMBERS[n % len(MEMBERS)]) for n in numbers])


def _taken(url: str) -> list[tuple[str, str]]:
    with psycopg.connect(url) as db:
        rows = db.execute("select data->>'member_id', event_id from event where origin <> '' order by position")
        return [(member, identity) for member, identity in rows]
