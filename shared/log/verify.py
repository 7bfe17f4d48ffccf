"""Verification of the log: one pass recomputes the hash chain from the rows themselves.

It finds any edit, deletion, insertion or reordering of rows by position. That nothing was cut off at the end is proved
by comparing with a head that was exported earlier.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, NamedTuple

from shared.database import Connection
from shared.log.append import micros
from shared.log.chain import GENESIS, digest, link

PAGE = 5_000

ROWS = """select position, event_id, origin, category, stream, version, type, schema_version, data::text, meta::text,
    occurred_at, recorded_at, chain from event where position > %s order by position limit %s"""


class Verdict(NamedTuple):
    """What verification found: `fault` names the first bad position and what is wrong there."""

    checked: int
    position: int
    chain: bytes
    fault: str | None


def after(chain: bytes, row: tuple[Any, ...]) -> bytes:
    """The chain after a row of `ROWS`, computed from what is in it."""
    _, event_id, origin, category, stream, version, name, schema, data, meta, occurred, recorded, _ = row
    times = micros(occurred), micros(recorded)
    return link(chain, digest(event_id, origin, category, stream, version, name, schema, *times, data, meta))


async def verify(connection: Connection, exported: tuple[int, bytes] | None = None) -> Verdict:
    """Check positions, chain and head of the whole log, and that it holds a head (position, chain) exported before."""
    position, chain = 0, GENESIS
    async for row in _rows(connection):
        if row[0] != position + 1:
            return Verdict(position, position + 1, chain, f"position {position + 1} is missing")
        chain = after(chain, row)
        if chain != bytes(row[-1]):
            return Verdict(position, row[0], chain, f"the row at position {row[0]} is not what was appended")
        position = row[0]
        if exported is not None and exported[0] == position and exported[1] != chain:
            return Verdict(position, position, chain, f"up to {position} the log is not the one that was exported")
    if exported is not None and exported[0] > position:
        return Verdict(position, position + 1, chain, f"the log ends at {position}, {exported[0]} was exported")
    head = await (await connection.execute("select position, chain from log_head")).fetchone()
    assert head is not None
    if (head[0], bytes(head[1])) != (position, chain):
        return Verdict(position, position + 1, chain, f"the head says {head[0]}, the last row is {position}")
    return Verdict(position, position, chain, None)


async def _rows(connection: Connection) -> AsyncIterator[tuple[Any, ...]]:
    after = 0
    while True:
        rows = await (await connection.execute(ROWS, (after, PAGE))).fetchall()
        for row in rows:
            yield row
        if len(rows) < PAGE:
            return
        after = rows[-1][0]
