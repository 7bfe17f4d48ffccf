"""The same records again, in every way in which Kafka may hand them out again: none has a second effect."""

from __future__ import annotations

import asyncio
import base64
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from aiokafka import ConsumerRecord
from faststream import AckPolicy

from services.checkin.main import SERVICE
from shared.clock import SystemClock
from shared.content import Vault
from shared.contracts.registry import PRODUCERS, taken_by
from shared.database import Database
from shared.embedded.infra import Infra
from shared.ingest import Ingest, _Assignments
from shared.kafka import Sender, passthrough, tolerant_parser
from shared.page import PageBuilder
from shared.testing.gates import SCANS, scan
from shared.testing.infrastructure import Databases, fresh_topics
from shared.testing.logged import ErrorLog
from shared.testing.topics import Publisher, read_all
from shared.testing.waiting import eventually
from shared.waking import Signal

from ..running import migrated

KEY = base64.b64encode(bytes(32)).decode()
MEMBERS = [f"W{number:02}" for number in range(1, 25)]


@dataclass
class Intake:
    """An ingest of checkin and nothing else, and the log it fills."""

    ingest: Ingest
    url: str

    def taken(self) -> list[tuple[str, str]]:
        """(member, id) of every scan in the log, in order."""
        with psycopg.connect(self.url) as db:
            rows = db.execute(
                "select data::json->>'member_id', event_id from event where origin <> '' order by position"
            )
            return [(member, identity) for member, identity in rows]

    def offsets(self) -> dict[int, tuple[int, int]]:
        with psycopg.connect(self.url) as db:
            rows = db.execute("select part, next_offset, epoch from consumer_offset where topic = %s", (SCANS,))
            return {part: (reached, epoch) for part, reached, epoch in rows}


def intake_of(url: str, kafka: str) -> Intake:
    database = Database(url, name="test", pool=2)
    builder = PageBuilder("checkin", SystemClock(), Vault(KEY))
    return Intake(Ingest("checkin", database, kafka, builder, Sender(kafka, "test"), Signal(database), "0"), url)


@asynccontextmanager
async def running(intake: Intake) -> AsyncIterator[Intake]:
    """Consume as the worker does."""
    task = asyncio.create_task(intake.ingest.run())
    try:
        yield intake
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await intake.ingest._sender.close()


@pytest.fixture
async def url(infra: Infra, databases: Databases) -> str:
    await fresh_topics(infra, *PRODUCERS)
    return migrated(databases, SERVICE)


async def publish(infra: Infra, start: int, end: int) -> list[str]:
    """Scans with these numbers, of members in turn; answers the places."""
    async with Publisher(infra.kafka) as publisher:
        return await publisher.send(SCANS, *[scan(f"s-{n:05}", MEMBERS[n % len(MEMBERS)]) for n in range(start, end)])


def in_order_of_each_member(taken: list[tuple[str, str]]) -> bool:
    of: dict[str, list[str]] = {}
    for member, identity in taken:
        of.setdefault(member, []).append(identity)
    return all(ids == sorted(ids) for ids in of.values())


async def test_offsets_set_back_replay_the_topic_without_effect_and_count_duplicates(infra: Infra, url: str) -> None:
    await publish(infra, 0, 300)
    async with running(intake_of(url, infra.kafka)) as first:
        await eventually(lambda: len(first.taken()) == 300)
        before = first.taken()
        assert first.ingest.answered == 0
    with psycopg.connect(url) as db:
        db.execute("delete from consumer_offset")
    async with running(intake_of(url, infra.kafka)) as second:
        await eventually(lambda: second.ingest.answered == 300)
        assert second.taken() == before
        assert sum(reached for reached, _ in second.offsets().values()) == 300


async def test_a_topic_made_anew_is_read_from_its_start_with_an_alarm(
    infra: Infra, url: str, logged_errors: ErrorLog
) -> None:
    """Old ids on the new topic are duplicates, new ones are taken."""
    logged_errors.expect("topic_anew")
    await publish(infra, 0, 240)
    async with running(intake_of(url, infra.kafka)) as first:
        await eventually(lambda: len(first.taken()) == 240)
    await fresh_topics(infra, *PRODUCERS)
    await publish(infra, 192, 264)
    async with running(intake_of(url, infra.kafka)) as second:
        await eventually(lambda: len(second.taken()), 30, until=lambda count: count == 264)
        await eventually(lambda: second.ingest.answered, 30, until=lambda count: count == 48)
        assert {epoch for _, epoch in second.offsets().values() if epoch > 1} == {2}
    assert "topic_anew" in [getattr(line, "action", "") for line in logged_errors.seen]


async def test_a_topic_made_anew_under_a_running_consumer_is_read_from_its_start(
    infra: Infra, url: str, logged_errors: ErrorLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.ingest.TOPICS_KNOWN", 500)
    logged_errors.expect("topic_anew")
    async with running(intake_of(url, infra.kafka)) as intake:
        await publish(infra, 0, 240)
        await eventually(lambda: len(intake.taken()) == 240)
        await fresh_topics(infra, *PRODUCERS)
        await publish(infra, 240, 312)
        await eventually(lambda: len(intake.taken()), 20, until=lambda count: count == 312)


async def test_records_far_below_the_stored_offset_of_a_shorter_topic_are_not_passed_over(
    infra: Infra, url: str, logged_errors: ErrorLog
) -> None:
    """A topic may be made anew so fast that no consumer sees it gone; then no new assignment tells of it."""
    logged_errors.expect("topic_anew")
    async with running(intake_of(url, infra.kafka)) as intake:
        await publish(infra, 0, 24)
        await eventually(lambda: len(intake.taken()) == 24)
        with psycopg.connect(url) as db:
            db.execute("update consumer_offset set next_offset = 1000")
        await publish(infra, 24, 48)
        await eventually(lambda: len(intake.taken()) == 48, 30)


async def test_two_consumers_with_overlapping_pages_of_one_partition_take_each_record_once(
    infra: Infra, url: str
) -> None:
    """A consumer that lost its partition may still hold pages: the offset row lets one go first and trims the other."""
    async with Publisher(infra.kafka) as publisher:
        await publisher.send(SCANS, *[scan(f"z-{n:05}", "W01")._replace(partition=0) for n in range(2_000)])
    records = sorted(await read_all(infra.kafka, SCANS), key=lambda record: record.offset)
    owners = [intake_of(url, infra.kafka) for _ in range(3)]
    await asyncio.gather(*[_pages(owner, records, random.Random(number)) for number, owner in enumerate(owners)])
    assert [identity for _, identity in owners[0].taken()] == [f"z-{n:05}" for n in range(2_000)]
    assert owners[0].offsets() == {0: (2_000, 1)}
    assert sum(owner.ingest.answered for owner in owners) == 0
    for owner in owners:
        await owner.ingest._link.close()


async def _pages(owner: Intake, records: list[ConsumerRecord[Any, Any]], chance: random.Random) -> None:
    """Pages that start anywhere at or before what this consumer has seen so far, as after a seek."""
    reached = 0
    while reached < len(records):
        start = max(0, reached - chance.randrange(40))
        reached = min(len(records), start + 41 + chance.randrange(80))
        await owner.ingest._take(await owner.ingest._link.get(), records[start:reached])


def test_the_subscriber_has_the_settings_that_correctness_rests_on() -> None:
    ingest = intake_of("postgresql://nobody@localhost:1/none", "localhost:1").ingest
    (subscriber,) = ingest._broker().subscribers
    options: Any = subscriber
    wanted = {
        "auto_offset_reset": "earliest", "isolation_level": "read_committed", "session_timeout_ms": 30_000,
        "rebalance_timeout_ms": 30_000, "max_poll_interval_ms": 120_000, "enable_auto_commit": False,
    }  # fmt: skip
    assert options.ack_policy is AckPolicy.NACK_ON_ERROR
    assert options.group_id == "checkin"
    assert set(options.topic_names) == {event.topic for event in taken_by("checkin").values()} >= {SCANS}
    assert isinstance(options._listener, _Assignments)
    assert options._listener.subscriber is subscriber
    assert (options._call_options.decoder, options._call_options.parser) == (passthrough, tolerant_parser)
    assert wanted.items() <= options._connection_args.items()
