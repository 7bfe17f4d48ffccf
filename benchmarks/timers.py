"""Timers that are all due at once: fired with their commands and events, beside a hand-written table of timers.

By hand: take some that are due, write an event for each and delete them, all in one transaction. It decides nothing,
keeps no command, no version and no proof that a timer has fired.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import asyncpg

from benchmarks.measuring import Figure, paired
from benchmarks.places import CLOCK, Parts, fresh_database
from services.checkin.main import SERVICE as CHECKIN
from shared.decider import Changes, Command, DeadlineSet, Decider, DomainEvent, Handlers, Read, decided
from shared.embedded.infra import Infra
from shared.log.append import Actor, Context
from shared.migrating import migrate
from shared.policies import Intake, Policies, Timers
from shared.publishing import Publishing
from shared.service import Messaging
from shared.testing.waiting import eventually
from shared.timers import TIMERS, TimerLoop

DUE = 20_000
AT_ONCE = 1_000  # of the hand-written one
LOG = "bench_timers"
NOON = datetime(2026, 1, 23, 4, tzinfo=UTC)


class Remind(Command, frozen=True):
    entity: str


class Ring(Command, frozen=True):
    entity: str
    now: datetime


class Rung(DomainEvent, frozen=True):
    pass


def _decide(command: Remind | Ring, _: int) -> list[DeadlineSet | Rung]:
    return [DeadlineSet(NOON, "bell", "", NOON)] if isinstance(command, Remind) else [Rung(command.now)]


BELL: Decider[Remind | Ring, DeadlineSet | Rung, int] = Decider(
    "bell", 0, _decide, lambda rung, event: rung + 1, (DeadlineSet, Rung)
)
HANDLERS = Handlers(BELL)
RULES: Timers = {("bell", "bell"): lambda entity, _ref, due_at: Ring(entity, due_at)}
SERVICE = replace(CHECKIN, handlers=HANDLERS, messaging=Messaging(Intake(), Policies(), RULES, Publishing()))


def _bell(command: Any, read: Read) -> Changes:
    return [decided(BELL, command.entity, command, read)]


for _command in (Remind, Ring):
    HANDLERS.on(_command)(_bell)


# The deadline, the ringing and the proof of each, and nothing left to fire.
DONE = f"select position = {3 * DUE} and not exists (select from timer_v1) from log_head"


async def ours(infra: Infra) -> float:
    """Timers a second, from the start of the loop until the table is empty."""
    url = fresh_database(infra, "bench_rung", LOG)
    db = await asyncpg.connect(url)
    async with Parts(SERVICE, url, infra.kafka) as parts:
        timers = TimerLoop(parts.database, parts.committer, SERVICE.codec, CLOCK, RULES)
        began = time.perf_counter()
        parts.start(parts.follow(TIMERS.name, timers.work, timers.types, idle_work=timers.tick).run())
        await eventually(lambda: db.fetchval(DONE), 60)
        seconds = time.perf_counter() - began
    await db.close()
    return DUE / seconds


async def prepared(infra: Infra) -> None:
    """A log in which so many deadlines are set, and the timers' table that says so; the rounds copy it."""
    url = fresh_database(infra, LOG)
    await asyncio.to_thread(migrate, CHECKIN.name, url, SERVICE.all_projections)
    async with Parts(SERVICE, url, infra.kafka) as parts:
        actor = Actor("machine", "bench")
        given = [
            parts.committer.enqueue(Remind(str(n)), Context(f"remind-{n}", actor, f"remind-{n}")) for n in range(DUE)
        ]
        await asyncio.gather(*given)


SCHEMA = f"""
create table timer (id text primary key, due_at timestamptz not null);
create index on timer (due_at);
create table event (position bigint generated always as identity primary key, stream text not null, data json not null);
insert into timer select n::text, now() from generate_series(1, {DUE}) n"""
TAKE = f"""delete from timer where id in (select id from timer where due_at <= now() order by due_at limit {AT_ONCE})
  returning id"""
RING = "insert into event (stream, data) select 'bell-' || id, '{\"rung\":true}' from unnest($1::text[]) id"


async def by_hand(infra: Infra) -> float:
    db = await asyncpg.connect(fresh_database(infra, "bench_by_hand"))
    await db.execute(SCHEMA)
    began, rung = time.perf_counter(), 0
    while rung < DUE:
        async with db.transaction():
            taken = [row[0] for row in await db.fetch(TAKE)]
            await db.execute(RING, taken)
        rung += len(taken)
    seconds = time.perf_counter() - began
    await db.close()
    return DUE / seconds


async def run(infra: Infra) -> list[Figure]:
    """One figure."""
    await prepared(infra)
    rounds = await paired({"by hand": lambda: by_hand(infra), "ours": lambda: ours(infra)}, within=40)
    return [rounds.figure("timers fired", "timers/s", "ours", "by hand", None)]
