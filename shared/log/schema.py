"""Makes the kernel's tables; called by the first migration of every service, which all have the same ones."""

from __future__ import annotations

from importlib.resources import files

from sqlalchemy import Connection

SCRIPTS = ("schema.sql", "content.sql")


def ddl() -> str:
    """The statements of the scripts, one after the other."""
    return "\n".join(files("shared.log").joinpath(script).read_text(encoding="utf-8") for script in SCRIPTS)


def create_log(connection: Connection) -> None:
    """Create the log's first version. Past the driver's placeholders: the statements hold percent signs themselves."""
    driver = connection.connection.driver_connection
    assert driver is not None
    driver.execute(ddl())
