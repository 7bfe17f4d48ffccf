"""Records that are no events of ours, each wrong in one way, and the answer that each must get."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

from shared.testing.gates import GATE, SCANNED, scanned
from shared.testing.topics import Headers, Raw

SECRET = "张三-13800138000"  # what a careless publisher might let slip; it must not come out anywhere


class Bad(NamedTuple):
    """One bad record. `answered_by` tells whether the answer can name the event's id, or only the record's place."""

    name: str
    record: Callable[[str], Raw]
    code: str
    field: str | None
    by_id: bool = True


def _headers(identity: str, **more: Any) -> Headers:
    known: dict[str, Any] = {
        "content-type": b"application/json", "ce_specversion": b"1.0", "ce_id": identity.encode(),
        "ce_source": GATE.encode(), "ce_type": SCANNED.encode(), "ce_subject": b"W01",
    }  # fmt: skip
    known.update({name.replace("content_type", "content-type"): value for name, value in more.items()})
    return [(name, value) for name, value in known.items() if value is not ...]


def _value(value: bytes | None, code: str, field: str | None, name: str) -> Bad:
    return Bad(name, lambda i: Raw(b"W01", value, _headers(i)), code, field)


def _data(name: str, field: str, code: str = "VALIDATION_FAILED", **change: Any) -> Bad:
    data = {key: value for key, value in {**scanned("W01"), **change}.items() if value is not ...}
    return _value(json.dumps(data).encode(), code, field, name)


def _with(name: str, code: str, field: str, *, by_id: bool = True, **change: Any) -> Bad:
    value = json.dumps(scanned("W01")).encode()
    return Bad(name, lambda i: Raw(b"W01", value, _headers(i, **change)), code, field, by_id)


def _keyed(name: str, key: bytes | None, subject: bytes = b"W01", field: str = "key") -> Bad:
    value = json.dumps(scanned("W01")).encode()
    return Bad(name, lambda i: Raw(key, value, _headers(i, ce_subject=subject)), "KEY_MISMATCH", field)


def _structured(
    name: str, code: str, field: str | None, *, text: str | None = None, kind: str = "", **change: Any
) -> Bad:
    """A structured event; it is answered by its place, as what cannot be read has no id that one could trust."""

    def record(identity: str) -> Raw:
        event: dict[str, Any] = {
            "specversion": "1.0",
            "id": identity,
            "source": GATE,
            "type": SCANNED,
            "subject": "W01",
        }
        event = {**event, "data": scanned("W01"), **change}
        body = json.dumps({key: value for key, value in event.items() if value is not ...}) if text is None else text
        content_type = f"application/cloudevents{kind or '+json'}".encode()
        return Raw(b"W01", body.encode("utf-8", "surrogatepass"), [("content-type", content_type)])

    return Bad(name, record, code, field, by_id=False)


GOOD = json.dumps(scanned("W01"))

MALFORMED = [
    _value(None, "DATA_MISSING", "data", "null value"),
    _value(b"", "DATA_MISSING", "data", "empty value"),
    _value(SECRET.encode(), "NOT_JSON", "data", "not JSON"),
    _value(b"\xff\xfe\x00", "NOT_JSON", "data", "not UTF-8"),
    _value(b"\xc3\x28{}", "NOT_JSON", "data", "half a character"),
    _value(GOOD.encode("utf-16"), "NOT_JSON", "data", "UTF-16"),
    _value(GOOD[:-5].encode(), "NOT_JSON", "data", "cut off"),
    _value(b"[]", "NOT_JSON", "data", "an array"),
    _value(b"null", "NOT_JSON", "data", "null"),
    _value(b'"text"', "NOT_JSON", "data", "a string"),
    _value(b"{}", "VALIDATION_FAILED", "member_id", "an empty object"),
    _value(b"[" * 100_000, "NOT_JSON", "data", "deep nesting, unclosed"),
    _value(b'{"a":' * 40_000 + b"1" + b"}" * 40_000, "NOT_JSON", "data", "deep nesting"),
    _value((GOOD[:-1] + ', "x": NaN}').encode(), "NOT_JSON", "data", "NaN"),
    _value((GOOD[:-1] + ', "x": -Infinity}').encode(), "NOT_JSON", "data", "infinity"),
    _value((GOOD[:-1] + ', "member_id": "W02"}').encode(), "NOT_JSON", "data", "a key twice"),
    _value((GOOD[:-1] + ', "x": {"y": 1, "y": 2}}').encode(), "NOT_JSON", "data", "a key twice, deep inside"),
    _value((GOOD[:-1] + ', "x": "\\ud800"}').encode(), "NOT_JSON", "data", "a lone surrogate"),
    _value((GOOD[:-1] + f', "x": {"9" * 5000}}}').encode(), "NOT_JSON", "data", "a number of 5,000 digits"),
    _value(json.dumps({**scanned("W01"), "x": "x" * 270_000}).encode(), "TOO_LARGE", "data", "oversized"),
    _data("a string field that is a number", "station_id", station_id=7),
    _data("a missing field", "gate_id", gate_id=...),
    _data("NUL in a string", "station_id", station_id="S\u0000"),
    _data("a control character in a string", "station_id", station_id="S\u001b"),
    _data("an endless id", "station_id", station_id="S" * 97),
    _data("an unknown direction", "direction", direction=SECRET),
    _data("a time without an offset", "scanned_at", scanned_at="2026-01-23T05:35:00"),
    _data("a time in words", "scanned_at", scanned_at="tomorrow"),
    _data("a time as a number", "scanned_at", scanned_at=1769110500),
    _data("the year 20000", "scanned_at", scanned_at="20000-01-01T00:00:00Z"),
    _data("a time that leaves the calendar", "scanned_at", scanned_at="0001-01-01T00:00:00+14:00"),
    _data("another member inside than outside", "subject", "KEY_MISMATCH", member_id="W02"),
    _with("no type", "ATTRIBUTE_MISSING", "type", ce_type=...),
    _with("no source", "ATTRIBUTE_MISSING", "source", ce_source=...),
    _with("no id", "ATTRIBUTE_MISSING", "id", by_id=False, ce_id=...),
    _with("no subject", "ATTRIBUTE_MISSING", "subject", ce_subject=...),
    _with("no specversion", "ATTRIBUTE_MISSING", "specversion", ce_specversion=...),
    _with("specversion 0.3", "ATTRIBUTE_INVALID", "specversion", ce_specversion=b"0.3"),
    _with("an empty id", "ATTRIBUTE_MISSING", "id", by_id=False, ce_id=b""),
    _with("an endless id of the event", "ATTRIBUTE_INVALID", "id", by_id=False, ce_id=b"i" * 300),
    _with("a control character in the id", "ATTRIBUTE_INVALID", "id", by_id=False, ce_id=b"a\x07b"),
    _with("a NUL in the id", "ATTRIBUTE_INVALID", "id", by_id=False, ce_id=b"a\x00b"),
    _with("an id that is not UTF-8", "ATTRIBUTE_INVALID", "id", by_id=False, ce_id=b"\xff\xfe"),
    _with("a content type that is not UTF-8", "ATTRIBUTE_INVALID", "content-type", content_type=b"\xff"),
    _with("a null header", "ATTRIBUTE_MISSING", "source", ce_source=None),
    _with("a source that is not UTF-8", "ATTRIBUTE_INVALID", "source", ce_source=b"\xe5\xbc"),
    _with("an unknown type", "TYPE_UNKNOWN", "type", ce_type=b"cn.yizhan.checkin.MemberDanced.v1"),
    _with("a type of another service", "TYPE_UNKNOWN", "type", ce_type=b"cn.yizhan.points.PatrolReported.v1"),
    _with("a published type on the intake topic", "TYPE_UNKNOWN", "type", ce_type=b"cn.yizhan.checkin.VisitStarted.v1"),
    _with("an unknown version", "VERSION_UNKNOWN", "type", ce_type=b"cn.yizhan.checkin.MemberScanned.v2"),
    _with("a time of the event without an offset", "ATTRIBUTE_INVALID", "time", ce_time=b"2026-01-23T05:35:00"),
    _with("a time of the event in the year 9999", "ATTRIBUTE_INVALID", "time", ce_time=b"9999-12-31T23:59:59Z"),
    _with("a correlation id with a control character", "ATTRIBUTE_INVALID", "correlationid", ce_correlationid=b"\x01"),
    _with("a wrong content type", "CONTENT_TYPE_UNSUPPORTED", "content-type", content_type=SECRET.encode()),
    _with(
        "an endless content type", "CONTENT_TYPE_UNSUPPORTED", "content-type", content_type=b"\xf0\x9f\x98\x80" * 90_000
    ),
    _with("XML", "CONTENT_TYPE_UNSUPPORTED", "content-type", content_type=b"application/xml"),
    Bad(
        "10,000 headers",
        lambda i: Raw(b"W01", GOOD.encode(), [*_headers(i), *[(f"x-{n}", b"1") for n in range(10_000)]]),
        "TOO_MANY_HEADERS",
        "headers",
    ),
    _keyed("the wrong key", b"W02"),
    _keyed("no key", None),
    _keyed("a key that is not UTF-8", b"\xff\xfe"),
    _keyed("the subject of another member", b"W02", b"W02", "subject"),
    _structured("a structured batch", "CONTENT_TYPE_UNSUPPORTED", "content-type", kind="-batch+json"),
    _structured("a structured event in Avro", "CONTENT_TYPE_UNSUPPORTED", "content-type", kind="+avro"),
    _structured("a structured event that is an array", "NOT_JSON", "data", text="[]"),
    _structured("a structured event without data", "DATA_MISSING", "data", data=...),
    _structured("a structured event with data in base64", "DATA_MISSING", "data", data_base64="e30="),
    _structured("a structured event with a number as id", "ATTRIBUTE_INVALID", "id", id=7),
    _structured("a structured event with a lone surrogate", "NOT_JSON", "data", text='{"id": "\\udfff"}'),
    _structured("a structured event with encoded surrogates", "NOT_JSON", "data", text='{"id": "\ud800"}'),
    _structured("a structured event with a huge number", "VALIDATION_FAILED", "member_id", data={"n": 10**40}),
    _structured("a structured event with an endless number", "NOT_JSON", "data", text='{"n": ' + "9" * 5000 + "}"),
    _structured("a structured event with a key twice", "NOT_JSON", "data", text='{"id": "1", "id": "2"}'),
    _structured("a structured event in deep nesting", "NOT_JSON", "data", text='{"a":' * 50_000),
    _structured("a structured event with wrong data", "VALIDATION_FAILED", "member_id", data={"a": 1}),
]
