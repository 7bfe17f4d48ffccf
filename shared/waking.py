"""Wakes those who wait for the log to grow: at once in this process, by NOTIFY in others.

NOTIFY is sent after the commit, on its own connection and coalesced: inside the append it would serialise commits.
It only shortens a wait: who waits also looks by himself now and then.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging

from shared.database import Database, Link, retrying

log = logging.getLogger(__name__)

CHANNEL = "yizhan_log"
QUIET = 0.005  # seconds between two NOTIFYs


class Signal:
    """`appended` when the log has grown; each waiter has an event that is set then."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiters: set[asyncio.Event] = set()
        self._grown = asyncio.Event()
        self.position = 0

    def waiter(self) -> asyncio.Event:
        """An event that is set whenever the log may have grown; its owner clears it."""
        event = asyncio.Event()
        event.set()
        self._waiters.add(event)
        return event

    def release(self, waiter: asyncio.Event) -> None:
        self._waiters.discard(waiter)

    def appended(self, position: int) -> None:
        """This process has appended up to this position."""
        self.position = max(self.position, position)
        self._grown.set()
        self.wake()

    def wake(self) -> None:
        for waiter in self._waiters:
            waiter.set()

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

                async def notify() -> None:
                    await (await link.get()).execute(f"notify {CHANNEL}")

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
            async for _ in connection.notifies():
                self.wake()

        try:
            while True:
                await retrying(listen, "listening for the others")
        finally:
            with contextlib.suppress(Exception):
                await link.close()
