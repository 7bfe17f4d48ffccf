"""Between event objects and the log's columns.

Own events are msgspec structs and are stored as canonical JSON. Received events are contracts, stored likewise.
Ids are derived, never drawn: the same command after a crash, or after a restore, has the same events.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

import msgspec

from shared.decider import Decider, DomainEvent
from shared.errors import LogCorrupted

_encode = msgspec.json.Encoder(order="sorted").encode


def encode(event: msgspec.Struct) -> str:
    """Canonical JSON (RFC 8785) of an event."""
    return _encode(event).decode()


_VARIANT = dict(zip("0123456789abcdef", "89ab" * 4, strict=True))  # RFC 9562: the two highest bits are 1 and 0


def derived_id(*parts: str) -> str:
    """A UUIDv5 over these parts, in a name space of our own."""
    digest = hashlib.sha1(("yizhan\x1f" + "\x1f".join(parts)).encode(), usedforsecurity=False).hexdigest()
    return f"{digest[:8]}-{digest[8:12]}-5{digest[13:16]}-{_VARIANT[digest[16]]}{digest[17:20]}-{digest[20:32]}"


def event_id(command_id: str, index: int) -> str:
    """The id of a command's event: UUIDv5 of command id and index."""
    return derived_id("event", command_id, str(index))


_Reads: TypeAlias = Callable[[str], Any]


class Codec:
    """Knows the event classes of one service by the names under which they are stored."""

    def __init__(self, deciders: Iterable[Decider[Any, Any, Any]], others: Mapping[str, _Reads] | None = None) -> None:
        self._readers: dict[str, _Reads] = dict(others or {})
        self._types: dict[str, type[DomainEvent]] = {}
        for decider in deciders:
            for event in decider.events:
                self._add(event)

    def _add(self, event: type[DomainEvent]) -> None:
        known = self._types.setdefault(event.__name__, event)
        if known is not event:
            raise TypeError(f"two event classes are named {event.__name__}: {known.__module__}, {event.__module__}")
        self._readers[event.__name__] = msgspec.json.Decoder(event).decode

    def decode(self, type_name: str, data: str) -> Any:
        """The event object of a stored row. Raises `LogCorrupted` when it is not what its type says."""
        try:
            return self._readers[type_name](data)
        except KeyError:
            raise LogCorrupted(
                f"the log holds an event of type {type_name!r}, which this version does not know"
            ) from None
        except (msgspec.ValidationError, ValueError) as error:
            raise LogCorrupted(f"an event of type {type_name!r} cannot be read: {error}") from error
