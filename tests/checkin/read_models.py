"""Read tables in a real database, as given events leave them; no log, no subscriptions."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import create_engine, pool
from sqlalchemy.engine import make_url

from shared.database import Database
from shared.decider import DomainEvent
from shared.projecting import Projection, apply
from shared.queries import View
from shared.testing.infrastructure import install_log


def tables_of(*projections: Projection) -> Callable[[str], None]:
    """For `databases.fresh(word, tables_of(...))`."""

    def prepare(url: str) -> None:
        install_log(url)
        engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"), poolclass=pool.NullPool)
        for projection in projections:
            projection.metadata.create_all(engine)
        engine.dispose()

    return prepare


class ReadModels:
    """Some projections of one database."""

    def __init__(self, url: str, *projections: Projection) -> None:
        self.database = Database(url, name="read models", pool=2)
        self._projections = projections

    async def told(self, *events: DomainEvent) -> None:
        """As one page."""
        row: Any = None  # our rules go by the events alone
        async with await self.database.connect("told") as connection, connection.transaction():
            for projection in self._projections:
                rules = projection.rules
                shown = [one for one in events if type(one).__name__ in rules]
                await apply(connection, [change for one in shown for change in rules[type(one).__name__](one, row)])

    @asynccontextmanager
    async def view(self) -> AsyncIterator[View]:
        async with self.database.engine.connect() as db:
            yield View(db, "checkin.1.0")
