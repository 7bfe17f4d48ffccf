"""A reader of the counts that looks all the time, and judges each look by the log in the same snapshot."""

from __future__ import annotations

from collections import Counter
from typing import Self

from shared.database import Connection
from tests.kernel.counting import Process

WRONG = 1_000  # what a hand adds to every total, so that a look which mixes wrong and right rows is seen

LIVE = "select p.live, s.position from projection p join subscription s on s.name = p.name and s.version = p.live"
OUGHT = """select substr(stream, length(category) + 2), sum((data->>'amount')::int)::int, count(*)::int from event
  where type = 'Added' and position <= %s group by 1"""


async def edit(connection: Connection, version: int = 1) -> None:
    """What nobody may do: change every row by hand."""
    async with connection.transaction():
        await connection.execute(f"lock table count_v{version} in share row exclusive mode".encode())
        await connection.execute(f"update count_v{version} set total = total + {WRONG}".encode())


class Reader:
    """Its looks begin with the first one, and go on until the process ends."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self.faults: list[str] = []
        self.looks: Counter[tuple[int, str]] = Counter()  # by version, and whether the rows were right or wrong
        self.position = 0

    async def start(self) -> Self:
        self._connection = await self._process.database.connect("reads")
        await self.look()
        self._process.start(self._run())
        return self

    async def _run(self) -> None:
        try:
            while True:
                await self.look()
        finally:
            await self._connection.close()

    async def look(self) -> None:
        """Position and rows of the live version, and what they ought to be, in one snapshot."""
        async with self._connection.transaction():
            await self._connection.execute("set transaction isolation level repeatable read, read only")
            version, position = await self._one(LIVE)
            rows = await self._rows(f"select counter, total, events from count_v{version}")
            ought = await self._rows(OUGHT, position)
        if position < self.position:
            self.faults.append(f"the position went from {self.position} back to {position}")
        self.position = position
        if rows.keys() != ought.keys() or any(rows[name][1] != ought[name][1] for name in rows):
            self.faults.append(f"at {position} there is {rows}, ought to be {ought}")
        off = {rows[name][0] - ought[name][0] for name in rows.keys() & ought.keys()}
        if off not in (set(), {0}, {WRONG}):
            self.faults.append(f"at {position} totals are off by {off}")
        self.looks[version, "wrong" if off == {WRONG} else "right"] += 1

    async def _one(self, query: str) -> tuple[int, int]:
        row = await (await self._connection.execute(query.encode())).fetchone()
        assert row is not None
        return row[0], row[1]

    async def _rows(self, query: str, *values: object) -> dict[str, tuple[int, int]]:
        found = await (await self._connection.execute(query.encode(), values or None)).fetchall()
        return {name: (total, events) for name, total, events in found}
