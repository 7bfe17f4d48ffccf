"""Rules as pure functions: commands and events, deciders, and what a handler reads and changes.

A decider is `decide(command, state) -> events` and `evolve(state, event) -> state`. A handler names every stream it
reads, decides over their states and returns the changes; all changes of one command are appended together or none is.
Nothing here does I/O, knows the time, or makes ids: both come inside the command.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Generic, NamedTuple, Protocol, TypeAlias, TypeVar

import msgspec


class DomainEvent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A fact that one of our deciders decided; kept for ever, so its fields are never renamed or re-typed.

    `at` is when it happened (the log's `occurred_at`), which for late reports is before it was recorded.
    """

    schema_version: ClassVar[int] = 1

    at: datetime


class Command(msgspec.Struct, frozen=True):
    """A wish. It brings its own time and ids, so that a rule can be tested at noon on a holiday."""


class DeadlineSet(DomainEvent, frozen=True):
    """From `due_at` on, the timer `name` of this stream is due; a second one of the same name and ref replaces it."""

    name: str
    ref: str
    due_at: datetime


class DeadlineCleared(DomainEvent, frozen=True):
    """The timer has nothing left to do, or has done it."""

    name: str
    ref: str
    reason: str


class IntakeRef(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An intake event as its publisher knows it, by whichever door it came: what a state keeps to answer it later."""

    source: str
    id: str
    subject: str


class WaitExpired(DomainEvent, frozen=True):
    """What an intake event waits for was not told before its deadline: it is quarantined, answered and alarmed.

    `field` of that event names the cause. A replay gives the command of this timer once more, with its own time, so
    that command looks for the cause again however often it is given. See `waits.py`.
    """

    intake: IntakeRef
    field: str
    timer: str
    ref: str


C = TypeVar("C", bound=Command, contravariant=True)
E = TypeVar("E", bound=DomainEvent)
S = TypeVar("S")


@dataclass(frozen=True)
class Decider(Generic[C, E, S]):
    """One aggregate: the name of its streams, its events, and its two functions."""

    category: str
    initial: S
    decide: Callable[[C, S], Sequence[E]]
    evolve: Callable[[S, E], S]
    events: tuple[type[E], ...]

    def stream(self, entity: str) -> str:
        """The name of one entity's stream, as in `account-V1`."""
        return f"{self.category}-{entity}"

    def fold(self, events: Iterable[E], state: S | None = None) -> S:
        """The state after these events, from the beginning or from a given state."""
        folded = self.initial if state is None else state
        for event in events:
            folded = self.evolve(folded, event)
        return folded


class Change(NamedTuple):
    """Events to append to one entity's stream."""

    decider: Decider[Any, Any, Any]
    entity: str
    events: Sequence[DomainEvent]


class Read(Protocol):
    """Gives a handler the state of one entity, with all that commands decided before it in the same batch have done."""

    def __call__(self, decider: Decider[C, E, S], entity: str) -> S: ...


Changes: TypeAlias = Sequence[Change]
Handler: TypeAlias = Callable[[Any, Read], Changes]
K = TypeVar("K", bound=Command)


def decided(decider: Decider[C, E, S], entity: str, command: C, read: Read) -> Change:
    """The usual one-aggregate decision: read the entity, decide, change it."""
    return Change(decider, entity, decider.decide(command, read(decider, entity)))


class Draft:
    """One command's decisions over many streams, each of which sees what those before it have decided."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._states: dict[str, Any] = {}
        self.changes: list[Change] = []  # the handler's answer

    def state(self, decider: Decider[Any, Any, S], entity: str) -> S:
        """An entity with what was decided about it here."""
        name = decider.stream(entity)
        if name not in self._states:
            self._states[name] = self._read(decider, entity)
        found: S = self._states[name]
        return found

    def decide(self, decider: Decider[C, E, Any], entity: str, command: C) -> Sequence[E]:
        """Decide one command over one entity; its events are part of the answer. Raises `Refused`."""
        state = self.state(decider, entity)
        events = decider.decide(command, state)
        if events:
            self._states[decider.stream(entity)] = decider.fold(events, state)
            self.changes.append(Change(decider, entity, events))
        return events


class Handlers:
    """Which function handles which command: one for each service, in its `handlers`."""

    def __init__(self, *deciders: Decider[Any, Any, Any]) -> None:
        self.deciders = deciders
        self._by_command: dict[type[Command], Handler] = {}

    def on(self, command: type[K]) -> Callable[[Callable[[K, Read], Changes]], Callable[[K, Read], Changes]]:
        """Register the decorated function for this command type; a second one for the same type is a mistake."""

        def register(handler: Callable[[K, Read], Changes]) -> Callable[[K, Read], Changes]:
            if command in self._by_command:
                raise TypeError(f"{command.__name__} already has a handler")
            self._by_command[command] = handler
            return handler

        return register

    def each(self, decider: Decider[Any, Any, Any], field: str, *commands: type[Command]) -> None:
        """Decide these commands over one entity of this aggregate, which the command names in this field."""
        for command in commands:
            self.on(command)(lambda given, read: [decided(decider, getattr(given, field), given, read)])

    def including(self, *others: Handlers) -> Handlers:
        """Take in the deciders and handlers of other modules of the same service."""
        for other in others:
            self.deciders += tuple(decider for decider in other.deciders if decider not in self.deciders)
            for command, handler in other.commands.items():
                self.on(command)(handler)
        return self

    def handle(self, command: Command, read: Read) -> Changes:
        """Decide one command over the states that `read` gives. Raises `Refused`."""
        return self._by_command[type(command)](command, read)

    @property
    def commands(self) -> Mapping[type[Command], Handler]:
        return self._by_command
