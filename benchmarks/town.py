"""A town for benchmarks: members and stations that checkin knows, and scans at its gates as they come by Kafka."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient

from benchmarks.places import CLOCK, fresh_database
from services.checkin.domain.member import RegisterMember
from services.checkin.domain.station import RegisterStation
from services.checkin.main import SERVICE
from shared.committer import Committer
from shared.contracts.event_type import intake_topic, topics
from shared.database import Database
from shared.decider import Command
from shared.embedded.infra import Infra
from shared.kafka import make_topics
from shared.log.append import Actor, Context
from shared.migrating import migrate
from shared.waking import Signal

STATIONS = 1_600
ROOM = 10_000  # people in one station: nobody is refused
TOWN = "bench_town"
INTAKE = intake_topic("checkin")
PARENT = "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7"


def member(number: int) -> str:
    return f"M-{number:06d}"


def station(number: int) -> str:
    return f"S-{number % STATIONS:04d}"


def _registrations(members: int) -> Iterator[Command]:
    opened = datetime(2026, 1, 1, tzinfo=UTC)
    for number in range(STATIONS):
        where = ("org", "main", "hz", "xh", 30_000_000, 120_000_000, ROOM)
        yield RegisterStation(station(number), *where, opened, always_open=True)
    for number in range(members):
        yield RegisterMember(member(number), "courier", "org", opened)


async def founded(infra: Infra, members: int) -> str:
    """A database in which the town is registered; benchmarks copy it."""
    url = fresh_database(infra, TOWN)
    await asyncio.to_thread(migrate, SERVICE.name, url, SERVICE.all_projections)
    database = Database(url, name="bench town")
    committer = Committer(database, SERVICE.handlers, SERVICE.codec, CLOCK, Signal(database))
    working, desk = asyncio.create_task(committer.run()), Actor("person", "desk")
    commands = list(_registrations(members))
    for start in range(0, len(commands), 10_000):
        contexts = [Context(f"registration-{start + i}", desk, "registration") for i in range(10_000)]
        part = commands[start : start + 10_000]
        await asyncio.gather(*[committer.enqueue(one, context) for one, context in zip(part, contexts, strict=False)])
    working.cancel()
    await asyncio.wait([working])
    await database.close()
    return TOWN


async def fresh_topics(kafka: str, *services: str) -> None:
    """The topics of these services, empty."""
    wanted = [topic for service in services for topic in topics(service)]
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        there = set(await admin.list_topics())
        await admin.delete_topics([topic.name for topic in wanted if topic.name in there])
        while there & {topic.name for topic in wanted}:  # Kafka deletes them a little later
            await asyncio.sleep(0.1)
            there = set(await admin.list_topics())
    finally:
        await admin.close()
    await make_topics(kafka, wanted)


async def scanned(kafka: str, members: Iterable[int], direction: str = "entry") -> None:
    """One scan of each of these members, at gates all over the town."""
    producer = AIOKafkaProducer(bootstrap_servers=kafka, linger_ms=20, max_batch_size=262_144)
    await producer.start()
    try:
        sent = [await producer.send(INTAKE, **_scan(number, direction)) for number in members]
        await asyncio.gather(*sent)
    finally:
        await producer.stop()


def _scan(number: int, direction: str) -> dict[str, Any]:
    who, where = member(number), station(number)
    attributes = {
        "content-type": "application/json",
        "ce_specversion": "1.0",
        "ce_id": f"{direction}-{number}",
        "ce_source": f"gate/{where}-G1",
        "ce_type": "cn.yizhan.checkin.MemberScanned.v1",
        "ce_subject": who,
        "ce_time": datetime.now(UTC).isoformat(),
        "traceparent": f"00-{PARENT}-01",
    }
    value = f'{{"member_id":"{who}","station_id":"{where}","gate_id":"{where}-G1","direction":"{direction}"}}'
    headers = [(name, text.encode()) for name, text in attributes.items()]
    return {"value": value.encode(), "key": who.encode(), "headers": headers}
