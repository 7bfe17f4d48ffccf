"""`yizhan clock`: the time that rules go by in an instance. It moves deadlines, so production has none of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from shared.cli.places import places
from shared.cli.publish import moment_of
from shared.cli.saying import AsJson, Failure, Instance, Say, command
from shared.clock import CHINA, FileClock
from shared.errors import ConfigInvalid

YEARS = range(1970, 3000)  # so that every deadline and every zone of it is a time as well
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
    moment = moment_of(time, "TIME")
    if moment.year not in YEARS:
        raise Failure(f"{time!r} is too far away.", f"Give a year from {YEARS[0]} to {YEARS[-1]}.", field="TIME")
    path = _file(instance)
    with _writing(path):
        clock = FileClock.stopped(path, moment)
    _tell(clock, as_json)


async def forward(
    duration: Annotated[str, typer.Argument(metavar="DURATION", help="As in 90m, 1h30m or 2d.")],
    as_json: AsJson = False,
    instance: Instance = None,
) -> None:
    """Move the clock on. One that stands still stands afterwards, one that runs runs on."""
    length, clock = duration_of(duration), _clock(instance)
    try:
        moment = clock.now() + length
    except OverflowError:
        raise _too_long() from None
    if moment.year not in YEARS:
        raise _too_long()
    with _writing(clock.path):
        (clock.set if clock.stands else clock.run_from)(moment)
    _tell(clock, as_json)


async def run(as_json: AsJson = False, instance: Instance = None) -> None:
    """Let the clock run on from where it stands."""
    clock = _clock(instance)
    with _writing(clock.path):
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
        raise _too_long() from None


def _too_long() -> Failure:
    return Failure(f"The clock would be past {YEARS[-1]}.", "Give a shorter duration.", field="DURATION")


def _file(instance: str | None) -> Path:
    """The file that the clock is read from, whatever it holds."""
    where = places(instance)
    if where.production:
        why = "ENV is prod: services go by the system's clock, and nobody moves it."
        raise Failure(why, "Move the clock of an instance for development.", field="ENV")
    path = where.clock_file()
    if path is not None:
        return path
    remedy = "Start an instance with `make run`, or set YIZHAN_CLOCK=file:<path>."
    raise Failure("Services here go by the system's clock.", remedy, field="YIZHAN_CLOCK")


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        why = f"{path} cannot be written ({error.strerror})."
        raise Failure(why, "Name a file in a folder that is there and yours.", field="CLOCK") from error


def _clock(instance: str | None) -> FileClock:
    path = _file(instance)
    try:
        return FileClock(path)
    except ConfigInvalid as error:
        why = str(error).removeprefix("CLOCK: ")
        raise Failure(why, "Set it anew, as in: yizhan clock set 2026-01-23T12:00:00+08:00", field="CLOCK") from error


def _tell(clock: FileClock, as_json: bool) -> None:
    now: datetime = clock.now()
    state = "stands" if clock.stands else "runs"
    local = now.astimezone(CHINA)
    shown = f"{local:%Y-%m-%d %H:%M:%S %z} {state}"
    Say(as_json).answer({"now": local, "state": state, "file": str(clock.path)}, shown)
