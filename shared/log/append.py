"""One batch of decided commands, and the one statement that appends it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import repeat
from typing import NamedTuple

import msgspec

from shared.database import Connection
from shared.log.chain import digest

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = 86_400_000_000  # microseconds


def micros(moment: datetime) -> int:
    """Microseconds since 1970, exactly."""
    since = moment - _EPOCH
    return since.days * _DAY + since.seconds * 1_000_000 + since.microseconds


class Actor(msgspec.Struct, frozen=True):
    """Who gave the command: a person's pseudonym, a machine, or one of our own policies."""

    kind: str
    id: str


class Context(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is stored beside every event about where it came from; received events have no command."""

    command_id: str
    actor: Actor
    correlation_id: str
    causation_id: str | None = None
    traceparent: str | None = None
    org: str = "default"
    received_at: datetime | None = None  # of intake events: when they reached the broker, the receipt of K4


class Loose(NamedTuple):
    """A row of no aggregate that is appended with a command's result, as the answer to its publisher is."""

    event_id: str
    category: str
    stream: str
    type: str
    data: str


@dataclass(slots=True)
class Rows:
    """Events to insert, as columns."""

    id: list[str] = field(default_factory=list)
    category: list[str] = field(default_factory=list)
    stream: list[str] = field(default_factory=list)
    version: list[int | None] = field(default_factory=list)
    type: list[str] = field(default_factory=list)
    schema: list[int] = field(default_factory=list)
    data: list[str] = field(default_factory=list)
    meta: list[str] = field(default_factory=list)
    occurred: list[int] = field(default_factory=list)

    def add(
        self,
        identity: str,
        category: str,
        stream: str,
        version: int | None,
        type_name: str,
        schema: int,
        data: str,
        meta: str,
        occurred: datetime,
    ) -> None:
        """One row more."""
        self.id.append(identity)
        self.category.append(category)
        self.stream.append(stream)
        self.version.append(version)
        self.type.append(type_name)
        self.schema.append(schema)
        self.data.append(data)
        self.meta.append(meta)
        self.occurred.append(micros(occurred))

    def digests(self, recorded: int, origins: Iterable[str] = repeat("")) -> list[bytes]:
        """Of each row, for the chain; without `origins` they are our own."""
        columns = (self.id, origins, self.category, self.stream, self.version, self.type, self.schema)
        return [*map(digest, *columns, self.occurred, repeat(recorded), self.data, self.meta)]


@dataclass(slots=True)
class Commands:
    """Outcomes of commands to store, as columns; `events` counts the rows each one brings, in the order of `Rows`."""

    id: list[str] = field(default_factory=list)
    hash: list[bytes] = field(default_factory=list)
    result: list[str] = field(default_factory=list)
    events: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Streams:
    """Every stream that was read: the version it was read at, and how many events are added."""

    name: list[str] = field(default_factory=list)
    expected: list[int] = field(default_factory=list)
    added: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Appended:
    """What the append did: nothing when `known` or `stale` is not empty, else all of it from `base` + 1 on."""

    base: int
    known: list[str]
    stale: list[str]

    @property
    def done(self) -> bool:
        return not self.known and not self.stale


# For transactions that hold the log's lock over more than one statement. A process that hangs there loses its
# transaction after two seconds, so that the lock is free for the others.
HOLD_BRIEFLY = "set local idle_in_transaction_session_timeout = '2s'"
LOCK = f"{HOLD_BRIEFLY}; select position from log_head where id = 1 for update"

APPEND = """select base, known, stale from append(
    %b::text[], %b::bytea[], %b::text[], %b::int[], %b::text[], %b::int[], %b::int[],
    %b::text[], %b::text[], %b::text[], %b::int[], %b::text[], %b::smallint[], %b::text[], %b::text[], %b::bigint[],
    %b::bytea[], %b)"""


async def append(
    connection: Connection, commands: Commands, streams: Streams, rows: Rows, recorded_at: datetime
) -> Appended:
    """Append a batch in one statement, which commits by itself unless the caller opened a transaction."""
    c, s, e, recorded = commands, streams, rows, micros(recorded_at)
    cursor = await connection.execute(
        APPEND,
        (
            *(c.id, c.hash, c.result, c.events),
            *(s.name, s.expected, s.added),
            *(e.id, e.category, e.stream, e.version, e.type, e.schema, e.data, e.meta, e.occurred),
            e.digests(recorded),
            recorded,
        ),
        prepare=True,
    )
    row = await cursor.fetchone()
    assert row is not None
    return Appended(row[0], row[1] or [], row[2] or [])
