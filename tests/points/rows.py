"""What read tables show after given commands: the log that they lead to, applied to a real PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

from services.points.handlers import HANDLERS
from services.points.main import SERVICE
from shared.database import Database
from shared.decider import Command, Decider, DomainEvent
from shared.log.append import Actor, Context
from shared.log.codec import encode
from shared.log.read import Recorded
from shared.projecting import Projection, apply
from shared.queries import Queries, View

META = encode(Context("c", Actor("person", "P1"), "c", None, None, "O1"))


def log_of(commands: Iterable[Command]) -> list[Recorded]:
    """The log after these commands, none of which may be refused."""
    streams: dict[str, list[DomainEvent]] = {}
    rows: list[Recorded] = []

    def read(decider: Decider[Any, Any, Any], entity: str) -> Any:
        return decider.fold(streams.get(decider.stream(entity), []))

    for command in commands:
        for decider, entity, events in HANDLERS.handle(command, read):
            stream = decider.stream(entity)
            for event in events:
                streams.setdefault(stream, []).append(event)
                place = (len(rows) + 1, f"e{len(rows) + 1}", "", decider.category, stream, len(streams[stream]))
                rows.append(Recorded(*place, type(event).__name__, encode(event), META, event.at, event.at))
    return rows


async def project(database: Database, rows: list[Recorded], *projections: Projection) -> None:
    async with await database.connect("rows") as connection:
        for projection in projections:
            known = [row for row in rows if row.type in projection.rules]
            await apply(connection, projection.project(known, SERVICE.codec))


@asynccontextmanager
async def looking(database: Database, projection: Projection) -> AsyncIterator[View]:
    async with Queries("points", database).view(projection) as view:
        yield view
