"""Database schema: Alembic revisions per service, run once per release under a lock."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from alembic import command, context
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import create_engine, pool, text
from sqlalchemy.engine import make_url

from shared.errors import ConfigInvalid
from shared.projecting import Projection
from shared.queries import create_tables
from shared.versions import drop_old

LOCK = 0x7969_7A68  # one migration at a time, whoever starts it


def config_of(service: str) -> Config:
    """Alembic's configuration for one service, whose revisions lie in its `migrations` folder."""
    package = import_module(f"services.{service}")
    config = Config()
    config.set_main_option("script_location", str(Path(next(iter(package.__path__))) / "migrations"))
    return config


def migrate(service: str, url: str, projections: tuple[Projection, ...]) -> None:
    """Bring a service's database to this version: revisions, then missing read tables, then those nobody reads."""
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"), poolclass=pool.NullPool)
    with engine.connect() as connection:  # the lock ends with it, also when something goes wrong
        connection.execute(text("select pg_advisory_lock(:lock)"), {"lock": LOCK})
        config = config_of(service)
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise ConfigInvalid(
                f"DATABASE: the database of {service} cannot be brought to this version ({error}). Start the newer "
                "version that it is of; if it is older than the first release, give an empty one (in development "
                "`make clean` removes what was written here)."
            ) from error
        create_tables(connection, projections)
        drop_old(connection)
        connection.commit()
    engine.dispose()


def run_revisions() -> None:
    """The whole of a service's `migrations/env.py`."""
    context.configure(connection=context.config.attributes["connection"], transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
