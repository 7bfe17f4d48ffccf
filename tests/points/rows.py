"""What read tables of points show after given commands."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager

from services.points.handlers import HANDLERS
from services.points.main import SERVICE
from shared.database import Database
from shared.decider import Command
from shared.log.read import Recorded
from shared.projecting import Projection
from shared.queries import View
from shared.testing import rows as written


def log_of(commands: Iterable[Command]) -> list[Recorded]:
    """The log after these commands, none of which may be refused."""
    log = written.Written()
    for command in commands:
        log.append(HANDLERS.handle(command, log.read))
    return log.rows


async def project(database: Database, rows: list[Recorded], *projections: Projection) -> None:
    await written.project(database, SERVICE.codec, rows, *projections)


def looking(database: Database, projection: Projection) -> AbstractAsyncContextManager[View]:
    return written.looking("points", database, projection)
