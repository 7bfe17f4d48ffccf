"""Where a running system is, noted in its instance's folder, so that the command line finds it without a setting."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

HOME = ".yizhan"
FILE = "addresses.json"


class Addresses(msgspec.Struct, frozen=True):
    """What the last run of an instance was made of. The URLs hold passwords: only the owner may read the file."""

    kafka: str
    databases: dict[str, str]
    services: dict[str, str] = {}


def database_name(instance: str, service: str) -> str:
    """The name of a service's database in an instance."""
    return f"yizhan_{instance}_{service}"


def note(folder: Path, addresses: Addresses) -> None:
    """Whole or not at all: a command may read it at any moment."""
    draft = folder / f"{FILE}.{os.getpid()}.new"
    draft.touch(mode=0o600)
    draft.write_bytes(msgspec.json.format(msgspec.json.encode(addresses)) + b"\n")
    draft.replace(folder / FILE)


def noted(folder: Path) -> Addresses | None:
    """None when nothing was noted that can be read."""
    try:
        return msgspec.json.decode((folder / FILE).read_bytes(), type=Addresses)
    except (OSError, msgspec.MsgspecError):
        return None
