"""The envelope of every record on our topics: CloudEvents 1.0, written in binary mode, read in binary and structured.

Reading is stricter than the `cloudevents` package, which gives an event without id a random one: two deliveries of it
would count twice. The package writes structured events and is the judge in our conformance tests.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from shared.contracts.model import MAX_DATA_BYTES

ID_LENGTH, SOURCE_LENGTH = 128, 256  # characters
MAX_HEADERS = 64

# Ends with \Z, as $ would let a last line break through.
_PRINTABLE = re.compile(r"^[^\x00-\x1f\x7f]+\Z")
_TRACE = re.compile(r"^[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}\Z")
_JSON_CONTENT = re.compile(r"^application/(?:[a-z0-9.+-]+\+)?json\s*(?:;.*)?$")
_NEEDED = ("specversion", "id", "source", "type", "subject")
_READ = (*_NEEDED, "time", "traceparent", "correlationid", "causationid", "orgid")


class Unreadable(Exception):
    """A record that is not an event we take: what is wrong, with which field, and what its publisher can do."""

    def __init__(self, code: str, field: str | None, remedy: str) -> None:
        super().__init__(remedy)
        self.code, self.field, self.remedy = code, field, remedy


class Envelope(NamedTuple):
    """The attributes of one event."""

    id: str
    source: str
    type: str
    subject: str
    time: datetime | None = None
    traceparent: str | None = None
    correlation_id: str | None = None
    causation_id: str | None = None
    org: str = "default"


def read(headers: Iterable[tuple[str, bytes | None]], key: bytes | None, value: bytes | None) -> tuple[Envelope, bytes]:
    """Envelope and data of a record, in either mode. Raises `Unreadable`."""
    if not value:
        raise Unreadable("DATA_MISSING", "data", "The record has no value. Send the event's data as a JSON object.")
    if len(value) > MAX_DATA_BYTES:
        size = f"The value has {len(value)} bytes; at most {MAX_DATA_BYTES} are taken."
        raise Unreadable("TOO_LARGE", "data", f"{size} Post large content first and refer to it.")
    attributes, trace = _from_headers(headers)
    content_type = attributes.pop("datacontenttype", "application/json").lower()
    if content_type.startswith("application/cloudevents"):
        attributes, value = _from_structured(content_type, value)
    elif not _JSON_CONTENT.match(content_type):
        remedy = "Send application/json, or application/cloudevents+json for a structured event."
        raise Unreadable("CONTENT_TYPE_UNSUPPORTED", "content-type", f"This content type is not taken. {remedy}")
    else:
        parse_json(value)  # a key that stands twice means what the reader's library happens to make of it
    return _checked(attributes, trace, key), value


def _from_headers(headers: Iterable[tuple[str, bytes | None]]) -> tuple[dict[str, str], str | None]:
    attributes: dict[str, str] = {}
    trace: str | None = None
    for count, (name, raw) in enumerate(headers):
        if count >= MAX_HEADERS:
            raise Unreadable(
                "TOO_MANY_HEADERS", "headers", f"At most {MAX_HEADERS} headers are taken. Leave out the others."
            )
        name = name.lower()
        attribute = name.removeprefix("ce_")
        if name not in ("content-type", "traceparent") and (attribute == name or attribute not in _READ):
            continue  # others' headers are none of our business, whatever is in them
        try:
            text = (raw or b"").decode()
        except UnicodeDecodeError:
            raise Unreadable(
                "ATTRIBUTE_INVALID", attribute, f"The header {name} is not UTF-8. Send it as UTF-8 text."
            ) from None
        if name == "traceparent":
            trace = text
        else:
            attributes["datacontenttype" if name == "content-type" else attribute] = text
    return attributes, trace


def _from_structured(content_type: str, value: bytes) -> tuple[dict[str, str], bytes]:
    if "json" not in content_type or "batch" in content_type:
        remedy = "Of structured events only application/cloudevents+json is taken, one event a record."
        raise Unreadable("CONTENT_TYPE_UNSUPPORTED", "content-type", remedy)
    event = parse_json(value)
    if "data_base64" in event or "data" not in event:
        raise Unreadable("DATA_MISSING", "data", "The event has no JSON data. Put the data object under 'data'.")
    data = msgspec.json.encode(event.pop("data"))
    for name in _READ:
        if not isinstance(event.get(name), str | None):
            raise Unreadable("ATTRIBUTE_INVALID", name, "This attribute is text. Send it as a JSON string.")
    return {name: text for name, text in event.items() if isinstance(text, str)}, data  # null means left out


def parse_json(value: bytes) -> dict[str, Any]:
    """The one JSON object in these bytes: no duplicate keys, no NaN, no lone surrogates. Raises `Unreadable`."""
    try:
        parsed = _strictly.decode(value.decode())
        msgspec.json.encode(parsed)  # refuses lone surrogates
    except Unreadable:
        raise
    except (ValueError, OverflowError, RecursionError, msgspec.MsgspecError) as error:
        raise Unreadable(
            "NOT_JSON", "data", f"The value is not JSON in UTF-8 ({str(error)[:80]}). Send one JSON object."
        ) from None
    if not isinstance(parsed, dict):
        raise Unreadable("NOT_JSON", "data", "The value is not a JSON object. Send one JSON object.")
    return parsed


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Unreadable("NOT_JSON", "data", "A key stands twice in one object. Send each key once.")
    return found


def _no_constant(name: str) -> Any:
    raise Unreadable("NOT_JSON", "data", f"{name} is not JSON. Send a number or leave the field out.")


_strictly = json.JSONDecoder(object_pairs_hook=_no_twins, parse_constant=_no_constant)  # made once


def _checked(attributes: Mapping[str, str], trace: str | None, key: bytes | None) -> Envelope:
    for name in _NEEDED:
        text = attributes.get(name)
        if not text:
            raise Unreadable(
                "ATTRIBUTE_MISSING",
                name,
                f"The attribute '{name}' is missing. Send it (header ce_{name} in binary mode).",
            )
        if len(text) > (ID_LENGTH if name in ("id", "subject") else SOURCE_LENGTH) or not _PRINTABLE.match(text):
            raise Unreadable(
                "ATTRIBUTE_INVALID", name, f"The attribute '{name}' is too long or holds control characters."
            )
    if attributes["specversion"] != "1.0":
        raise Unreadable("ATTRIBUTE_INVALID", "specversion", "Only CloudEvents 1.0 is taken. Send specversion 1.0.")
    subject = attributes["subject"]
    if key is None or key != subject.encode():
        remedy = "The record's key must be the event's subject, as order is kept by key. Send the subject as the key."
        raise Unreadable("KEY_MISMATCH", "key", remedy)
    return Envelope(
        attributes["id"],
        attributes["source"],
        attributes["type"],
        subject,
        _time(attributes.get("time")),
        _trace(trace or attributes.get("traceparent")),
        _short(attributes, "correlationid"),
        _short(attributes, "causationid"),
        _short(attributes, "orgid") or "default",
    )


def _short(attributes: Mapping[str, str], name: str) -> str | None:
    text = attributes.get(name)
    if text is not None and (len(text) > ID_LENGTH or not _PRINTABLE.match(text)):
        raise Unreadable(
            "ATTRIBUTE_INVALID", name, f"The attribute '{name}' is empty, too long or holds control characters."
        )
    return text


def _trace(text: str | None) -> str | None:
    """Trace context that is none is left out: it must neither cost the event nor be handed on."""
    return text if text and _TRACE.match(text) else None


def _time(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None or not 2000 <= moment.year < 2200:
            raise ValueError("no offset, or out of range")
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        remedy = "The attribute 'time' is not a time with an offset, as in 2026-01-23T05:35:00+08:00."
        raise Unreadable("ATTRIBUTE_INVALID", "time", remedy) from None


def headers_of(attributes: Mapping[str, str | None], content_type: str = "application/json") -> dict[str, str]:
    """Attributes as headers of a binary record; those without a value are left out."""
    headers = {f"ce_{name}": text for name, text in attributes.items() if text}
    return {"content-type": content_type, "ce_specversion": "1.0", **headers}
