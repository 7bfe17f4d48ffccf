"""Connections to one service's PostgreSQL database.

Queries go through the SQLAlchemy engine. The committer, the ingest, the listener and each subscription hold a psycopg
connection, as their few statements a batch are the hot path. Every loop that uses the database calls `retrying`.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeAlias, TypeVar, cast

import psycopg
from psycopg.rows import TupleRow
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from shared.errors import ConfigInvalid, Unavailable

log = logging.getLogger(__name__)

Connection: TypeAlias = psycopg.AsyncConnection[TupleRow]
T = TypeVar("T")

CONNECT_TIMEOUT = 5  # seconds
BACKOFF_FIRST, BACKOFF_MOST = 0.05, 5.0  # seconds between tries while the database is away
TRANSIENT_STATES = {"40001", "40P01", "55P03", "57014", "57P01", "57P02", "57P03", "25P03", "53100", "53200", "53300"}


class Database:
    """One database, by its libpq URL (`postgresql://user:password@host:port/name`)."""

    def __init__(self, url: str, *, name: str, pool: int = 8) -> None:
        try:
            parsed = make_url(url)
            if parsed.get_backend_name() != "postgresql" or not parsed.database:
                raise ValueError("another kind of database, or none named")
        except Exception as error:
            remedy = "Give postgresql://user:password@host:port/database."
            raise ConfigInvalid(f"DATABASE: not a database URL ({error}). {remedy}") from error
        self.url, self.name = url, name
        self.engine: AsyncEngine = create_async_engine(
            parsed.set(drivername="postgresql+psycopg"),
            pool_size=pool,
            max_overflow=4,
            pool_timeout=5,
            connect_args={"connect_timeout": CONNECT_TIMEOUT, "application_name": name},
        )
        sqlalchemy_event.listen(self.engine.sync_engine, "connect", _utc)

    async def connect(self, purpose: str, options: str = "") -> Connection:
        """A connection of its own, in autocommit, named for what it is used for; `options` as libpq takes them."""
        return await psycopg.AsyncConnection.connect(
            self.url,
            autocommit=True,
            connect_timeout=CONNECT_TIMEOUT,
            application_name=f"{self.name} {purpose}",
            options=f"-c TimeZone=UTC {options}",
        )

    @asynccontextmanager
    async def borrowed(self) -> AsyncIterator[Connection]:
        """A connection of the pool as psycopg has it, in autocommit, for the length of the block."""
        async with self.engine.connect() as pooled:
            await pooled.execution_options(isolation_level="AUTOCOMMIT")
            yield cast("Connection", (await pooled.get_raw_connection()).driver_connection)

    async def close(self) -> None:
        await self.engine.dispose()


def _utc(connection: Any, _record: object) -> None:
    connection.autocommit = True
    connection.execute("set time zone 'UTC'")
    connection.autocommit = False


def is_transient(error: BaseException) -> bool:
    """Whether the same statement may succeed later: the server is away, restarting, full, or chose a victim."""
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or (error.orig is not None and is_transient(error.orig))
    if isinstance(error, PoolTimeout | InterfaceError | OSError | TimeoutError | Unavailable):
        return True
    if isinstance(error, psycopg.Error) and error.sqlstate is not None:
        return error.sqlstate[:2] == "08" or error.sqlstate in TRANSIENT_STATES
    return isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)


async def retrying(work: Callable[[], Awaitable[T]], doing: str) -> T:
    """Do this work, again and again with back-off while the trouble is transient; other errors pass through."""
    delay = BACKOFF_FIRST
    while True:
        try:
            return await work()
        except Exception as error:
            if not is_transient(error):
                raise
            log.warning("%s: %s; trying again in %.1f s", doing, error, delay, extra={"action": "retry"})
        await asyncio.sleep(delay * random.uniform(0.5, 1))
        delay = min(delay * 2, BACKOFF_MOST)


class Link:
    """A connection that is made when needed and made anew after it broke. Used by one task at a time."""

    def __init__(self, database: Database, purpose: str, options: str = "") -> None:
        self._database, self._purpose, self._options = database, purpose, options
        self._connection: Connection | None = None

    async def get(self) -> Connection:
        if self._connection is None or self._connection.closed or self._connection.broken:
            self._connection = await self._database.connect(self._purpose, self._options)
        return self._connection

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.close()
            self._connection = None
