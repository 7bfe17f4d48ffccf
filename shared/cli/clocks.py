"""`yizhan clock`: the time that rules go by in an instance. It moves deadlines, so production has none of it."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Annotated

import typer

from shared.cli.places import places
from shared.cli.publish import moment_of
from shared.cli.saying import AsJson, Failure, Instance, Say, command
from shared.clock import CHINA, FileClock

DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?\Z")


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="The clock of an instance: show it, stop it, move it.")
    command(group, "show", "yizhan clock show")(show)
    command(group, "set", "yizhan clock set 2026-01-23T12:00:00+08:00")(set_to)
    command(group, "forward", "yizhan clock forward 1h30m")(forward)
    command(group, "run", "yizhan clock run")(run)
    app.add_typer(group, name="clock")


async def show(as_json: AsJson = False, instance: Instance = None) -> None:
    """Show the time that rules go by, and whether it stands or runs."""
    _tell(_clock(instance), as_json)


async def set_to(
    time: Annotated[str, typer.Argument(metavar="TIME", help="ISO 8601 with an offset.")],
    as_json: AsJson = False,
    instance: Instance = None,
) -> None:
    """Stop the clock at a time."""
    moment, clock = moment_of(time, "TIME"), _clock(instance)
    clock.set(moment)
    _tell(clock, as_json)


async def forward(
    duration: Annotated[str, typer.Argument(help="As in 90m, 1h30m or 2d.")],
    as_json: AsJson = False,
    instance: Instance = None,
) -> None:
    """Move the clock on; one that stands still stands afterwards, one that runs runs on."""
    length, clock = duration_of(duration), _clock(instance)
    try:
        moment = clock.now() + length
    except OverflowError:
        raise Failure("There is no such time.", "Give a shorter duration.", field="DURATION") from None
    (clock.set if clock.stands else clock.run_from)(moment)
    _tell(clock, as_json)


async def run(as_json: AsJson = False, instance: Instance = None) -> None:
    """Let the clock run on from where it stands."""
    clock = _clock(instance)
    clock.run_from(clock.now())
    _tell(clock, as_json)


def duration_of(text: str) -> timedelta:
    """Days, hours, minutes and seconds, each at most once and in this order."""
    found = DURATION.match(text)
    if not found or not any(found.groups()):
        remedy = "Write it as in 90m, 1h30m or 2d."
        raise Failure(f"{text!r} is no duration.", remedy, field="DURATION")
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    try:
        return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    except OverflowError:
        raise Failure("There is no such time.", "Give a shorter duration.", field="DURATION") from None


def _clock(instance: str | None) -> FileClock:
    where = places(instance)
    if where.production:
        why = "ENV is prod: services go by the system's clock, and nobody moves it."
        raise Failure(why, "Move the clock of an instance for development.", field="ENV")
    clock = where.clock()
    if isinstance(clock, FileClock):
        return clock
    remedy = "Start an instance with `make run`, or set YIZHAN_CLOCK=file:<path>."
    raise Failure("Services here go by the system's clock.", remedy, field="YIZHAN_CLOCK")


def _tell(clock: FileClock, as_json: bool) -> None:
    now: datetime = clock.now()
    state = "stands" if clock.stands else "runs"
    local = now.astimezone(CHINA)
    shown = f"{local:%Y-%m-%d %H:%M:%S %z} {state}"
    Say(as_json).answer({"now": local, "state": state, "file": str(clock.path)}, shown)
