"""Makes the kernel's tables; called by the first migration of every service."""

from __future__ import annotations

from importlib.resources import files

from sqlalchemy import Connection


def ddl() -> str:
    """The statements of `schema.sql`."""
    return files("shared.log").joinpath("schema.sql").read_text(encoding="utf-8")


def create_log(connection: Connection) -> None:
    """Create the log's first version. Past the driver's placeholders: the statements hold percent signs themselves."""
    driver = connection.connection.driver_connection
    assert driver is not None
    driver.execute(ddl())
