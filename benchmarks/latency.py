"""How soon a decided event is visible in another service's read table, beside a bare Kafka round trip and one commit.

checkin and points run as worker processes, as in production; this process is checkin's API: it appends entry scans at a
steady rate. The clock starts when the append has been answered and stops when PostgreSQL tells of the committed row.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from statistics import quantiles
from typing import Any

import psycopg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from benchmarks.measuring import Figure, Noise, Rounds
from benchmarks.places import CLOCK, Parts, connected, fresh_database, process
from benchmarks.points_process import POINTS, TELL
from benchmarks.town import TOWN, founded, fresh_topics, member, station
from services.checkin.domain.device_time import Moment
from services.checkin.domain.scan import ScanEntry
from services.checkin.main import SERVICE as CHECKIN
from shared.contracts.registry import PRODUCERS
from shared.embedded.infra import Infra
from shared.log.append import Actor, Context
from shared.migrating import migrate

RATE = 200  # events a second
SECONDS = 6  # of each round
ROUNDS = 3
WARM_UP = 3_000  # events before the first round, at the same rate: a JVM compiles for its first half minute
PATIENCE = 60  # seconds until everything sent must have been seen
BARE = "bench.bare"


class Watch:
    """Seconds from `started` to `seen` for each id."""

    def __init__(self) -> None:
        self._began: dict[str, float] = {}
        self._ended: dict[str, float] = {}

    def started(self, identity: str) -> None:
        self._began[identity] = time.perf_counter()

    def seen(self, identity: str) -> None:
        self._ended[identity] = time.perf_counter()

    async def all(self, count: int) -> list[float]:
        """Wait for so many; then their seconds."""
        until = time.perf_counter() + PATIENCE
        while len(self._ended.keys() & self._began.keys()) < count:
            if time.perf_counter() > until:
                raise TimeoutError(f"{len(self._ended)} of {count} events were seen")
            await asyncio.sleep(0.01)
        # Told before the append's answer reached us: it was seen at once.
        return [max(0.0, self._ended[one] - began) for one, began in self._began.items()]


async def steadily(count: int, once: Callable[[int], Coroutine[Any, Any, None]]) -> None:
    """`once` for each number, started at the given rate whatever the earlier ones do."""
    began, running = time.perf_counter(), []
    for number in range(count):
        await asyncio.sleep(max(0.0, began + number / RATE - time.perf_counter()))
        running.append(asyncio.create_task(once(number)))
    await asyncio.gather(*running)


async def bare(infra: Infra, count: int) -> list[float]:
    """Send to Kafka, consume, commit one row, one after the other for each record."""
    watch = Watch()
    async with AsyncExitStack() as stack:
        db = await stack.enter_async_context(connected(fresh_database(infra, "bench_bare")))
        await db.execute("create table seen (id text primary key)")
        producer = AIOKafkaProducer(bootstrap_servers=infra.kafka, acks="all")
        consumer = AIOKafkaConsumer(BARE, bootstrap_servers=infra.kafka, auto_offset_reset="latest")
        for client in (producer, consumer):
            await client.start()
            stack.push_async_callback(client.stop)
        await consumer.seek_to_end()

        async def consume() -> None:
            async for record in consumer:
                await db.execute("insert into seen values (%s)", (record.value.decode(),))
                watch.seen(record.value.decode())

        async def once(number: int) -> None:
            watch.started(str(number))
            await producer.send_and_wait(BARE, str(number).encode())

        consuming = asyncio.create_task(consume())
        await steadily(count, once)
        seconds = await watch.all(count)
        consuming.cancel()
    return seconds


class Chain:
    """Both services, and the API that scans are given to."""

    def __init__(self, parts: Parts, watch: list[Watch]) -> None:
        self._parts, self._watch, self._next = parts, watch, 0

    async def measure(self, count: int) -> list[float]:
        """Seconds from the append of so many entries to their rows at points."""
        self._watch[0] = watch = Watch()

        async def once(_: int) -> None:
            number, self._next = self._next, self._next + 1
            scan_id = f"scan-{number}"
            where, now = station(number), CLOCK.now()
            scan = ScanEntry(member(number), where, f"{where}-G1", scan_id, Moment(now, now))
            await self._parts.committer.submit(scan, Context(scan_id, Actor("machine", "gate"), scan_id))
            watch.started(scan_id)

        await steadily(count, once)
        return await watch.all(count)


@asynccontextmanager
async def chain(infra: Infra) -> AsyncIterator[Chain]:
    """Both worker processes running, and warm."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        urls = {"checkin": fresh_database(infra, "bench_from", TOWN), "points": fresh_database(infra, "bench_to")}
        await asyncio.to_thread(migrate, "points", urls["points"], POINTS.all_projections)
        await fresh_topics(infra.kafka, *PRODUCERS)
        listener = await stack.enter_async_context(connected(urls["points"]))
        await listener.execute(TELL.encode())
        await listener.execute("listen seen")
        watch = [Watch()]
        hearing = asyncio.create_task(_hear(listener, watch))
        stack.callback(hearing.cancel)
        for module, url in (("services.checkin.main", urls["checkin"]), ("benchmarks.points_process", urls["points"])):
            await stack.enter_async_context(process(module, url, infra.kafka, folder))
        parts = await stack.enter_async_context(Parts(CHECKIN, urls["checkin"], infra.kafka))
        running = Chain(parts, watch)
        await running.measure(WARM_UP)
        yield running


async def _hear(listener: psycopg.AsyncConnection[Any], watch: list[Watch]) -> None:
    async for notice in listener.notifies():
        watch[0].seen(notice.payload)


async def run(infra: Infra) -> list[Figure]:
    """Medians and 99th percentiles of paired rounds."""
    count = RATE * SECONDS
    await founded(infra, WARM_UP + ROUNDS * count)
    await _bare_topic(infra.kafka)
    noise, reached = Noise(), Rounds(0, {name: [] for name in ("p50", "p99", "bare p50", "bare p99")})
    async with chain(infra) as ours:
        for _ in range(ROUNDS):
            for prefix, seconds in (("bare ", await bare(infra, count)), ("", await ours.measure(count))):
                cuts = quantiles(seconds, n=100)
                reached.reached[prefix + "p50"].append(cuts[49] * 1000)
                reached.reached[prefix + "p99"].append(cuts[98] * 1000)
    reached.noise = noise.cores()
    name = "append to another service's read table"
    return [
        reached.figure(f"{name}, p50", "ms", "p50", "bare p50", 8, less_is_better=True),
        reached.figure(f"{name}, p99", "ms", "p99", "bare p99", None),
    ]


async def _bare_topic(kafka: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    await admin.create_topics([NewTopic(BARE, 1, 1)])
    await admin.close()
