"""Writes `docs/errors`: every code of a service, what it means and what to do, from the classes of refusals.

`python -m shared.error_pages` writes; with `--check` it only says what is not as the classes have it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from shared import generated
from shared.access.generate import service
from shared.contracts.registry import SERVICES
from shared.errors import Refused
from shared.web import STATUS

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "errors"
KERNEL = "shared"
OF_OPERATORS = "shared.quarantine"  # its refusals answer the command line; no service imports it

INDEX = """# Error codes

Every refusal has a code, by HTTP as a problem (RFC 9457, `code`) and by Kafka in the answer on `<service>.feedback.v1`
alike. Codes are the contract; the words beside them may change. These pages are made from the classes of refusals
(`python -m shared.error_pages`), so each code is here that a service can answer with.

| where | page |
|---|---|
| every service | [below](#every-service) |
"""
COMMON = """
## Every service

| code | status | what it means, what to do |
|---|---|---|
"""
HEAD = """# Error codes of {name}

Made by `python -m shared.error_pages` from the refusals of `services/{name}`. The codes of [every service](README.md)
come on top. A refused command is answered the same for every repeat of its key: what was put right is sent under a
new one.

| code | status | what it means, what to do |
|---|---|---|
"""


def documents() -> dict[str, str]:
    """Every page, by its name."""
    for name in SERVICES:
        service(name)  # imports all of its rules, and with them its refusals
    pages = {f"{name}.md": HEAD.format(name=name) + _table(f"services.{name}.") for name in SERVICES}
    rows = "".join(f"| {name} | [{name}.md]({name}.md) |\n" for name in SERVICES)
    return {"README.md": INDEX + rows + COMMON + _table(f"{KERNEL}."), **pages}


def refusals(prefix: str) -> list[type[Refused]]:
    """The refusals defined below this package, by code."""
    below = {kind for kind in _below(Refused) if kind.__module__.startswith(prefix)}
    found = {kind for kind in below if kind.__module__ != OF_OPERATORS}
    return sorted(found, key=lambda kind: (kind.code, kind.__module__, kind.__name__))


def _below(kind: type[Refused]) -> Iterator[type[Refused]]:
    for child in kind.__subclasses__():
        yield child
        yield from _below(child)


def _table(prefix: str) -> str:
    return "".join(f"| `{kind.code}` | {STATUS[kind.kind]} | {kind.message()} |\n" for kind in refusals(prefix))


def drift(folder: Path = FOLDER) -> list[str]:
    """Which files are not as they would be made, are missing, or are there for nothing."""
    return generated.drift(documents(), folder)


if __name__ == "__main__":
    generated.main("shared.error_pages", __doc__, "the classes of refusals say", documents(), FOLDER)
