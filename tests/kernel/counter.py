"""A service as small as can be, to try the kernel on: counters that are added to, taken and borrowed from, and rung."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias, assert_never, get_args

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
    IntakeRef,
    Read,
    WaitExpired,
    decided,
)
from shared.errors import Refused
from shared.log.codec import Codec
from shared.log.read import Recorded
from shared.policies import Timers
from shared.projecting import Add as AddTo
from shared.projecting import Projection, RowChange
from shared.timers import TimerFired
from shared.waits import WaitResumed

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


class Borrow(Command, frozen=True):
    """Takes, and waits an hour for what is not there yet. One at a time."""

    counter: str
    amount: int
    intake: IntakeRef
    now: datetime = NOON


class EndWait(Command, frozen=True):
    """What is borrowed has not come in time; or it has since, and a replay asks again."""

    counter: str
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


class Awaited(DomainEvent, frozen=True):
    amount: int
    intake: IntakeRef


CounterEvent: TypeAlias = Added | Noted | TakingRefused | Rung | Awaited | DeadlineSet | DeadlineCleared | WaitExpired
CounterCommand: TypeAlias = Add | Take | Note | Remind | Forget | Ring | Borrow | EndWait | Look


@dataclass(frozen=True)
class Counted:
    total: int = 0
    refused: int = 0
    awaited: Awaited | None = None
    waits: bool = False  # for what is awaited; not any more when that was set aside


class NotEnough(Refused):
    """The counter does not hold that much. Take less."""


HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BORROWED = "borrowed"  # the timer of what is awaited


def decide(command: CounterCommand, counted: Counted) -> list[CounterEvent]:
    match command:
        case Take(amount=amount) if amount > counted.total:
            raise NotEnough(f"{amount} asked, {counted.total} there")
        case Take(amount=amount, now=now):
            return [Added(now, -amount)]
        case Add(amount=amount, now=now):
            more = replace(counted, total=counted.total + amount)
            return [Added(now, amount), *(_lent(more, now) if counted.waits else ())]
        case Note(text=text, now=now):
            return [Noted(now, text)]
        case Remind(name=name, due_at=due_at, now=now):
            return [DeadlineSet(now, name, "", due_at)]
        case Forget(name=name, now=now):
            return [DeadlineCleared(now, name, "", "asked")]
        case Ring(name="daily", now=now):
            return [Rung(now, "daily"), DeadlineSet(now, "daily", "", now + DAY)]
        case Borrow(_, amount, _, now) if amount <= counted.total:
            return [Added(now, -amount)]
        case Borrow(_, amount, intake, now):
            return [Awaited(now, amount, intake), DeadlineSet(now, BORROWED, "", now + HOUR)]
        case EndWait(now=now):
            return _lent(counted, now) or _set_aside(counted, now)
        case Ring(name="silent") | Look():
            return []
        case Ring(name=name, now=now):
            return [Rung(now, name)]
        case _:
            assert_never(command)


def _lent(counted: Counted, now: datetime) -> list[CounterEvent]:
    """What is awaited, if it is there."""
    if counted.awaited is None or counted.awaited.amount > counted.total:
        return []
    return [Added(now, -counted.awaited.amount), DeadlineCleared(now, BORROWED, "", "lent")]


def _set_aside(counted: Counted, now: datetime) -> list[CounterEvent]:
    return [WaitExpired(now, counted.awaited.intake, "amount", BORROWED, "")] if counted.awaited else []


def evolve(counted: Counted, event: CounterEvent) -> Counted:
    match event:
        case Added(amount=amount):
            return replace(counted, total=counted.total + amount)
        case TakingRefused():
            return replace(counted, refused=counted.refused + 1)
        case Awaited():
            return replace(counted, awaited=event, waits=True)
        case WaitExpired():
            return replace(counted, waits=False)
        case DeadlineCleared(name="borrowed"):
            return replace(counted, awaited=None, waits=False)
        case Noted() | Rung() | DeadlineSet() | DeadlineCleared():
            return counted
        case _:
            assert_never(event)


COUNTER: Decider[CounterCommand, CounterEvent, Counted] = Decider(
    "counter", Counted(), decide, evolve, get_args(CounterEvent)
)
HANDLERS = Handlers(COUNTER)
CODEC = Codec([COUNTER], {kind.__name__: Decoder(kind).decode for kind in (TimerFired, WaitResumed)})


def _decided(command: Any, read: Read) -> Changes:
    return [decided(COUNTER, command.counter, command, read)]


for _simple in (Add, Note, Remind, Forget, Ring, Borrow, EndWait, Look):
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


TIMER_RULES: Timers = {
    **ring("bell"),
    **ring("silent"),
    **ring("daily"),
    ("counter", BORROWED): lambda counter, _ref, due_at: EndWait(counter, due_at),
}


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
