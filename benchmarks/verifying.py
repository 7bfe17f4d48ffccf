"""Verification of the log, beside reading the same rows without looking at them."""

from __future__ import annotations

import time

from benchmarks.measuring import Figure, paired
from benchmarks.places import fresh_database
from benchmarks.town import TOWN, founded
from shared.database import Connection, Database
from shared.embedded.infra import Infra
from shared.log.verify import ROWS, verify

MEMBERS = 50_000


async def ours(connection: Connection) -> float:
    """Events a second."""
    began = time.perf_counter()
    verdict = await verify(connection)
    if verdict.fault:
        raise RuntimeError(f"the log is not what it should be: {verdict.fault}")
    return verdict.checked / (time.perf_counter() - began)


async def read(connection: Connection) -> float:
    """Events a second, by the same pages."""
    began, reached = time.perf_counter(), 0
    while rows := await (await connection.execute(ROWS, (reached, 5_000))).fetchall():
        reached = rows[-1][0]
    return reached / (time.perf_counter() - began)


async def run(infra: Infra) -> list[Figure]:
    """One figure."""
    await founded(infra, MEMBERS)
    database = Database(fresh_database(infra, "bench_verify", TOWN), name="bench")
    async with await database.connect("verify") as connection:
        rounds = await paired({"reading": lambda: read(connection), "ours": lambda: ours(connection)}, within=40)
    await database.close()
    return [rounds.figure("verify of the log", "events/s", "ours", "reading", None)]
