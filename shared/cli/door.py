"""The door of `yizhan`: also wrong use is told as every other failure is, for people or as JSON."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import typer
from typer.core import TyperGroup

from shared.cli.saying import WRONG_USE, Failure, tell


class Door(TyperGroup):
    """The group of all commands. Typer's own way of telling wrong use names neither a remedy nor JSON."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run what the words ask for, and end with its exit code."""
        words = sys.argv[1:] if args is None else list(args)
        try:
            code = super().main(words, prog_name, complete_var, False, windows_expand_args, **extra)
        except typer.TyperException as error:
            if type(error).__name__ == "NoArgsIsHelpError":
                print(error, file=sys.stderr)
            else:
                tell(_wrong_use(error, self._called(words)), "--json" in words)
            sys.exit(WRONG_USE)
        sys.exit(code or 0)

    def _called(self, words: Sequence[str]) -> str:
        """The command that these words begin with."""
        group: TyperGroup = self
        called = ["yizhan"]
        for word in words:
            command = group.commands.get(word)
            called += [word] if command else []
            if not isinstance(command, TyperGroup):
                break
            group = command
        return " ".join(called)


def _wrong_use(error: Any, called: str) -> Failure:
    """Of an error of Typer's parser: what it is about, and where one reads what can be given."""
    message = error.format_message()
    name = getattr(error, "option_name", None)
    if (parameter := getattr(error, "param", None)) is not None:
        name = parameter.get_error_hint().strip("'")
        message = message.removeprefix(f"Invalid value for {parameter.get_error_hint()}: ")
    message = message if message.endswith((".", "?")) else f"{message}."
    return Failure(message, f"See what can be given: {called} --help", field=name)
