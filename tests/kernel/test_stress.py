"""Many writers, real processes, killed connections: nothing is lost, doubled or out of order."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from shared.database import Connection, Database
from shared.embedded.ports import free_port
from shared.embedded.postgres_server import PostgresServer
from shared.log.read import Recorded, read_head, read_page
from shared.log.verify import verify
from shared.outcomes import Answer
from shared.testing.waiting import eventually
from tests.kernel.conftest import install_counter
from tests.kernel.counter import Add
from tests.kernel.counting import Process, ended
from tests.kernel.programs import program

pytestmark = [pytest.mark.load, pytest.mark.timeout(240)]

KILL = """select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and application_name = %s
    order by random() limit 1"""


async def test_four_processes_on_one_stream_refuse_nobody(url: str, connection: Connection) -> None:
    results = await asyncio.gather(*[told("contend", url, 64, 5) for _ in range(4)])
    accepted = sum(result["accepted"] for result in results)
    assert [result["other"] for result in results] == [0, 0, 0, 0]
    assert min(result["accepted"] for result in results) > 0
    query = "select count(*), min(version), max(version), count(distinct version) from event where stream = %s"
    row = await (await connection.execute(query, ("counter-contended",))).fetchone()
    assert row == (accepted, 1, accepted, accepted)


@pytest.mark.fault
@pytest.mark.parametrize("seconds", [5, pytest.param(120, marks=[pytest.mark.slow, pytest.mark.timeout(300)])])
async def test_tailing_readers_miss_nothing_while_writers_roll_back_and_are_killed(
    url: str, connection: Connection, seconds: int
) -> None:
    """24 writers in three processes, two readers, and somebody who kills connections all the while."""
    tails = [Tail(await Database(url, name="reader").connect("tails")) for _ in range(2)]
    async with asyncio.TaskGroup() as tasks:
        reading = [tasks.create_task(tail.follow()) for tail in tails]
        async with connections_killed(connection, "writer appends", 50):
            results = await asyncio.gather(*[told("write", url, 8, seconds, seed) for seed in range(3)])
        head = await read_head(connection)
        await eventually(lambda: [tail.reached for tail in tails], 30, until=[head, head].__eq__)
        for task in reading:
            await ended(task)
    appended = {identity for result in results for identity in result["appended"]}
    # A writer whose connection was killed at the very end does not know whether its last append was done.
    assert 3 * len(appended) <= head <= 3 * (len(appended) + 24)
    known = {row[0] for row in await (await connection.execute("select command_id from command")).fetchall()}
    assert appended <= known
    assert tails[0].chain_of_versions == tails[1].chain_of_versions
    assert (await verify(connection)).fault is None


class Tail:
    """A reader that is always at the head; it fails at once when positions or versions are not as they must be."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.reached = 0
        self.chain_of_versions: dict[str, int] = {}

    async def follow(self) -> None:
        try:
            while True:
                for row in (await read_page(self._connection, self.reached, 1_000)).rows:
                    self._take(row)
        finally:
            await self._connection.close()

    def _take(self, row: Recorded) -> None:
        assert row.position == self.reached + 1, f"after {self.reached} came {row.position}"
        before = self.chain_of_versions.get(row.stream, 0)
        assert row.version == before + 1, f"{row.stream}: after version {before} came {row.version}"
        self.reached, self.chain_of_versions[row.stream] = row.position, row.version


@asynccontextmanager
async def connections_killed(connection: Connection, name: str, every: int) -> AsyncIterator[None]:
    """Meanwhile, whenever the log has grown by about so many events, one of these connections is killed."""

    async def kill() -> None:
        while True:
            grown = await read_head(connection) + random.randint(every // 2, every * 2)
            await eventually(lambda: read_head(connection), 60, until=grown.__le__)
            await connection.execute(KILL, (name,))

    killing = asyncio.create_task(kill())
    try:
        yield
    finally:
        await ended(killing)


async def told(name: str, *arguments: Any) -> dict[str, Any]:
    """What a program told at its end."""
    async with program(name, *arguments) as child:
        output, _ = await child.communicate()
        assert child.returncode == 0
        result: dict[str, Any] = json.loads(output)
        return result


# --- one process, its database taken away under load ----------------------------------------------------------------


async def load(process: Process, commands: int) -> list[Answer]:
    """Callers that wait for their answer before they ask again, as people do."""

    async def call(caller: int) -> list[Answer]:
        return [await process.give(Add(f"c{caller % 10}"), f"{caller}-{n}") for n in range(commands // 50)]

    return [answer for some in await asyncio.gather(*[call(caller) for caller in range(50)]) for answer in some]


async def each_ended_once(connection: Connection, answers: list[Answer]) -> None:
    identities = [answer.events[0].event_id for answer in answers]
    rows = (await read_page(connection, 0, 100_000)).rows
    assert sorted(identities) == sorted(row.event_id for row in rows)
    assert [row.version for row in rows if row.stream == "counter-c1"] == list(range(1, len(rows) // 10 + 1))
    assert (await verify(connection)).fault is None


@pytest.mark.fault
async def test_commands_end_exactly_once_although_their_connection_is_killed(
    process: Process, connection: Connection
) -> None:
    async with connections_killed(connection, "counter committer", 500):
        answers = await load(process, 5_000)
    await each_ended_once(connection, answers)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PostgresServer]:
    """A server of this test's own, to be killed."""
    server = PostgresServer(tmp_path / "postgres", tmp_path, free_port())
    server.start()
    yield server
    server.kill()


@pytest.mark.fault
@pytest.mark.parametrize("end", ["stop", "kill"])
async def test_commands_end_exactly_once_although_the_server_goes_and_comes_back(
    server: PostgresServer, end: str
) -> None:
    url = f"{server.url}/postgres"
    install_counter(url)
    async with Process(url) as process:
        loading = asyncio.create_task(load(process, 10_000))
        for _ in range(2):
            before = process.committer.batches
            await eventually(lambda: process.committer.batches, until=(before + 10).__le__)
            await asyncio.to_thread(getattr(server, end))
            await asyncio.to_thread(server.start)
        answers = await loading
    connection = await Database(url, name="test").connect("looks on")
    await each_ended_once(connection, answers)
    await connection.close()
