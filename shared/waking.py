"""Wakes those who wait for the log to grow: at once in this process, by NOTIFY in others.

NOTIFY is sent after the commit, on its own connection and coalesced: inside the append it would serialise commits.
It only shortens a wait: who waits also looks by himself now and then.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Iterable

from shared.database import Connection, Database, Link, retrying

log = logging.getLogger(__name__)

CHANNEL = "yizhan_log"
QUIET = 0.005  # seconds between two NOTIFYs
LONGEST = 7_000  # bytes of a NOTIFY; PostgreSQL takes 8,000
LATER = 0.05  # seconds until those are woken whom an event does not concern


class Signal:
    """`appended` when the log has grown; each waiter has an event that is set then.

    Whoever waits for these types is woken at once. The others only move on, so they are woken together a little later:
    with many subscriptions, looking at once at what concerns one of them would cost more than the work itself.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiters: dict[asyncio.Event, frozenset[str] | None] = {}
        self._grown = asyncio.Event()
        self._untold: set[str] = set()
        self._name = secrets.token_hex(8)
        self._later: asyncio.TimerHandle | None = None

    def waiter(self, types: Iterable[str] | None = None) -> asyncio.Event:
        """An event that is set whenever the log may have grown, by these types if given; its owner clears it."""
        event = asyncio.Event()
        event.set()
        self._waiters[event] = None if types is None else frozenset(types)
        return event

    def release(self, waiter: asyncio.Event) -> None:
        self._waiters.pop(waiter, None)

    def appended(self, types: Iterable[str]) -> None:
        """This process has appended events of these types."""
        grown = frozenset(types)
        self._untold |= grown
        self._grown.set()
        self._wake_for(grown)

    def wake(self) -> None:
        """Wake everybody."""
        self._later = None
        for waiter in self._waiters:
            waiter.set()

    def _wake_for(self, grown: frozenset[str]) -> None:
        for waiter, types in self._waiters.items():
            if types is None or not types.isdisjoint(grown):
                waiter.set()
        if self._later is None:
            self._later = asyncio.get_running_loop().call_later(LATER, self.wake)

    def _heard(self, note: str) -> None:
        """`note` is who has appended, and which types; without types, anything."""
        name, _, types = note.partition(" ")
        if not types:
            self.wake()
        elif name != self._name:
            self._wake_for(frozenset(types.split()))

    async def run(self) -> None:
        """Tell others and hear from others, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._tell(), name="notify")
            tasks.create_task(self._hear(), name="listen")

    async def _tell(self) -> None:
        link = Link(self._database, "notify")
        try:
            while True:
                await self._grown.wait()
                self._grown.clear()
                note = f"{self._name} {' '.join(sorted(self._untold))}"
                self._untold.clear()

                async def notify(note: str = note if len(note) < LONGEST else self._name) -> None:
                    await tell(await link.get(), note)

                await retrying(notify, "waking the others")
                await asyncio.sleep(QUIET)
        finally:
            await link.close()

    async def _hear(self) -> None:
        link = Link(self._database, "listen")

        async def listen() -> None:
            connection = await link.get()
            await connection.execute(f"listen {CHANNEL}")
            self.wake()  # something may have come while nobody listened
            async for notice in connection.notifies():
                self._heard(notice.payload)

        try:
            while True:
                await retrying(listen, "listening for the others")
        finally:
            with contextlib.suppress(Exception):
                await link.close()


async def tell(connection: Connection, note: str = "") -> None:
    """Wake every process: `note` is who has appended, and which types; without types everybody is concerned."""
    await connection.execute("select pg_notify(%s, %s)", (CHANNEL, note))


async def wait_for(event: asyncio.Event, seconds: float) -> None:
    """Until the event is set, or the time is over."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
