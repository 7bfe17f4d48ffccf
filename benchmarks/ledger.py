"""A refund ledger's file, from the command line to the decided lines; beside a plain command that validates and copies.

Ours is `yizhan ledger import`: it reads the sheet, sends it by HTTP to welfare's API process, which judges each row,
seals the accounts and appends the decisions, while a worker process follows with the read tables. Both contestants are
whole commands, timed from their start to their end.
"""

from __future__ import annotations

import asyncio
import csv
import os
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg
import httpx
from stdnum import luhn

from benchmarks.measuring import Figure, paired
from benchmarks.places import fresh_database, process
from benchmarks.town import fresh_topics
from services.welfare.main import SERVICE
from shared.contracts.ledger_sheet import LINES
from shared.contracts.registry import PRODUCERS
from shared.embedded.infra import Infra
from shared.embedded.ports import free_port
from shared.identity import LocalIssuer
from shared.migrating import migrate

LINES_OF_FILE = 100_000
MODULE = "services.welfare.main"
PATIENCE = 120  # seconds


def written(path: Path, count: int = LINES_OF_FILE) -> Path:
    """A sheet of good lines, all three paths in it."""
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(LINES)
        for number in range(count):
            own = _card(number) if number % 3 == 0 else ""
            union = "no" if number % 3 == 2 else "yes"
            amount = f"{number % 9_000 + 1}.{number % 100:02}"
            rows.writerow((f"F-{number:06}", union, own, _card(number + count), "4800.00", amount))
    return path


def _card(number: int) -> str:
    body = f"622202{number:012}"
    return body + luhn.calc_check_digit(body)


async def _command(*words: str, **settings: str) -> str:
    """Run a command to its end; what it has said."""
    started = await asyncio.create_subprocess_exec(
        sys.executable, *words, env={**os.environ, **settings}, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await started.communicate()
    if started.returncode:
        raise RuntimeError(f"{' '.join(words)} ended with {started.returncode}")
    return said.decode()


async def ours(infra: Infra, file: Path, folder: Path) -> float:
    """Lines a second of the whole command."""
    await fresh_topics(infra.kafka, *PRODUCERS)
    url, port = fresh_database(infra, "bench_ledger"), free_port()
    await asyncio.to_thread(migrate, SERVICE.name, url, SERVICE.all_projections)
    token = LocalIssuer(folder).token("F1", ["finance"])
    door = f"http://127.0.0.1:{port}"
    async with (
        process(MODULE, url, infra.kafka, folder, "api", port),
        process(MODULE, url, infra.kafka, folder, "worker"),
    ):
        await _answers(door)
        began = time.perf_counter()
        words = ("-m", "shared.cli", "ledger", "import", str(file), "--quarter", "2026Q1", "--json", "--url", door)
        await _command(*words, YIZHAN_TOKEN=token)
        seconds = time.perf_counter() - began
    await _are_there(url)
    return LINES_OF_FILE / seconds


async def _answers(door: str) -> None:
    async with httpx.AsyncClient(base_url=door, trust_env=False) as http, asyncio.timeout(PATIENCE):
        while True:
            try:
                if (await http.get("/readyz")).status_code == 200:
                    return
            except httpx.TransportError:
                await asyncio.sleep(0.1)


async def _are_there(url: str) -> None:
    db = await asyncpg.connect(url)
    found = await db.fetchval(
        "select sum(json_array_length(data->'lines')) from event where type = 'LedgerLinesAccepted'"
    )
    await db.close()
    if found != LINES_OF_FILE:
        raise RuntimeError(f"{found} lines were accepted: this measured something else")


async def by_hand(infra: Infra, file: Path) -> float:
    url = fresh_database(infra, "bench_copy")
    began = time.perf_counter()
    said = await _command("-m", "benchmarks.limits.ledger_copy", str(file), url)
    seconds = time.perf_counter() - began
    if int(said) != LINES_OF_FILE:
        raise RuntimeError(f"{said} lines were copied: this measured something else")
    return LINES_OF_FILE / seconds


async def run(infra: Infra) -> list[Figure]:
    """One figure."""
    with TemporaryDirectory(prefix="bench-ledger-") as name:
        folder = Path(name)
        file = written(folder / "lines.csv")
        contestants = {
            "validate and COPY": lambda: by_hand(infra, file),
            "import": lambda: ours(infra, file, folder),
        }
        rounds = await paired(contestants, within=90)
    return [rounds.figure("ledger lines imported", "lines/s", "import", "validate and COPY", 0.3)]
