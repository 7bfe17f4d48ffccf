"""Kafka out: what the log says is on the topics, in the log's order, under ids that never change."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator

import httpx
import psycopg
import pytest

from shared.contracts.event_type import events_topic
from shared.database import Database
from shared.embedded.infra import Infra
from shared.leases import LEASE
from shared.parked import ask_replay, listed
from shared.plain_http import NO_TLS
from shared.testing.gates import SCANS, scan, settle
from shared.testing.infrastructure import Databases
from shared.testing.topics import Publisher, header, read_all
from shared.testing.waiting import eventually
from tests.running import Town, a_town

MEMBERS = [f"W{number:02}" for number in range(1, 13)]
TOPIC = events_topic("checkin")
REGISTERED = "cn.yizhan.checkin.MemberRegistered.v1"


@pytest.fixture(scope="module")
async def town(infra: Infra, databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    async with a_town(infra, databases, tmp_path_factory.mktemp("relay"), "checkin") as town:
        await settle(town.checkin, town.surroundings, MEMBERS)
        yield town


async def scans(town: Town, name: str, rounds: int) -> None:
    """Every member goes in and out; each scan is one published event."""
    async with Publisher(town.infra.kafka) as publisher:
        for number in range(rounds):
            way = ("entry", "exit")[number % 2]
            await publisher.send(SCANS, *[scan(f"{name}-{number}-{member}", member, way) for member in MEMBERS])


async def sent(town: Town) -> list[tuple[str, str]]:
    """(key, id) of all that was published, repeats included, each partition in its order."""
    return [(record.key.decode(), header(record, "ce_id") or "") for record in await read_all(town.infra.kafka, TOPIC)]


def repeats(sent: list[tuple[str, str]]) -> int:
    return len(sent) - len(set(sent))


async def test_what_the_log_says_is_published_once_and_each_key_in_order(town: Town) -> None:
    await scans(town, "plain", 10)
    await town.checkin.idle()
    assert repeats(await sent(town)) == 0
    assert await town.faults("checkin") == []


async def test_versions_of_a_stream_are_published_in_ascending_order(town: Town) -> None:
    last: dict[str, str] = {}
    for record in await read_all(town.infra.kafka, TOPIC):
        if header(record, "ce_type") == REGISTERED:  # of the member's own stream, under the same key
            continue
        sequence = header(record, "ce_sequence") or ""
        assert last.get(record.key, "") < sequence, "the numbers are padded, so text compares as they do"
        last[record.key] = sequence
    assert last.keys() >= {member.encode() for member in MEMBERS}


async def test_a_crash_after_sending_repeats_a_page_at_most_with_the_same_ids(town: Town) -> None:
    await town.checkin.stop()
    before = await sent(town)
    await town.checkin.start(failpoint="relay.after_send:2")
    load = asyncio.create_task(scans(town, "crash", 10))
    assert await town.checkin.died() == -signal.SIGKILL
    assert "failpoint" in town.checkin.actions()
    await load
    await town.checkin.start()
    await town.checkin.idle()
    after = await sent(town)
    assert 0 < repeats(after) - repeats(before) <= 1_000
    assert await town.faults("checkin") == []


async def test_a_relay_set_back_to_the_start_sends_the_same_ids_in_the_same_order(town: Town) -> None:
    """As after a restore of the position alone: consumers see nothing but repeats."""
    await town.checkin.stop()
    before = await sent(town)
    with psycopg.connect(town.urls["checkin"]) as db:
        db.execute("update subscription set position = 0 where name = 'relay'")
    await town.checkin.start()
    await town.checkin.idle()
    after = await sent(town)
    assert set(after) == set(before)
    assert repeats(after) == repeats(before) + len(set(before))
    assert await town.faults("checkin") == []


async def test_two_processes_share_the_relay_without_a_repeat_or_a_change_of_order(town: Town) -> None:
    other = town.process("checkin", role="worker", name="second")
    del other.settings["YIZHAN_MEMBER"]  # it leaves its consumer group when it stops
    before = repeats(await sent(town))
    await other.start()
    await scans(town, "shared", 10)
    await town.checkin.idle()
    assert repeats(await sent(town)) == before
    await other.stop()
    assert await town.faults("checkin") == []


PARKED = """insert into parked select 'relay', 1, position, event_id, origin, stream, type, 'a bug', now(), 1
    from event where type = 'VisitStarted' order by position desc limit 1"""


async def test_what_is_parked_is_told_and_not_waited_for_and_a_replay_sends_it(town: Town) -> None:
    with psycopg.connect(town.urls["checkin"]) as db:
        db.execute(PARKED)
    await town.checkin.stop()
    await town.checkin.start()
    await town.checkin.idle()
    before = await sent(town)
    async with httpx.AsyncClient(base_url=town.checkin.url, trust_env=False, verify=NO_TLS) as http:
        ready = await http.get("/readyz")
        told = [ready.json()["parked"], (await http.get("/testing/idle")).json()["parked"]]
    assert (ready.status_code, ready.json()["trouble"], told) == (200, [], [{"relay": 1}, {"relay": 1}])
    async with await Database(town.urls["checkin"], name="test").connect("asks") as connection:
        assert await ask_replay(connection, "relay") == 1
        await eventually(lambda: listed(connection), until=[].__eq__)
    assert repeats(await sent(town)) == repeats(before) + 1
    assert await town.faults("checkin") == []


@pytest.mark.fault
@pytest.mark.slow
async def test_a_relay_that_was_frozen_beyond_its_lease_cannot_change_the_order(town: Town) -> None:
    """The zombie wakes up with a page in its hands, while another relay has gone on."""
    other = town.process("checkin", role="worker", name="third")
    del other.settings["YIZHAN_MEMBER"]
    await other.start()
    load, epoch = asyncio.create_task(scans(town, "zombie", 20)), relay_epoch(town)
    town.checkin.signal(signal.SIGSTOP)  # it has had the lease all the time, as leases are not taken away
    await eventually(lambda: relay_epoch(town) > epoch, LEASE + 10)
    town.checkin.signal(signal.SIGCONT)
    await load
    await town.checkin.idle(60)
    await other.stop()
    assert await town.faults("checkin") == []


def relay_epoch(town: Town) -> int:
    with psycopg.connect(town.urls["checkin"]) as db:
        row = db.execute("select epoch from subscription where name = 'relay'").fetchone()
    assert row is not None
    return int(row[0])
