"""Where subscriptions get their pages from: close to the head, rows are read once for all of a process.

Without the tail, every append would be read as often as there are subscriptions. Who is further behind than what it
holds reads the log by himself, one page ahead of the one that is being worked on.
"""

from __future__ import annotations

import asyncio
import logging
from bisect import bisect_right
from collections.abc import Collection, Sequence
from operator import attrgetter

from shared.database import Database, Link
from shared.log.read import Page, Recorded, read_head, read_page

log = logging.getLogger(__name__)

HELD = 2_000  # rows; more than subscriptions at the head fall behind by in a burst
_position = attrgetter("position")


class Tail:
    """All rows after one position up to another, which is the head as it was at the last look."""

    def __init__(self, database: Database) -> None:
        self._link = Link(database, "tail")
        self._rows: list[Recorded] = []
        self._after = self._reached = self._head = -1  # nothing is held yet
        self._looking: asyncio.Task[None] | None = None
        self._next: asyncio.Task[None] | None = None

    async def page(self, after: int, limit: int, types: Collection[str] | None) -> Page | None:
        """As `read_page` answers, with all that is there at the call; None when `after` is not within what is held."""
        if after < self._after:
            return None
        await self._look()
        if not self._after <= after <= self._reached:
            return None
        rows = self._rows[bisect_right(self._rows, after, key=_position) :]
        wanted = rows if types is None else [row for row in rows if row.type in types]
        if len(wanted) > limit:
            return Page(wanted[:limit], wanted[limit - 1].position, self._head)
        return Page(wanted, self._reached, self._head)

    async def close(self) -> None:
        """Let go of the database; only when nobody reads by its connection any more."""
        looks = [task for task in (self._looking, self._next) if task is not None]
        for task in looks:
            task.cancel()
        await asyncio.gather(*looks, return_exceptions=True)
        await self._link.close()

    async def _look(self) -> None:
        """Wait for a look that begins after this call; all who ask meanwhile share it."""
        if self._next is None:
            self._next = asyncio.create_task(self._look_after(self._looking), name="tail")
            self._next.add_done_callback(lambda task: task.cancelled() or task.exception())
        await asyncio.shield(self._next)

    async def _look_after(self, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await asyncio.wait([before])
        self._looking, self._next = self._next, None
        connection = await self._link.get()
        if self._head < 0:
            self._begin_at(await read_head(connection))
        page = await read_page(connection, self._reached, HELD)
        if page.head < self._reached:  # an older state of the database was restored
            log.error("the log ends at %d, before what was read of it", page.head, extra={"action": "log_shorter"})
            self._begin_at(page.head)
            return
        self._rows += page.rows
        self._reached, self._head = page.reached, page.head
        if len(self._rows) > HELD:
            self._after = self._rows[-HELD - 1].position
            del self._rows[:-HELD]

    def _begin_at(self, position: int) -> None:
        self._rows.clear()
        self._after = self._reached = self._head = position


class Pages:
    """The pages of one subscription, of these types only if given."""

    def __init__(self, database: Database, tail: Tail, name: str, types: Sequence[str] | None) -> None:
        self._link, self._tail, self._types = Link(database, f"read {name}"), tail, types
        self._wanted = None if types is None else frozenset(types)
        self._ahead: tuple[int, int, asyncio.Task[Page]] | None = None

    async def after(self, position: int, limit: int) -> Page:
        """The next page; while it is worked on the one behind it is read, if there is one."""
        ahead = await self._read_ahead(position, limit)
        if ahead is not None and ahead.at_head:  # as it was then: it has to be looked at again
            return ahead._replace(head=ahead.head + 1)
        page = ahead or await self._tail.page(position, limit, self._wanted) or await self._read(position, limit)
        if page.at_head:
            await self._link.close()  # one that is not behind needs none of its own
        else:
            self._ahead = page.reached, limit, asyncio.create_task(self._read(page.reached, limit), name="read ahead")
        return page

    async def close(self) -> None:
        """Let go of the database."""
        await self._drop()
        await self._link.close()

    async def _read_ahead(self, position: int, limit: int) -> Page | None:
        if self._ahead is not None and self._ahead[:2] == (position, limit):
            reading, self._ahead = self._ahead[2], None
            return await reading
        await self._drop()  # the page before was not worked through
        return None

    async def _read(self, position: int, limit: int) -> Page:
        return await read_page(await self._link.get(), position, limit, self._types)

    async def _drop(self) -> None:
        ahead, self._ahead = self._ahead, None
        if ahead is not None:
            ahead[2].cancel()
            await asyncio.gather(ahead[2], return_exceptions=True)
