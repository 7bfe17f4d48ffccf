"""Processes of the counter service that a test starts, and that may kill themselves at a failpoint.

`python -m tests.kernel.programs follow|rebuild|upgrade|time|contend|write URL ...`; it ends when its input does.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic
from typing import Any

import psycopg

from shared import failpoints
from shared.clock import FileClock
from shared.database import Connection, Database, is_transient
from shared.log.append import append
from shared.timers import timers_of
from tests.kernel.batches import Batch
from tests.kernel.counter import COUNTS, NOON, Add, counts_of
from tests.kernel.counting import Process

ROOT = Path(__file__).parents[2]


@asynccontextmanager
async def program(name: str, *arguments: object, failpoint: str = "") -> AsyncIterator[asyncio.subprocess.Process]:
    """A child that is killed when the test has no more use for it."""
    call = ["-m", "tests.kernel.programs", name, failpoint, *map(str, arguments)]
    child = await asyncio.create_subprocess_exec(sys.executable, *call, stdin=PIPE, stdout=PIPE, cwd=ROOT)
    try:
        yield child
    finally:
        if child.returncode is None:
            child.kill()
        await child.communicate()


async def follow(url: str) -> None:
    """Projects the counts."""
    async with Process(url, "follower") as process:
        process.start(process.projecting(COUNTS).run())
        await _parent_is_gone()


async def rebuild(url: str) -> None:
    """Projects the counts, and makes them anew when asked."""
    async with Process(url, "rebuilder") as process:
        process.start(process.projecting(COUNTS).run())
        process.start(process.rebuilding(COUNTS).run())
        await _parent_is_gone()


async def upgrade(url: str, version: str) -> None:
    """A new release: projects the next version of the counts."""
    async with Process(url, "upgraded") as process:
        process.start(process.projecting(counts_of(int(version))).run())
        await _parent_is_gone()


async def time(url: str, clock: str, version: str = "1") -> None:
    """Fires timers, in this version of their table."""
    async with Process(url, "timer", FileClock(Path(clock))) as process:
        process.start(process.timing(timers_of(int(version))).run())
        await _parent_is_gone()


async def contend(url: str, callers: str, seconds: str) -> None:
    """Callers that all add to one counter; tells how often, and how often it was anything but accepted."""
    async with Process(url, "contender") as process:
        begin = monotonic()

        async def call() -> list[str]:
            outcomes: list[str] = []
            while monotonic() < begin + float(seconds):
                outcomes.append((await process.give(Add("contended"), _id())).result.outcome)
            return outcomes

        outcomes = [one for some in await asyncio.gather(*[call() for _ in range(int(callers))]) for one in some]
    _tell({"accepted": outcomes.count("accepted"), "other": len(outcomes) - outcomes.count("accepted")})


async def write(url: str, writers: str, seconds: str, seed: str) -> None:
    """Writers that now and then roll back, and whose connections are killed; tells which commands were appended."""
    chance, end = random.Random(int(seed)), monotonic() + float(seconds)
    database = Database(url, name="writer")
    done = await asyncio.gather(*[_write(database, f"{seed}-{n}", chance, end) for n in range(int(writers))])
    _tell({"appended": [identity for some in done for identity in some]})


async def _write(database: Database, writer: str, chance: random.Random, end: float) -> list[str]:
    """Two streams, one of its own and one that all fight over, each through every second append."""
    appended: list[str] = []
    connection, number, tries = await database.connect("appends"), 0, 0
    while monotonic() < end:
        identity, tries = f"{writer}-{number}", tries + 1
        try:
            if await _append(connection, identity, ["everybodys", writer], rollback=chance.random() < 0.1):
                appended.append(identity)
                number += 1
        except psycopg.Error as error:  # killed: the outcome is unknown, the same command is given again
            if not is_transient(error):
                raise
            await connection.close()
            connection = await database.connect("appends")
    await connection.close()
    return appended


async def _append(connection: Connection, identity: str, streams: list[str], *, rollback: bool) -> bool:
    async with connection.transaction(force_rollback=rollback):
        await connection.execute("select from log_head for update")
        heads = await connection.execute("select stream, version from stream_head where stream = any(%s)", (streams,))
        batch = Batch().reads(**{**dict.fromkeys(streams, 0), **dict(await heads.fetchall())})
        batch.command(identity, adds=(*streams, streams[1]))
        answer = await append(connection, batch.commands, batch.streams, batch.rows, NOON)
        assert answer.done or answer.known == [identity]
    return not rollback


def _id() -> str:
    return random.randbytes(16).hex()


def _tell(result: object) -> None:
    sys.stdout.write(json.dumps(result) + "\n")


async def _parent_is_gone() -> None:
    """Until the end of the standard input."""
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
    await reader.read()


if __name__ == "__main__":
    failpoints.arm(sys.argv[2] or None, production=False)
    PROGRAMS: dict[str, Callable[..., Coroutine[Any, Any, None]]]
    PROGRAMS = {
        "follow": follow,
        "rebuild": rebuild,
        "upgrade": upgrade,
        "time": time,
        "contend": contend,
        "write": write,
    }
    asyncio.run(PROGRAMS[sys.argv[1]](*sys.argv[3:]))
