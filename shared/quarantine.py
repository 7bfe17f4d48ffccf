"""What was set aside: listed from the log, shown from what was kept of it, tried again, or dropped.

That is records that could not be read, and events whose cause was not told in time; `waits.py` says how those go on.

A record that is read again enters the log as ingest would have it: the same row, `(origin, event_id)` once, and its
first receipt. Only no offset moves, as it belongs to none any more. That it was, or that it was dropped and why, is an
event in the log, in the same transaction; its command id derives from the record, so that each is settled once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

import msgspec
import psycopg
from aiokafka import ConsumerRecord

from shared.answering import QUARANTINE
from shared.clock import Clock, SystemClock
from shared.content import Vault
from shared.contracts.answers import RecordQuarantined
from shared.contracts.envelope import Unreadable
from shared.database import Connection
from shared.deciding import Result
from shared.errors import IdempotencyKeyReused, NotFound, Refused, Unavailable
from shared.ingest import TAKE_PAGE
from shared.log.append import HOLD_BRIEFLY, Actor, Commands, Context, Loose, Rows, Streams, append
from shared.log.codec import derived_id, encode, event_id
from shared.page import KeptRecord, PageBuilder, Taken
from shared.waits import expired_wait, resumed_rows
from shared.waking import tell

SETTLED = "RecordSettled"
SHORTEST = 4  # letters of a reference that may stand for all of it

NOTES = """select position, stream, type, recorded_at, data::text from event
  where category = 'quarantine' and origin = '' and type in ('RecordQuarantined', 'RecordSettled') order by position"""
WHERE = "select position from event where origin = %s and event_id = %s"


class AlreadySettled(Refused):
    """This record was read again or dropped before. Nothing is left to do."""

    kind = "not_found"


class Settled(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of a record that was set aside; stored as an event of no aggregate."""

    ref: str
    outcome: Literal["replayed", "duplicate", "dropped"]
    reason: str | None = None


class SetAside(NamedTuple):
    """A record that could not be read, or an event whose wait has run out, and that nobody has settled yet."""

    note: RecordQuarantined
    position: int
    stream: str
    at: datetime

    @property
    def waited(self) -> bool:
        """Whether it was read well and waited in vain: such an event has no place, as it may have come by HTTP."""
        return self.note.topic is None

    @property
    def place(self) -> str:
        if self.waited:
            return f"{self.note.id} of {self.note.source}"
        return f"{self.note.topic}/{self.note.partition}/{self.note.offset}"


class Replayed(NamedTuple):
    """What is in the log now: since this moment, or as a duplicate of what its publisher has sent again."""

    origin: str
    event_id: str
    position: int
    duplicate: bool


async def listed(connection: Connection) -> list[SetAside]:
    """All that wait, in the order in which they were set aside."""
    waiting: dict[str, SetAside] = {}
    for position, stream, kind, at, data in await (await connection.execute(NOTES)).fetchall():
        if kind == SETTLED:
            waiting.pop(msgspec.json.decode(data, type=Settled).ref, None)
        else:
            note = RecordQuarantined.model_validate_json(data)
            waiting[note.ref] = SetAside(note, position, stream, at)
    return list(waiting.values())


async def kept(connection: Connection, vault: Vault, ref: str) -> KeptRecord:
    """The bytes of a record. Raises `NotFound` when they were erased."""
    return msgspec.msgpack.decode(await vault.fetch(connection, ref), type=KeptRecord)


@dataclass(frozen=True)
class Operator:
    """Settles records of one service, in somebody's name."""

    service: str
    clock: Clock
    vault: Vault
    actor: str

    async def replay(self, connection: Connection, record: SetAside) -> Replayed:
        """Read it again and append it, or have its cause looked for again.

        Raises `Unreadable` when it still is, and `Refused` when it cannot be had.
        """
        if record.waited:
            return await self._resume(connection, record)
        bytes_kept = await kept(connection, self.vault, record.note.ref)
        # Only the system's clock knows what it showed then; one that is moved showed about this when it was set aside.
        fixed = None if isinstance(self.clock, SystemClock) else record.at
        clock = _AsThen(self.clock, fixed)
        page = PageBuilder(self.service, clock, self.vault).again(_record(record.note, bytes_kept))
        async with connection.transaction():
            await connection.execute(HOLD_BRIEFLY)
            fate = await _take(connection, page)
            if fate == "reused":
                raise IdempotencyKeyReused("its id is in the log with other data by now", field="id")
            await self._settle(connection, record, "replayed" if fate == "new" else "duplicate")
        await tell(connection, f"operator {' '.join(page.rows.type)}")
        row = await (await connection.execute(WHERE, (page.origin[0], page.rows.id[0]))).fetchone()
        assert row is not None
        return Replayed(page.origin[0], page.rows.id[0], row[0], fate != "new")

    async def drop(self, connection: Connection, record: SetAside, reason: str) -> None:
        """Give it up; its bytes stay. Raises `AlreadySettled`."""
        async with connection.transaction():
            await connection.execute(HOLD_BRIEFLY)
            await self._settle(connection, record, "dropped", reason)

    async def _resume(self, connection: Connection, record: SetAside) -> Replayed:
        wait = await expired_wait(connection, record.note.ref)
        more = resumed_rows(wait, record.note.ref)
        async with connection.transaction():
            await connection.execute(HOLD_BRIEFLY)
            await self._settle(connection, record, "replayed", more=more, like=wait.context)
        await tell(connection, f"operator {' '.join(row.type for row in more)}")
        row = await (await connection.execute(WHERE, ("", more[0].event_id))).fetchone()
        assert row is not None
        return Replayed(wait.event.intake.source, wait.event.intake.id, row[0], duplicate=False)

    async def _settle(
        self,
        connection: Connection,
        record: SetAside,
        outcome: Literal["replayed", "duplicate", "dropped"],
        reason: str | None = None,
        *,
        more: Sequence[Loose] = (),
        like: Context | None = None,
    ) -> None:
        command, now = derived_id("settle", record.note.ref), self.clock.now()
        context = Context(command, Actor("operator", self.actor), derived_id(QUARANTINE, record.note.ref))
        if like is not None:
            causes = {"correlation_id": like.correlation_id, "causation_id": record.note.ref, "org": like.org}
            context = msgspec.structs.replace(context, **causes)
        data = encode(Settled(record.note.ref, outcome, reason))
        settled = Loose(event_id(command, 0), QUARANTINE, record.stream, SETTLED, data)
        rows = Rows()
        for row in (settled, *more):
            rows.add(row.event_id, row.category, row.stream, None, row.type, 1, row.data, encode(context), now)
        hashed, result = hashlib.sha256(data.encode()).digest(), encode(Result("unchanged"))
        commands = Commands([command], [hashed], [result], [1 + len(more)])
        if not (await append(connection, commands, Streams(), rows, now)).done:
            raise AlreadySettled


async def _take(connection: Connection, page: Taken) -> str:
    """Through ingest's own door, by no partition: so no offset is compared, and none is moved."""
    try:
        row = await (await connection.execute(TAKE_PAGE, page.columns())).fetchone()
    except (psycopg.DataError, psycopg.IntegrityError) as error:
        raise Unreadable("UNSTORABLE", None, "The database refuses this record. Drop it.") from error
    if row is None or not row[0]:
        raise Unavailable("take_page answered nothing")
    return str(row[0][0])


class _AsThen:
    """The present time, for what is recorded now; the receipt is that of the first reading."""

    def __init__(self, clock: Clock, receipt: datetime | None) -> None:
        self._clock, self._receipt = clock, receipt

    def now(self) -> datetime:
        return self._clock.now()

    def at(self, machine_time: datetime) -> datetime:
        return self._receipt or self._clock.at(machine_time)


def _record(note: RecordQuarantined, record: KeptRecord) -> ConsumerRecord[bytes, bytes]:
    assert note.topic is not None
    assert note.partition is not None
    assert note.offset is not None
    return ConsumerRecord(
        topic=note.topic,
        partition=note.partition,
        offset=note.offset,
        timestamp=record.timestamp,
        timestamp_type=0,
        key=record.key,
        value=record.value,
        checksum=None,
        serialized_key_size=len(record.key or b""),
        serialized_value_size=len(record.value or b""),
        headers=tuple(record.headers),
    )


def find(records: Iterable[SetAside], name: str) -> SetAside:
    """The one of this reference, of the beginning of one, or of this place (topic/partition/offset)."""
    found = [one for one in records if name == one.place or (len(name) >= SHORTEST and one.note.ref.startswith(name))]
    if len(found) > 1:
        raise NotFound(f"{name!r} is the beginning of {len(found)} references; give more of it", field="ID")
    if not found:
        raise NotFound(f"nothing that waits is called {name!r}", field="ID")
    return found[0]
