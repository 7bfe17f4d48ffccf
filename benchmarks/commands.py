"""Commands a second through the committer, beside a hand-written group commit, one transaction each, and a peer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from functools import partial
from itertools import count
from random import Random
from typing import Any

from benchmarks.limits.group_commit import SCHEMA, GroupCommit
from benchmarks.limits.one_by_one import OneByOne
from benchmarks.limits.peer import in_threads, peer
from benchmarks.measuring import Figure, paired, repeatedly
from benchmarks.places import CLOCK, connected, fresh_database, with_log
from shared.committer import Committer
from shared.database import Database
from shared.decider import Changes, Command, Decider, DomainEvent, Handlers, Read, decided
from shared.embedded.infra import Infra
from shared.log.append import Actor, Context
from shared.log.codec import Codec
from shared.waking import Signal

CALLERS = (1, 32, 256)
SECONDS = 1.5  # of each contestant in each round
STREAMS = 5_000
NOTE = "x" * 300  # so that an event has about 400 bytes, like a visit with its trace context
BY_HAND, SINGLE, PEER = "group commit by hand", "SQLAlchemy, one by one", "eventsourcing"
GOALS = {BY_HAND: 0.5, SINGLE: 4.0, PEER: 10.0}
NOON = datetime(2026, 1, 23, 4, tzinfo=UTC)


class Scan(Command, frozen=True):
    stream: str


class Scanned(DomainEvent, frozen=True):
    member_id: str
    station_id: str
    note: str


GATE: Decider[Scan, Scanned, int] = Decider(
    "gate",
    0,
    lambda command, seen: [Scanned(NOON, "M-000001", "S-0001", NOTE)],
    lambda seen, event: seen + 1,
    (Scanned,),
)
HANDLERS = Handlers(GATE)


@HANDLERS.on(Scan)
def scan(command: Scan, read: Read) -> Changes:
    return [decided(GATE, command.stream, command, read)]


async def run(infra: Infra) -> list[Figure]:
    """Three figures for each number of callers."""
    figures: list[Figure] = []
    async with AsyncExitStack() as stack:
        pick = Random(1).randrange
        ours = await _ours(infra, stack, pick)
        limit = await _limit(infra, stack, pick)
        single = OneByOne(fresh_database(infra, "bench_single"))
        await single.prepare()
        stack.push_async_callback(single.close)
        scans = peer(fresh_database(infra, "bench_peer"))
        stack.callback(scans.close)
        event = {"at": NOON.isoformat(), "member_id": "M-000001", "station_id": "S-0001", "note": NOTE}
        contestants: dict[str, Callable[[int], Awaitable[float]]] = {
            BY_HAND: lambda n: repeatedly(n, SECONDS, lambda: limit(event)),
            "ours": lambda n: repeatedly(n, SECONDS, ours),
            SINGLE: lambda n: repeatedly(n, SECONDS, lambda: single.submit(f"gate-{pick(STREAMS)}", event)),
            PEER: lambda n: asyncio.to_thread(in_threads, n, SECONDS, lambda: scans.scan("M-000001", "S-0001", NOTE)),
        }
        for callers in CALLERS:
            rounds = await paired({name: partial(run, callers) for name, run in contestants.items()}, within=25)
            name = f"commands, {callers} callers" if callers > 1 else "commands, 1 caller"
            for reference, goal in GOALS.items():
                figures.append(rounds.figure(name, "commands/s", "ours", reference, goal))
    return figures


async def _ours(infra: Infra, stack: AsyncExitStack, pick: Callable[[int], int]) -> Callable[[], Awaitable[object]]:
    database = Database(with_log(fresh_database(infra, "bench_ours")), name="bench")
    stack.push_async_callback(database.close)
    committer = Committer(database, HANDLERS, Codec(HANDLERS.deciders), CLOCK, Signal(database))
    _started(stack, committer.run())
    actor, numbers = Actor("machine", "gate-1"), count()

    def once() -> Awaitable[object]:
        number = next(numbers)
        context = Context(f"command-{number}", actor, f"correlation-{number}", None, "00-0-0-01")
        return committer.submit(Scan(str(pick(STREAMS))), context, body_hash=b"")

    return once


async def _limit(
    infra: Infra, stack: AsyncExitStack, pick: Callable[[int], int]
) -> Callable[[object], Awaitable[object]]:
    connection = await stack.enter_async_context(connected(fresh_database(infra, "bench_limit")))
    await connection.execute(SCHEMA.encode())
    group = GroupCommit(connection)
    _started(stack, group.run())
    return lambda event: group.submit(f"gate-{pick(STREAMS)}", event)


def _started(stack: AsyncExitStack, work: Coroutine[Any, Any, None]) -> None:
    """Run this beside, until the stack ends."""
    task = asyncio.create_task(work)
    stack.callback(task.cancel)
