"""One loop for everything that follows the log: projections, policies, timers and the relay.

A lease gives a subscription one owner at a time. Every move of its position names the old position and the owner's
epoch, so that what a former owner still does is undone or repeated harmlessly.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import psycopg

from shared.database import BACKOFF_FIRST, BACKOFF_MOST, Connection, Database, Link, is_transient, retrying
from shared.errors import LeaseLost
from shared.log.read import Page, read_head
from shared.tail import Pages, Tail
from shared.waking import Signal

log = logging.getLogger(__name__)

LEASE = 10.0  # seconds; renewed every third of it
STANDBY = 1.0  # seconds between looks at a lease that another process holds
# Moves, and rows of read tables, do not wait for the disk. After a crash of PostgreSQL the last of them may be undone,
# position and rows together, and are done again: what they follow, the log, was on disk before anybody could read it.
RELAXED = "-c synchronous_commit=off"
POLL = 1.0  # seconds between looks at the log when nobody woke us
STUCK_MOST = 30.0  # seconds between tries at an event that cannot be handled

MOVE = "select move_subscription(%b, %b, %b, %b, %b, %b)"
NOT_OWNER = "YZ001"  # what `move_subscription` raises

# The lease is free when it has run out, or when its owner's connection is gone: PostgreSQL sees a dead process at once.
ACQUIRE = f"""update subscription s set owner = %(owner)s, epoch = epoch + 1,
    lease_until = clock_timestamp() + make_interval(secs => {LEASE})
  where name = %(name)s and version = %(version)s and (
    owner is null or lease_until < clock_timestamp() or not exists (
      select from pg_stat_activity a where a.pid || '@' || a.backend_start = s.owner))
  returning position, epoch"""
RENEW = f"""update subscription set lease_until = clock_timestamp() + make_interval(secs => {LEASE})
  where owner = %s returning name, version, epoch"""
RELEASE = "update subscription set owner = null, lease_until = null where owner = %s and name = %s and version = %s"
OWNER = "select pid || '@' || backend_start from pg_stat_activity where pid = pg_backend_pid()"


@dataclass(eq=False)
class Lease:
    """The right to move one subscription, and where it stands."""

    name: str
    version: int
    position: int
    epoch: int
    link: Link  # by which its owner follows the log, and moves
    lost: bool = False

    async def move(self, position: int) -> None:
        """Move: what was to do up to there is done. Raises `LeaseLost`."""
        with self.owned():
            await (await self.link.get()).execute(*self.moving(position), prepare=True)
        self.position = position

    def moving(self, position: int) -> tuple[str, Sequence[Any]]:
        """The statement that moves, to be executed within `owned`, together with what it is to be one with."""
        return MOVE, (self.name, self.version, self.position, position, self.epoch, LEASE)

    @contextmanager
    def owned(self) -> Iterator[None]:
        """Within it the database's refusal to move is a `LeaseLost`."""
        try:
            yield
        except psycopg.Error as error:
            if error.sqlstate != NOT_OWNER:
                raise
            self.lost = True
            raise LeaseLost(f"{self.name} has another owner") from error


class Leases:
    """The leases that this process holds, on one connection whose end frees them all."""

    def __init__(self, database: Database) -> None:
        self._link = Link(database, "leases")
        self._lock = asyncio.Lock()
        self._owner = ""
        self._held: dict[tuple[str, int], Lease] = {}

    async def acquire(self, name: str, version: int, link: Link, *, from_end: bool) -> Lease | None:
        """The lease, or None while another process has it. A new subscription is entered first."""
        async with self._lock:
            connection = await self._connect()
            start = await read_head(connection) if from_end else 0
            entry = "insert into subscription (name, version, position) values (%s, %s, %s) on conflict do nothing"
            await connection.execute(entry, (name, version, start))
            wanted = {"owner": self._owner, "name": name, "version": version}
            row = await (await connection.execute(ACQUIRE, wanted)).fetchone()
            if row is None:
                return None
            lease = Lease(name, version, row[0], row[1], link)
            self._held[name, version] = lease
            return lease

    async def release(self, lease: Lease) -> None:
        """Hand the lease back, so that another process need not wait for it to run out."""
        self._held.pop((lease.name, lease.version), None)
        if not lease.lost:
            async with self._lock:
                connection = await self._connect()
                await connection.execute(RELEASE, (self._owner, lease.name, lease.version))

    async def run(self) -> None:
        """Renew all leases until cancelled."""
        try:
            while True:
                await asyncio.sleep(LEASE / 3)
                await retrying(self._renew, "renewing leases")
        finally:
            await self._link.close()

    async def _connect(self) -> Connection:
        connection = await self._link.get()
        row = await (await connection.execute(OWNER)).fetchone()
        assert row is not None
        if row[0] != self._owner:  # a new connection is a new owner: what the old one held is lost
            for lease in self._held.values():
                lease.lost = True
            self._held.clear()
            self._owner = row[0]
        return connection

    async def _renew(self) -> None:
        async with self._lock:
            connection = await self._connect()
            rows = await (await connection.execute(RENEW, (self._owner,))).fetchall()
        mine = {(name, version): epoch for name, version, epoch in rows}
        for key, lease in list(self._held.items()):
            if mine.get(key) != lease.epoch:
                lease.lost = True


Work: TypeAlias = Callable[[Lease, Page], Awaitable[None]]


@dataclass(eq=False)
class Subscription:
    """Follows the log from its position on, page by page, while it has the lease.

    `work` handles one page and moves the lease's position in its own way. Transient trouble backs off
    without end. An event that cannot be handled holds the subscription at its position, loudly, until it can.
    """

    database: Database
    signal: Signal
    leases: Leases
    tail: Tail
    name: str
    work: Work
    types: Sequence[str] | None = None
    version: int = 1
    page: int = 1_000
    from_end: bool = False
    idle_work: Callable[[Lease], Awaitable[float]] | None = None
    trouble: str | None = field(default=None, init=False)
    _stopping: bool = field(default=False, init=False)
    _waiter: asyncio.Event = field(default_factory=asyncio.Event, init=False)

    def stop(self) -> None:
        """End after the page in flight."""
        self._stopping = True
        self._waiter.set()

    async def run(self) -> None:
        """Follow until cancelled. On cancellation the page in flight is abandoned; its repeat is harmless."""
        link = Link(self.database, f"follow {self.name}", RELAXED)
        pages = Pages(self.database, self.tail, self.name, self.types)
        self._waiter = waiter = self.signal.waiter(self.types)
        try:
            while not self._stopping:
                lease = await retrying(lambda: self._acquire(link), f"{self.name}: acquiring the lease")
                if lease is None:
                    await asyncio.sleep(STANDBY * random.uniform(0.5, 1))
                    continue
                try:
                    await self._follow(lease, pages, waiter)
                except LeaseLost:
                    log.warning("%s: the lease went to another process", self.name, extra={"action": "lease_lost"})
                finally:
                    await asyncio.shield(self._release(lease))
        finally:
            self.signal.release(waiter)
            await pages.close()
            await link.close()

    async def _acquire(self, link: Link) -> Lease | None:
        return await self.leases.acquire(self.name, self.version, link, from_end=self.from_end)

    async def _release(self, lease: Lease) -> None:
        try:
            await asyncio.wait_for(self.leases.release(lease), 2)
        except Exception as error:
            log.info("%s: the lease will run out by itself (%s)", self.name, error)

    async def _follow(self, lease: Lease, pages: Pages, waiter: asyncio.Event) -> None:
        delay, limit = BACKOFF_FIRST, self.page
        while not lease.lost:
            waiter.clear()
            if self._stopping:
                return
            page = None
            try:
                page = await pages.after(lease.position, limit)
                if page.rows:
                    await self.work(lease, page)
                elif page.reached > lease.position:
                    await lease.move(page.reached)
                pause = await self.idle_work(lease) if self.idle_work and page.at_head else None
                delay, limit, self.trouble = BACKOFF_FIRST, min(limit * 2, self.page), None
            except LeaseLost:
                raise
            except Exception as error:
                tried = len(page.rows) if page is not None else 0
                if tried > 1 and not is_transient(error):
                    limit, delay = tried // 2, BACKOFF_FIRST  # halving finds the one that cannot be handled
                else:
                    delay = min(delay * 2, BACKOFF_MOST if is_transient(error) else STUCK_MOST)
                self._report(error, lease, tried)
                await asyncio.sleep(delay * random.uniform(0.5, 1))
                continue
            if page.at_head:
                await _wait(waiter, POLL if pause is None else min(pause, POLL))
        raise LeaseLost(f"{self.name} has another owner")

    def _report(self, error: Exception, lease: Lease, tried: int) -> None:
        """Say what is wrong, and where."""
        self.trouble = f"{type(error).__name__}: {error}"
        if is_transient(error):
            log.warning("%s waits at %d: %s", self.name, lease.position, error, extra={"action": "subscription_waits"})
            return
        detail = f"one of the {tried} events" if tried > 1 else "the next event"
        message = "%s is held by %s after position %d"
        log.error(message, self.name, detail, lease.position, exc_info=error, extra={"action": "subscription_held"})


async def _wait(waiter: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await waiter.wait()
    except TimeoutError:
        pass
