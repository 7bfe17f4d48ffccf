"""What the relay sends is what the AsyncAPI document and the schemas promise, and the official package reads it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_kafka
from cloudevents.core.formats.json import JSONFormat
from jsonschema import Draft202012Validator

from shared.contracts.answers import IntakeAnswered, RecordQuarantined
from shared.contracts.asyncapi import document
from shared.contracts.registry import EVENTS, SERVICES
from shared.contracts.schemas import writer_schema
from shared.kafka import Record, Sender
from shared.log.append import Actor, Context
from shared.log.codec import encode
from shared.log.read import Recorded
from shared.relay import Relay
from tests.contracts.stored import MOMENT, own_events, service_of

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
META = encode(Context("command-1", Actor("person", "W01"), "cause-1", None, TRACE))
MODELS = {event.type: event.model for event in EVENTS}
ANSWERS = {
    "IntakeAnswered": IntakeAnswered(source="/gate", id="1", status="accepted"),
    "RecordQuarantined": RecordQuarantined(ref="r", topic="t", partition=0, offset=1, code="NOT_JSON", remedy="Mend."),
}


def row(category: str, type_name: str, data: str, version: int | None) -> Recorded:
    stream = f"{category}-entity1"
    return Recorded(7, "e-1", "", category, stream, version, type_name, data, META, MOMENT, MOMENT + timedelta(hours=1))


def sent_by(service: str) -> Iterator[Record]:
    """A record for every row of this service that leads to one."""
    parts = service_of(service)
    unused = Sender("127.0.0.1:1", "unused")  # nothing is connected to
    relay = Relay(service, parts.codec, parts.messaging.publishing, unused, 1)
    rows = [
        row("some", type(event).__name__, encode(event), 3)
        for stored in own_events(parts)
        for event in (stored.full, stored.sparse)
    ]
    rows += [row("answer", name, answer.canonical().decode(), None) for name, answer in ANSWERS.items()]
    yield from (record for one in rows if (record := relay.record(one)) is not None)


RECORDS = [record for service in SERVICES for record in sent_by(service)]
NAMES = [record.headers["ce_type"] for record in RECORDS]
EVERY = pytest.mark.parametrize("record", RECORDS, ids=NAMES)


def test_everything_published_is_looked_at() -> None:
    published = {event.type for event in EVENTS if event.direction == "published" and event.service in SERVICES}
    answers = {f"cn.yizhan.{service}.{name}.v1" for service in SERVICES for name in ANSWERS}
    assert set(NAMES) == published | answers


@EVERY
def test_a_sent_record_is_on_the_channel_of_its_message(record: Record) -> None:
    assert record.headers["ce_type"] in document("1")["channels"][record.topic]["messages"]


@EVERY
def test_a_sent_record_has_the_headers_that_are_promised_and_no_other(record: Record) -> None:
    promised: dict[str, Any] = document("1")["components"]["schemas"]["sentHeaders"]
    Draft202012Validator({**promised, "additionalProperties": False}).validate(record.headers)
    assert record.headers["ce_subject"] == record.key


@EVERY
def test_the_data_of_a_sent_record_is_valid_by_the_closed_schema(record: Record) -> None:
    name = record.headers["ce_type"]
    model = MODELS.get(name) or type(ANSWERS[name.split(".")[3]])
    Draft202012Validator(writer_schema(model, name)).validate(json.loads(record.body))


@EVERY
def test_the_official_package_reads_a_sent_record(record: Record) -> None:
    headers = {name: value.encode() for name, value in record.headers.items()}
    event = from_kafka(KafkaMessage(headers, record.key.encode(), record.body), JSONFormat())
    assert (event.get_id(), event.get_type()) == (record.headers["ce_id"], record.headers["ce_type"])
    assert event.get_data() == json.loads(record.body)
    assert event.get_time() == MOMENT
