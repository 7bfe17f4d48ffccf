"""Kafka and PostgreSQL as containers, for machines where an engine answers."""

from __future__ import annotations

import os
import secrets
import socket
import time
from typing import TYPE_CHECKING

import docker  # type: ignore[import-untyped]
import psycopg
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer
from testcontainers.core.docker_client import DockerClient
from testcontainers.core.wait_strategies import LogMessageWaitStrategy

from shared.embedded.errors import InfraError
from shared.embedded.kafka_jars import pinned
from shared.embedded.kafka_server import READY
from shared.embedded.ports import free_port
from shared.embedded.postgres_server import MAJOR, SUPERUSER

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack

ENGINE_TIMEOUT = 5  # seconds; a registry that is out of reach must not hold up a start
READY_TIMEOUT = 60
LOOPBACK = "127.0.0.1"
DEFAULT_HOST = "unix:///var/run/docker.sock"

KAFKA_ENVIRONMENT = {
    "KAFKA_NODE_ID": "1",
    "KAFKA_PROCESS_ROLES": "broker,controller",
    "KAFKA_LISTENERS": "PLAINTEXT://:9092,CONTROLLER://:9093",
    "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
    "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
    "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
    "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
    "KAFKA_GROUP_COORDINATOR_APPEND_LINGER_MS": "0",
    "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
    "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
    "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
    "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
    "KAFKA_HEAP_OPTS": "-Xmx384m",
}


def images() -> tuple[str, str]:
    return (
        os.environ.get("KAFKA_IMAGE", f"apache/kafka:{pinned().kafka}"),
        os.environ.get("POSTGRES_IMAGE", f"postgres:{MAJOR}"),
    )


def why_not() -> str | None:
    """What keeps containers from being used, or None. Answers within seconds."""
    try:
        _knock(os.environ.get("DOCKER_HOST") or DEFAULT_HOST)
        engine = docker.from_env(timeout=ENGINE_TIMEOUT)
    except (docker.errors.DockerException, OSError) as error:
        return f"No container engine answers: {error}"
    try:
        engine.ping()
        missing = [image for image in images() if not _can_be_had(engine, image)]
    except (docker.errors.DockerException, OSError) as error:
        return f"No container engine answers: {error}"
    finally:
        engine.close()
    return f"The image {missing[0]} is neither here nor at its registry." if missing else None


def _knock(host: str) -> None:
    """Raises OSError when nobody listens; docker's own client would leave its socket open then."""
    if host.startswith("unix://"):
        with socket.socket(socket.AF_UNIX) as knocking:
            knocking.settimeout(ENGINE_TIMEOUT)
            knocking.connect(host.removeprefix("unix://"))


def _can_be_had(engine: docker.DockerClient, image: str) -> bool:
    try:
        engine.images.get(image)
    except docker.errors.ImageNotFound:
        try:
            engine.images.get_registry_data(image)
        except (docker.errors.APIError, OSError):
            return False
    return True


def start_containers(stack: ExitStack, say: Callable[[str], None]) -> tuple[str, str]:
    """Kafka's address and PostgreSQL's URL; the stack takes the containers away."""
    kafka_image, postgres_image = images()
    engine = docker.from_env()
    stack.callback(engine.close)
    for image in images():
        _pull(engine, image, say)
    if not _can_be_had(engine, testcontainers_config.ryuk_image):
        # The sweeper for runs that were killed; without it `docker rm` is left to people.
        testcontainers_config.ryuk_disabled = True
    host = DockerClient().host().replace("localhost", LOOPBACK)  # which might mean ::1, where nothing is bound
    say(f"Starting {kafka_image} and {postgres_image} as containers.")
    return _start_kafka(stack, kafka_image, host), _start_postgres(stack, postgres_image, host)


def _pull(engine: docker.DockerClient, image: str, say: Callable[[str], None]) -> None:
    try:
        engine.images.get(image)
    except docker.errors.ImageNotFound:
        say(f"Pulling {image}, once.")
        engine.images.pull(image)


def _start_kafka(stack: ExitStack, image: str, host: str) -> str:
    port = free_port()  # fixed beforehand, as the broker must tell its clients where it is
    container = _bound(DockerContainer(image), 9092, host, port).with_envs(**KAFKA_ENVIRONMENT)
    container.with_env("KAFKA_ADVERTISED_LISTENERS", f"PLAINTEXT://{host}:{port}")
    container.waiting_for(LogMessageWaitStrategy(f".*{READY}.*").with_startup_timeout(READY_TIMEOUT))
    _run(stack, container, image)
    return f"{host}:{port}"


def _start_postgres(stack: ExitStack, image: str, host: str) -> str:
    port, password = free_port(), secrets.token_urlsafe(18)
    container = DockerContainer(image, command="postgres -c max_connections=200 -c jit=off -c timezone=UTC")
    _bound(container, 5432, host, port).with_env("POSTGRES_USER", SUPERUSER).with_env("POSTGRES_PASSWORD", password)
    container.with_env("POSTGRES_INITDB_ARGS", "--locale=C --locale-provider=builtin --builtin-locale=C.UTF-8")
    _run(stack, container, image)
    url = f"postgresql://{SUPERUSER}:{password}@{host}:{port}"
    deadline = time.monotonic() + READY_TIMEOUT
    while True:  # its log says "ready" once too early, for the server that only makes the folder
        try:
            psycopg.connect(f"{url}/postgres", connect_timeout=ENGINE_TIMEOUT).close()
        except psycopg.OperationalError as error:
            if time.monotonic() > deadline:
                raise InfraError(f"{image} does not answer at port {port}: {error}", "see `docker logs`") from error
            time.sleep(0.1)
        else:
            return url


def _bound(container: DockerContainer, inside: int, host: str, port: int) -> DockerContainer:
    if host == LOOPBACK:  # an engine of our own machine: the network must not reach a Kafka that asks for no password
        container.ports[str(inside)] = (LOOPBACK, port)  # type: ignore[assignment]  # docker takes it, the hint does not
        return container
    return container.with_bind_ports(inside, port)


def _run(stack: ExitStack, container: DockerContainer, image: str) -> None:
    try:
        stack.enter_context(container)
    except (docker.errors.DockerException, OSError) as error:
        raise InfraError(
            f"{image} could not be started: {error}", "see `docker ps -a` and `docker logs`, or use INFRA=embedded"
        ) from error
