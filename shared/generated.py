"""Folders of documents that are made from code: written whole, and compared with what they would be now."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path


def drift(made: Mapping[str, str], folder: Path) -> list[str]:
    """Which files are not as they would be made, are missing, or are there for nothing."""
    there = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    changed = (name for name in made.keys() & there if (folder / name).read_text(encoding="utf-8") != made[name])
    return sorted([*changed, *(made.keys() ^ there)])


def write(made: Mapping[str, str], folder: Path) -> None:
    """Make the folder just this, no more and no less."""
    for name in drift(made, folder):
        path = folder / name
        if name not in made:
            path.unlink()
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(made[name], encoding="utf-8")


def main(module: str, about: str | None, source: str, made: Mapping[str, str], folder: Path) -> None:
    """What `python -m module` does: write, or with `--check` only say what is not as `source` has it."""
    parser = argparse.ArgumentParser(prog=f"python -m {module}", description=about)
    parser.add_argument("--check", action="store_true", help="change nothing; fail when something would change")
    if not parser.parse_args().check:
        write(made, folder)
    elif found := drift(made, folder):
        where = f"{folder.parent.name}/{folder.name}"
        sys.exit(f"{where} is not what {source}: {', '.join(found)}. Run: python -m {module}")
