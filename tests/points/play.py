"""Many commands one after the other, with what our policies make of their events, for tests that look at the whole."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from services.points.handlers import HANDLERS
from services.points.policies import POLICIES
from shared.decider import Change, Command, Decider, DomainEvent
from shared.errors import Refused


def play(commands: Iterable[Command], *past: Change) -> dict[str, list[DomainEvent]]:
    """The streams after these commands and all reactions; a refused command leaves only what its refusal records."""
    streams: dict[str, list[DomainEvent]] = {}
    waiting: deque[Command] = deque()

    def read(decider: Decider[Any, Any, Any], entity: str) -> Any:
        return decider.fold(streams.get(decider.stream(entity), []))

    def append(changes: Iterable[Change]) -> None:
        for decider, entity, events in changes:
            streams.setdefault(decider.stream(entity), []).extend(events)
            for event in events:
                for reaction in POLICIES.reactions.get(type(event), []):
                    waiting.extend(reaction(event))

    append(past)
    for command in commands:
        waiting.append(command)
        while waiting:
            with suppress(Refused):
                append(HANDLERS.handle(waiting.popleft(), read))
    return streams
