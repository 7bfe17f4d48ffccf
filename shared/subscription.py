"""One loop for everything that follows the log: projections, policies, timers and the relay.

A lease gives a subscription one owner at a time. Trouble has three answers here: wait for what is away, park the event
that cannot be handled (see `parking.py`), stop when too many cannot.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from shared.database import BACKOFF_FIRST, BACKOFF_MOST, Database, Link, is_transient, retrying
from shared.errors import LeaseLost, ParkedChanged
from shared.leases import Lease, Leases, Work
from shared.log.read import Page
from shared.parking import Parking
from shared.tail import Pages, Tail
from shared.waking import Signal, wait_for

log = logging.getLogger(__name__)

STANDBY = 1.0  # seconds between looks at a lease that another process holds
# Moves, and rows of read tables, do not wait for the disk. After a crash of PostgreSQL the last of them may be undone,
# position and rows together, and are done again: what they follow, the log, was on disk before anybody could read it.
RELAXED = "-c synchronous_commit=off"
POLL = 1.0  # seconds between looks at the log when nobody woke us
STUCK_MOST = 30.0  # seconds between tries at what holds us


@dataclass(eq=False)
class Subscription:
    """Follows the log from its position on, page by page, while it has the lease.

    `work` handles one page and moves the lease's position in its own way. Transient trouble backs off
    without end. An event that cannot be handled is found by halving and parked. After too many of these in a row, and
    where no event is to blame, the subscription is held at its position, loudly, until it can go on.

    `together` is how many parked events of a stream are replayed at once: more than one only where a page is one
    transaction, as nothing behind an event that fails again may have had its effect.
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
    together: int = 1
    from_end: bool = False
    idle_work: Callable[[Lease], Awaitable[float]] | None = None
    trouble: str | None = field(default=None, init=False)
    _stopping: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _waiter: asyncio.Event = field(default_factory=asyncio.Event, init=False)

    def stop(self) -> None:
        """End after the page in flight."""
        self._stopping.set()
        self._waiter.set()

    async def run(self) -> None:
        """Follow until cancelled. On cancellation the page in flight is abandoned; its repeat is harmless."""
        link = Link(self.database, f"follow {self.name}", RELAXED)
        pages = Pages(self.database, self.tail, self.name, self.types)
        self._waiter = waiter = self.signal.waiter(self.types)
        try:
            while not self._stopping.is_set():
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
        parking = Parking(lease, self.work, self.together)
        await self._load(parking)
        while not lease.lost:
            waiter.clear()
            if self._stopping.is_set():
                return
            tried, pause = 0, None
            try:
                async with lease.turn:
                    replayed = await parking.replay()
                page = await pages.after(lease.position, limit)
                async with lease.turn:
                    free = parking.free(page)
                    tried = len(free.rows)
                    await self._pass(lease, parking, free)
                    tried = 0
                if self.idle_work and page.at_head:
                    pause = await self.idle_work(lease)
                delay, limit, self.trouble = BACKOFF_FIRST, min(limit * 2, self.page), None
            except LeaseLost:
                raise
            except ParkedChanged:
                await self._load(parking)
                continue
            except Exception as error:
                if tried > 1 and not is_transient(error):
                    limit, delay = tried // 2, BACKOFF_FIRST  # halving finds the one that cannot be handled
                else:
                    delay = min(delay * 2, BACKOFF_MOST if is_transient(error) else STUCK_MOST)
                self._report(error, lease, tried)
                await wait_for(self._stopping, delay * random.uniform(0.5, 1))
                continue
            if page.at_head and not replayed:
                await wait_for(waiter, POLL if pause is None else min(pause, POLL))
        raise LeaseLost(f"{self.name} has another owner")

    async def _load(self, parking: Parking) -> None:
        await retrying(parking.load, f"{self.name}: reading what is parked")

    async def _pass(self, lease: Lease, parking: Parking, page: Page) -> None:
        """Work what is free of a page, and be past it. Raises what went wrong, unless one event did and is parked."""
        try:
            if page.rows:
                await self.work(lease, page)
            elif page.reached > lease.position:
                await lease.move(page.reached)
            parking.moved()
        except (LeaseLost, ParkedChanged):
            raise
        except Exception as error:
            if len(page.rows) != 1 or is_transient(error) or await parking.full():
                raise
            await parking.park(page, error)

    def _report(self, error: Exception, lease: Lease, tried: int) -> None:
        """Say what is wrong, and where."""
        if is_transient(error):
            self.trouble = f"{type(error).__name__}: {error}"
            log.warning("%s waits at %d: %s", self.name, lease.position, error, extra={"action": "subscription_waits"})
        elif tried > 1:
            message = "%s cannot handle one of %d events after %d and looks for it (%s)"
            log.warning(message, self.name, tried, lease.position, error, extra={"action": "subscription_searches"})
        else:
            self.trouble = f"{type(error).__name__}: {error}"
            message = "%s is held after position %d"
            log.error(message, self.name, lease.position, exc_info=error, extra={"action": "subscription_held"})
