"""`yizhan quarantine`: what could not be read is looked at, read again, or given up."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from aiokafka import ConsumerRecord
from msgspec import json

from shared.clock import FileClock
from shared.content import Vault
from shared.database import Connection
from shared.ingest import TAKE_PAGE
from shared.page import PageBuilder
from shared.testing.gates import REPORTED, reported
from shared.testing.topics import Publisher, Raw, answers, binary, header, read_all
from tests.cli.lab import called, objects, refused, yizhan
from tests.running import Town

pytestmark = pytest.mark.usefixtures("here")
INTAKE = "points.intake.v1"
ROW = """select event_id, origin, category, stream, type, schema_version, data::text, meta::text, occurred_at
  from event where event_id = %s"""


@pytest.fixture
async def log(town: Town) -> AsyncIterator[Connection]:
    async with await psycopg.AsyncConnection.connect(town.urls["points"], autocommit=True) as connection:
        yield connection


class Release:
    """Reads as points' ingest does, in this release or in one that did not know the patrol report yet."""

    def __init__(self, town: Town) -> None:
        self.town = town
        vault = Vault(town.surroundings.content_key)
        self.builder = PageBuilder("points", FileClock(town.surroundings.clock.path), vault)

    async def takes(self, connection: Connection, record: ConsumerRecord[Any, Any]) -> None:
        page = await self.builder.build(connection, [record])
        await connection.execute(TAKE_PAGE, page.columns())


class OlderRelease(Release):
    def __init__(self, town: Town) -> None:
        super().__init__(town)
        self.builder._types = {}


async def sent(town: Town, record: Raw) -> ConsumerRecord[Any, Any]:
    async with Publisher(town.infra.kafka) as publisher:
        (place,) = await publisher.send(INTAKE, record)
    records = await read_all(town.infra.kafka, INTAKE)
    return next(one for one in records if place == f"{one.topic}/{one.partition}/{one.offset}")


async def set_aside_by_an_older_release(town: Town, log: Connection, identity: str) -> ConsumerRecord[Any, Any]:
    """An older release has read the record, and moved its offset; then came this one."""
    await town.points.stop()
    report = reported(f"R-{identity}", f"D-{identity}", f"V-{identity}")
    record = await sent(town, binary(REPORTED, identity, "/app", f"V-{identity}", report, time="2026-01-23T03:55:00Z"))
    await OlderRelease(town).takes(log, record)
    await town.points.start()
    return record


async def waiting(**where: Any) -> list[dict[str, Any]]:
    rows = objects(await called("quarantine", "list", "points", "--json"))
    return [row for row in rows if where.items() <= row.items()]


async def offsets(log: Connection) -> list[Any]:
    found = await (await log.execute("select * from consumer_offset order by topic, part")).fetchall()
    return list(found)


async def test_what_this_release_reads_enters_the_log_as_if_it_had_been_read_at_once(
    town: Town, log: Connection
) -> None:
    identity = f"re-{uuid4()}"
    record = await set_aside_by_an_older_release(town, log, identity)
    place = f"{record.topic}/{record.partition}/{record.offset}"
    (row,) = await waiting(place=place)
    assert (row["kind"], row["code"]) == ("unreadable", "VERSION_UNKNOWN" if row["code"][0] == "V" else "TYPE_UNKNOWN")
    wanted = await Release(town).builder.build(log, [record])
    before = await offsets(log)
    town.surroundings.clock.set(town.surroundings.clock.now())
    done = objects(await called("quarantine", "replay", "points", row["id"], "--json"))[0]
    assert (done["outcome"], done["event_id"], done["source"]) == ("replayed", identity, "/app")
    stored = await (await log.execute(ROW, (identity,))).fetchone()
    assert stored is not None
    e = wanted.rows
    columns = (e.id, wanted.origin, e.category, e.stream, e.type, e.schema, e.data)
    assert stored[:7] == tuple(column[0] for column in columns)
    assert stored[7] == wanted.rows.meta[0], "also the receipt is that of the first reading"
    assert await offsets(log) == before
    await town.points.idle()
    told = [one for one in answers(await read_all(town.infra.kafka, "points.feedback.v1")) if one.get("id") == identity]
    assert [one["status"] for one in told] == ["quarantined", "accepted"]
    assert (await called("verify", "points")).exit_code == 0
    assert await waiting(place=place) == []
    again = await called("quarantine", "replay", "points", row["id"])
    refused(again, 1, "ID", f"{row['id']} was replayed before, by ", f"yizhan explain {row['id']}")


async def test_the_receipt_stays_when_the_clock_has_moved_on(town: Town, log: Connection) -> None:
    identity = f"late-{uuid4()}"
    record = await set_aside_by_an_older_release(town, log, identity)
    wanted = await Release(town).builder.build(log, [record])
    assert (await called("clock", "forward", "1d")).exit_code == 0
    assert (
        await called("quarantine", "replay", "points", f"{INTAKE}/{record.partition}/{record.offset}")
    ).exit_code == 0
    stored = await (await log.execute(ROW, (identity,))).fetchone()
    assert stored is not None
    assert stored[7] == wanted.rows.meta[0]
    assert (await called("clock", "set", "2026-01-23T12:00:00+08:00")).exit_code == 0


async def test_what_its_publisher_has_sent_again_is_a_duplicate_and_is_settled(town: Town, log: Connection) -> None:
    identity = f"twice-{uuid4()}"
    record = await set_aside_by_an_older_release(town, log, identity)
    again = Raw(record.key, record.value, list(record.headers))
    await sent(town, again)
    await town.points.idle()
    replayed = await called("quarantine", "replay", "points", f"{INTAKE}/{record.partition}/{record.offset}")
    assert replayed.exit_code == 0
    assert "its publisher sent it again" in replayed.stdout
    count = await (await log.execute("select count(*) from event where event_id = %s", (identity,))).fetchone()
    assert count == (1,)


async def test_an_id_that_was_used_for_other_data_meanwhile_stays(town: Town, log: Connection) -> None:
    identity = f"reused-{uuid4()}"
    record = await set_aside_by_an_older_release(town, log, identity)
    other = reported(f"R2-{identity}", f"D2-{identity}", f"V-{identity}")
    await sent(town, binary(REPORTED, identity, "/app", f"V-{identity}", other))
    await town.points.idle()
    place = f"{INTAKE}/{record.partition}/{record.offset}"
    stays = objects(await called("quarantine", "replay", "points", place, "--json"), exit_code=1)[0]
    assert (stays["outcome"], stays["code"], stays["field"]) == ("refused", "IDEMPOTENCY_KEY_REUSED", "id")
    assert len(await waiting(place=place)) == 1


async def broken(town: Town, key: str = "K1") -> dict[str, Any]:
    """A record that no release reads."""
    record = await sent(town, Raw(key.encode(), b"{\xff", [("ce_id", b"b-1"), ("x-note", b"\x1b[2J")]))
    await town.points.idle()
    (row,) = await waiting(place=f"{record.topic}/{record.partition}/{record.offset}")
    return row


async def test_a_record_that_is_still_unreadable_stays_and_says_why(town: Town) -> None:
    row = await broken(town)
    again = objects(await called("quarantine", "replay", "points", row["id"], "--json"), exit_code=1)[0]
    assert (again["outcome"], again["code"], again["field"]) == ("unreadable", row["code"], row["field"])
    tried = await called("quarantine", "replay", "points", row["id"])
    assert "still cannot be read" in tried.stdout
    assert f"yizhan quarantine drop points {row['id']} --reason" in tried.stderr
    assert await waiting(id=row["id"]) == [row]


async def test_the_kept_bytes_are_shown_and_steer_no_terminal(town: Town) -> None:
    row = await broken(town)
    shown = await called("quarantine", "show", "points", row["id"][:8])
    assert shown.exit_code == 0
    assert "key: K1" in shown.stdout
    assert "x-note" in shown.stdout
    assert "\\xff" in shown.stdout
    assert "\x1b" not in shown.stdout
    value = objects(await called("quarantine", "show", "points", row["place"], "--json"))[0]
    assert {"name": "ce_id", "value": "b-1"} in value["headers"]
    key = "BAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
    settings = {"POSTGRES_URL": town.urls["points"].replace("/points_", "/{service}_"), "YIZHAN_CONTENT_KEY": key}
    refused(await called("quarantine", "show", "points", row["id"], **settings), 2, "CONTENT_KEY")


async def test_a_record_is_dropped_for_a_reason_that_the_log_keeps(town: Town, log: Connection) -> None:
    row = await broken(town)
    refused(await called("quarantine", "drop", "points", row["id"], "--reason", " "), 2, "--reason", "Say why")
    missing = await called("quarantine", "drop", "points", row["id"])
    assert missing.exit_code == 2
    assert "--reason" in missing.stderr
    arguments = ("quarantine", "drop", "points", row["id"], "--reason", "a test device", "--actor", "op-1")
    assert objects(await called(*arguments, "--json"))[0]["outcome"] == "dropped"
    statement = "select data, meta from event where type = 'RecordSettled' and data->>'ref' = %s"
    stored = await (await log.execute(statement, (row["id"],))).fetchone()
    assert stored is not None
    assert stored[0] == {"ref": row["id"], "outcome": "dropped", "reason": "a test device"}
    assert stored[1]["actor"] == {"kind": "operator", "id": "op-1"}
    assert await waiting(id=row["id"]) == []
    for name in (row["id"], row["id"][:8], row["place"]):
        again = await called("quarantine", "drop", "points", name, "--reason", "again")
        refused(again, 1, "ID", f"{row['id']} was dropped before, by op-1", "Nothing is left to do")
    assert "RecordSettled" in (told := (await called("explain", row["id"])).stdout)
    assert "dropped a test device" in told
    assert (await called("verify", "points")).exit_code == 0


async def test_all_are_tried_and_what_stays_is_exit_code_1(town: Town, log: Connection) -> None:
    identity = f"all-{uuid4()}"
    await set_aside_by_an_older_release(town, log, identity)
    row = await broken(town)
    tried = objects(await called("quarantine", "replay", "points", "--all", "--json"), exit_code=1)
    outcomes = {one.get("event_id") or one["id"]: one["outcome"] for one in tried}
    assert outcomes[identity] == "replayed"
    assert outcomes[row["id"]] == "unreadable"


async def test_the_list_is_a_table_for_people(town: Town) -> None:
    row = await broken(town)
    listed = await called("quarantine", "list")
    assert row["id"] in listed.stdout
    assert row["place"] in listed.stdout
    note = [one for one in await read_all(town.infra.kafka, "points.quarantine.v1") if row["id"].encode() in one.value]
    assert header(note[0], "ce_type") == "cn.yizhan.points.RecordQuarantined.v1"
    assert json.decode(note[0].value)["code"] == row["code"]


@pytest.mark.parametrize(
    ("arguments", "code", "parts"),
    [
        (["list", "point"], 2, ["SERVICE", "Did you mean points?"]),
        (["show", "points", "nothing"], 1, ["ID", "Nothing that waits"]),
        (["replay", "points"], 2, ["ID", "--all"]),
        (["replay", "points", "x", "--all"], 2, ["--all", "Give one of them"]),
        (["replay", "points", "8f14", "--stream", "x"], 2, ["--stream", "intake@"]),
        (["replay", "points", "--all", "--stream", "x"], 2, ["--stream", "intake@"]),
        (["drop", "points", "8f1", "--reason", "x"], 1, ["ID", "list points", "4 letters or more"]),
        (["replay", "points", "relay@7"], 1, ["ID", "yizhan quarantine list points"]),
        (["show", "points", "relay@7"], 1, ["ID", "parked nothing at 7"]),
        (["drop", "points", "relay@7", "--reason", "x"], 1, ["ID", "parked nothing at 7"]),
        (["list", "--instance", "none"], 2, ["--instance", "There are: default"]),
    ],
)
def test_what_cannot_be_done_says_why(arguments: list[str], code: int, parts: list[str]) -> None:
    refused(yizhan("quarantine", *arguments), code, *parts)
