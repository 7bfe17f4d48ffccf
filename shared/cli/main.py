"""`yizhan`: the one door to all commands. `yizhan --install-completion` completes names in your shell."""

from __future__ import annotations

import typer

from shared.cli import clocks, explain, projections, publish, quarantine, tail, tokens, verify
from shared.cli.door import Door

GROUPS = (publish, tail, tokens, quarantine, projections, verify, explain, clocks)

app = typer.Typer(
    name="yizhan",
    cls=Door,
    help="Publish to Yizhan 驿站, follow what happens, and put right what was set aside.",
    no_args_is_help=True,
    rich_markup_mode=None,  # brackets in a help text are brackets
    pretty_exceptions_enable=False,
)
for group in GROUPS:
    group.register(app)
