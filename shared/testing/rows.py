"""What read tables show after given decisions: a log that they lead to, applied to a real PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

from shared.database import Database
from shared.decider import Change, Decider, DomainEvent
from shared.log.append import Actor, Context
from shared.log.codec import Codec, encode
from shared.log.read import Recorded
from shared.projecting import Projection, apply
from shared.queries import Queries, View

META = encode(Context("c", Actor("person", "P1"), "c", None, None, "O1"))


class Written:
    """A log in memory: decisions read the streams that those before them have written."""

    def __init__(self) -> None:
        self.rows: list[Recorded] = []
        self._streams: dict[str, list[DomainEvent]] = {}

    def read(self, decider: Decider[Any, Any, Any], entity: str) -> Any:
        return decider.fold(self._streams.get(decider.stream(entity), []))

    def append(self, changes: Iterable[Change]) -> list[DomainEvent]:
        """Answers what is new, in order."""
        new: list[DomainEvent] = []
        for decider, entity, events in changes:
            stream = decider.stream(entity)
            before = self._streams.setdefault(stream, [])
            for event in events:
                before.append(event)
                number = len(self.rows) + 1
                place = (number, f"e{number}", "", decider.category, stream, len(before))
                self.rows.append(Recorded(*place, type(event).__name__, encode(event), META, event.at, event.at))
                new.append(event)
        return new


async def project(database: Database, codec: Codec, rows: list[Recorded], *projections: Projection) -> None:
    """As one page of each."""
    async with await database.connect("rows") as connection:
        for projection in projections:
            known = [row for row in rows if row.type in projection.rules]
            await apply(connection, projection.project(known, codec))


@asynccontextmanager
async def looking(service: str, database: Database, projection: Projection) -> AsyncIterator[View]:
    async with Queries(service, database).view(projection) as view:
        yield view
