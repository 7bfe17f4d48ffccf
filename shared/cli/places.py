"""Where things are: an instance of `make run` on this machine, or what the settings name.

`--instance` wins over settings, settings (`KAFKA_URL`, `POSTGRES_URL`, `YIZHAN_...`) over the instance called default.
Instances are those of this folder, or of the nearest one above it that has any.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from shared.cli.saying import Away, Failure, first_line
from shared.clock import Clock, FileClock, SystemClock, clock_for
from shared.embedded.addresses import FILE, HOME, Addresses, database_name, noted

if TYPE_CHECKING:
    from shared.database import Connection
    from shared.identity import LocalIssuer

SERVERS = ("KAFKA_URL", "YIZHAN_KAFKA", "POSTGRES_URL")
SERVICE = "{service}"  # stands for a service's name in POSTGRES_URL


@dataclass(frozen=True)
class Places:
    """What a command needs to find. Nothing is looked for before it is needed."""

    instance: str
    named: bool  # by --instance: then settings do not count
    root: Path
    settings: Mapping[str, str]

    @property
    def production(self) -> bool:
        return "prod" in (os.environ.get("YIZHAN_ENV"), os.environ.get("ENV"))

    @property
    def folder(self) -> Path:
        """The instance's folder. A `Failure` when there is none, as everything in it is missing then."""
        home = self.root / HOME
        found = home / self.instance
        if Path(self.instance).name == self.instance and found.is_dir():
            return found
        others = sorted(path.name for path in home.iterdir() if (path / FILE).is_file()) if home.is_dir() else []
        there = f"There are: {', '.join(others)}." if others else "There is none at all."
        other = f"name another one (--instance {others[0]})" if others else "go to the folder where it was started"
        remedy = f"Start one with `make run`, {other}, or set KAFKA_URL and POSTGRES_URL."
        raise Failure(f"There is no instance {self.instance!r} in {home}. {there}", remedy, field="--instance")

    @property
    def kafka(self) -> str:
        given = self.settings.get("KAFKA_URL") or self.settings.get("YIZHAN_KAFKA")
        return given or self._noted().kafka

    def database(self, service: str) -> str:
        """The URL of a service's database."""
        if one := self.settings.get("YIZHAN_DATABASE"):
            return one
        if server := self.settings.get("POSTGRES_URL"):
            return _on(server, self.instance, service)
        databases = self._noted().databases
        if service not in databases:
            remedy = "Start it again with `make run`, or set YIZHAN_DATABASE."
            raise Failure(f"The instance {self.instance!r} was run without {service}.", remedy, field="SERVICE")
        return databases[service]

    def service(self, service: str) -> str:
        """The URL of a service's HTTP door."""
        services = self._noted().services
        if service not in services:
            remedy = f"Start it again with `make run`, or set YIZHAN_{service.upper()}_URL."
            raise Failure(f"The instance {self.instance!r} was run without {service}.", remedy, field="SERVICE")
        return services[service]

    @property
    def one_database(self) -> bool:
        """Whether the settings name the database of one service, without saying which service that is."""
        return bool(self.settings.get("YIZHAN_DATABASE"))

    @asynccontextmanager
    async def connection(self, service: str) -> AsyncIterator[Connection]:
        """A connection to a service's database, in autocommit."""
        import psycopg  # this and others where they are needed: a command of HTTP alone starts in half the time

        from shared.database import CONNECT_TIMEOUT

        url = self.database(service)
        if not url.startswith(("postgresql://", "postgres://")):
            setting = "YIZHAN_DATABASE" if self.one_database else "POSTGRES_URL"
            remedy = "Write it as in postgresql://user:password@host:port"
            raise Failure("It is no URL of a PostgreSQL.", remedy, field=setting)
        try:
            connection = await psycopg.AsyncConnection.connect(
                url,
                autocommit=True,
                connect_timeout=CONNECT_TIMEOUT,
                application_name=f"yizhan cli {service}",
                options="-c TimeZone=UTC",
            )
        except (psycopg.OperationalError, psycopg.ProgrammingError, OSError) as error:
            raise Away(
                f"PostgreSQL of {service} at {_shown(url)} cannot be reached ({first_line(error)}).",
                self.start_it("POSTGRES_URL"),
            ) from error
        async with connection:
            yield connection

    def start_it(self, setting: str) -> str:
        """What to do when a server does not answer."""
        if self.settings.get(setting) or self.settings.get("YIZHAN_DATABASE" if "POST" in setting else "YIZHAN_KAFKA"):
            return f"Start that server, or correct {setting}."
        more = "" if self.instance == "default" else f" INSTANCE={self.instance}"
        return f"Start the instance: make run{more}"

    def content_key(self) -> str:
        """The key that wraps content keys."""
        if given := self.settings.get("YIZHAN_CONTENT_KEY"):
            return given
        if self.one_database or self.settings.get("POSTGRES_URL"):
            key = self.root / HOME / self.instance / "content.key"
            return _read_key(key)
        return _read_key(self.folder / "content.key")

    def issuer(self) -> LocalIssuer:
        """The issuer of development. It is never made here: nobody would trust a new one."""
        from shared.identity import LocalIssuer

        keys = self.settings.get("YIZHAN_ISSUER_KEYS")
        folder = Path(keys).parent if keys else self.folder / "issuer"
        if not (folder / "issuer.private.json").is_file():
            remedy = "Start the instance once with `make run`, or ask the issuer of your organisation."
            raise Failure(f"There is no local issuer in {folder}.", remedy)
        return LocalIssuer(folder)

    def clock(self) -> Clock:
        """The clock that services here go by."""
        if given := self.settings.get("YIZHAN_CLOCK"):
            return clock_for(given, production=self.production)
        path = None if self.production else self.clock_file()
        return FileClock(path) if path is not None else SystemClock()

    def clock_file(self) -> Path | None:
        """What sets the clock here; None where it is the system's. A `Failure` when there is no such instance."""
        if given := self.settings.get("YIZHAN_CLOCK"):
            scheme, _, path = given.partition(":")
            return Path(path) if scheme == "file" and path else self._system(given)
        if self.one_database:
            return None
        if not any(self.settings.get(name) for name in SERVERS):
            return self._clock_in(self.folder)
        return self._clock_in(self.root / HOME / self.instance)

    @staticmethod
    def _system(given: str) -> None:
        """Says so where it is no clock at all."""
        clock_for(given, production=False)

    @staticmethod
    def _clock_in(folder: Path) -> Path | None:
        return folder / "clock" if (folder / "clock").is_file() else None

    def _noted(self) -> Addresses:
        addresses = noted(self.folder)
        if addresses is None:
            remedy = "Start it again with `make run`, or set KAFKA_URL and POSTGRES_URL."
            raise Failure(f"The instance {self.instance!r} has not said yet where it is.", remedy, field="--instance")
        return addresses


def places(instance: str | None) -> Places:
    """Where this command looks."""
    named = instance or os.environ.get("INSTANCE") or "default"
    return Places(named, instance is not None, _root(), {} if instance is not None else dict(os.environ))


def _root() -> Path:
    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if (folder / HOME).is_dir()), here)


def _on(server: str, instance: str, service: str) -> str:
    """A service's database on a server: its path with the service's name put in, or the name that `make run` gives."""
    if SERVICE in server:
        return server.replace(SERVICE, service)
    return urlsplit(server)._replace(path=f"/{database_name(instance, service)}").geturl()


def _shown(url: str) -> str:
    """A URL without its password."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or 5432}{parts.path}"


def _read_key(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError as error:
        why = f"The content key cannot be read from {path} ({error.strerror})."
        raise Failure(why, "Set it.", field="YIZHAN_CONTENT_KEY") from error
