"""A process that cannot start says which setting is wrong and what to do, in plain words, and ends."""

from __future__ import annotations

import base64
import json
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import psycopg
import pytest

from services.checkin.main import SERVICE
from shared.config import load
from shared.embedded.infra import Infra
from shared.embedded.ports import free_port
from shared.errors import ConfigInvalid
from shared.plain_http import NO_TLS
from shared.running import serve
from shared.testing.gates import SCANS, scan, settle
from shared.testing.infrastructure import Databases
from shared.testing.processes import ServiceProcess, Surroundings, run_to_end
from shared.testing.topics import Publisher, Raw
from shared.testing.waiting import eventually
from tests.running import Town, a_town, migrated

Changes = dict[str, str]


@pytest.fixture(scope="module")
def good(infra: Infra, databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Changes:
    """Settings with which a process starts."""
    surroundings = Surroundings(tmp_path_factory.mktemp("start"), infra.kafka)
    port = {"YIZHAN_HTTP_PORT": str(free_port())}
    return {**surroundings.settings(migrated(databases, SERVICE)), **port}


def file_with(folder: Path, content: str) -> str:
    path = folder / "file"
    path.write_text(content)
    return str(path)


WRONG: dict[str, tuple[Callable[[Path], Changes], tuple[str, ...]]] = {
    "an unknown setting": (lambda _: {"YIZHAN_DATABSE": "x"}, ("YIZHAN_DATABSE", "did you mean YIZHAN_DATABASE")),
    "a setting nobody knows": (lambda _: {"YIZHAN_WEATHER": "fine"}, ("YIZHAN_WEATHER is not a setting",)),
    "no database": (lambda _: {"YIZHAN_DATABASE": ""}, ("DATABASE", "postgresql://")),
    "another kind of database": (lambda _: {"YIZHAN_DATABASE": "mysql://a@b/c"}, ("DATABASE", "postgresql://")),
    "a Kafka without a port": (lambda _: {"YIZHAN_KAFKA": "localhost"}, ("YIZHAN_KAFKA", "host:port")),
    "a port out of range": (lambda _: {"YIZHAN_HTTP_PORT": "70000"}, ("YIZHAN_HTTP_PORT", "65535")),
    "a port in words": (lambda _: {"YIZHAN_HTTP_PORT": "http"}, ("YIZHAN_HTTP_PORT",)),
    "an environment nobody knows": (lambda _: {"YIZHAN_ENV": "staging"}, ("YIZHAN_ENV", "'dev' or 'prod'")),
    "a log level nobody knows": (lambda _: {"YIZHAN_LOG_LEVEL": "LOUD"}, ("YIZHAN_LOG_LEVEL", "DEBUG")),
    "too small a pool": (lambda _: {"YIZHAN_DATABASE_POOL": "1"}, ("YIZHAN_DATABASE_POOL",)),
    "a content key that is not base64": (lambda _: {"YIZHAN_CONTENT_KEY": "a key!"}, ("CONTENT_KEY", "base64")),
    "a content key of a wrong length": (lambda _: {"YIZHAN_CONTENT_KEY": "AAAA"}, ("CONTENT_KEY", "random bytes")),
    "a code secret that is too short": (
        lambda _: {"YIZHAN_CODE_SECRET": f"{'A' * 43}=,AAAA"},
        ("YIZHAN_CODE_SECRET", "number 2", "32"),
    ),
    "a code secret that is not base64": (lambda _: {"YIZHAN_CODE_SECRET": "a secret!"}, ("YIZHAN_CODE_SECRET", "32")),
    "a clock of no kind": (lambda _: {"YIZHAN_CLOCK": "sundial"}, ("CLOCK", "'system' or 'file:<path>'")),
    "a clock file that is not there": (lambda f: {"YIZHAN_CLOCK": f"file:{f}/none"}, ("CLOCK", "fixed <ISO time")),
    "a clock file with nonsense": (lambda f: {"YIZHAN_CLOCK": f"file:{file_with(f, 'noon')}"}, ("CLOCK", "offset")),
    "a file clock in production": (lambda _: {"YIZHAN_ENV": "prod"}, ("CLOCK", "refused when ENV=prod")),
    "a failpoint in production": (
        lambda _: {"YIZHAN_ENV": "prod", "YIZHAN_CLOCK": "system", "YIZHAN_FAILPOINT": "relay.after_send"},
        ("FAILPOINT", "refused"),
    ),
    "a failpoint nobody knows": (lambda _: {"YIZHAN_FAILPOINT": "relay.sometimes"}, ("FAILPOINT", "relay.after_send")),
    "no issuer file": (lambda f: {"YIZHAN_ISSUER_KEYS": f"{f}/none"}, ("ISSUER_KEYS", "not a JWK set")),
    "an issuer file that is not JSON": (
        lambda f: {"YIZHAN_ISSUER_KEYS": file_with(f, "{")},
        ("ISSUER_KEYS", "JWK set"),
    ),
    "an issuer file without keys": (lambda f: {"YIZHAN_ISSUER_KEYS": file_with(f, "{}")}, ("ISSUER_KEYS", "JWK set")),
    "an issuer file with a list": (lambda f: {"YIZHAN_ISSUER_KEYS": file_with(f, "[1]")}, ("ISSUER_KEYS", "JWK set")),
}


@pytest.mark.parametrize("kind", WRONG)
async def test_a_wrong_setting_is_named_with_its_remedy(good: Changes, tmp_path: Path, kind: str) -> None:
    change, said = WRONG[kind]
    with pytest.raises(ConfigInvalid) as refused:
        await serve(SERVICE, load({**good, **change(tmp_path)}), "api")
    assert [words for words in said if words not in str(refused.value)] == [], refused.value


@pytest.mark.parametrize("name", ["DATABASE", "KAFKA", "CONTENT_KEY", "ISSUER_KEYS"])
def test_a_setting_that_is_missing_is_named_with_what_it_means(good: Changes, name: str) -> None:
    with pytest.raises(ConfigInvalid, match=rf"YIZHAN_{name}: Field required\. \w.*\."):
        load({key: value for key, value in good.items() if key != f"YIZHAN_{name}"})


async def test_ck7_without_a_code_secret_checkin_does_not_start_in_production(good: Changes) -> None:
    settings = {**good, "YIZHAN_ENV": "prod", "YIZHAN_CLOCK": "system"}
    with pytest.raises(ConfigInvalid, match=r"YIZHAN_CODE_SECRET: required when ENV=prod\. \w.*"):
        await serve(SERVICE, load({name: text for name, text in settings.items() if "CODE_SECRET" not in name}), "api")


def test_ck7_code_secrets_are_a_list_newest_first_and_shown_to_nobody(good: Changes) -> None:
    new, old = (base64.b64encode(bytes([number]) * 32).decode() for number in (1, 2))
    settings = load({**good, "YIZHAN_CODE_SECRET": f"{new}, {old}"})
    assert settings.code_secrets == (b"\x01" * 32, b"\x02" * 32)
    assert new not in repr(settings)
    assert new not in str(settings.model_dump())


def test_ck7_in_development_there_is_a_code_secret_that_stays_the_same(good: Changes) -> None:
    without = {name: text for name, text in good.items() if "CODE_SECRET" not in name}
    assert load(without).code_secrets == load(without).code_secrets != ()
    assert load({**without, "YIZHAN_ENV": "prod"}).code_secrets == ()


def test_the_folder_of_kafkas_jars_may_be_named_for_services_too(good: Changes) -> None:
    """Whoever follows the remedy of the embedded servers has it in the environment of everything."""
    assert load({**good, "YIZHAN_CACHE": "/elsewhere"}) == load(good)


def test_a_process_tells_all_wrong_settings_at_once_in_plain_words(good: Changes) -> None:
    code, output = run_to_end("checkin", {**good, "YIZHAN_KAFKA": "?", "YIZHAN_ENV": "?", "YIZHAN_X": "?"})
    assert code == 1
    assert output.startswith("checkin cannot start: "), output
    assert "Traceback" not in output
    assert all(name in output for name in ("YIZHAN_KAFKA", "YIZHAN_ENV", "YIZHAN_X"))


def test_a_port_in_use_is_told_with_the_remedy(good: Changes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, output = run_to_end("checkin", {**good, "YIZHAN_HTTP_PORT": str(port)})
    assert code == 1
    assert f"127.0.0.1:{port} (Address already in use)" in output
    assert "set YIZHAN_HTTP_PORT to another port" in output
    assert "Traceback" not in output


def test_a_database_without_tables_names_the_command_that_makes_them(good: Changes, databases: Databases) -> None:
    code, output = run_to_end("checkin", {**good, "YIZHAN_DATABASE": databases.empty()})
    assert code == 1
    assert "is at revision none" in output
    assert "Run: python -m services.checkin.main --role migrate" in output


def test_a_database_at_another_revision_names_both(good: Changes, databases: Databases) -> None:
    url = migrated(databases, SERVICE)
    with psycopg.connect(url) as db:
        db.execute("update alembic_version set version_num = '0000'")
    code, output = run_to_end("checkin", {**good, "YIZHAN_DATABASE": url})
    assert code == 1
    assert "is at revision 0000, this version needs 0002" in output


def test_a_database_that_cannot_be_brought_forward_is_refused_with_what_to_do(
    good: Changes, databases: Databases
) -> None:
    """By a newer version, or by one before the first release: its revision is none of ours."""
    url = migrated(databases, SERVICE)
    with psycopg.connect(url) as db:
        db.execute("update alembic_version set version_num = '0001'")
    code, output = run_to_end("checkin", {**good, "YIZHAN_DATABASE": url}, role="migrate")
    assert code == 1
    assert "DATABASE: the database of checkin cannot be brought to this version" in output
    assert "Start the newer version" in output
    assert "Traceback" not in output


def test_migrating_makes_a_database_that_a_process_starts_on_and_may_be_repeated(
    good: Changes, databases: Databases
) -> None:
    settings = {**good, "YIZHAN_DATABASE": databases.empty()}
    assert [run_to_end("checkin", settings, role="migrate")[0] for _ in range(2)] == [0, 0]


async def test_a_database_that_is_away_is_waited_for(good: Changes, infra: Infra, tmp_path: Path) -> None:
    """The process says what it waits for, takes no requests, and ends when it is told to."""
    away = f"postgresql://postgres@127.0.0.1:{free_port()}/checkin"
    process = ServiceProcess("checkin", Surroundings(tmp_path, infra.kafka), away)
    process.begin()
    await eventually(lambda: process.actions().count("retry") >= 2, 30)
    assert "waiting for the database" in process.output
    async with httpx.AsyncClient(base_url=process.url, trust_env=False, verify=NO_TLS) as http:
        with pytest.raises(httpx.ConnectError):
            await http.get("/livez")
    process.kill()


@pytest.fixture(scope="module")
async def town(infra: Infra, databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    async with a_town(infra, databases, tmp_path_factory.mktemp("second"), "checkin") as town:
        await settle(town.checkin, town.surroundings, ["W01"])
        yield town


async def test_a_content_key_that_does_not_open_what_is_kept_is_refused(town: Town) -> None:
    async with Publisher(town.infra.kafka) as publisher:
        await publisher.send(SCANS, Raw(b"W01", b"not an event"))
    await town.checkin.idle()
    other = {"YIZHAN_CONTENT_KEY": base64.b64encode(bytes(32)).decode(), "YIZHAN_HTTP_PORT": str(free_port())}
    code, output = run_to_end("checkin", {**town.surroundings.settings(town.urls["checkin"]), **other})
    assert code == 1
    assert "CONTENT_KEY: it does not open the key" in output


async def test_a_second_worker_shares_the_leases_and_does_nothing_twice(town: Town) -> None:
    """Each subscription has one owner, and all of them have one."""
    second = town.process("checkin", role="worker", name="second")
    del second.settings["YIZHAN_MEMBER"]
    await second.start()
    async with Publisher(town.infra.kafka) as publisher:
        await publisher.send(SCANS, *[scan(f"s-{n}", direction=("entry", "exit")[n % 2]) for n in range(40)])
    await town.checkin.idle()
    with psycopg.connect(town.urls["checkin"]) as db:
        owners: dict[str, str | None] = dict(db.execute("select name, owner from subscription").fetchall())
    assert all(owners.values()), owners
    assert await second.stop() == 0
    assert await town.faults("checkin") == []


async def test_a_process_told_to_stop_ends_in_order_and_says_so(town: Town) -> None:
    assert await town.checkin.stop() == 0
    assert town.checkin.actions()[-1] == "stopped"
    wrong = [line for line in town.checkin.lines() if line["level"] in ("ERROR", "CRITICAL")]
    assert [line for line in wrong if not line["logger"].startswith("aiokafka")] == []
    assert json.loads(town.checkin.output.splitlines()[-1])["service"] == "checkin"
