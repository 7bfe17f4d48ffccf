"""Where benchmarks run: fresh databases, topics, and the kernel's parts put together as a service process does."""

from __future__ import annotations

import asyncio
import base64
import os
import sys
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from shared.clock import SystemClock
from shared.committer import Committer
from shared.database import Database
from shared.embedded.infra import Infra
from shared.identity import LocalIssuer
from shared.kafka import Sender
from shared.leases import Leases, Work
from shared.log.schema import ddl
from shared.service import Service
from shared.subscription import Subscription
from shared.tail import Tail
from shared.waking import Signal

CLOCK = SystemClock()
CONTENT_KEY = base64.b64encode(os.urandom(32)).decode()


def fresh_database(infra: Infra, name: str, template: str | None = None) -> str:
    """The URL of a new database of this name; one that was there before is dropped."""
    new, old = sql.Identifier(name), sql.Identifier(template or "template1")
    with psycopg.connect(infra.database("postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("drop database if exists {} with (force)").format(new))
        connection.execute(sql.SQL("create database {} template {}").format(new, old))
        connection.execute("checkpoint")  # so that no contestant pays for what another wrote
    return infra.database(name)


def with_log(url: str) -> str:
    """Make the kernel's tables there."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(ddl().encode())
    return url


class Parts:
    """A service's parts on one database, started one by one: what a benchmark does not need does not run."""

    def __init__(self, service: Service, url: str, kafka: str) -> None:
        self.service = service
        self.database = Database(url, name=f"bench {service.name}")
        self.signal, self.leases, self.tail = Signal(self.database), Leases(self.database), Tail(self.database)
        self.committer = Committer(self.database, service.handlers, service.codec, CLOCK, self.signal)
        self.sender = Sender(kafka, f"{service.name}-bench")
        self._stack, self._tasks = AsyncExitStack(), list[asyncio.Task[None]]()

    async def __aenter__(self) -> Parts:
        self.start(self.signal.run(), self.leases.run(), self.committer.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in reversed(self._tasks):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await self.sender.close()
        await self.tail.close()
        await self.database.close()

    def start(self, *works: Coroutine[Any, Any, None]) -> None:
        self._tasks += [asyncio.create_task(work) for work in works]

    def follow(self, name: str, work: Work, types: list[str], page: int = 1_000, **more: Any) -> Subscription:
        return Subscription(self.database, self.signal, self.leases, self.tail, name, work, types, page=page, **more)


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    """A connection in autocommit."""
    connection = await psycopg.AsyncConnection.connect(url, autocommit=True)
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def process(
    module: str, url: str, kafka: str, folder: Path, role: str = "worker", port: int = 0
) -> AsyncIterator[int]:
    """A service as a process of its own; its pid."""
    settings = {
        "DATABASE": url,
        "KAFKA": kafka,
        "CONTENT_KEY": CONTENT_KEY,
        "ISSUER_KEYS": str(LocalIssuer(folder).public),
        "HTTP_PORT": str(port),
        "LOG_LEVEL": "ERROR",
    }
    environment = {**os.environ, **{f"YIZHAN_{name}": value for name, value in settings.items()}}
    started = await asyncio.create_subprocess_exec(sys.executable, "-m", module, "--role", role, env=environment)
    try:
        yield started.pid
    finally:
        with suppress(ProcessLookupError):
            started.terminate()
        await started.wait()
