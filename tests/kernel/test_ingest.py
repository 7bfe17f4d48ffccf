"""Kafka in: whatever arrives is taken once, in order, and answered; nothing can stop a partition."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import psycopg
import pytest

from shared.content import Vault
from shared.contracts.event_type import feedback_topic, topics
from shared.database import Database
from shared.embedded.infra import Infra
from shared.testing.gates import SCANS, scan, settle
from shared.testing.infrastructure import Databases
from shared.testing.topics import Publisher, Raw, answers, binary, read_all

from ..running import Town, a_town
from .malformed import MALFORMED, SECRET


@pytest.fixture(scope="module")
async def town(infra: Infra, databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    async with a_town(infra, databases, tmp_path_factory.mktemp("ingest"), "checkin") as town:
        await settle(town.checkin, town.surroundings, ["W01", "W02"])
        yield town


@pytest.fixture(scope="module")
async def after_the_flood(town: Town) -> dict[str, str]:
    """Every malformed record stands between two good ones, all on one partition. Answers each one's place by name."""
    records: list[Raw] = []
    for number, bad in enumerate(MALFORMED):
        records += [scan(f"good-{number}", direction=("entry", "exit")[number % 2]), bad.record(f"bad-{number}")]
    records.append(scan("good-last", "W01"))
    async with Publisher(town.infra.kafka) as publisher:
        places = await publisher.send(SCANS, *[record._replace(partition=0) for record in records])
    await town.checkin.idle()
    return {bad.name: place for bad, place in zip(MALFORMED, places[1::2], strict=False)}


@pytest.fixture(scope="module")
async def feedback(town: Town, after_the_flood: dict[str, str]) -> list[dict[str, Any]]:
    return answers(await read_all(town.infra.kafka, feedback_topic("checkin")))


@pytest.mark.parametrize("number", range(len(MALFORMED)), ids=[bad.name for bad in MALFORMED])
async def test_a_record_that_is_no_event_is_answered_with_code_field_and_remedy(
    number: int, feedback: list[dict[str, Any]], after_the_flood: dict[str, str]
) -> None:
    bad = MALFORMED[number]
    mine = [one for one in feedback if one.get("record") == after_the_flood[bad.name]]
    assert [(one["status"], one["code"], one.get("field")) for one in mine] == [("quarantined", bad.code, bad.field)]
    assert mine[0].get("id") == (f"bad-{number}" if bad.by_id else mine[0].get("id"))
    assert mine[0]["remedy"].endswith(".")
    assert len(mine[0]["remedy"]) < 300


async def test_good_records_between_bad_ones_are_all_taken_in_order(
    town: Town, feedback: list[dict[str, Any]], after_the_flood: dict[str, str]
) -> None:
    good = [one["id"] for one in feedback if (one.get("id") or "").startswith("good-")]
    assert good == [*[f"good-{number}" for number in range(len(MALFORMED))], "good-last"]
    assert {one["status"] for one in feedback if one.get("id") in good} == {"accepted"}


async def test_nothing_of_what_was_sent_comes_out_on_any_topic(town: Town, after_the_flood: dict[str, str]) -> None:
    out = [topic.name for topic in topics("checkin") if topic.name != SCANS]
    for record in await read_all(town.infra.kafka, *out):
        told = b"\n".join([record.key or b"", record.value, *[value for _, value in record.headers]])
        assert "张三".encode() not in told
        assert b"\\u5f20" not in told
        assert len(told) < 2_500, told[:200]


async def test_the_bytes_of_a_quarantined_record_can_be_fetched_and_are_encrypted(
    town: Town, after_the_flood: dict[str, str]
) -> None:
    """The note names the reference; the content is under it, and in no table in plain."""
    notes = [msgspec.json.decode(one.value) for one in await read_all(town.infra.kafka, "checkin.quarantine.v1")]
    wanted = after_the_flood["not JSON"]
    note = next(one for one in notes if f"{one['topic']}/{one['partition']}/{one['offset']}" == wanted)
    database = Database(town.urls["checkin"], name="test")
    async with await database.connect("vault") as connection:
        kept = msgspec.msgpack.decode(await Vault(town.surroundings.content_key).fetch(connection, note["ref"]))
        stored = await (
            await connection.execute("select ciphertext from content where ref = %s", (note["ref"],))
        ).fetchone()
    await database.close()
    assert kept["value"] == SECRET.encode()
    assert kept["key"] == b"W01"
    assert stored is not None
    assert SECRET.encode() not in bytes(stored[0])


async def test_what_was_quarantined_leaves_the_log_whole(town: Town, after_the_flood: dict[str, str]) -> None:
    assert await town.faults("checkin") == []


async def test_a_record_sent_a_thousand_times_has_one_effect_and_one_answer_that_counts(town: Town) -> None:
    async with Publisher(town.infra.kafka) as publisher:
        one = scan("thousand", "W02")
        await publisher.send(SCANS, *[one._replace(partition=number % 6) for number in range(1_000)])
    await town.checkin.idle()
    told = await _told(town, "thousand")
    assert sorted(told)[:1] == ["accepted"]
    assert told.count("duplicate") == 999


async def test_a_record_sent_again_after_a_restart_is_a_duplicate(town: Town) -> None:
    async with Publisher(town.infra.kafka) as publisher:
        await publisher.send(SCANS, scan("again", "W02"))
        await town.checkin.idle()
        town.checkin.kill()
        await publisher.send(SCANS, scan("again", "W02"))
    await town.checkin.start()
    await town.checkin.idle()
    assert await _told(town, "again") == ["accepted", "duplicate"]


async def test_an_id_used_for_other_data_is_refused_and_changes_nothing(town: Town) -> None:
    async with Publisher(town.infra.kafka) as publisher:
        await publisher.send(SCANS, scan("reused", "W02"), scan("reused", "W02", "exit"))
        await town.checkin.idle()
        await publisher.send(SCANS, scan("reused", "W02", "exit"))
    await town.checkin.idle()
    assert sorted(await _told(town, "reused")) == ["IDEMPOTENCY_KEY_REUSED", "IDEMPOTENCY_KEY_REUSED", "accepted"]


async def test_the_same_id_of_another_source_is_another_event(town: Town) -> None:
    async with Publisher(town.infra.kafka) as publisher:
        await publisher.send(SCANS, scan("shared", "W02"), scan("shared", "W02", source="/gates/S1-G2"))
    await town.checkin.idle()
    assert await _told(town, "shared") == ["accepted", "accepted"]


async def test_headers_that_are_not_ours_are_not_looked_at(town: Town) -> None:
    good = scan("headers", "W02")
    strange = [("x-null", None), ("x-bytes", b"\xff\x00"), ("x-empty", b"")]
    async with Publisher(town.infra.kafka) as publisher:
        await publisher.send(SCANS, good._replace(headers=[*good.headers, *strange]))
    await town.checkin.idle()
    assert await _told(town, "headers") == ["accepted"]


async def test_a_record_on_a_topic_of_others_that_is_no_event_is_set_aside_without_an_answer(town: Town) -> None:
    """Only intake has publishers who wait for answers; points takes what checkin publishes, good or bad."""
    bad = binary("cn.yizhan.checkin.VisitStarted.v1", "strange", "/yizhan/checkin", "W01", {"visit_id": 1})
    unknown = binary("cn.yizhan.checkin.StationPainted.v1", "unknown", "/yizhan/checkin", "W01", {})
    async with Publisher(town.infra.kafka) as publisher:
        await publisher.send("checkin.events.v1", bad, unknown)
    await town.points.start()
    await town.points.idle()
    with psycopg.connect(town.urls["points"]) as db:
        types = [row[0] for row in db.execute("select type from event where origin = ''  order by position")]
        assert types.count("RecordQuarantined") == 1
        assert "IntakeAnswered" not in types
    await town.points.stop()


async def _told(town: Town, identity: str) -> list[str]:
    """What its publisher was told about this id, in order of the partition."""
    found = answers(await read_all(town.infra.kafka, feedback_topic("checkin")))
    mine = [one for one in found if one.get("id") == identity]
    return [str(one["code"] if one["status"] == "refused" else one["status"]) for one in mine]
