"""Reading the log: pages in position order for subscriptions, streams for deciders, results of known commands."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from psycopg import sql

from shared.database import Connection
from shared.log.append import Context

WINDOW = 20_000  # positions looked at by one page at most, so that a page of rare types is never a long statement


class Recorded(NamedTuple):
    """One row of the log."""

    position: int
    event_id: str
    origin: str
    category: str
    stream: str
    version: int | None
    type: str
    data: str
    meta: str
    occurred_at: datetime
    recorded_at: datetime

    @property
    def entity(self) -> str:
        """The id of the aggregate, or the key of the received record."""
        return self.stream[len(self.category) + 1 :]

    def context(self) -> Context:
        return _context.decode(self.meta)


class Page(NamedTuple):
    """Rows after a position, and how far the log was read to find them."""

    rows: list[Recorded]
    reached: int
    head: int

    @property
    def at_head(self) -> bool:
        return self.reached >= self.head


_context = msgspec.json.Decoder(Context)

COLUMNS = (
    "position, event_id, origin, category, stream, version, type, data::text, meta::text, occurred_at, recorded_at"
)

# Head and rows come from one snapshot; positions are dense and in commit order, so nothing up to the head is missing.
_PAGE = f"""
select h.position, e.* from log_head h left join lateral (
  select {COLUMNS} from event
  where position > %(after)s and position <= %(after)s + {WINDOW} {{types}} order by position limit %(limit)s
) e on true order by e.position"""
PAGE_OF_ALL = sql.SQL(_PAGE.format(types=""))
PAGE_OF_TYPES = sql.SQL(_PAGE.format(types="and type = any(%(types)s)"))

# What is newer than what is held, beginning with a snapshot if there is one of this code.
# The order inside keeps the planner from answering for many streams by one walk through the whole log.
NEWER = """with held as (
    select h.stream, greatest(h.version, s.version) as version, s.state
    from unnest(%s::text[], %s::int[]) as h(stream, version) left join lateral (
      select version, state from snapshot
      where stream = h.stream and code = %s and version > h.version offset 0) s on true)
  select stream, version, null as type, null as data, state from held where state is not null
  union all
  select held.stream, e.version, e.type, e.data, null from held cross join lateral (
    select version, type, data::text from event
    where stream = held.stream and version > held.version order by version) e
  order by stream, version"""
COMMANDS = "select command_id, body_hash, result::text, position from command where command_id = any(%s)"
EVENTS = "select event_id, stream, version, type, data::text from event where origin = '' and event_id = any(%s)"


async def read_page(connection: Connection, after: int, limit: int, types: Sequence[str] | None = None) -> Page:
    """The next rows after a position, of these types only if given."""
    statement = PAGE_OF_ALL if types is None else PAGE_OF_TYPES
    wanted: dict[str, Any] = {"after": after, "limit": limit, "types": list(types or ())}
    cursor = await connection.execute(statement, wanted, prepare=True)
    found = await cursor.fetchall()
    head = int(found[0][0])
    rows = [Recorded._make(row[1:]) for row in found if row[1] is not None]
    reached = rows[-1].position if len(rows) == limit else min(head, after + WINDOW)
    return Page(rows, max(reached, after), head)


async def read_head(connection: Connection) -> int:
    """The position of the newest event."""
    row = await (await connection.execute("select position from log_head")).fetchone()
    assert row is not None
    return int(row[0])
