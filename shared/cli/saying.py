"""How every command answers: text for people, or JSON with `--json`; failures say what is wrong and what to do.

Exit codes: 0 done, 1 what was asked for is not so, 2 wrong use, 3 something that is needed cannot be reached; and as
shells say it, 130 after Ctrl-C, 141 when nobody reads the answer any more.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from functools import wraps
from io import StringIO
from typing import Annotated, Any, ParamSpec, TypeAlias

import msgspec
import typer
from rich.console import Console, RenderableType

from shared.cli.tables import below_each_other, cells_of, least_width, steerless, table
from shared.errors import ConfigInvalid, Refused, Unavailable, YizhanError

NOT_SO, WRONG_USE, AWAY = 1, 2, 3
INTERRUPTED, UNREAD = 130, 141  # as shells say it
WIDTH = 10_000  # of what no terminal limits: a line there is a row, for `grep` and `cut`

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


class Unread(Exception):
    """Standard output takes nothing more."""


class Say:
    """One command's output."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json
        terminal = sys.stdout is not None and sys.stdout.isatty()
        self._lines = StringIO()  # not standard output itself: only `_put` writes there, and says when it cannot
        self._console = Console(
            file=self._lines, force_terminal=terminal, width=None if terminal else WIDTH, highlight=False, markup=False
        )

    def answer(self, value: Any, shown: RenderableType) -> None:
        """The whole answer, or one of many: one JSON object on a line of its own, or what people are shown."""
        if self.as_json:
            _put(msgspec.json.encode(value).decode())
        elif isinstance(shown, str):
            _put(steerless(shown))  # never wrapped, as it is copied from here
        else:
            _put(self._rendered(shown))

    def rows(self, rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
        """Many answers: for people a table, or, where its terminal is too narrow, one below the other."""
        if self.as_json:
            for row in rows:
                self.answer(row, "")
            return
        cells = cells_of(rows, columns)
        fits = least_width(columns, cells) <= self._console.width
        _put(self._rendered(table(columns, cells)) if fits else below_each_other(columns, cells))

    def note(self, text: str) -> None:
        """A remark beside the answer, for people only."""
        if not self.as_json:
            print(steerless(text), file=sys.stderr, flush=True)

    def _rendered(self, shown: RenderableType) -> str:
        self._lines.seek(0)
        self._lines.truncate()
        self._console.print(shown)
        return "\n".join(line.rstrip() for line in self._lines.getvalue().splitlines())


def _put(text: str) -> None:
    try:
        print(text, flush=True)
    except OSError as error:
        raise Unread from error


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
                _are_text(kwargs)
                asyncio.run(work(*args, **kwargs))
            except KeyboardInterrupt:
                raise typer.Exit(interrupted) from None
            except Unread as error:
                raise typer.Exit(_unread(error.__cause__)) from error
            except Exception as error:
                failure = _failure(error)
                if failure is None:
                    raise
                tell(failure, bool(kwargs.get("as_json")))
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


def _are_text(given: Mapping[str, Any]) -> None:
    """Bytes that are not UTF-8 reach us as half characters, which neither Kafka nor PostgreSQL takes."""
    for value in given.values():
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str) and not text.isprintable() and any("\ud800" <= one <= "\udfff" for one in text):
                raise Failure(f"{text!r} is not text in UTF-8.", "Write it in UTF-8.")


def _unread(error: BaseException | None) -> int:
    """The exit code when the answer cannot be written; that nobody reads it any more, as after `head`, is no fault."""
    with suppress(OSError, ValueError):  # what is left in the buffer is not tried again at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if isinstance(error, BrokenPipeError):
        return UNREAD
    why = getattr(error, "strerror", None) or "it is closed"
    print(f"The answer cannot be written ({why}).\n  What to do: Make room, or write it elsewhere.", file=sys.stderr)
    return NOT_SO


def _failure(error: Exception) -> Failure | None:
    """What is said of an error; None for one that is a mistake of ours."""
    match error:
        case Failure():
            return error
        case Unavailable():
            return Away(str(error), "Look whether it runs, and whether KAFKA_URL and POSTGRES_URL are right.")
        case ConfigInvalid():
            setting, _, why = str(error).partition(": ")
            field, why = (setting, why) if setting.isupper() else (None, str(error))
            return Failure(why, "Correct the setting that is named.", field=field)
        case Refused():
            return NothingFound(str(error), error.message(), field=error.field)
        case YizhanError():
            return Failure(str(error), type(error).__doc__ or "", exit_code=NOT_SO)
        case _:
            return _of_postgres(error)


def _of_postgres(error: Exception) -> Failure | None:
    import psycopg  # a command that talks HTTP starts without it

    match error:
        case psycopg.errors.UndefinedTable() | psycopg.errors.UndefinedColumn():
            why = f"The database has not the tables of this version ({first_line(error)})."
            return Away(why, "Run: python -m services.<service>.main --role migrate")
        case psycopg.errors.InsufficientPrivilege():
            return Failure(f"PostgreSQL forbids it ({first_line(error)}).", "Use an account that may.")
        case psycopg.OperationalError():
            return Away(f"PostgreSQL broke off ({first_line(error)}).", "Look whether it runs, then repeat.")
        case _:
            return None


def tell(failure: Failure, as_json: bool) -> None:
    """Say on standard error why it cannot be done."""
    if as_json:
        told = {"message": failure.message, "field": failure.field, "remedy": failure.remedy}
        print(msgspec.json.encode({"error": told}).decode(), file=sys.stderr)
        return
    where = f"{failure.field}: " if failure.field else ""
    print(steerless(f"{where}{failure.message}\n  What to do: {failure.remedy}"), file=sys.stderr)


def first_line(error: Exception) -> str:
    """What a library says, without the details that follow; its name when it says nothing."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0].strip()
