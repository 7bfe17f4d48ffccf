"""Effects of causes: which event asks for which commands, as pure functions without a broker.

`Policies` hold reactions to our own events and to other services' published events. `Intake` holds the one command
that each intake event asks for; HTTP uses the same functions, so both doors validate and derive ids alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias, TypeVar, cast

from shared.contracts.model import Contract
from shared.decider import Command, IntakeRef

T = TypeVar("T")
M = TypeVar("M", bound=Contract)
Reaction: TypeAlias = Callable[[Any], list[Command]]
TimedReaction: TypeAlias = Callable[[T, datetime], list[Command]]
TimerRule: TypeAlias = Callable[[str, str, datetime], Command]  # (entity, ref, due_at) -> the due command
Timers: TypeAlias = Mapping[tuple[str, str], TimerRule]  # by (category of the stream, name of the timer)


@dataclass(frozen=True)
class Receipt:
    """When and under which id an intake event reached us, by Kafka or by HTTP."""

    command_id: str
    received_at: datetime
    source: str
    id: str
    subject: str
    code_secrets: tuple[bytes, ...] = field(default=(), repr=False)  # what member codes are signed with, newest first

    @property
    def intake(self) -> IntakeRef:
        """For a state that waits, and has to be answered later."""
        return IntakeRef(self.source, self.id, self.subject)


class Policies:
    """Reactions by the type of their cause. A cause may have several; each is known by its function's name."""

    def __init__(self) -> None:
        self.reactions: dict[type[Any], list[Reaction]] = {}
        self._timed: set[Callable[..., list[Command]]] = set()

    def on(self, cause: type[T]) -> Callable[[Callable[[T], list[Command]]], Callable[[T], list[Command]]]:
        """Register the decorated reaction. Its name enters command ids: renaming it would repeat old effects."""

        def register(reaction: Callable[[T], list[Command]]) -> Callable[[T], list[Command]]:
            known = self.reactions.setdefault(cause, [])
            if reaction.__name__ in {other.__name__ for other in known}:
                raise TypeError(f"{cause.__name__} already has a reaction {reaction.__name__}: their ids would be one")
            known.append(reaction)
            return reaction

        return register

    def timed(self, cause: type[T]) -> Callable[[TimedReaction[T]], TimedReaction[T]]:
        """As `on`, for an event that does not say itself when it happened: the reaction takes `(event, at)`."""

        def register(reaction: TimedReaction[T]) -> TimedReaction[T]:
            self.on(cause)(cast("Reaction", reaction))
            self._timed.add(reaction)
            return reaction

        return register

    def ask(self, reaction: Callable[..., list[Command]], event: Any, at: datetime) -> list[Command]:
        """What this reaction asks for; `at` is when the event happened, as its envelope says."""
        return reaction(event, at) if reaction in self._timed else reaction(event)

    def including(self, *others: Policies) -> Policies:
        """Take in the reactions of other modules of the same service."""
        for other in others:
            self._timed |= other._timed
            for cause, reactions in other.reactions.items():
                for reaction in reactions:
                    self.on(cause)(reaction)
        return self


class Intake:
    """The command that each intake event asks for."""

    def __init__(self) -> None:
        self.commands: dict[type[Contract], Callable[[Any, Receipt], Command]] = {}

    def on(self, contract: type[M]) -> Callable[[Callable[[M, Receipt], Command]], Callable[[M, Receipt], Command]]:
        """Register the decorated function for this intake contract; a second one is a mistake."""

        def register(function: Callable[[M, Receipt], Command]) -> Callable[[M, Receipt], Command]:
            if contract in self.commands:
                raise TypeError(f"{contract.__name__} already has a command")
            self.commands[contract] = function
            return function

        return register

    def including(self, *others: Intake) -> Intake:
        """Take in the commands of other modules of the same service."""
        for other in others:
            for contract, function in other.commands.items():
                self.on(contract)(function)
        return self

    def command(self, event: Contract, receipt: Receipt) -> Command:
        """The command for one validated intake event. Raises `Refused` when the event contradicts itself."""
        return self.commands[type(event)](event, receipt)
