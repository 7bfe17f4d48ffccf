"""Whether a database is at the revision that this code needs; checked at every start and by every readiness probe.

Alembic knows it too, but would be 12 MB in every process that only wants to know.
"""

from __future__ import annotations

import ast
from functools import cache
from importlib import import_module
from pathlib import Path

from sqlalchemy import Connection, text
from sqlalchemy.exc import ProgrammingError

from shared.errors import ConfigInvalid


@cache
def needed(service: str) -> str:
    """The newest revision among the service's migrations: the one that no other follows."""
    package = import_module(f"services.{service}")
    folder = Path(next(iter(package.__path__))) / "migrations" / "versions"
    found = [_constants(file) for file in folder.glob("*.py")]
    (head,) = {one["revision"] for one in found} - {one["down_revision"] for one in found}
    return str(head)


def check_revision(connection: Connection, service: str) -> None:
    """Raises `ConfigInvalid` unless the database is at the revision that this version needs."""
    found = _current(connection)
    if found != needed(service):
        raise ConfigInvalid(
            f"The database of {service} is at revision {found or 'none'}, this version needs {needed(service)}. "
            f"Run: python -m services.{service}.main --role migrate"
        )


def _current(connection: Connection) -> str | None:
    try:
        return connection.execute(text("select version_num from alembic_version")).scalar_one_or_none()
    except ProgrammingError:  # nothing was ever migrated here
        connection.rollback()
        return None


def _constants(file: Path) -> dict[str, object]:
    body = ast.parse(file.read_text(encoding="utf-8")).body
    assigned = [node for node in body if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)]
    return {node.targets[0].id: node.value.value for node in assigned if isinstance(node.targets[0], ast.Name)}  # type: ignore[attr-defined]
