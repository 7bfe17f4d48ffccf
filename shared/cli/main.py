"""`yizhan`: the one door to all commands. `yizhan --install-completion` completes names in your shell."""

from __future__ import annotations

import sys
from importlib import import_module

import typer

from shared.cli.door import Door

# Each command, and the module that registers it.
MODULES = {
    "publish": "publish",
    "tail": "tail",
    "token": "tokens",
    "quarantine": "quarantine",
    "projections": "projections",
    "verify": "verify",
    "explain": "explain",
    "ledger": "ledger",
    "clock": "clocks",
}

app = typer.Typer(
    name="yizhan",
    cls=Door,
    no_args_is_help=True,
    rich_markup_mode=None,  # brackets in a help text are brackets
    pretty_exceptions_enable=False,
)


@app.callback()
def yizhan() -> None:
    """Publish to Yizhan 驿站, follow what happens, and put right what was set aside."""


# Whoever names a command waits for its libraries only: loading all of them takes a second.
asked = MODULES.get(sys.argv[1], "") if len(sys.argv) > 1 else ""
for module in [asked] if asked else MODULES.values():
    import_module(f"shared.cli.{module}").register(app)
