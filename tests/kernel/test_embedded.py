"""The embedded servers: real ones, killed, paused, and taken from their parent."""

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from shared.embedded import kafka_jars
from shared.embedded.errors import InfraError
from shared.embedded.infra import Infra, start
from shared.embedded.instance import Instance, clean
from shared.embedded.kafka_server import KafkaServer
from shared.embedded.postgres_server import PostgresServer

pytestmark = pytest.mark.fault


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("embedded")


@pytest.fixture(scope="module")
def infra(root: Path) -> Iterator[Infra]:
    with start("one", kind="embedded", root=root) as infra:
        yield infra


@pytest.fixture
def broker(infra: Infra) -> KafkaServer:
    assert infra.broker is not None
    return infra.broker


@pytest.fixture
def server(infra: Infra) -> PostgresServer:
    assert infra.server is not None
    return infra.server


def test_both_servers_come_up_and_answer(infra: Infra) -> None:
    send(infra.kafka, "hello", b"first")
    assert received(infra.kafka, "hello", 1) == [b"first"]
    with psycopg.connect(infra.database("hello")) as connection:
        assert connection.info.server_version // 10000 == 18
        assert setting(connection, "data_checksums") == setting(connection, "fsync") == "on"


def test_asking_twice_for_a_database_gives_the_same_one(infra: Infra) -> None:
    with psycopg.connect(infra.database("odd-näme"), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (n int)")
    with psycopg.connect(infra.database("odd-näme")) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)


def test_a_database_asks_for_its_password(infra: Infra) -> None:
    _, _, place = infra.postgres.rpartition("@")
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(f"postgresql://postgres@{place}/postgres")


def test_a_second_run_of_an_instance_is_refused_and_told_what_to_do(infra: Infra, root: Path) -> None:
    with pytest.raises(InfraError, match=f"already running, by pid {os.getpid()}") as refusal:
        start("one", kind="embedded", root=root)
    assert "INSTANCE=other" in refusal.value.remedy
    with pytest.raises(InfraError, match="already running"):
        clean("one", root)


def test_a_killed_broker_comes_back_with_its_data_at_its_port(infra: Infra, broker: KafkaServer) -> None:
    send(infra.kafka, "kept", b"before")
    before = broker.pid
    broker.kill()
    assert broker.pid is None
    broker.start()
    assert broker.pid not in (None, before)
    send(infra.kafka, "kept", b"after")
    assert received(infra.kafka, "kept", 2) == [b"before", b"after"]


def test_a_killed_database_comes_back_with_its_data(infra: Infra, server: PostgresServer) -> None:
    url = infra.database("kept")
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
    server.kill()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)
    server.start()
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT n FROM kept").fetchone() == (7,)


def test_a_paused_database_answers_again_when_resumed(infra: Infra, server: PostgresServer) -> None:
    with psycopg.connect(infra.database("paused"), autocommit=True) as connection:
        server.pause()
        states = {process.status() for process in family(server)}
        server.resume()
        assert states == {psutil.STATUS_STOPPED}
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_taken_port_is_named_when_a_server_cannot_start(server: PostgresServer) -> None:
    server.stop()
    with socket.create_server(("127.0.0.1", server.port)), pytest.raises(InfraError, match=str(server.log)) as failure:
        server.start()
    assert "port" in failure.value.remedy
    server.start()


def test_a_port_that_somebody_took_meanwhile_is_replaced(tmp_path: Path) -> None:
    said: list[str] = []
    instance = Instance("ports", tmp_path)
    instance.open()
    [port] = instance.ports(["kafka"], said.append)
    assert instance.ports(["kafka"], said.append) == [port]
    with socket.create_server(("127.0.0.1", port)):
        assert instance.ports(["kafka"], said.append) != [port]
    assert said == [f"Port {port} of kafka is taken by somebody else; a new one is chosen."]
    instance.close()


@pytest.mark.parametrize("error, survives", [(0.0, False), (60.0, True)])
def test_a_stray_of_an_earlier_run_is_ended_only_if_it_is_that_process(
    tmp_path: Path, error: float, survives: bool
) -> None:
    instance = Instance("stray", tmp_path)
    record = instance.folder / "kafka" / "server.pid"
    record.parent.mkdir(parents=True)
    with subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"]) as stray:
        born = psutil.Process(stray.pid).create_time()
        record.write_text(f"{stray.pid} {born + error}")
        instance.open()
        assert (stray.poll() is None) is survives
        stray.kill()
    instance.close()


# The parent's own child keeps the guards' pipes open, so only the parent's death itself can tell them.
PARENT = """
    import json, os, signal, sys, threading
    from pathlib import Path
    from shared.embedded.infra import start

    def run():
        global infra
        infra = start("orphan", kind="embedded", say=lambda line: None, root=Path(sys.argv[1]))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()  # the servers outlive the thread that started them
    child = os.fork()
    if child == 0:
        signal.pause()
    print(json.dumps({"servers": [infra.broker.pid, infra.server.pid], "child": child}), flush=True)
    signal.pause()
"""


def test_servers_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(PARENT), str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    with parent.stdout:
        told = json.loads(parent.stdout.readline())
    servers = [psutil.Process(pid) for pid in told["servers"]]
    parent.kill()
    parent.wait()
    try:
        _, alive = psutil.wait_procs(servers, timeout=25)
        assert alive == []
        until(lambda: list(tmp_path.rglob("server.pid")) == [], "the guards end")
    finally:
        os.kill(told["child"], signal.SIGKILL)
    until(lambda: clean("orphan", tmp_path), "the lock is free")


def test_a_jar_that_was_changed_is_refused_and_fetched_again(
    infra: Infra, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(kafka_jars.cache_folder() / "jars", tmp_path / kafka_jars.cache_folder().name / "jars")
    monkeypatch.setenv("YIZHAN_CACHE", str(tmp_path))
    pin = kafka_jars.pinned().jars[0]
    jar = kafka_jars.cache_folder() / "jars" / pin.file_name
    sound = jar.read_bytes()
    jar.write_bytes(sound[:-1])
    (jar.parent / "stranger.jar").write_bytes(b"not ours")
    said: list[str] = []
    kafka_jars.jars(said.append)
    assert jar.read_bytes() == sound
    assert not (jar.parent / "stranger.jar").exists()
    assert "is not what was pinned" in said[0]


def test_an_old_database_is_not_touched_and_the_remedy_is_named(tmp_path: Path) -> None:
    server = PostgresServer(tmp_path / "postgres", tmp_path, 1)
    server.data.mkdir(parents=True)
    (server.data / "PG_VERSION").write_text("16\n")
    with pytest.raises(InfraError, match="PostgreSQL 16 made it") as refusal:
        server.start()
    assert "clean --instance" in refusal.value.remedy


def test_containers_without_an_engine_say_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody.sock")
    monkeypatch.setenv("INFRA", "containers")
    with pytest.raises(InfraError, match="No container engine answers") as refusal:
        start(root=tmp_path)
    assert "INFRA=embedded" in refusal.value.remedy


def test_an_unknown_kind_is_answered_with_the_known_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INFRA", "cloud")
    with pytest.raises(InfraError, match="INFRA=cloud") as refusal:
        start()
    assert "containers, embedded, urls" in refusal.value.remedy


def test_given_urls_are_used_and_left_alone(infra: Infra, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_URL", infra.kafka)
    monkeypatch.setenv("POSTGRES_URL", f"{infra.postgres}/postgres?application_name=given")
    with start(kind="urls") as given:
        assert (given.kind, given.kafka, given.postgres) == ("urls", infra.kafka, infra.postgres)
        url = given.database("given")
    with psycopg.connect(url) as connection:
        assert setting(connection, "application_name") == "given"


def test_urls_that_are_missing_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KAFKA_URL", raising=False)
    with pytest.raises(InfraError, match="KAFKA_URL and POSTGRES_URL"):
        start(kind="urls")


def send(address: str, topic: str, value: bytes) -> None:
    async def sending() -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=address)
        producer = AIOKafkaProducer(bootstrap_servers=address, acks="all")
        await admin.start()
        await producer.start()
        try:
            if topic not in await admin.list_topics():
                await admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=1)])
            await producer.send_and_wait(topic, value)
        finally:
            await producer.stop()
            await admin.close()

    asyncio.run(asyncio.wait_for(sending(), 20))


def received(address: str, topic: str, count: int) -> list[bytes]:
    async def receiving() -> list[bytes]:
        consumer = AIOKafkaConsumer(topic, bootstrap_servers=address, auto_offset_reset="earliest")
        await consumer.start()
        try:
            return [(await consumer.getone()).value for _ in range(count)]
        finally:
            await consumer.stop()

    return asyncio.run(asyncio.wait_for(receiving(), 20))


def family(server: PostgresServer) -> list[psutil.Process]:
    postmaster = psutil.Process(server.pid)
    return [postmaster, *postmaster.children()]


def setting(connection: psycopg.Connection, name: str) -> str:
    found = connection.execute("SELECT current_setting(%s)", [name]).fetchone()
    assert found is not None
    return str(found[0])


def until(reached: Callable[[], bool], what: str, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            if reached():
                return
        except InfraError as last:
            what = f"{what}; last: {last}"
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
