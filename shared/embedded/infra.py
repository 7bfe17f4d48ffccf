"""Kafka and PostgreSQL for tests and `make run`: given ones, containers, or embedded ones, whichever can be had.

INFRA=urls|containers|embedded forces a kind. Otherwise: KAFKA_URL and POSTGRES_URL when both are set; containers when
an engine answers and the images can be had; else child processes of this one.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args
from urllib.parse import quote, urlsplit

import psycopg
from psycopg import sql

from shared.embedded.errors import InfraError
from shared.embedded.instance import Instance
from shared.embedded.kafka_jars import jars
from shared.embedded.kafka_server import KafkaServer
from shared.embedded.postgres_server import PostgresServer
from shared.embedded.quick_start import quick_start_flags

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

Kind = Literal["embedded", "containers", "urls"]
CONNECT_TIMEOUT = 10  # seconds


class Infra:
    """Where Kafka and PostgreSQL are, and, when they are ours, the servers themselves."""

    def __init__(
        self,
        kind: Kind,
        kafka: str,
        postgres: str,
        broker: KafkaServer | None = None,
        server: PostgresServer | None = None,
    ) -> None:
        self.kind: Kind = kind
        self.kafka = kafka
        given = urlsplit(postgres)
        self.postgres = given._replace(path="", query="").geturl()
        self._maintenance, self._options = given.path.strip("/") or "postgres", given.query
        self.broker, self.server = broker, server
        self._resources = ExitStack()

    def database(self, name: str) -> str:
        """The URL of a database of this name, which is made when it is missing."""
        with psycopg.connect(
            self._url(self._maintenance), autocommit=True, connect_timeout=CONNECT_TIMEOUT
        ) as connection:
            found = connection.execute("SELECT FROM pg_database WHERE datname = %s", [name]).fetchone()
            if found is None:
                # Two processes may find it missing at once; either error means that the other has made it.
                with suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
                    connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return self._url(name)

    def drop(self, name: str) -> None:
        """Remove a database of ours, if it is there, whoever is still connected to it."""
        with psycopg.connect(
            self._url(self._maintenance), autocommit=True, connect_timeout=CONNECT_TIMEOUT
        ) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def _url(self, database: str) -> str:
        return f"{self.postgres}/{quote(database, safe='')}" + (f"?{self._options}" if self._options else "")

    def close(self) -> None:
        """Stop what was started, in an orderly way; given servers are left alone. May be repeated."""
        self._resources.close()

    def __enter__(self) -> Infra:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def start(
    instance: str = "default",
    kind: str | None = None,
    say: Callable[[str], None] = print,
    root: Path | None = None,
) -> Infra:
    """Blocks until both servers take work. `root` is where `.yizhan` lies: the working folder unless given."""
    with ExitStack() as stack:
        match _choose(kind or os.environ.get("INFRA") or None):
            case "urls":
                infra = _given()
            case "containers":
                from shared.embedded.containers import start_containers

                infra = Infra("containers", *start_containers(stack, say))
            case "embedded":
                infra = _embedded(stack, Instance(instance, root or Path.cwd()), say)
        infra._resources = stack.pop_all()
    return infra


def _choose(asked: str | None) -> Kind:
    if asked is not None and asked not in get_args(Kind):
        raise InfraError(f"INFRA={asked} is not known.", f"use one of: {', '.join(sorted(get_args(Kind)))}")
    if asked == "embedded":
        return "embedded"
    if asked == "urls" or (asked is None and os.environ.get("KAFKA_URL") and os.environ.get("POSTGRES_URL")):
        return "urls"
    from shared.embedded.containers import why_not  # slow to import, and often not needed

    obstacle = why_not()
    if asked == "containers" and obstacle:
        raise InfraError(
            obstacle,
            "start Docker (or set DOCKER_HOST) and pull the images, or run without containers: INFRA=embedded",
        )
    return "embedded" if obstacle else "containers"


def _given() -> Infra:
    kafka, postgres = os.environ.get("KAFKA_URL"), os.environ.get("POSTGRES_URL")
    if not kafka or not postgres:
        raise InfraError(
            "INFRA=urls needs KAFKA_URL and POSTGRES_URL.",
            "set KAFKA_URL=host:port and POSTGRES_URL=postgresql://user:password@host:port",
        )
    infra = Infra("urls", kafka, postgres)
    try:
        psycopg.connect(infra._url(infra._maintenance), connect_timeout=CONNECT_TIMEOUT).close()
    except psycopg.Error as error:
        raise InfraError(f"POSTGRES_URL does not answer: {error}", "start that server, or correct the URL") from error
    return infra


def _embedded(stack: ExitStack, instance: Instance, say: Callable[[str], None]) -> Infra:
    if os.name != "posix":
        raise InfraError("Embedded servers need Linux or macOS.", "use INFRA=containers or INFRA=urls")
    instance.open()
    stack.callback(instance.close)
    kafka_port, controller_port, postgres_port = instance.ports(["kafka", "controller", "postgres"], say)
    server = PostgresServer(instance.folder / "postgres", instance.logs, postgres_port)
    servers: list[KafkaServer | PostgresServer] = [server]

    def start_broker() -> KafkaServer:
        folder = jars(say)
        broker = KafkaServer(
            instance.folder / "kafka",
            instance.logs,
            kafka_port,
            controller_port,
            folder,
            quick_start_flags(folder, say),
        )
        servers.append(broker)
        broker.start()
        return broker

    stack.callback(_stop_all, servers)
    with ThreadPoolExecutor(2) as starting:
        coming, ready = starting.submit(start_broker), starting.submit(server.start)
    ready.result()
    broker = coming.result()
    return Infra("embedded", broker.address, server.url, broker, server)


def _stop_all(servers: list[KafkaServer | PostgresServer]) -> None:
    with ThreadPoolExecutor(len(servers)) as stopping:
        list(stopping.map(lambda each: each.stop(), servers))
