"""Deciding a batch of commands in memory, in arrival order, each over the states left by those before it.

Pure: states that are needed and not held are named in `missing`, to be loaded. A handler that misses one is given the
initial state in its place and goes on, only to learn what else it will read; nothing is kept of such a try.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, NamedTuple, TypeAlias, cast

import msgspec

from shared.decider import C, Change, Command, Decider, DomainEvent, E, Handlers, S, WaitExpired
from shared.errors import Kind, Refused, VersionConflict
from shared.log.append import Commands, Context, Loose, Rows, Streams
from shared.log.codec import encode, event_id
from shared.log.snapshots import Held
from shared.log.states import States
from shared.publishing import Publishing
from shared.waits import expired_rows


class Refusal(msgspec.Struct, frozen=True, omit_defaults=True):
    """A rule's no, as stored and answered."""

    kind: Kind
    code: str
    message: str
    detail: str = ""
    field: str | None = None


class Result(msgspec.Struct, frozen=True, omit_defaults=True):
    """A command's outcome as stored: its events are found again by their derived ids."""

    outcome: Literal["accepted", "unchanged", "refused"]
    events: int = 0
    refusal: Refusal | None = None


class Decided(NamedTuple):
    """One event that a command led to."""

    event_id: str
    entity: str
    version: int
    event: DomainEvent


Epilogue: TypeAlias = Callable[[Result], Loose]


class Declined(Command, frozen=True):
    """A command that was refused before it could be made, or that has nothing to decide; it only wants its answer."""

    refusal: Any


@dataclass(slots=True, eq=False)
class Pending:
    """A command that waits for its outcome."""

    command: Command
    context: Context
    body_hash: bytes
    future: asyncio.Future[Any]
    if_match: tuple[str, int] | None = None
    epilogue: Epilogue | None = None


@dataclass(slots=True, eq=False)
class Work:
    """A stream as this batch has it so far."""

    category: str
    expected: int
    version: int
    state: Any


class _Reader:
    """Gives one handler its states, and notes which streams it read and what was missing."""

    __slots__ = ("_batch", "missing", "read")

    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        self.read: dict[str, Work] = {}
        self.missing: list[str] = []

    def __call__(self, decider: Decider[C, E, S], entity: str) -> S:
        name = f"{decider.category}-{entity}"
        work = self.read.get(name) or self._batch.work.get(name)
        if work is None:
            held = self._batch.held(name)
            if held is None:
                self.missing.append(name)
                return decider.initial
            work = Work(decider.category, held.version, held.version, held.state)
        self.read[name] = work
        return cast("S", work.state)

    def check(self, stream: str, version: int) -> None:
        """A caller's own If-Match."""
        work = self.read.get(stream)
        if work is not None and work.version != version:
            raise VersionConflict(f"it is at version {work.version}, not {version}")


@dataclass(slots=True)
class Batch:
    """Commands decided so far, as columns to append."""

    states: States
    handlers: Handlers
    publishing: Publishing
    now: datetime
    ahead: Mapping[str, Work] = field(default_factory=dict)  # of a batch that is being appended
    commands: Commands = field(default_factory=Commands)
    rows: Rows = field(default_factory=Rows)
    work: dict[str, Work] = field(default_factory=dict)
    outcomes: list[tuple[Pending, Result, list[Decided]]] = field(default_factory=list)
    failed: list[tuple[Pending, Exception]] = field(default_factory=list)
    missing: set[str] = field(default_factory=set)
    expired: list[WaitExpired] = field(default_factory=list)

    def decide(self, pending: list[Pending]) -> int:
        """Decide commands up to the first that misses a state; answers how many. `missing` names what to load."""
        self.missing.clear()
        settled = len(pending)
        for index, one in enumerate(pending):
            reader = _Reader(self)
            failure: Exception | None = None
            try:
                result, changes = self._handle(one, reader)
                states = self._states_after(changes, reader)
            except Exception as error:
                failure = error
            if reader.missing:
                self.missing.update(reader.missing)
                settled = min(settled, index)
            elif settled <= index:
                continue  # only tried: an earlier command still has to be decided
            elif failure is not None:
                self.failed.append((one, failure))
            else:
                self._keep(one, result, changes, states, reader)
        return settled

    def held(self, stream: str) -> Held | None:
        """The state before this batch, if it is known."""
        before = self.ahead.get(stream)
        return self.states.get(stream) if before is None else Held(before.version, before.state)

    def streams(self) -> Streams:
        """Every stream that was read, with the version it was read at."""
        streams = Streams()
        for name, work in self.work.items():
            streams.name.append(name)
            streams.expected.append(work.expected)
            streams.added.append(work.version - work.expected)
        return streams

    def remember(self) -> None:
        """The batch was appended: keep the states it led to."""
        for name, work in self.work.items():
            if work.version != work.expected:
                self.states.put(name, Held(work.version, work.state))

    def _handle(self, one: Pending, reader: _Reader) -> tuple[Result, Sequence[Change]]:
        try:
            if isinstance(one.command, Declined):
                if one.command.refusal is not None:
                    raise one.command.refusal
                return Result("unchanged"), ()
            changes = self.handlers.handle(one.command, reader)
            if one.if_match is not None:
                reader.check(*one.if_match)
        except Refused as error:
            refusal = Refusal(error.kind, error.code, error.message(), error.detail, error.field)
            return Result("refused", sum(len(c.events) for c in error.record), refusal), error.record
        count = sum(len(change.events) for change in changes)
        return Result("accepted" if count else "unchanged", count), changes

    def _states_after(self, changes: Sequence[Change], reader: _Reader) -> dict[str, Any]:
        states: dict[str, Any] = {}
        for decider, entity, events in changes:
            name = f"{decider.category}-{entity}"
            if name not in reader.read:
                if name in reader.missing:
                    continue
                raise TypeError(f"the handler changed {name}, which it did not read")
            states[name] = decider.fold(events, states.get(name, reader.read[name].state))
            if not reader.missing:
                for event in events:
                    self.publishing.check(event, entity)
        return states

    def _keep(
        self, one: Pending, result: Result, changes: Sequence[Change], states: dict[str, Any], reader: _Reader
    ) -> None:
        command_id, meta, add = one.context.command_id, encode(one.context), self.rows.add
        decided: list[Decided] = []
        loose: list[Loose] = []
        self.work.update(reader.read)
        for decider, entity, events in changes:
            stream = f"{decider.category}-{entity}"
            work = self.work[stream]
            for event in events:
                identity = event_id(command_id, len(decided))
                work.version += 1
                kind, schema = type(event).__name__, event.schema_version
                add(identity, decider.category, stream, work.version, kind, schema, encode(event), meta, event.at)
                decided.append(Decided(identity, entity, work.version, event))
                if isinstance(event, WaitExpired):
                    loose += expired_rows(event, identity)
                    self.expired.append(event)
        for name, state in states.items():
            self.work[name].state = state
        if one.epilogue is not None:
            loose.append(one.epilogue(result))
        for row in loose:
            add(row.event_id, row.category, row.stream, None, row.type, 1, row.data, meta, self.now)
        self.commands.id.append(command_id)
        self.commands.hash.append(one.body_hash)
        self.commands.result.append(encode(result))
        self.commands.events.append(len(decided) + len(loose))
        self.outcomes.append((one, result, decided))
