"""Canonical JSON, derived ids, and reading what is stored."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.model import canonical
from shared.decider import Decider, DomainEvent
from shared.errors import LogCorrupted
from shared.log.append import micros
from shared.log.codec import Codec, derived_id, encode, event_id
from tests.kernel.counter import CODEC, NOON, Added, Noted

# What contracts and events hold: keys are field names and codes, numbers are whole and exact in every language.
whole = st.integers(-(2**53) + 1, 2**53 - 1)
texts = st.text(st.characters(codec="utf-8"))
leaves = st.none() | st.booleans() | whole | texts
keys = st.text(st.characters(max_codepoint=126, min_codepoint=32), max_size=8)
values = st.recursive(leaves, lambda inner: st.lists(inner) | st.dictionaries(keys, inner), max_leaves=20)


@given(values)
def test_what_is_stored_is_canonical_json(value: object) -> None:
    assert canonical(value) == rfc8785.dumps(value)  # type: ignore[arg-type]


@given(texts)
def test_an_event_is_stored_as_canonical_json_and_read_back(text: str) -> None:
    event = Noted(NOON, text)
    stored = encode(event)
    assert stored.encode() == rfc8785.dumps({"at": "2026-01-23T04:00:00Z", "text": text})
    assert CODEC.decode("Noted", stored) == event


def test_canonical_json_holds_no_raw_control_character() -> None:
    """The chain's digests separate fields by one."""
    assert b"\x1f" not in canonical("".join(map(chr, range(32))))


@given(st.text(max_size=20), st.integers(0, 2000))
def test_an_event_id_is_a_uuid_that_is_derived_again_alike(command_id: str, index: int) -> None:
    identity = event_id(command_id, index) if command_id.isprintable() else event_id("c", index)
    parsed = uuid.UUID(identity)
    assert (parsed.version, parsed.variant, str(parsed)) == (5, uuid.RFC_4122, identity)
    assert identity == (event_id(command_id, index) if command_id.isprintable() else event_id("c", index))


def test_ids_of_different_causes_differ() -> None:
    assert (
        len({derived_id("a", "b", "c"), derived_id("a", "bc"), derived_id("ab", "c"), derived_id("b", "a", "c")}) == 4
    )


@given(st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC)))  # noqa: DTZ001
def test_microseconds_are_exact(moment: datetime) -> None:
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    assert micros(moment) == (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


@pytest.mark.parametrize(
    "type_name, data",
    [
        ("Unheard", "{}"),
        ("Added", "no json"),
        ("Added", '{"at":"2026-01-23T04:00:00Z"}'),
        ("Added", '{"amount":"1","at":"2026-01-23T04:00:00Z"}'),
        ("Added", '{"amount":1,"at":"2026-01-23T04:00:00Z","more":1}'),
    ],
    ids=["unknown type", "no json", "field missing", "other type", "field unknown"],
)
def test_a_stored_event_that_is_not_what_its_type_says_is_reported(type_name: str, data: str) -> None:
    with pytest.raises(LogCorrupted):
        CODEC.decode(type_name, data)


def test_two_event_classes_of_one_name_are_refused() -> None:
    class Twin(DomainEvent, frozen=True):
        pass

    Twin.__name__ = Added.__name__
    twin: Decider[Any, Any, None] = Decider(
        "twin", None, lambda _command, _state: [], lambda _state, _event: None, (Added, Twin)
    )
    with pytest.raises(TypeError, match="two event classes are named Added"):
        Codec([twin])
