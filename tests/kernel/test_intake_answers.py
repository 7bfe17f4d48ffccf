"""One door with two sides: CloudEvents by Kafka in either mode, and HTTP, with the same ids, effects and answers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from cloudevents.core.base import BaseCloudEvent
from cloudevents.core.bindings.kafka import KafkaMessage, from_kafka, to_binary, to_structured
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from msgspec import json

from shared.contracts.event_type import events_topic, feedback_topic, quarantine_topic
from shared.embedded.infra import Infra
from shared.testing.gates import GATE, SCANNED, SCANS, Caller, calling, scan, scanned, settle
from shared.testing.infrastructure import Databases
from shared.testing.topics import Publisher, Raw, answers, read_all
from tests.running import Town, a_town

FORMAT = JSONFormat()


@pytest.fixture(scope="module")
async def town(infra: Infra, databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    async with a_town(infra, databases, tmp_path_factory.mktemp("answers"), "checkin") as town:
        await settle(town.checkin, town.surroundings, [f"W{number:02}" for number in range(1, 13)])
        yield town


@pytest.fixture(scope="module")
async def gate(town: Town) -> AsyncIterator[Caller]:
    """The gate that also publishes: its principal by HTTP is its source by Kafka."""
    async with calling(town.checkin, town.surroundings, GATE, "gate") as gate:
        yield gate


async def told(town: Town, identity: str) -> list[dict[str, Any]]:
    await town.checkin.idle()
    return [
        one for one in answers(await read_all(town.infra.kafka, feedback_topic("checkin"))) if one.get("id") == identity
    ]


async def visits(town: Town, member: str) -> list[dict[str, Any]]:
    async with calling(town.checkin, town.surroundings, "P1", "officer") as officer:
        found: list[dict[str, Any]] = (await officer.get(f"/members/{member}/visits")).json()["visits"]
        return found


async def publish(town: Town, *records: Raw) -> None:
    async with Publisher(town.infra.kafka) as publisher:
        await publisher.send(SCANS, *records)


def written_by_the_package(identity: str, member: str) -> CloudEvent:
    attributes = {"id": identity, "source": GATE, "type": SCANNED, "subject": member, "partitionkey": member}
    return CloudEvent({**attributes, "datacontenttype": "application/json"}, scanned(member))


def as_raw(message: KafkaMessage) -> Raw:
    key = message.key.encode() if isinstance(message.key, str) else message.key
    return Raw(key, message.value, list(message.headers.items()))


@pytest.mark.parametrize("writes,member", [(to_binary, "W01"), (to_structured, "W02")], ids=["binary", "structured"])
async def test_events_written_by_the_official_package_are_taken_in_either_mode(
    town: Town, writes: Any, member: str
) -> None:
    event = written_by_the_package(f"official-{member}", member)
    await publish(town, as_raw(writes(event, FORMAT)))
    assert [one["status"] for one in await told(town, f"official-{member}")] == ["accepted"]
    assert len(await visits(town, member)) == 1


async def test_a_structured_event_and_its_binary_twin_are_the_same_event(town: Town) -> None:
    event = written_by_the_package("twin", "W03")
    await publish(town, as_raw(to_structured(event, FORMAT)))
    assert [one["status"] for one in await told(town, "twin")] == ["accepted"]
    await publish(town, as_raw(to_binary(event, FORMAT)))
    assert [one["status"] for one in await told(town, "twin")] == ["accepted", "duplicate"]


async def test_every_record_that_we_publish_is_an_event_to_the_official_package(town: Town) -> None:
    await publish(town, scan("published", "W04"), scan("published-exit", "W04", "exit"), scan("published", "W04"))
    await publish(town, Raw(b"W04", b"not an event"))
    await town.checkin.idle()
    ours = (events_topic("checkin"), feedback_topic("checkin"), quarantine_topic("checkin"))
    records = await read_all(town.infra.kafka, *ours)
    assert {record.topic for record in records} == set(ours)
    for record in records:
        event = read_by_the_package(record)
        attributes = {name.removeprefix("ce_"): value.decode() for name, value in record.headers}
        assert (event.get_id(), event.get_type()) == (attributes["id"], attributes["type"])
        assert event.get_subject() == record.key.decode() == event.get_extension("partitionkey")
        assert event.get_datacontenttype() == "application/json"
        assert event.get_data() == json.decode(record.value)
        known = event.get_time()
        assert known is None or known.tzinfo is not None


def read_by_the_package(record: Any) -> BaseCloudEvent:
    return from_kafka(KafkaMessage(dict(record.headers), record.key, record.value), FORMAT)


async def test_the_same_event_by_http_and_then_by_kafka_has_one_effect_and_two_answers(
    town: Town, gate: Caller
) -> None:
    by_http = await gate.post("/scans", scanned("W05"), "both-doors")
    assert (by_http.status_code, by_http.json()["outcome"]) == (200, "accepted")
    await publish(town, scan("both-doors", "W05"))
    assert [one["status"] for one in await told(town, "both-doors")] == ["duplicate"]
    assert len(await visits(town, "W05")) == 1
    assert await town.faults("checkin") == []


async def test_the_same_event_by_kafka_and_then_by_http_has_one_effect_and_two_answers(
    town: Town, gate: Caller
) -> None:
    await publish(town, scan("other-way", "W06"))
    assert [one["status"] for one in await told(town, "other-way")] == ["accepted"]
    by_http = await gate.post("/scans", scanned("W06"), "other-way")
    assert (by_http.status_code, by_http.headers["Idempotency-Replayed"]) == (200, "true")
    assert len(await visits(town, "W06")) == 1


async def test_an_id_used_at_one_door_for_one_event_and_at_the_other_for_another_is_refused(
    town: Town, gate: Caller
) -> None:
    await gate.post("/scans", scanned("W07"), "crossed")
    await publish(town, scan("crossed", "W08"))
    answered = await told(town, "crossed")
    assert [(one["status"], one["code"]) for one in answered] == [("refused", "IDEMPOTENCY_KEY_REUSED")]
    assert await visits(town, "W08") == []


async def test_both_doors_refuse_alike(town: Town, gate: Caller) -> None:
    await publish(town, scan("refused-kafka", "NOBODY"))
    (by_kafka,) = await told(town, "refused-kafka")
    by_http = (await gate.post("/scans", scanned("NOBODY"), "refused-http")).json()
    assert by_kafka["status"] == "refused"
    assert (by_kafka["code"], by_kafka["field"]) == (by_http["code"], by_http["errors"][0]["field"])
    assert by_kafka["remedy"] == by_http["title"]


async def test_an_answers_position_is_one_that_queries_can_wait_for(town: Town) -> None:
    await publish(town, scan("awaited", "W09"))
    (answer,) = await told(town, "awaited")
    async with calling(town.checkin, town.surroundings, "P1", "officer") as officer:
        seen = await officer.get("/members/W09/visits", min_position=answer["position"])
    assert len(seen.json()["visits"]) == 1
