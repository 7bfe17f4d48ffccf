"""`make new-service NAME=lockers`: one more service, small and whole, in the rooms that every service has.

It is written from `shared/template`: one aggregate, one intake event, one published event, one policy, one read model,
one resource, with tests. Everything is checked before the first file is written. Ports, topics, databases and the
services of `make run` follow from the tree and the registry; only the registry itself is edited.
"""

from __future__ import annotations

import argparse
import keyword
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TEMPLATE = Path(__file__).parent / "template"
NAME = re.compile(r"[a-z][a-z0-9]{1,29}")
SLOT = "{{name}}"
REGISTRY = "shared/contracts/registry.py"
NEXT = """{name} is made: services/{name}, shared/contracts/{name}.py, tests/{name}, and its name in {registry}.
  make check                     says that nothing is missing
  make run                       starts it with the others
  yizhan publish {name}.RequestSubmitted --example
  docs/new-service.md            says what to change first"""

IMPORTS = re.compile(r"^from shared\.contracts\.listing import (.+)$", re.MULTILINE)
SERVICES = re.compile(r"^SERVICES = \((.+)\)$", re.MULTILINE)
LISTED = re.compile(r"^LISTED = \((.+)\)$", re.MULTILINE)


class CannotBeMade(Exception):
    """The name or the tree is not such that a service of this name can be made."""


def files_of(name: str, root: Path = ROOT) -> dict[Path, str]:
    """Every file that is written, by its path. Raises `CannotBeMade`."""
    _check(name, root)
    folders = {"service": root / "services" / name, "tests": root / "tests" / name}
    made = {root / REGISTRY: _registered((root / REGISTRY).read_text(encoding="utf-8"), name)}
    for template in sorted(TEMPLATE.rglob("*.txt")):
        place = template.relative_to(TEMPLATE).with_suffix("")  # without .txt, which keeps it from being code here
        text = template.read_text(encoding="utf-8").replace(SLOT, name)
        if place.parts[0] in folders:
            made[folders[place.parts[0]] / Path(*place.parts[1:])] = text
        elif place.name == "contracts.py":
            made[root / "shared" / "contracts" / f"{name}.py"] = text
        elif place.name == "listing.py":
            made[root / "shared" / "contracts" / "listing" / f"{name}.py"] = text
    return made


def _check(name: str, root: Path) -> None:
    if not NAME.fullmatch(name):
        raise CannotBeMade(f"NAME: {name!r} is no name for a service. Use 2 to 30 small letters and digits: lockers")
    if keyword.iskeyword(name) or name in sys.stdlib_module_names:
        raise CannotBeMade(f"NAME: {name!r} is a word of Python or of its library. Use another one.")
    places = (f"services/{name}", f"shared/contracts/{name}.py", f"tests/{name}")
    taken = [place for place in places if (root / place).exists()]
    if taken:
        raise CannotBeMade(f"NAME: {', '.join(taken)} is there already. Use another name, or remove it first.")


def _registered(text: str, name: str) -> str:
    """The registry with this service in it."""
    quoted = f'"{name}"'
    edits: list[tuple[re.Pattern[str], Callable[[re.Match[str]], str]]] = [
        (IMPORTS, lambda found: f"from shared.contracts.listing import {_with(found[1], name)}"),
        (SERVICES, lambda found: f"SERVICES = ({_with(found[1], quoted)})"),
        (LISTED, lambda found: f"LISTED = ({_with(found[1], name)})"),
    ]
    for pattern, edit in edits:
        text, count = pattern.subn(edit, text)
        if count != 1:
            why = f"{REGISTRY} is not as it was: {pattern.pattern!r} is there {count} times."
            raise CannotBeMade(f"{why} Bring shared/new_service.py up to it.")
    return text


def _with(listed: str, name: str) -> str:
    return ", ".join(sorted({*listed.rstrip(",").split(", "), name}))


def make(name: str, root: Path = ROOT) -> None:
    """Write the service."""
    for path, text in files_of(name, root).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m shared.new_service", description="One more service, small and whole"
    )
    parser.add_argument("name", help="what it is called: small letters and digits")
    name = parser.parse_args(arguments).name
    try:
        make(name)
    except CannotBeMade as error:
        sys.exit(str(error))
    print(NEXT.format(name=name, registry=REGISTRY))


if __name__ == "__main__":
    main()
