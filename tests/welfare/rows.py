"""What read tables show after given commands and all that follows from them, applied to a real PostgreSQL."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

from services.welfare.main import SERVICE
from services.welfare.policies import POLICIES
from shared.database import Database
from shared.decider import Change, Command, Decider, DomainEvent
from shared.errors import Refused
from shared.log.append import Actor, Context
from shared.log.codec import encode
from shared.log.read import Recorded
from shared.projecting import Projection, apply
from shared.queries import Queries, View
from tests.welfare.audit import Audited

AUDITED = Audited()
META = encode(Context("c", Actor("person", "P1"), "c", None, None, "O1"))


def log_of(commands: Iterable[Command], *past: Change) -> list[Recorded]:
    """The log after these commands and all reactions; of a refused command, what its refusal records."""
    streams: dict[str, list[DomainEvent]] = {}
    rows: list[Recorded] = []
    waiting: deque[Command] = deque()

    def read(decider: Decider[Any, Any, Any], entity: str) -> Any:
        return decider.fold(streams.get(decider.stream(entity), []))

    def append(changes: Iterable[Change]) -> None:
        for decider, entity, events in changes:
            stream = decider.stream(entity)
            for event in events:
                streams.setdefault(stream, []).append(event)
                place = (len(rows) + 1, f"e{len(rows) + 1}", "", decider.category, stream, len(streams[stream]))
                rows.append(Recorded(*place, type(event).__name__, encode(event), META, event.at, event.at))
                for reaction in POLICIES.reactions.get(type(event), []):
                    waiting.extend(POLICIES.ask(reaction, event, event.at))

    append(past)
    for command in commands:
        waiting.append(command)
        while waiting:
            try:
                append(AUDITED.handle(waiting.popleft(), read))
            except Refused as refusal:
                append(refusal.record)
    return rows


async def project(database: Database, rows: list[Recorded], *projections: Projection) -> None:
    """As one page of each."""
    async with await database.connect("rows") as connection:
        for projection in projections:
            known = [row for row in rows if row.type in projection.rules]
            await apply(connection, projection.project(known, SERVICE.codec))


@asynccontextmanager
async def looking(database: Database, projection: Projection) -> AsyncIterator[View]:
    async with Queries("welfare", database).view(projection) as view:
        yield view
