"""On valid events our reader and the official `cloudevents` package agree; where we are stricter, this says why."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from cloudevents.core.bindings.kafka import KafkaMessage, from_kafka, to_binary, to_structured
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.clock import CHINA
from shared.contracts.envelope import Envelope, read

FORMAT = JSONFormat()
TEXT = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=128)
TIMES = st.integers(946_800_000, 7_226_000_000).map(lambda since: datetime.fromtimestamp(since + 0.25, CHINA))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
)
EVENTS = st.fixed_dictionaries(
    {"id": TEXT, "source": TEXT, "type": TEXT, "subject": TEXT},
    optional={"time": TIMES, "correlationid": TEXT, "causationid": TEXT, "orgid": TEXT},
)


def event_of(attributes: dict[str, Any], data: dict[str, Any]) -> CloudEvent:
    fixed = {"specversion": "1.0", "datacontenttype": "application/json", "partitionkey": attributes["subject"]}
    return CloudEvent({**attributes, **fixed}, data)


def ours(message: KafkaMessage) -> tuple[Envelope, Any]:
    key = message.key.encode() if isinstance(message.key, str) else message.key
    envelope, data = read(list(message.headers.items()), key, message.value)
    return envelope, json.loads(data)


def theirs(message: KafkaMessage) -> tuple[Envelope, Any]:
    event = from_kafka(message, FORMAT)
    time, subject = event.get_time(), event.get_subject()
    assert subject is not None
    envelope = Envelope(
        event.get_id(),
        event.get_source(),
        event.get_type(),
        subject,
        time and time.astimezone(UTC),
        event.get_extension("traceparent"),
        event.get_extension("correlationid"),
        event.get_extension("causationid"),
        event.get_extension("orgid") or "default",
    )
    return envelope, event.get_data()


@settings(deadline=None)  # the machine may be busy
@given(EVENTS, st.dictionaries(TEXT, JSON, max_size=3))
def test_what_the_package_writes_we_read_as_it_does_in_either_mode(
    attributes: dict[str, Any], data: dict[str, Any]
) -> None:
    event = event_of(attributes, data)
    for message in (to_binary(event, FORMAT), to_structured(event, FORMAT)):
        assert ours(message) == theirs(message)


def test_the_package_invents_id_and_time_for_an_event_without_them() -> None:
    """Why it does not read for us: two deliveries of one record would be two events (docs/decisions/0005)."""
    headers = {"ce_specversion": b"1.0", "ce_source": b"/gate", "ce_type": b"t", "content-type": b"application/json"}
    message = KafkaMessage(headers, b"W01", b"{}")
    first, second = from_kafka(message, FORMAT), from_kafka(message, FORMAT)
    assert first.get_id() != second.get_id()
    assert first.get_time() is not None
