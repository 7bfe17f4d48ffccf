"""Verification of read tables: each is built anew from the log and compared row by row with the live one.

All is read in one snapshot, the live rows, their position and the log up to there, so the service may go on meanwhile.
The rows that ought to be are written to temporary tables: the session's own scratch schema, of which nothing stays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from typing import TypeAlias

from sqlalchemy import Table

from shared.database import Connection
from shared.errors import NotFound, ReplayFailed
from shared.log.codec import Codec
from shared.parked import dropped, listed
from shared.projecting import Projection
from shared.replaying import Replay, live_schema, same, same_key
from shared.service import Service

TOLD = 20  # differences of one table that are told in full
POSITION = "select position from subscription where name = %s and version = %s"

Row: TypeAlias = Sequence[str | None]


async def verify_rows(connection: Connection, service: Service, names: Collection[str] | None = None) -> list[str]:
    """What is wrong with the rows of these projections, or of all: table, key and what differs.

    Events that are parked are left out on both sides, and told apart at the end. The connection is in autocommit.
    Raises `NotFound` for a projection that the service does not have.
    """
    known = {projection.name: projection for projection in service.all_projections}
    if unknown := sorted(set(names or ()) - known.keys()):
        raise NotFound(f"no projection is called {', '.join(unknown)}, there are: {', '.join(sorted(known))}")
    wanted = [known[name] for name in known if names is None or name in names]
    found = [await verify_projection(connection, projection, service.codec) for projection in wanted]
    return [line for faults, _ in found for line in faults] + [line for _, waits in found for line in waits]


async def verify_projection(
    connection: Connection, projection: Projection, codec: Codec
) -> tuple[list[str], list[str]]:
    """What is wrong with the rows of one projection; and what is parked, which they cannot hold yet."""
    async with connection.transaction(force_rollback=True):
        await connection.execute("set transaction isolation level repeatable read")
        schema = await live_schema(connection)
        tables = projection.metadata.sorted_tables
        if missing := [table.name for table in tables if not await _is_there(connection, f"{schema}.{table.name}")]:
            return [f"{projection.name}: there is no table {name}" for name in missing], []
        parked = await listed(connection, projection.name)
        waiting = {row.position: row.stream for row in parked if row.version == projection.version}
        skipped = waiting.keys() | await dropped(connection, projection.name)
        for table in tables:
            await connection.execute(
                f"create temp table {table.name} (like {schema}.{table.name} including all)".encode()
            )
        try:
            await _build(connection, projection, Replay(projection, codec, skipped))
        except ReplayFailed as error:
            return [f"{projection.name}: cannot be built from the log: {error}"], []
        faults = [fault for table in tables for fault in await _differences(connection, schema, table)]
        return faults, list(_waits(projection, waiting))


async def _is_there(connection: Connection, table: str) -> bool:
    row = await (await connection.execute("select to_regclass(%s) is not null", (table,))).fetchone()
    return row is not None and bool(row[0])


async def _build(connection: Connection, projection: Projection, replay: Replay) -> None:
    """Exactly to where the live rows are. A session's temporary tables are found before all others."""
    row = await (await connection.execute(POSITION, (projection.name, projection.version))).fetchone()
    position, reached = row[0] if row else 0, 0
    while reached < position:
        rows, reached = await replay.page(connection, reached, position)
        await replay.apply(connection, rows)


async def _differences(connection: Connection, schema: str, table: Table) -> list[str]:
    names = [column.name for column in table.columns]
    key = [column.name for column in table.primary_key]
    of = {side: ", ".join(f"{side}.{name}::text" for name in names) for side in "lb"}
    order = ", ".join(f"coalesce(l.{name}, b.{name})" for name in key)
    query = f"""select l.{key[0]} is not null, b.{key[0]} is not null, array[{of["l"]}], array[{of["b"]}]
      from {schema}.{table.name} l full join pg_temp.{table.name} b on {same_key(table, "l", "b")}
      where l.{key[0]} is null or b.{key[0]} is null or not ({same(table, "l", "b")}) order by {order}"""
    rows = await (await connection.execute(query.encode())).fetchall()
    told = [_fault(table, names, key, *row) for row in islice(rows, TOLD)]
    return [*told, f"{table.name}: and {len(rows) - TOLD} more rows are wrong"] if len(rows) > TOLD else told


def _fault(table: Table, names: list[str], key: list[str], live: bool, built: bool, has: Row, ought: Row) -> str:
    here, there = dict(zip(names, has, strict=True)), dict(zip(names, ought, strict=True))
    row = f"{table.name} {', '.join(f'{name}={(here if live else there)[name]}' for name in key)}"
    if not live:
        return f"{row}: is missing, the log says {_values(there, key)}"
    if not built:
        return f"{row}: is too much, with {_values(here, key)}"
    wrong = [f"{n} is {here[n]}, the log says {there[n]}" for n in names if here[n] != there[n]]
    return f"{row}: {'; '.join(wrong)}"


def _values(row: dict[str, str | None], key: list[str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in row.items() if name not in key) or "no more than its key"


def _waits(projection: Projection, waiting: dict[int, str]) -> Iterator[str]:
    for stream, count in sorted(Counter(waiting.values()).items()):
        first = min(position for position, of in waiting.items() if of == stream)
        yield f"{projection.name}: {count} events of {stream} are parked, from position {first} on"
