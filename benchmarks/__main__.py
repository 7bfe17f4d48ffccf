"""`python -m benchmarks [name ...]`: run benchmarks, print them beside their goals, write `latest.json`."""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
import tempfile
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import msgspec
import uvloop
from rich.console import Console
from rich.table import Table

from benchmarks.measuring import Figure
from shared.embedded.infra import Infra, start

NAMES = ("commands", "intake", "latency", "replay", "timers", "verifying", "budget", "memory", "ledger")
LATEST = Path(__file__).with_name("latest.json")


def main(names: Sequence[str]) -> None:
    unknown = set(names) - set(NAMES)
    if unknown:
        sys.exit(f"There is no benchmark {', '.join(sorted(unknown))}. Choose from: {' '.join(NAMES)}")
    logging.basicConfig(level=logging.ERROR)
    console = Console(stderr=True)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        Path(folder).chmod(0o755)  # the database runs under another account when we are root
        with start(instance="bench", say=console.log, root=Path(folder)) as infra:
            figures = asyncio.Runner(loop_factory=uvloop.new_event_loop).run(measure(infra, names or NAMES, console))
    keep(figures)
    Console(width=150).print(table(figures))


async def measure(infra: Infra, names: Sequence[str], console: Console) -> list[Figure]:
    figures: list[Figure] = []
    for name in names:
        run = import_module(f"benchmarks.{name}").run
        gc.collect()
        gc.freeze()  # this and the threshold as a service process has them
        gc.set_threshold(50_000, 20, 50)
        console.log(f"{name} ...")
        figures += await run(infra)
    return figures


def keep(figures: Sequence[Figure]) -> None:
    """Write `latest.json`; what was not run this time stays as it was."""
    before = msgspec.json.decode(LATEST.read_bytes(), type=list[Figure]) if LATEST.exists() else []
    now = {(one.name, one.against): one for one in figures}
    known = {(one.name, one.against): one for one in before}
    LATEST.write_bytes(msgspec.json.format(msgspec.json.encode(list({**known, **now}.values()))) + b"\n")


def table(figures: Sequence[Figure]) -> Table:
    """Ratios are to be believed; the figures beside them hold for this machine and hour."""
    shown = Table("benchmark", "reached", "unit", "against", "reference", "ratio", "goal", "met", "others' cores")
    for one in figures:
        goal = "" if one.goal is None else f"{one.goal:g}"
        met = {True: "yes", False: "[bold]no[/]", None: ""}[one.met]
        numbers = (_short(one.value), one.unit, one.against, _short(one.reference), f"{one.ratio:.2f}")
        shown.add_row(one.name, *numbers, goal, met, f"{one.noise:.2f}")
    return shown


def _short(number: float) -> str:
    return f"{number:,.0f}" if number >= 100 else f"{number:.2f}"


if __name__ == "__main__":
    main(sys.argv[1:])
