"""Races on a real database: several processes of a service, each with a committer of its own, start at one moment.

    async with racing(SERVICE, url) as racers:
        answers = await racers.race([ScanEntry(...) for member in members])

Commands are dealt out in turn and answers come in the order of the commands, so that a rule under contention is said in
three lines. `python -m tests.journeys.racing SERVICE URL MOMENT` is one of the processes.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
import pickle
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from shared.committer import Committer
from shared.database import Database
from shared.decider import Command
from shared.log.append import Actor, Context
from shared.outcomes import Answer
from shared.service import Service
from shared.testing.processes import NOON
from shared.waking import Signal

ROOT = Path(__file__).parents[2]
PROCESSES = 4
LINE = 16_000_000  # bytes that one line between parent and child may have
START_WITHIN, RACE_WITHIN = 60.0, 60.0  # seconds; the machine may be busy

_numbers = itertools.count(1)


class Racers:
    """Processes that wait for the next race."""

    def __init__(self, children: Sequence[Process]) -> None:
        self._children = children

    async def race(self, commands: Sequence[Command], ids: Sequence[str] | None = None) -> list[Answer]:
        """Give all of these at one moment, dealt out to the processes in turn; answers in their order.

        Each is a command of its own, unless `ids` are given: commands with one id are repeats of one another.
        """
        ids = ids or [f"race-{next(_numbers)}" for _ in commands]
        named = list(zip(ids, commands, strict=True))
        shares = [named[number :: len(self._children)] for number in range(len(self._children))]
        async with asyncio.timeout(RACE_WITHIN):
            await asyncio.gather(*[self._prepared(c, share) for c, share in zip(self._children, shares, strict=True)])
            for child in self._children:
                _write(child, "go")
            told = await asyncio.gather(*[_read(child) for child in self._children])
        answers: list[Answer | BaseException | None] = [None] * len(commands)
        for number, share in enumerate(told):
            answers[number :: len(self._children)] = share
        return [_answer(one) for one in answers]

    async def ready(self) -> None:
        async with asyncio.timeout(START_WITHIN):
            for child in self._children:
                assert await _read(child) == "ready"

    @staticmethod
    async def _prepared(child: Process, share: list[tuple[str, Command]]) -> None:
        _write(child, share)
        assert await _read(child) == "ready"


@asynccontextmanager
async def racing(
    service: Service, url: str, *, processes: int = PROCESSES, moment: datetime = NOON
) -> AsyncIterator[Racers]:
    """Processes of this service on its database. `moment` is what their clock shows; commands bring their own times."""
    call = ["-m", __name__, service.name, url, moment.isoformat()]
    children = [
        await asyncio.create_subprocess_exec(sys.executable, *call, stdin=PIPE, stdout=PIPE, cwd=ROOT, limit=LINE)
        for _ in range(processes)
    ]
    try:
        racers = Racers(children)
        await racers.ready()
        yield racers
    finally:
        for child in children:
            if child.returncode is None:
                child.kill()
            await child.communicate()


def codes(answers: Sequence[Answer]) -> list[str]:
    """In short what became of each command: `accepted`, `unchanged`, or the code of its refusal."""
    return [answer.refusal.code if answer.refusal else answer.result.outcome for answer in answers]


def _answer(told: Answer | BaseException | None) -> Answer:
    if isinstance(told, BaseException):
        raise told
    assert told is not None
    return told


def _write(child: Process, what: Any) -> None:
    assert child.stdin is not None
    child.stdin.write(_line(what))


async def _read(child: Process) -> Any:
    assert child.stdout is not None
    return _parsed(await child.stdout.readline())


def _line(what: Any) -> bytes:
    return base64.b64encode(pickle.dumps(what)) + b"\n"


def _parsed(line: bytes) -> Any:
    assert line, "the other side has ended"
    return pickle.loads(base64.b64decode(line))


# --- one of the processes --------------------------------------------------------------------------------------------


@dataclass
class _Standing:
    """Its clock shows the moment of the race."""

    moment: datetime

    def now(self) -> datetime:
        return self.moment

    def at(self, machine_time: datetime) -> datetime:
        return self.moment


async def _run(service: Service, url: str, moment: datetime) -> None:
    database = Database(url, name=f"race {service.name}", pool=2)
    signal, publishing = Signal(database), service.messaging.publishing
    committer = Committer(database, service.handlers, service.codec, _Standing(moment), signal, publishing)
    tasks = [asyncio.create_task(signal.run()), asyncio.create_task(committer.run())]
    orders = asyncio.StreamReader(limit=LINE)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    _tell("ready")
    while line := await orders.readline():
        share: list[tuple[str, Command]] = _parsed(line)
        _tell("ready")
        await orders.readline()
        given = [committer.submit(command, Context(name, Actor("machine", "racer"), name)) for name, command in share]
        _tell(await asyncio.gather(*given, return_exceptions=True))
    for task in reversed(tasks):
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    await database.close()


def _tell(what: Any) -> None:
    sys.stdout.buffer.write(_line(what))
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    named, where, when = sys.argv[1:]
    asyncio.run(_run(import_module(f"services.{named}.main").SERVICE, where, datetime.fromisoformat(when)))
