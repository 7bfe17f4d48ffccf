"""A service as small as can be, to try the kernel on: counters that are added to, taken from and rung."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias, assert_never

from msgspec.json import Decoder
from sqlalchemy import Column, Integer, Text

from shared.decider import (
    Change,
    Changes,
    Command,
    DeadlineCleared,
    DeadlineSet,
    Decider,
    DomainEvent,
    Handlers,
    Read,
    decided,
)
from shared.errors import Refused
from shared.log.codec import Codec
from shared.log.read import Recorded
from shared.policies import Timers
from shared.projecting import Add as AddTo
from shared.projecting import Projection, RowChange
from shared.timers import TimerFired

NOON = datetime(2026, 1, 23, 4, 0, tzinfo=UTC)


class Add(Command, frozen=True):
    counter: str
    amount: int = 1
    now: datetime = NOON


class Take(Command, frozen=True):
    counter: str
    amount: int
    remember: bool = False  # whether a refusal leaves an event
    now: datetime = NOON


class Note(Command, frozen=True):
    counter: str
    text: str
    now: datetime = NOON


class Remind(Command, frozen=True):
    counter: str
    name: str
    due_at: datetime
    now: datetime = NOON


class Forget(Command, frozen=True):
    counter: str
    name: str
    now: datetime = NOON


class Ring(Command, frozen=True):
    counter: str
    name: str
    now: datetime


class Look(Command, frozen=True):
    """Reads and has nothing to do."""

    counter: str


class Transfer(Command, frozen=True):
    source: str
    target: str
    amount: int
    now: datetime = NOON


class Break(Command, frozen=True):
    """Its handler has a bug."""

    counter: str


class Stray(Command, frozen=True):
    """Its handler changes a stream that it did not read."""

    counter: str
    now: datetime = NOON


class Added(DomainEvent, frozen=True):
    amount: int


class Noted(DomainEvent, frozen=True):
    text: str


class TakingRefused(DomainEvent, frozen=True):
    amount: int


class Rung(DomainEvent, frozen=True):
    name: str


CounterEvent: TypeAlias = Added | Noted | TakingRefused | Rung | DeadlineSet | DeadlineCleared
CounterCommand: TypeAlias = Add | Take | Note | Remind | Forget | Ring | Look


@dataclass(frozen=True)
class Counted:
    total: int = 0
    refused: int = 0


class NotEnough(Refused):
    """The counter does not hold that much. Take less."""


DAY = timedelta(days=1)


def decide(command: CounterCommand, counted: Counted) -> list[CounterEvent]:
    match command:
        case Take(amount=amount) if amount > counted.total:
            raise NotEnough(f"{amount} asked, {counted.total} there")
        case Take(amount=amount, now=now):
            return [Added(now, -amount)]
        case Add(amount=amount, now=now):
            return [Added(now, amount)]
        case Note(text=text, now=now):
            return [Noted(now, text)]
        case Remind(name=name, due_at=due_at, now=now):
            return [DeadlineSet(now, name, "", due_at)]
        case Forget(name=name, now=now):
            return [DeadlineCleared(now, name, "", "asked")]
        case Ring(name="daily", now=now):
            return [Rung(now, "daily"), DeadlineSet(now, "daily", "", now + DAY)]
        case Ring(name="silent") | Look():
            return []
        case Ring(name=name, now=now):
            return [Rung(now, name)]
        case _:
            assert_never(command)


def evolve(counted: Counted, event: CounterEvent) -> Counted:
    match event:
        case Added(amount=amount):
            return replace(counted, total=counted.total + amount)
        case TakingRefused():
            return replace(counted, refused=counted.refused + 1)
        case Noted() | Rung() | DeadlineSet() | DeadlineCleared():
            return counted
        case _:
            assert_never(event)


COUNTER: Decider[CounterCommand, CounterEvent, Counted] = Decider(
    "counter", Counted(), decide, evolve, (Added, Noted, TakingRefused, Rung, DeadlineSet, DeadlineCleared)
)
HANDLERS = Handlers(COUNTER)
CODEC = Codec([COUNTER], {"TimerFired": Decoder(TimerFired).decode})


def _decided(command: Any, read: Read) -> Changes:
    return [decided(COUNTER, command.counter, command, read)]


for _simple in (Add, Note, Remind, Forget, Ring, Look):
    HANDLERS.on(_simple)(_decided)


@HANDLERS.on(Take)
def take(command: Take, read: Read) -> Changes:
    try:
        return _decided(command, read)
    except NotEnough as refusal:
        if command.remember:
            refusal.recording(Change(COUNTER, command.counter, [TakingRefused(command.now, command.amount)]))
        raise


@HANDLERS.on(Transfer)
def transfer(command: Transfer, read: Read) -> Changes:
    source, target = read(COUNTER, command.source), read(COUNTER, command.target)
    return [
        Change(COUNTER, command.source, decide(Take(command.source, command.amount, now=command.now), source)),
        Change(COUNTER, command.target, decide(Add(command.target, command.amount, command.now), target)),
    ]


@HANDLERS.on(Break)
def broken(command: Break, read: Read) -> Changes:
    read(COUNTER, command.counter)
    raise ZeroDivisionError("a bug")


@HANDLERS.on(Stray)
def stray(command: Stray, read: Read) -> Changes:
    return [Change(COUNTER, command.counter, [Added(command.now, 1)])]


def ring(name: str) -> Timers:
    return {("counter", name): lambda counter, _ref, due_at: Ring(counter, name, due_at)}


TIMER_RULES: Timers = {**ring("bell"), **ring("silent"), **ring("daily")}


def counts_of(version: int) -> Projection:
    """The counts as a release with this version of them has them."""
    projection = Projection("counts", version)
    table = projection.table(
        "count",
        Column("counter", Text, primary_key=True),
        Column("total", Integer, nullable=False),
        Column("events", Integer, nullable=False),
    )

    @projection.on(Added)
    def added(event: Added, row: Recorded) -> list[RowChange]:
        return [AddTo(table, {"counter": row.entity, "total": event.amount, "events": 1})]

    return projection


COUNTS = counts_of(1)
added = COUNTS.rules["Added"]
