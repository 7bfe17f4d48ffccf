"""What most services do: one SQLAlchemy transaction for each command, on a pool of connections of asyncpg."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from sqlalchemy import Column, DateTime, Integer, MetaData, Table, Text, UniqueConstraint, func, insert, select
from sqlalchemy.dialects.postgresql import JSON
from sqlalchemy.engine import make_url
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import create_async_engine

POOL = 24  # connections; more made it slower on two cores

TABLES = MetaData()
EVENT = Table(
    "event",
    TABLES,
    Column("position", Integer, primary_key=True),
    Column("stream", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("type", Text, nullable=False),
    Column("data", JSON, nullable=False),
    Column("meta", JSON, nullable=False),
    Column("recorded_at", DateTime(timezone=True), server_default=func.now(), nullable=False),
    UniqueConstraint("stream", "version"),
)
COMMAND = Table("command", TABLES, Column("command_id", Text, primary_key=True), Column("result", JSON, nullable=False))
META = {"correlation_id": "c", "traceparent": "00-0-0-01"}


class OneByOne:
    """Reads a stream's version, inserts the next event and the command's result, commits."""

    def __init__(self, url: str) -> None:
        driver = make_url(url).set(drivername="postgresql+asyncpg")
        self._engine = create_async_engine(driver, pool_size=POOL, max_overflow=0, pool_timeout=60)

    async def prepare(self) -> None:
        async with self._engine.begin() as db:
            await db.run_sync(TABLES.create_all)

    async def close(self) -> None:
        await self._engine.dispose()

    async def submit(self, stream: str, data: dict[str, Any]) -> None:
        while True:
            try:
                return await self._commit(stream, data)
            except IntegrityError:
                continue  # another caller was faster on this stream: the unique version says so

    async def _commit(self, stream: str, data: dict[str, Any]) -> None:
        async with self._engine.begin() as db:
            version = (
                await db.execute(select(func.max(EVENT.c.version)).where(EVENT.c.stream == stream))
            ).scalar() or 0
            row = {"stream": stream, "version": version + 1, "type": "Scanned", "data": data, "meta": META}
            await db.execute(insert(EVENT).values(row).inline())
            await db.execute(insert(COMMAND), {"command_id": str(uuid4()), "result": {"outcome": "accepted"}})
