"""Real Kafka and PostgreSQL for tests: servers once a session, a fresh database for every test that wants one.

A fresh database is a copy of a template, which costs a few milliseconds; installing the tables costs more, and is done
once a session for each template. Names are unique, so that runs may share servers that were given.
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import psycopg
from aiokafka.admin import AIOKafkaAdminClient
from psycopg import sql

from shared.contracts.event_type import Topic, topics
from shared.embedded.infra import Infra, start
from shared.kafka import make_topics, missing_topics
from shared.log.schema import ddl
from shared.testing.waiting import eventually

INSTANCE = "tests"


@contextmanager
def infrastructure(instance: str = INSTANCE) -> Iterator[Infra]:
    """Both servers, in a folder that is gone afterwards. INFRA, KAFKA_URL and POSTGRES_URL are respected."""
    with (
        tempfile.TemporaryDirectory(prefix="yizhan-tests-", ignore_cleanup_errors=True) as folder,
        start(instance, root=Path(folder), say=_quietly) as infra,
    ):
        yield infra
        for server in (infra.broker, infra.server):
            if server is not None:
                server.kill()  # an orderly end takes ten seconds, and what it would save is thrown away


def _quietly(line: str) -> None:
    """What the servers tell about their start is of no interest to a test."""


def install_log(url: str) -> None:
    """The kernel's tables, without any read table."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(ddl().encode())


class Databases:
    """Makes databases of which nobody else knows."""

    def __init__(self, infra: Infra) -> None:
        self._infra = infra
        self._run = secrets.token_hex(4)
        self._numbers = itertools.count(1)
        self._templates: dict[str, str] = {}
        self._made: list[str] = []

    def fresh(self, word: str = "log", prepare: Callable[[str], None] = install_log) -> str:
        """The URL of a new database as `prepare` leaves it; `prepare(url)` runs once a session for each word."""
        template = self._templates.get(word) or self._template(word, prepare)
        return self._create(f"{word}_{self._run}_{next(self._numbers)}", template)

    def empty(self, word: str = "empty") -> str:
        """The URL of a new database without any table."""
        return self._create(f"{word}_{self._run}_{next(self._numbers)}", "template1")

    def drop_all(self) -> None:
        """Only needed where the servers go on."""
        with self._connect() as connection:
            for name in [*self._made, *self._templates.values()]:
                connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))

    def _template(self, word: str, prepare: Callable[[str], None]) -> str:
        name = f"template_{word}_{self._run}"
        prepare(self._infra.database(name))
        self._templates[word] = name
        return name

    def _create(self, name: str, template: str) -> str:
        with self._connect() as connection:
            statement = sql.SQL("create database {} template {}")
            connection.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))
        self._made.append(name)
        return self._infra.database(name)

    def _connect(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(self._infra.database("postgres"), autocommit=True)


@contextmanager
def databases_of(infra: Infra) -> Iterator[Databases]:
    """The body of the session's `databases` fixture."""
    databases = Databases(infra)
    yield databases
    if infra.kind == "urls":
        databases.drop_all()


async def fresh_topics(infra: Infra, *services: str) -> None:
    """Make the topics of these services anew, empty, from offset 0 on: their names are fixed, and tests share none."""
    wanted = [topic for service in services for topic in topics(service)]
    async with _admin(infra) as admin:
        there = set(await admin.list_topics())
        old = [topic.name for topic in wanted if topic.name in there]
        if old:
            await admin.delete_topics(old)
    # Kafka deletes in the background: a topic that is still listed would pass for the new one, and then be gone.
    await eventually(lambda: _missing(infra, wanted), within=30, until=lambda missing: missing == wanted)
    await make_topics(infra.kafka, wanted)
    await eventually(lambda: _missing(infra, wanted), within=30, until=lambda missing: not missing)


async def _missing(infra: Infra, wanted: list[Topic]) -> list[Topic]:
    return await missing_topics(infra.kafka, wanted)


@asynccontextmanager
async def _admin(infra: Infra) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(bootstrap_servers=infra.kafka)
    await admin.start()
    try:
        yield admin
    finally:
        await asyncio.shield(admin.close())
