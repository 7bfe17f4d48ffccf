"""From Kafka records to rows of the log: decoding, validation by contract, and what is set aside.

Only fields that the contract declares are stored. Everything here is about one record at a time, so that one bad
record never takes its neighbours along.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec
from aiokafka import ConsumerRecord, TopicPartition
from pydantic import ValidationError

from shared.answering import quarantine_rows
from shared.clock import Clock
from shared.content import Vault
from shared.contracts.answers import RecordQuarantined
from shared.contracts.envelope import Envelope, Unreadable, read
from shared.contracts.event_type import EventType, intake_topic
from shared.contracts.model import first_fault
from shared.contracts.registry import taken_by
from shared.database import Connection
from shared.log.append import Actor, Context, Rows, micros
from shared.log.codec import derived_id, encode

log = logging.getLogger(__name__)

SUBJECT_OF_QUARANTINE = "quarantine"


class KeptRecord(msgspec.Struct, frozen=True):
    """A record that was set aside, as it came. Read once more it is the same, so nothing in it is of our own clock."""

    key: bytes | None
    headers: list[tuple[str, bytes | None]]
    value: bytes | None
    timestamp: int  # ms since 1970, by the broker: the receipt


@dataclass(slots=True)
class Taken:
    """Rows that one page becomes, as columns; `origin`, `place` and `offset` say where each came from.

    `reached` has the offset after the last record of each partition, also where none of its records concerns us.
    `place` is the partition of a row, counted from 1 in the order of `reached`.
    """

    recorded: datetime
    rows: Rows = field(default_factory=Rows)
    origin: list[str] = field(default_factory=list)
    reached: dict[TopicPartition, int] = field(default_factory=dict)
    places: dict[TopicPartition, int] = field(default_factory=dict)
    place: list[int] = field(default_factory=list)
    offset: list[int] = field(default_factory=list)
    _last: tuple[int, int] = (0, 0)  # place and offset of the record that came last

    def columns(self) -> tuple[Any, ...]:
        """In the order of `take_page`."""
        e, recorded = self.rows, micros(self.recorded)
        partitions = [[p.topic for p in self.reached], [p.partition for p in self.reached], list(self.reached.values())]
        kept = (e.id, self.origin, e.category, e.stream, e.type, e.schema, e.data, e.meta, e.occurred)
        return (*partitions, self.place, self.offset, *kept, e.digests(recorded, self.origin), recorded)

    def came(self, record: ConsumerRecord[Any, Any]) -> None:
        """Note a record; the rows that it becomes follow."""
        partition = TopicPartition(record.topic, record.partition)
        self._last = self.places.setdefault(partition, len(self.places) + 1), record.offset
        self.reached[partition] = record.offset + 1

    def comes_of_it(self, origin: str) -> Rows:
        """Where the next row of the record that came last is to be added; received rows have no version here."""
        place, offset = self._last
        self.place.append(place)
        self.offset.append(offset)
        self.origin.append(origin)
        return self.rows

    def passed(self, fate: list[str]) -> list[TopicPartition]:
        """The partitions all of whose rows were passed over."""
        taken = {place for place, what in zip(self.place, fate, strict=True) if what != "passed"}
        return [partition for partition, place in self.places.items() if place in self.place and place not in taken]


class PageBuilder:
    """Builds pages for one service: what it takes, and what it answers to the rest."""

    def __init__(self, service: str, clock: Clock, vault: Vault) -> None:
        self._service, self._clock, self._vault = service, clock, vault
        self._types = taken_by(service)
        self._intake = intake_topic(service)

    async def build(self, connection: Connection, records: Iterable[ConsumerRecord[Any, Any]]) -> Taken:
        """All records of a page that concern us, readable or not."""
        page = Taken(self._clock.now())
        for record in records:
            page.came(record)
            try:
                envelope, event, data = self._read(record)
            except Unreadable as fault:
                await self._set_aside(connection, page, record, fault)
                continue
            if event is not None:
                self._add(page, record, envelope, event, data)
        return page

    async def refused(self, connection: Connection, record: ConsumerRecord[Any, Any]) -> Taken:
        """The page of one record that reads well and that PostgreSQL will not store."""
        page = Taken(self._clock.now())
        page.came(record)
        fault = Unreadable("UNSTORABLE", None, "The database refuses this record. Report it with its id and source.")
        await self._set_aside(connection, page, record, fault)
        return page

    def again(self, record: ConsumerRecord[Any, Any]) -> Taken:
        """The row of a record that was set aside, read anew; it belongs to no offset. Raises `Unreadable`."""
        page = Taken(self._clock.now())
        page.came(record)
        envelope, event, data = self._read(record)
        if event is None:
            remedy = f"{self._service} does not take this type from {record.topic}. Drop the record."
            raise Unreadable("TYPE_UNKNOWN", "type", remedy)
        self._add(page, record, envelope, event, data)
        page.reached.clear()
        return page

    def _read(self, record: ConsumerRecord[Any, Any]) -> tuple[Envelope, EventType | None, str]:
        """Reading is pure: what fails once fails always, and must not be tried again for ever."""
        try:
            return self._decode(record)
        except Unreadable:
            raise
        except Exception as error:
            log.exception("a record cannot be read", extra={"action": "record_unreadable"})
            raise Unreadable("UNREADABLE", None, "The record cannot be read. Compare it with the example.") from error

    def _decode(self, record: ConsumerRecord[Any, Any]) -> tuple[Envelope, EventType | None, str]:
        envelope, value = read(record.headers, record.key, record.value)
        event = self._types.get(envelope.type)
        if event is None or event.topic != record.topic:
            if record.topic != self._intake:
                return envelope, None, ""  # other services publish more than we take
            raise self._unknown(envelope.type)
        try:
            contract = event.model.model_validate_json(value)
        except ValidationError as error:
            fault = first_fault(error)
            path = ".".join(fault.path) or "data"
            remedy = f"{path}: {fault.message}. Correct it and send it anew."
            raise Unreadable("VALIDATION_FAILED", path, remedy) from None
        if getattr(contract, event.key) != envelope.subject:
            why = f"The subject must be the event's {event.key}, as order is kept by it."
            raise Unreadable("KEY_MISMATCH", "subject", f"{why} Send {event.key} as subject and key.")
        return envelope, event, contract.canonical().decode()

    def _unknown(self, type_name: str) -> Unreadable:
        versionless = type_name.rpartition(".")[0]
        near = [known for known in self._types if known.rpartition(".")[0] == versionless]
        if near:
            return Unreadable("VERSION_UNKNOWN", "type", f"This version is not taken. Send {near[0]}.")
        remedy = f"{self._intake} does not take this type. See the list of its events."
        return Unreadable("TYPE_UNKNOWN", "type", remedy)

    def _add(
        self, page: Taken, record: ConsumerRecord[Any, Any], envelope: Envelope, event: EventType, data: str
    ) -> None:
        received = self._clock.at(datetime.fromtimestamp(record.timestamp / 1000, UTC))
        context = Context(
            "",
            Actor("system", envelope.source),
            envelope.correlation_id or envelope.id,
            envelope.causation_id,
            envelope.traceparent,
            envelope.org,
            received if event.direction == "intake" else None,
        )
        rows, stream, meta = page.comes_of_it(envelope.source), f"{record.topic}/{envelope.subject}", encode(context)
        when = envelope.time or received
        rows.add(envelope.id, record.topic, stream, None, envelope.type, event.version, data, meta, when)

    async def _set_aside(
        self, connection: Connection, page: Taken, record: ConsumerRecord[Any, Any], fault: Unreadable
    ) -> None:
        place = f"{record.topic}/{record.partition}/{record.offset}"
        ref = derived_id(place, str(record.timestamp))
        kept = KeptRecord(record.key, [*record.headers], record.value, record.timestamp)
        await self._vault.store(connection, ref, SUBJECT_OF_QUARANTINE, msgspec.msgpack.encode(kept))
        note = RecordQuarantined(
            ref=ref,
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            code=fault.code,
            field=fault.field,
            remedy=fault.remedy,
        )
        claimed = _claimed(record, "ce_source"), _claimed(record, "ce_id")
        key = _text(record.key) or place
        for row in quarantine_rows(note, claimed, key, place):
            if record.topic == self._intake or row.type == "RecordQuarantined":
                meta = encode(Context("", Actor("system", "ingest"), row.event_id))
                rows = page.comes_of_it("")
                rows.add(row.event_id, row.category, row.stream, None, row.type, 1, row.data, meta, page.recorded)


def _claimed(record: ConsumerRecord[Any, Any], name: str) -> str | None:
    for header, value in record.headers:
        if header.lower() == name:
            return _text(value)
    return None


def _text(value: bytes | None) -> str | None:
    """Short printable text, or nothing: what an unreadable record claims goes on a topic only if it is harmless."""
    try:
        text = (value or b"").decode()
    except UnicodeDecodeError:
        return None
    return text if 0 < len(text) <= 256 and text.isprintable() else None
