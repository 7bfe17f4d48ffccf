"""Parking: an event that cannot be handled steps aside, and every later one of its stream waits behind it, in order.

The key is the stream in the log, whatever follows it. For a read table that is all: rows of other streams change on.
A policy, or the door of intake, leaves the effects of the other streams in time. The relay parks what it cannot map to
a contract, and that stream is silent on its topic until the replay; what Kafka does not take is no fault of an event:
the relay waits. The timers park what does not go into their table; a timer whose command fails is no event and stays.

Only the subscription's owner parks and replays, so what is parked is known to it without asking; what others change
(a drop) is noticed by the database when it matters.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg

from shared import failpoints
from shared.database import Connection, is_transient
from shared.errors import LeaseLost, ParkedChanged
from shared.leases import LEASE, Aside, Lease, Work
from shared.log.read import COLUMNS, Page, Recorded
from shared.parked import dropped

log = logging.getLogger(__name__)

MOST_IN_A_ROW = 20  # streams parked with no success between: then it is us, and the rest is not to be parked as well
MOST_TOLD = 300  # characters of an error that are kept

# From key to key by the index: however much is parked, it takes one look for each stream.
STREAMS = """with recursive key as (
    (select stream from parked where subscription = %(name)s and version = %(version)s order by stream limit 1)
  union all
    select (select stream from parked where subscription = %(name)s and version = %(version)s and stream > key.stream
              order by stream limit 1)
      from key where key.stream is not null)
  select stream from key where stream is not null"""
WANTED = """select stream from parked where subscription = %(name)s and version = %(version)s and wanted is not null
  order by position limit 1"""
ROWS = f"""select {COLUMNS}, seen from event join (
    select position, xmin::text as seen from parked
      where subscription = %(name)s and version = %(version)s and stream = %(stream)s and wanted is not null
      order by position limit %(limit)s) p using (position)
  order by position"""
LEFT = """select from parked where subscription = %(name)s and version = %(version)s and stream = %(stream)s limit 1"""
UNPARK = "select unpark(%b, %b, %b, %b, %b::bigint[])"
FAILED = "select replay_failed(%b, %b, %b, %b, %b, %b)"
IN_A_ROW = "select in_a_row from subscription where name = %(name)s and version = %(version)s"


@dataclass(eq=False)
class Replay(Lease):
    """The same right, over what is parked: in place of a move these rows go, one with what `work` makes of them."""

    positions: list[int] = field(default_factory=list)

    def moving(self, position: int) -> tuple[str, Sequence[Any]]:
        return UNPARK, (self.name, self.version, self.epoch, LEASE, self.positions)


class Parking:
    """What one subscription has parked, in the hands of its owner. Used by one task."""

    def __init__(self, lease: Lease, work: Work, together: int) -> None:
        self._lease, self._work, self._together = lease, work, together
        self._limit = 1
        self._streams: set[str] = set()
        self._dropped: set[int] = set()

    async def load(self) -> None:
        """Read what is parked; and what was dropped of what lies before us, as in a version that is built anew."""
        connection = await self._lease.link.get()
        found = await (await connection.execute(STREAMS, self._named())).fetchall()
        self._streams = {stream for (stream,) in found}
        self._dropped = {p for p in await dropped(connection, self._lease.name) if p > self._lease.position}

    def free(self, page: Page) -> Page:
        """What of a page can be worked on. What waits behind a parked event is parked by the move past it."""
        lease, rows, behind = self._lease, page.rows, list[int]()
        if self._dropped:
            rows = [row for row in rows if row.position not in self._dropped]
        if self._streams:
            behind = [row.position for row in rows if row.stream in self._streams]
            rows = [row for row in rows if row.stream not in self._streams]
        in_a_row = 0 if rows else lease.in_a_row
        changes = behind or in_a_row != lease.in_a_row
        lease.aside = Aside(behind, [None] * len(behind), in_a_row) if changes else None
        return page._replace(rows=rows)

    def moved(self) -> None:
        """The move has been made."""
        if self._lease.aside is not None:
            self._lease.in_a_row, self._lease.aside = self._lease.aside.in_a_row, None

    async def full(self) -> bool:
        """Whether so many streams were parked in a row that no more may be; a drop, which a person does, ends a row."""
        lease = self._lease
        if lease.in_a_row >= MOST_IN_A_ROW:
            row = await (await (await lease.link.get()).execute(IN_A_ROW, self._named())).fetchone()
            lease.in_a_row = row[0] if row else 0
        return lease.in_a_row >= MOST_IN_A_ROW

    async def park(self, page: Page, error: Exception) -> None:
        """Move past a page of one event, which cannot be handled and is parked by that very move."""
        lease, (row,) = self._lease, page.rows
        behind, nothing, _ = lease.aside or Aside([], [], 0)
        lease.aside = Aside([*behind, row.position], [*nothing, told(error)], lease.in_a_row + 1)
        await lease.move(page.reached)
        self.moved()
        self._streams.add(row.stream)
        message = "%s parks the event at position %d, a %s, and what follows in its stream"
        log.error(message, lease.name, row.position, row.type, exc_info=error, extra={"action": "event_parked"})

    async def replay(self) -> bool:
        """Handle one page of what is wanted, if anything; answers whether there was."""
        if not self._streams:
            return False
        connection = await self._lease.link.get()
        wanted = await (await connection.execute(WANTED, self._named())).fetchone()
        if wanted is None:
            self._limit = 1
            return False
        parameters = self._named(stream=wanted[0], limit=self._limit)
        found = await (await connection.execute(ROWS, parameters)).fetchall()
        if found:
            await self._again(connection, [Recorded._make(row[:-1]) for row in found], found[0][-1])
        return True

    async def _again(self, connection: Connection, rows: list[Recorded], seen: str) -> None:
        """Work parked rows of one stream. One that fails is found by halving, and ends the replay of its stream."""
        lease, reached = self._lease, rows[-1].position
        positions = [row.position for row in rows]
        again = Replay(lease.name, lease.version, lease.position, lease.epoch, lease.link, positions=positions)
        try:
            await self._work(again, Page(rows, reached, reached))
        except Exception as error:
            lease.lost = lease.lost or isinstance(error, LeaseLost)
            if isinstance(error, LeaseLost | ParkedChanged) or is_transient(error):
                raise
            if len(rows) == 1:
                await self._failed(connection, rows[0], seen, error)
            self._limit = max(1, len(rows) // 2)
            return
        failpoints.hit("replay.after_page")
        lease.in_a_row = 0
        self._limit = min(self._limit * 2, self._together)
        if await (await connection.execute(LEFT, self._named(stream=rows[0].stream))).fetchone() is None:
            self._streams.discard(rows[0].stream)
            log.info("%s has handled all that was parked of a stream", lease.name, extra={"action": "replayed"})

    async def _failed(self, connection: Connection, row: Recorded, seen: str, error: Exception) -> None:
        """It stays parked with its stream until somebody asks again, if nobody has done so while we tried."""
        lease = self._lease
        with lease.owned():
            known = (lease.name, lease.version, lease.epoch, row.position, seen, told(error))
            await connection.execute(FAILED, known, prepare=True)
        message = "%s still cannot handle the parked event at position %d, a %s"
        log.error(message, lease.name, row.position, row.type, exc_info=error, extra={"action": "replay_failed"})

    def _named(self, **more: Any) -> dict[str, Any]:
        return {"name": self._lease.name, "version": self._lease.version, **more}


def told(error: Exception) -> str:
    """Type and message of an error on one short line. Further lines are left out: there libraries quote values."""
    message = error.diag.message_primary if isinstance(error, psycopg.Error) else None
    first = next(iter((message or str(error)).splitlines()), "")
    return f"{type(error).__name__}: {first}"[:MOST_TOLD].replace("\0", "").encode(errors="replace").decode()
