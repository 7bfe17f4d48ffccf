"""A read table made anew from the log, beside a plain COPY of the rows that come of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg

from benchmarks.measuring import Figure, paired
from benchmarks.places import Parts, fresh_database
from services.checkin.main import SERVICE
from services.checkin.projections.member_visits import MEMBER_VISITS, VISIT
from shared.building import Rebuilder
from shared.embedded.infra import Infra
from shared.leases import Lease
from shared.log.read import Page
from shared.migrating import migrate
from shared.projecting import PAGE, Projector
from shared.rebuilding import ProjectionState, ask_rebuild, listed
from shared.testing.waiting import eventually

EVENTS = 200_000
STILL_INSIDE = 500  # visits between the start of one and its end
LOG, COPIED = "bench_log", "bench_copied"

# Past the kernel, as only reading is measured: at odd positions somebody enters, at even ones somebody leaves.
FILL = f"""
with log as (
  select p, p % 2 = 1 as entry, case when p % 2 = 1 then (p + 1) / 2 else p / 2 - {STILL_INSIDE} end as visit,
    timestamptz '2026-01-01Z' + p * interval '1 second' as at
    from generate_series(1, {EVENTS}) p),
told as (select *, to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as text, md5(visit::text) as visit_id,
    format('M-%s', visit % 20000) as member, format('S-%s', visit % 1600) as station from log)
insert into event
  select p, 'event-' || p, '', 'visits', 'visits-' || member, p, case when entry then 'VisitStarted' when visit > 0
      then 'VisitEnded' else 'ScanRefused' end, 1, case
    when entry then json_build_object('at', text, 'visit_id', visit_id, 'member_id', member, 'station_id', station,
      'gate_id', station || '-G1', 'ends_at', text, 'offline', false, 'clock_corrected', false, 'counted', true,
      'flags', '[]'::json)
    when visit > 0 then json_build_object('at', text, 'visit_id', visit_id, 'member_id', member, 'station_id', station,
      'started_at', text, 'exit_kind', 'scanned')
    else json_build_object('at', text, 'scan_id', 'scan-' || p, 'station_id', station, 'code', 'STATION_CLOSED') end,
  '{{"command_id":"c","actor":{{"kind":"machine","id":"g"}},"correlation_id":"c"}}', at, at, '' from told;
update log_head set position = {EVENTS};
"""


def fill(infra: Infra) -> None:
    """A log of visits in a database that the rounds copy."""
    url = fresh_database(infra, LOG)
    migrate(SERVICE.name, url, SERVICE.all_projections)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(FILL.encode())
        connection.execute("vacuum analyze event")


@asynccontextmanager
async def following(infra: Infra) -> AsyncIterator[tuple[Parts, asyncio.Event]]:
    """A service that follows the log with this one read table; the event is set when it is at the end."""
    done = asyncio.Event()
    async with Parts(SERVICE, fresh_database(infra, COPIED, LOG), infra.kafka) as parts:
        projector = Projector(MEMBER_VISITS, SERVICE.codec)

        async def work(lease: Lease, page: Page) -> None:
            await projector.work(lease, page)
            if page.reached == EVENTS:
                done.set()

        parts.start(parts.follow(MEMBER_VISITS.name, work, MEMBER_VISITS.types, PAGE).run())
        yield parts, done


async def replayed(infra: Infra) -> float:
    """Events a second."""
    async with following(infra) as (_, done):
        began = time.perf_counter()
        await done.wait()
        return EVENTS / (time.perf_counter() - began)


async def rebuilt(infra: Infra) -> float:
    """Events a second of a rebuild beside the live rows, from the asking to the switch."""
    async with following(infra) as (parts, done), await parts.database.connect("asks") as connection:
        await done.wait()
        rebuilder = Rebuilder(parts.database, parts.signal, parts.leases, SERVICE.codec, (MEMBER_VISITS,))
        parts.start(rebuilder.run())
        began = time.perf_counter()
        await ask_rebuild(connection, MEMBER_VISITS.name)
        await eventually(lambda: listed(connection), 60, until=_all_live)
        return EVENTS / (time.perf_counter() - began)


def _all_live(states: list[ProjectionState]) -> bool:
    return all(state.state == "live" for state in states if state.name == MEMBER_VISITS.name)


async def copied(infra: Infra) -> float:
    """Events a second that COPY stands for when it writes the rows that replaying led to."""
    return await asyncio.to_thread(_copied, infra.database(COPIED))


def _copied(url: str) -> float:
    with psycopg.connect(url, autocommit=True) as connection:
        with connection.cursor().copy(f"copy {VISIT.name} to stdout (format binary)") as out:
            rows = [bytes(row) for row in out]
        connection.execute(f"truncate {VISIT.name}")
        connection.execute("checkpoint")
        began = time.perf_counter()
        with connection.cursor().copy(f"copy {VISIT.name} from stdin (format binary)") as into:
            into.write(b"".join(rows))
        return EVENTS / (time.perf_counter() - began)


async def run(infra: Infra) -> list[Figure]:
    """Two figures."""
    await asyncio.to_thread(fill, infra)
    contestants = {"rebuild": lambda: rebuilt(infra), "ours": lambda: replayed(infra), "COPY": lambda: copied(infra)}
    rounds = await paired(contestants, within=60)
    return [
        rounds.figure("replay of member_visits", "events/s", "ours", "COPY", 0.2),
        rounds.figure("rebuild of member_visits beside the live", "events/s", "rebuild", "COPY", None),
    ]
