"""The log read anew into other tables: what rebuilding and verifying of read tables have in common."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from sqlalchemy import Column, Table

from shared.database import Connection, is_transient
from shared.errors import ReplayFailed
from shared.log.codec import Codec
from shared.log.read import Recorded, read_page
from shared.parking import told
from shared.projecting import Projection, apply, sql_type

PAGE = 1_000  # events; smaller than the pages of who follows, which shares the process

LIVE = "select current_schema()"  # where the live read tables are


async def live_schema(connection: Connection) -> str:
    row = await (await connection.execute(LIVE)).fetchone()
    assert row is not None
    return f'"{row[0]}"'


class Replay:
    """Applies a projection's events, some positions left out, to the tables that its names mean on a connection."""

    def __init__(self, projection: Projection, codec: Codec, skipped: AbstractSet[int] = frozenset()) -> None:
        self._projection, self._codec, self._skipped = projection, codec, skipped

    async def page(self, connection: Connection, after: int, limit: int) -> tuple[list[Recorded], int]:
        """The next events after a position, none after `limit`, and the position that was reached."""
        page = await read_page(connection, after, min(PAGE, self._projection.page), self._projection.types)
        rows = [row for row in page.rows if row.position <= limit and row.position not in self._skipped]
        return rows, min(page.reached, limit)

    async def apply(self, connection: Connection, rows: list[Recorded]) -> None:
        """Within a transaction. Raises `ReplayFailed`, which names the first event that cannot be applied."""
        if not rows:
            return
        try:
            async with connection.transaction():
                await apply(connection, self._projection.project(rows, self._codec))
        except Exception as error:
            if is_transient(error):
                raise
            await self._one_by_one(connection, rows)

    async def _one_by_one(self, connection: Connection, rows: list[Recorded]) -> None:
        for row in rows:
            try:
                async with connection.transaction():
                    await apply(connection, self._projection.project([row], self._codec))
            except Exception as error:
                if is_transient(error):
                    raise
                raise ReplayFailed(f"{row.type} at position {row.position}: {told(error)}") from error


def same(table: Table, left: str, right: str) -> str:
    """SQL: whether two rows of the same key hold the same."""
    key = {column.name for column in table.primary_key}
    pairs = [(f"{left}.{_comparable(c)}", f"{right}.{_comparable(c)}") for c in table.columns if c.name not in key]
    return " and ".join(f"{one} is not distinct from {other}" for one, other in pairs) or "true"


def same_key(table: Table, left: str, right: str) -> str:
    """SQL: whether two rows have the same key."""
    return " and ".join(f"{left}.{column.name} = {right}.{column.name}" for column in table.primary_key)


def _comparable(column: Column[object]) -> str:
    """`json` has no equality: there the text counts."""
    return f"{column.name}::text" if sql_type(column) == "JSON" else column.name
