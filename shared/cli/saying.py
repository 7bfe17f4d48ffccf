"""How every command answers: text for people, or JSON with `--json`; failures say what is wrong and what to do.

Exit codes: 0 done, 1 what was asked for is not so, 2 wrong use, 3 something that is needed cannot be reached.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import signal
import sys
import threading
from collections.abc import Callable, Coroutine, Sequence
from functools import wraps
from typing import Annotated, Any, ParamSpec, TypeAlias

import msgspec
import psycopg
import typer
from rich.console import Console, RenderableType
from rich.table import Table

from shared.errors import ConfigInvalid, Refused, Unavailable, YizhanError

NOT_SO, WRONG_USE, AWAY = 1, 2, 3
INTERRUPTED = 130  # as shells say it
WIDTH = 180  # of tables that no terminal limits

AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")]
Instance: TypeAlias = Annotated[
    str | None,
    typer.Option("--instance", help="The instance of `make run` to talk to. Default: the settings, else 'default'."),
]

P = ParamSpec("P")
Work: TypeAlias = Callable[P, Coroutine[Any, Any, None]]


class Failure(Exception):
    """A command cannot do what it was asked to: the reason, the field at fault if there is one, and the remedy."""

    def __init__(self, message: str, remedy: str, *, field: str | None = None, exit_code: int = WRONG_USE) -> None:
        super().__init__(message)
        self.message, self.remedy, self.field, self.exit_code = message, remedy, field, exit_code


class NothingFound(Failure):
    """It was looked for in the right place and is not there."""

    def __init__(self, message: str, remedy: str, *, field: str | None = None) -> None:
        super().__init__(message, remedy, field=field, exit_code=NOT_SO)


class Away(Failure):
    """A server that is needed does not answer."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message, remedy, exit_code=AWAY)


class Say:
    """One command's output."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json
        self._console = Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else WIDTH)

    def answer(self, value: Any, shown: RenderableType) -> None:
        """The whole answer, or one of many: one JSON object on a line of its own, or what people are shown."""
        if self.as_json:
            print(msgspec.json.encode(value).decode(), flush=True)
        elif isinstance(shown, str):
            print(shown, flush=True)  # as it is: what is copied from here must not be wrapped
        else:
            self._console.print(shown)

    def note(self, text: str) -> None:
        """A remark beside the answer, for people only."""
        if not self.as_json:
            print(text, file=sys.stderr, flush=True)


def table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> Table:
    """Rows for people; what is not known is left empty."""
    made = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        made.add_row(*["" if cell is None else str(cell) for cell in row])
    return made


def command(
    group: typer.Typer, name: str, example: str, *, interrupted: int = INTERRUPTED
) -> Callable[[Work[P]], Callable[P, None]]:
    """Register a command: it runs in a loop of its own, and whatever goes wrong is told, never traced.

    `interrupted` is its exit code after Ctrl-C.
    """

    def register(work: Work[P]) -> Callable[P, None]:
        @wraps(work)
        def run(*args: P.args, **kwargs: P.kwargs) -> None:
            _prepare()
            try:
                asyncio.run(work(*args, **kwargs))
            except KeyboardInterrupt:
                raise typer.Exit(interrupted) from None
            except Exception as error:
                failure = _failure(error)
                if failure is None:
                    raise
                _tell(failure, bool(kwargs.get("as_json")))
                raise typer.Exit(failure.exit_code) from error

        about = inspect.cleandoc(work.__doc__ or "")
        group.command(name, help=f"{about}\n\n\b\nExample:\n  {example}")(run)
        return run

    return register


def _prepare() -> None:
    """Libraries log what we say ourselves; and a shell ignores Ctrl-C for what it starts in the background."""
    if not logging.getLogger().handlers:
        logging.getLogger().addHandler(logging.NullHandler())
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _failure(error: Exception) -> Failure | None:
    """What is said of an error; None for one that is a mistake of ours."""
    match error:
        case Failure():
            return error
        case Unavailable():
            return Away(str(error), "Look whether it runs, and whether KAFKA_URL and POSTGRES_URL are right.")
        case ConfigInvalid():
            return Failure(str(error), "Correct the setting that is named.")
        case Refused():
            return NothingFound(str(error), error.message(), field=error.field)
        case YizhanError():
            return Failure(str(error), type(error).__doc__ or "", exit_code=NOT_SO)
        case psycopg.errors.UndefinedTable() | psycopg.errors.UndefinedColumn():
            why = f"The database has not the tables of this version ({first_line(error)})."
            return Away(why, "Run: python -m services.<service>.main --role migrate")
        case psycopg.errors.InsufficientPrivilege():
            return Failure(f"PostgreSQL forbids it ({first_line(error)}).", "Use an account that may.")
        case psycopg.OperationalError():
            return Away(f"PostgreSQL broke off ({first_line(error)}).", "Look whether it runs, then repeat.")
        case _:
            return None


def _tell(failure: Failure, as_json: bool) -> None:
    if as_json:
        told = {"message": failure.message, "field": failure.field, "remedy": failure.remedy}
        print(msgspec.json.encode({"error": told}).decode(), file=sys.stderr)
        return
    where = f"{failure.field}: " if failure.field else ""
    print(f"{where}{failure.message}\n  What to do: {failure.remedy}", file=sys.stderr)


def first_line(error: Exception) -> str:
    """What a library says, without the details that follow; its name when it says nothing."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0].strip()
