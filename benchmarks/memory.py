"""How much memory a service holds after a million events, beside what it held when it had taken none.

checkin runs as a process of its own, all roles in one, and takes visits by Kafka, entry and exit, until its log has a
million rows more. People leave, as who is inside is what a station's books have to hold.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path

import psutil
import psycopg

from benchmarks.measuring import Figure, Noise, Rounds
from benchmarks.places import fresh_database, process
from benchmarks.town import TOWN, founded, fresh_topics, scanned
from shared.contracts.registry import PRODUCERS
from shared.embedded.infra import Infra

EVENTS = 1_000_000
ROWS = 10  # of one visit, five for each scan: as received, visit, deadline, place taken or left, answer
MEMBERS = EVENTS // ROWS
INSIDE = 2_000  # at a time
GOAL = 150.0  # MB
PATIENCE = 300  # seconds


async def run(infra: Infra) -> list[Figure]:
    """One figure."""
    await founded(infra, MEMBERS)
    await fresh_topics(infra.kafka, *PRODUCERS)
    url, noise = fresh_database(infra, "bench_memory", TOWN), Noise()
    start = _position(url)
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        one = await stack.enter_async_context(process("services.checkin.main", url, infra.kafka, folder, role="all"))
        await _reached(url, start, f"subscription where owner is not null and position >= {start}")
        empty = _megabytes(one)
        for first in range(0, MEMBERS, INSIDE):
            for direction in ("entry", "exit"):
                await scanned(infra.kafka, range(first, first + INSIDE), direction)
        await _reached(url, start + EVENTS, f"log_head where position >= {start + EVENTS}")
        rounds = Rounds(noise.cores(), {"ours": [_megabytes(one)], "the same, idle": [empty]})
    figure = rounds.figure("memory after a million events", "MB", "ours", "the same, idle", None)
    return [figure.at_most(GOAL)]


async def _reached(url: str, position: int, where: str) -> None:
    until = time.monotonic() + PATIENCE
    while not await asyncio.to_thread(_any, url, where):
        if time.monotonic() > until:
            raise TimeoutError(f"position {position} was not reached in {PATIENCE} s, but {_position(url)}")
        await asyncio.sleep(0.5)


def _any(url: str, where: str) -> bool:
    with psycopg.connect(url) as db:
        return db.execute(f"select from {where}".encode()).fetchone() is not None


def _position(url: str) -> int:
    with psycopg.connect(url) as db:
        row = db.execute("select position from log_head").fetchone()
        assert row is not None
        return int(row[0])


def _megabytes(pid: int) -> float:
    return float(psutil.Process(pid).memory_info().rss) / 1_000_000
