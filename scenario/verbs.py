"""What `make day` and `make run` do."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import signal
import sys
import time
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

from rich.console import Console

from scenario.script import Day
from scenario.service_process import SERVICES
from scenario.system import System
from shared.errors import YizhanError

console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
EXAMPLE = "/stations/S1/flow?day=2026-01-23"
PLOT = "/stations/S1/flow.svg?day=2026-01-23"


def say(line: str) -> None:
    """One line, as it is: nothing in it is markup, and paths and ids are not broken."""
    console.print(line, markup=False, soft_wrap=True)


def day(options: argparse.Namespace) -> int:
    """Exit code 0 when every figure is as expected and all that is always true holds."""
    if options.kill and options.kill not in SERVICES:
        print(f"There is no service {options.kill!r}. Kill one of: {', '.join(SERVICES)}", file=sys.stderr)
        return 1
    started, script = time.monotonic(), Day(options.seed)
    system = System(Path.cwd(), options.instance, script.begins, fresh=True, say=say)
    try:
        with system:
            say(f"started             {time.monotonic() - started:5.1f} s  {system.infra.kind}, seed {script.seed}")
            faults = asyncio.run(play_and_check(system, script, options.kill))
            system.vanishes = not faults and not options.keep
    except YizhanError as error:
        faults = [str(error)]
    for fault in faults:
        say(f"wrong  {fault}")
    if faults:
        say(f"Logs and data are kept in {system.folder}")
    say(f"The day is {'NOT ' if faults else ''}as expected, {time.monotonic() - started:.1f} s")
    return 1 if faults else 0


async def play_and_check(system: System, script: Day, crash: str | None = None) -> list[str]:
    """Play, show the figures, check what is always true, read all topics again and check again; answers all faults."""
    from scenario.checks import all_faults
    from scenario.doors import Doors
    from scenario.player import Player
    from scenario.replaying import replay_faults

    async with Doors(system) as doors:
        player = Player(system, doors, say, crash)
        await player.play(script)
        wrong = await show_figures(doors, script)
        wrong += await _timed("checks", all_faults(system))
        wrong += await _timed("replay", replay_faults(system, doors, player))
        return wrong + await _timed("checks", all_faults(system))


async def _timed(name: str, checking: Awaitable[list[str]]) -> list[str]:
    started = time.monotonic()
    faults = await checking
    say(f"{name:18}  {time.monotonic() - started:5.1f} s  {len(faults)} faults")
    return faults


async def show_figures(doors: Any, script: Day) -> list[str]:
    """The table; answers the figures that are not as expected."""
    from scenario.facts import facts
    from scenario.figures import differing, expected, table

    figures, found = expected(script), await facts(doors, script)
    console.print(table(figures, found))
    waiting = sum("waits_for" in row for row in script.data["expected"])
    say(f"{len(figures)} figures; {waiting} rows of docs/one-day.md wait for steps that are not carried yet.")
    return [f"{f.area}, {f.name}: {found.get(f.name)} instead of {f.now}" for f in differing(figures, found)]


def run(options: argparse.Namespace) -> int:
    """The day is played once in an instance; later starts show its figures again. An interrupted one is played on."""
    started, note = time.monotonic(), _Note(Path.cwd() / ".yizhan" / options.instance / "day.json", options.seed)
    script = Day(note.seed)
    at = script.ends if note.played else script.begins
    try:
        with System(Path.cwd(), options.instance, at, same_ports=True, say=say) as system:
            say(f"started             {time.monotonic() - started:5.1f} s  {system.infra.kind}")
            asyncio.run(_play_once(system, script, note))
            system.clock.run_from(script.ends)
            _invite(system)
            say(f"Serving after {time.monotonic() - started:.1f} s; Ctrl-C stops everything.")
            _until_asked()
            say("Stopping.")
    except YizhanError as error:
        say(f"wrong  {error}")
        return 1
    return 0


async def _play_once(system: System, script: Day, note: _Note) -> None:
    from scenario.doors import Doors
    from scenario.player import Player

    async with Doors(system) as doors:
        if note.played and await doors.knows("checkin", "/stations/S1/live"):
            say("The day was played in this instance before; these are its figures now.")
        else:
            note.write(played=False)
            await Player(system, doors, say).play(script)
            note.write(played=True)
        await show_figures(doors, script)


class _Note:
    """Which day was played in an instance: going on with the same ids does nothing twice."""

    def __init__(self, path: Path, seed: int) -> None:
        self._path = path
        self.seed, self.played = seed, False
        if path.exists():
            known = json.loads(path.read_text())
            self.seed, self.played = known["seed"], known["played"]

    def write(self, *, played: bool) -> None:
        self._path.write_text(json.dumps({"seed": self.seed, "played": played}))


def _invite(system: System) -> None:
    for name, service in system.services.items():
        say(f"{name:8} {service.url}/docs")
    checkin, header = system.services["checkin"].url, _authorization(system)
    say(f"map      {checkin}/map\nlogs     {system.folder / 'logs'}\nA first question, by a member of staff:")
    print(f"curl {header} '{checkin}{EXAMPLE}'", flush=True)  # as it is: nothing may wrap it
    say("The same as a plot, for a browser to open:")
    print(f"curl {header} -o flow.svg '{checkin}{PLOT}'", flush=True)


def _authorization(system: System) -> str:
    return f"-H 'Authorization: Bearer {system.token('staff', 'officer', 'planner')}'"


def _until_asked() -> None:
    """Ctrl-C or SIGTERM while serving is the ordinary end."""
    with contextlib.suppress(KeyboardInterrupt):
        signal.pause()
