"""From a record on Kafka to a decided event: ingest, log, intake, committer; beside one hand-written page.

Once with the rules of checkin, which decide three events over five streams, and once with a rule that decides one event
over one stream, as the page by hand does.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import asyncpg

from benchmarks.commands import HANDLERS, Scan
from benchmarks.limits.intake_page import SCHEMA, IntakePage
from benchmarks.measuring import Figure, paired
from benchmarks.places import CLOCK, CONTENT_KEY, Parts, fresh_database
from benchmarks.town import INTAKE, TOWN, founded, fresh_topics, scanned
from services.checkin.main import SERVICE
from shared.content import Vault
from shared.contracts.checkin import MemberScanned
from shared.contracts.event_type import PARTITIONS
from shared.contracts.registry import PRODUCERS
from shared.database import Connection
from shared.embedded.infra import Infra
from shared.ingest import Ingest
from shared.leases import Lease
from shared.log.read import Page
from shared.page import PageBuilder, Taken
from shared.policies import Intake, Policies, Receipt
from shared.publishing import Publishing
from shared.reacting import Door
from shared.service import Messaging, Service

RECORDS = 50_000
PATIENCE = 120  # seconds for one contestant


class _FirstSeen(PageBuilder):
    """Remembers when the first page came."""

    began = 0.0

    async def build(self, connection: Connection, records: Iterable[Any]) -> Taken:
        self.began = self.began or time.perf_counter()
        return await super().build(connection, records)


class _Counted(Door):
    """Knows when so many records have had their outcome."""

    def __init__(self, parts: Parts, wanted: int) -> None:
        super().__init__(parts.service.name, parts.database, parts.committer, parts.service.messaging.intake)
        self._left, self.done = wanted, asyncio.Event()

    async def work(self, lease: Lease, page: Page) -> None:
        await super().work(lease, page)
        self._left -= len(page.rows)
        if self._left <= 0:
            self.done.set()


ONE_EVENT = Intake()


@ONE_EVENT.on(MemberScanned)
def scan(event: MemberScanned, receipt: Receipt) -> Scan:
    return Scan(event.station_id)


SIMPLE = replace(SERVICE, handlers=HANDLERS, messaging=Messaging(ONE_EVENT, Policies(), {}, Publishing()))


async def ours(infra: Infra, service: Service = SERVICE, event: str = "VisitStarted", records: int = RECORDS) -> float:
    """Records a second, from the first page's arrival to the last outcome."""
    url = fresh_database(infra, "bench_intake", TOWN)
    async with Parts(service, url, infra.kafka) as parts:
        builder, door = _FirstSeen(SERVICE.name, CLOCK, Vault(CONTENT_KEY)), _Counted(parts, records)
        ingest = Ingest(SERVICE.name, parts.database, infra.kafka, builder, parts.sender, parts.signal)
        parts.start(ingest.run(), parts.follow("intake", door.work, door.types).run())
        async with asyncio.timeout(PATIENCE):
            await door.done.wait()
        seconds = time.perf_counter() - builder.began
    await _each_has(event, url, records)
    return records / seconds


async def _each_has(event: str, url: str, records: int) -> None:
    db = await asyncpg.connect(url)
    found = await db.fetchval("select count(*) from event where type = $1", event)
    await db.close()
    if found != records:
        raise RuntimeError(f"{records} scans led to {found} {event}: this measured something else")


async def by_hand(infra: Infra, records: int = RECORDS) -> float:
    db = await asyncpg.connect(fresh_database(infra, "bench_page"))
    try:
        await db.execute(SCHEMA)
        return records / await IntakePage(db, infra.kafka, INTAKE, PARTITIONS).take(records)
    finally:
        await db.close()


async def run(infra: Infra) -> list[Figure]:
    """Two figures."""
    await founded(infra, RECORDS)
    await fresh_topics(infra.kafka, *PRODUCERS)
    await scanned(infra.kafka, range(RECORDS))
    contestants = {
        "page by hand": lambda: by_hand(infra),
        "visits": lambda: ours(infra),
        "one event": lambda: ours(infra, SIMPLE, "Scanned"),
    }
    rounds = await paired(contestants, within=90)
    return [
        rounds.figure("intake record to decided event", "records/s", "one event", "page by hand", 0.25),
        rounds.figure("intake record to a started visit", "records/s", "visits", "page by hand", None),
    ]
