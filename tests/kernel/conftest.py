"""A fresh log for every test, and a process of the counter service on it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from sqlalchemy import create_engine, pool
from sqlalchemy.engine import make_url

from shared.database import Connection, Database
from shared.queries import create_tables
from shared.testing.infrastructure import Databases, install_log
from shared.timers import TIMERS
from tests.kernel.counter import COUNTS
from tests.kernel.counting import Process
from tests.kernel.timing import Timing


def install_counter(url: str) -> None:
    """The log and the read tables of the counter service."""
    install_log(url)
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"), poolclass=pool.NullPool)
    with engine.begin() as connection:
        create_tables(connection, (COUNTS, TIMERS))
    engine.dispose()


@pytest.fixture
def url(databases: Databases) -> str:
    return databases.fresh("counter", install_counter)


@pytest_asyncio.fixture
async def connection(url: str) -> AsyncIterator[Connection]:
    """In autocommit, as the kernel's own are."""
    connection = await Database(url, name="test").connect("looks on")
    yield connection
    await connection.close()


@pytest_asyncio.fixture
async def process(url: str) -> AsyncIterator[Process]:
    async with Process(url) as process:
        yield process


@pytest_asyncio.fixture
async def two(url: str) -> AsyncIterator[tuple[Process, Process]]:
    """Two processes on the same log."""
    async with Process(url, "one") as one, Process(url, "two") as two:
        yield one, two


@pytest_asyncio.fixture
async def timing(url: str) -> AsyncIterator[Timing]:
    timing = Timing(url)
    async with timing.process:
        await timing.open()
        yield timing
        await timing.close()
