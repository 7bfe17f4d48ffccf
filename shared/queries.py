"""Reading read tables: rows and position from one snapshot, and waiting for a position that the caller knows of."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sqlalchemy import Connection as SyncConnection
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.database import Database
from shared.errors import ProjectionBehind, ValidationFailed
from shared.projecting import Projection
from shared.versions import enter

PATIENCE = 2.0  # seconds to wait for a position
LOOK_FIRST, LOOK_MOST = 0.002, 0.05  # seconds between looks

_NUMBER = re.compile(r"^[0-9]{1,18}\Z")

POSITION = text("""select s.position, h.epoch from subscription s, log_head h
  where s.name = :name and s.version = :version""")
HEAD = text("select epoch, position from log_head")


@dataclass(frozen=True)
class View:
    """A snapshot of a service's read tables."""

    db: AsyncConnection
    token: str


class Queries:
    """The query side of one service."""

    def __init__(self, service: str, database: Database) -> None:
        self._service, self._database = service, database

    @asynccontextmanager
    async def view(
        self, projection: Projection, min_position: str | None = None, *beside: Projection
    ) -> AsyncIterator[View]:
        """A snapshot in which the projection, and all beside it, have reached `min_position`, a token of this service.

        Raises `ValidationFailed` for a token that this service never gave, and `ProjectionBehind` when it takes too
        long.
        """
        wanted = self._parse(min_position)
        deadline, delay = time.monotonic() + PATIENCE, LOOK_FIRST
        while True:
            async with self._database.engine.connect() as db:
                await db.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
                epoch, position = min([await self._position(db, one) for one in (projection, *beside)])
                if wanted is None or (epoch, position) >= wanted:
                    yield View(db, f"{self._service}.{epoch}.{position}")
                    return
                if delay == LOOK_FIRST:  # the log only grows: what it has reached by now it has
                    await self._check_given(db, wanted)
            if time.monotonic() > deadline:
                raise ProjectionBehind(f"{projection.name} is at {position}, asked for {wanted[1]}")
            await asyncio.sleep(delay)
            delay = min(delay * 2, LOOK_MOST)

    def _parse(self, token: str | None) -> tuple[int, int] | None:
        if token is None:
            return None
        service, epoch, position = [*token.split("."), "", ""][:3]
        if service != self._service or not _NUMBER.match(epoch) or not _NUMBER.match(position):
            raise ValidationFailed(f"it is not a position of {self._service}", field="min_position")
        return int(epoch), int(position)

    async def _check_given(self, db: AsyncConnection, wanted: tuple[int, int]) -> None:
        """What lies beyond the log's end was never handed out, and waiting for it would be in vain."""
        epoch, head = (await db.execute(HEAD)).one()
        if wanted > (epoch, head):
            detail = f"{self._service} never gave it: its log is at {self._service}.{epoch}.{head}"
            raise ValidationFailed(detail, field="min_position")

    @staticmethod
    async def _position(db: AsyncConnection, projection: Projection) -> tuple[int, int]:
        row = (await db.execute(POSITION, {"name": projection.name, "version": projection.version})).first()
        return (row.epoch, row.position) if row else (0, 0)


def create_tables(connection: SyncConnection, projections: tuple[Projection, ...]) -> None:
    """Make the tables of these projections that are missing: read tables are disposable and need no migrations."""
    for projection in projections:
        projection.metadata.create_all(connection, checkfirst=True)
        enter(connection, projection)
