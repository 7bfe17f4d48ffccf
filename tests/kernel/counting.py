"""The kernel's parts around the counters, put together as a service process has them."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Coroutine
from datetime import datetime
from typing import Any, Self

from shared.building import Rebuilder
from shared.clock import Clock
from shared.committer import Committer
from shared.database import Connection, Database, Link
from shared.decider import Command
from shared.leases import Lease, Leases, Work
from shared.log.append import Actor, Context
from shared.outcomes import Answer
from shared.projecting import Projection
from shared.publishing import Publishing
from shared.subscription import Subscription
from shared.tail import Tail
from shared.timers import TIMERS, TimerLoop
from shared.versions import Version
from shared.waking import Signal
from tests.kernel.counter import CODEC, HANDLERS, NOON, TIMER_RULES

_numbers = itertools.count(1)


class FixedClock:
    """Shows what the test says."""

    def __init__(self, moment: datetime = NOON) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment

    def at(self, machine_time: datetime) -> datetime:
        return self.moment


def context(command_id: str) -> Context:
    return Context(command_id, Actor("machine", "test"), command_id)


class Process:
    """What one service process holds; several of them on one database are several processes to the kernel."""

    def __init__(
        self, url: str, name: str = "counter", clock: Clock | None = None, publishing: Publishing | None = None
    ) -> None:
        self.database = Database(url, name=name)
        self.clock = clock or FixedClock()
        self.signal = Signal(self.database)
        self.committer = Committer(self.database, HANDLERS, CODEC, self.clock, self.signal, publishing)
        self.leases = Leases(self.database)
        self.tail = Tail(self.database)
        self.link = Link(self.database, "by hand")
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self.start(self.signal.run())
        self._committing = self.start(self.committer.run())
        self.start(self.leases.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in reversed(self._tasks):
            await ended(task)
        await self.tail.close()
        await self.link.close()
        await self.database.close()

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.append(task)
        return task

    async def give(
        self,
        command: Command,
        command_id: str | None = None,
        *,
        body_hash: bytes = b"",
        if_match: tuple[str, int] | None = None,
    ) -> Answer:
        identity = command_id or f"command-{next(_numbers)}"
        return await self.committer.submit(command, context(identity), body_hash=body_hash, if_match=if_match)

    async def give_all(self, *commands: Command) -> list[Answer]:
        """All at once, in this order."""
        return await asyncio.gather(*[self.give(command) for command in commands])

    async def acquire(self, name: str, version: int = 1) -> Lease | None:
        """A lease to work with by hand."""
        return await self.leases.acquire(name, version, self.link, from_end=False)

    async def stop_committing(self) -> None:
        await ended(self._committing)

    def subscription(self, name: str, work: Work, **more: Any) -> Subscription:
        return Subscription(self.database, self.signal, self.leases, self.tail, name, work, **more)

    def projecting(self, projection: Projection, **more: Any) -> Subscription:
        version, types = Version(projection, CODEC), projection.types
        more = {"types": types, "version": projection.version, "idle_work": version.idle, **more}
        return self.subscription(projection.name, version.work, **more)

    def rebuilding(self, *projections: Projection) -> Rebuilder:
        return Rebuilder(self.database, self.signal, self.leases, CODEC, projections)

    def timing(self, projection: Projection = TIMERS) -> Subscription:
        timers = TimerLoop(self.database, self.committer, CODEC, self.clock, TIMER_RULES, projection)
        more = {"types": timers.types, "version": projection.version, "idle_work": timers.tick}
        return self.subscription(projection.name, timers.work, **more)


async def ended(task: asyncio.Task[None]) -> None:
    """Cancel a task and wait for its end."""
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def somebody_waits_for_a_lock(connection: Connection) -> bool:
    """Also when asked within a transaction, which would be shown what it saw first."""
    await connection.execute("select pg_stat_clear_snapshot()")
    query = "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    return (await (await connection.execute(query)).fetchone()) is not None


async def counts(connection: Connection) -> dict[str, int]:
    """What the projection has counted so far."""
    return dict(await (await connection.execute("select counter, total from count_v1")).fetchall())
