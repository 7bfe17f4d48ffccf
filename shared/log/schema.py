"""Makes the kernel's tables; called by the migrations of every service, which all have the same ones."""

from __future__ import annotations

from importlib.resources import files

from sqlalchemy import Connection

SCRIPTS = ("schema.sql", "content.sql")  # in the order in which the migrations run them


def statements(script: str) -> str:
    """What is in one of the scripts."""
    return files("shared.log").joinpath(script).read_text(encoding="utf-8")


def ddl() -> str:
    """The statements of all scripts, one after the other: the kernel's tables as they are today."""
    return "\n".join(map(statements, SCRIPTS))


def create_log(connection: Connection) -> None:
    """Create the log's first version."""
    _execute(connection, "schema.sql")


def create_content(connection: Connection) -> None:
    """Content gets keys that can be wrapped anew and rows that can be erased."""
    _execute(connection, "content.sql")


def _execute(connection: Connection, script: str) -> None:
    """Past the driver's placeholders: the statements hold percent signs themselves."""
    driver = connection.connection.driver_connection
    assert driver is not None
    driver.execute(statements(script))
