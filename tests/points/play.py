"""Many commands one after the other, with what our policies make of their events, for tests that look at the whole."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Any, NamedTuple

from services.points.handlers import HANDLERS
from services.points.policies import POLICIES
from shared.decider import Change, Command, Decider, DomainEvent
from shared.errors import Refused


class Appended(NamedTuple):
    """One event as the log would have it."""

    category: str
    entity: str
    event: DomainEvent


def history(
    commands: Iterable[Command], *past: Change, refused: list[tuple[Command, str]] | None = None
) -> list[Appended]:
    """What is in the log after these commands and all reactions; of a refused command, what its refusal records.

    Refusals are told in `refused`, each with its code.
    """
    log: list[Appended] = []
    streams: dict[str, list[DomainEvent]] = {}
    waiting: deque[Command] = deque()

    def read(decider: Decider[Any, Any, Any], entity: str) -> Any:
        return decider.fold(streams.get(decider.stream(entity), []))

    def append(changes: Iterable[Change]) -> None:
        for decider, entity, events in changes:
            streams.setdefault(decider.stream(entity), []).extend(events)
            for event in events:
                log.append(Appended(decider.category, entity, event))
                for reaction in POLICIES.reactions.get(type(event), []):
                    waiting.extend(reaction(event))

    append(past)
    for command in commands:
        waiting.append(command)
        while waiting:
            asked = waiting.popleft()
            try:
                append(HANDLERS.handle(asked, read))
            except Refused as refusal:
                append(refusal.record)
                if refused is not None:
                    refused.append((asked, refusal.code))
    return log


def play(
    commands: Iterable[Command], *past: Change, refused: list[tuple[Command, str]] | None = None
) -> dict[str, list[DomainEvent]]:
    """As `history`, stream by stream."""
    streams: dict[str, list[DomainEvent]] = {}
    for category, entity, event in history(commands, *past, refused=refused):
        streams.setdefault(f"{category}-{entity}", []).append(event)
    return streams
