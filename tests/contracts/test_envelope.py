"""Reading records: both modes, and every way in which a record can be none of ours."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from shared.contracts import envelope
from shared.contracts.envelope import MAX_HEADERS, Envelope, Unreadable, headers_of, parse_json, read
from shared.contracts.model import MAX_DATA_BYTES

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
ATTRIBUTES = {
    "id": "scan-1",
    "source": "/gate/S1-G1",
    "type": "cn.yizhan.checkin.MemberScanned.v1",
    "subject": "W01",
    "time": "2026-01-23T05:35:00+08:00",
    "traceparent": TRACE,
    "correlationid": "c-1",
    "causationid": "c-0",
    "orgid": "north",
}
WHOLE = Envelope(
    "scan-1",
    "/gate/S1-G1",
    "cn.yizhan.checkin.MemberScanned.v1",
    "W01",
    datetime(2026, 1, 22, 21, 35, tzinfo=UTC),
    TRACE,
    "c-1",
    "c-0",
    "north",
)
DATA = b'{"member_id":"W01"}'


def headers(**changes: str | bytes | None) -> list[tuple[str, bytes | None]]:
    """The headers of a good record, with some changed, or left out (None)."""
    changed: dict[str, str | bytes] = {**headers_of(ATTRIBUTES)}
    for name, value in changes.items():
        header = name.replace("_type", "-type") if name == "content_type" else name
        changed.pop(header, None)
        if value is not None:
            changed[header] = value
    return [(name, value if isinstance(value, bytes) else value.encode()) for name, value in changed.items()]


def structured(**changes: Any) -> tuple[list[tuple[str, bytes | None]], bytes, bytes]:
    event = {"specversion": "1.0", **ATTRIBUTES, "data": json.loads(DATA), **changes}
    kept = {name: value for name, value in event.items() if value is not ...}
    return [("content-type", b"application/cloudevents+json; charset=UTF-8")], b"W01", json.dumps(kept).encode()


def fault(*record: Any) -> tuple[str, str | None]:
    with pytest.raises(Unreadable) as caught:
        read(*record)
    assert caught.value.remedy.endswith("."), "a remedy is a sentence"
    return caught.value.code, caught.value.field


def test_a_binary_record_is_read() -> None:
    assert read(headers(), b"W01", DATA) == (WHOLE, DATA)


def test_a_structured_record_is_read_alike() -> None:
    assert read(*structured()) == (WHOLE, DATA)


def test_what_need_not_be_given_may_be_left_out() -> None:
    few = headers_of({name: ATTRIBUTES[name] for name in ("id", "source", "type", "subject")})
    read_as, _ = read([(name, text.encode()) for name, text in few.items()], b"W01", DATA)
    assert read_as == Envelope("scan-1", "/gate/S1-G1", ATTRIBUTES["type"], "W01")
    assert read_as.org == "default"


def test_a_structured_record_may_spell_out_what_is_not_given_as_null() -> None:
    assert read(*structured(time=None, orgid=None))[0] == WHOLE._replace(time=None, org="default")


def test_extensions_that_we_do_not_read_may_be_numbers_and_flags() -> None:
    assert read(*structured(sequenceno=3, replayed=True))[0] == WHOLE


def test_the_names_of_headers_are_read_in_any_case() -> None:
    shouted = [(name.upper(), value) for name, value in headers()]
    assert read(shouted, b"W01", DATA)[0] == WHOLE


def test_headers_of_others_may_hold_anything() -> None:
    assert read([*headers(), ("x-blob", b"\xff\xfe"), ("x-null", None)], b"W01", DATA)[0] == WHOLE


def test_the_hop_s_trace_context_wins_over_the_origin_s() -> None:
    hop = TRACE.replace("00f067aa0ba902b7", "00f067aa0ba902b8")
    assert read([*headers(), ("traceparent", hop.encode())], b"W01", DATA)[0].traceparent == hop


@pytest.mark.parametrize("text", ["", "nonsense", f"{TRACE}\n", TRACE.upper(), "x" * 100_000])
def test_a_trace_context_that_is_none_costs_nothing_and_is_not_handed_on(text: str) -> None:
    assert read(headers(ce_traceparent=text), b"W01", DATA)[0] == WHOLE._replace(traceparent=None)


@pytest.mark.parametrize("value", [None, b""])
def test_a_record_without_data(value: bytes | None) -> None:
    assert fault(headers(), b"W01", value) == ("DATA_MISSING", "data")


@pytest.mark.parametrize("changes", [{"data": ...}, {"data_base64": "e30="}, {"data": ..., "data_base64": "e30="}])
def test_a_structured_event_without_json_data(changes: dict[str, Any]) -> None:
    assert fault(*structured(**changes)) == ("DATA_MISSING", "data")


def test_a_record_that_is_too_large() -> None:
    largest = b'{"a":"' + b"x" * (MAX_DATA_BYTES - 8) + b'"}'
    assert read(headers(), b"W01", largest) == (WHOLE, largest)
    assert fault(headers(), b"W01", largest + b" ") == ("TOO_LARGE", "data")


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/xml", "application/cloudevents-batch+json", "application/cloudevents"]
)
def test_a_content_type_that_is_not_taken(content_type: str) -> None:
    assert fault(headers(content_type=content_type), b"W01", DATA) == ("CONTENT_TYPE_UNSUPPORTED", "content-type")


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "Application/JSON", "application/x+json"])
def test_a_content_type_that_is_taken(content_type: str) -> None:
    assert read(headers(content_type=content_type), b"W01", DATA)[0] == WHOLE


def test_a_record_with_too_many_headers() -> None:
    many: list[tuple[str, bytes | None]] = [(f"x-{number}", b"") for number in range(MAX_HEADERS)]
    assert fault([*headers(), *many], b"W01", DATA) == ("TOO_MANY_HEADERS", "headers")


@pytest.mark.parametrize("name", ["specversion", "id", "source", "type", "subject"])
@pytest.mark.parametrize("text", [None, ""])
def test_an_attribute_that_is_missing(name: str, text: str | None) -> None:
    assert fault(headers(**{f"ce_{name}": text}), b"W01", DATA) == ("ATTRIBUTE_MISSING", name)
    assert fault(*structured(**{name: text})) == ("ATTRIBUTE_MISSING", name)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("id", "a\x00b"),
        ("id", "a\n"),
        ("id", "x" * 129),
        ("source", "x" * 257),
        ("subject", "W\x1f01"),
        ("type", b"\xff"),
        ("specversion", "0.3"),
        ("time", "yesterday"),
        ("time", "2026-01-23T05:35:00"),
        ("time", "0001-01-01T00:00:00+14:00"),
        ("correlationid", ""),
        ("orgid", "x" * 129),
    ],
)
def test_an_attribute_that_is_not_what_it_must_be(name: str, text: str | bytes) -> None:
    assert fault(headers(**{f"ce_{name}": text}), b"W01", DATA) == ("ATTRIBUTE_INVALID", name)


@pytest.mark.parametrize("name", ["id", "time", "orgid"])
def test_an_attribute_of_a_structured_event_that_is_no_text(name: str) -> None:
    assert fault(*structured(**{name: 7})) == ("ATTRIBUTE_INVALID", name)


@pytest.mark.parametrize("key", [None, b"", b"W02", b"w01"])
def test_a_key_that_is_not_the_subject(key: bytes | None) -> None:
    assert fault(headers(), key, DATA) == ("KEY_MISMATCH", "key")


@pytest.mark.parametrize(
    "value",
    [
        b"{",
        b"\xff",
        b"[]",
        b'"text"',
        b'{"id":"1","id":"1"}',
        b'{"data":{"a":1,"a":2}}',
        b'{"data":NaN}',
        b'{"data":"\\ud800"}',
        b'{"data":' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    ],
    ids=range(9),
)
def test_a_value_that_is_no_json_object_in_either_mode(value: bytes) -> None:
    with pytest.raises(Unreadable) as caught:
        parse_json(value)
    assert caught.value.code == "NOT_JSON"
    assert fault([("content-type", b"application/cloudevents+json")], b"W01", value) == ("NOT_JSON", "data")
    assert fault(headers(), b"W01", value) == ("NOT_JSON", "data")


def test_every_code_has_a_test_here() -> None:
    code = re.compile(r'"([A-Z]+_[A-Z_]+)"')
    raised = set(code.findall(Path(envelope.__file__).read_text(encoding="utf-8")))
    tested = set(code.findall(Path(__file__).read_text(encoding="utf-8")))
    assert raised
    assert raised - tested == set()


@pytest.mark.parametrize("text", ["", None])
def test_attributes_without_a_value_are_no_headers(text: str | None) -> None:
    assert headers_of({"id": "1", "time": text}) == {
        "content-type": "application/json",
        "ce_specversion": "1.0",
        "ce_id": "1",
    }
