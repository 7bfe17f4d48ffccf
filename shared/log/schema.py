"""Makes the kernel's tables; called by the first migration of every service."""

from __future__ import annotations

from importlib.resources import files

REVISION = 1  # of schema.sql; later revisions only add to it, in files of their own


def ddl() -> str:
    """The statements of `schema.sql`."""
    return files("shared.log").joinpath("schema.sql").read_text(encoding="utf-8")
