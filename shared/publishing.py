"""From private facts to published contracts, in one visible place per service.

The inside of a service may change while what it publishes holds: only `publishing` knows both.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias, TypeVar

from shared.contracts.model import MAX_DATA_BYTES, Contract
from shared.decider import DomainEvent

E = TypeVar("E", bound=DomainEvent)
Key: TypeAlias = Callable[[E, str], str]


class Published(NamedTuple):
    """A contract to send, and the key that keeps its order."""

    key: str
    data: Contract


def _entity(event: DomainEvent, entity: str) -> str:
    return entity


class Publishing:
    """Maps own events to contracts; an event without a mapping stays private."""

    def __init__(self) -> None:
        self._mappings: dict[type[DomainEvent], tuple[Callable[[Any, str], Contract], Key[Any]]] = {}

    def on(
        self, event: type[E], *, key: Key[E] = _entity
    ) -> Callable[[Callable[[E, str], Contract]], Callable[[E, str], Contract]]:
        """Register the decorated mapping `(event, entity) -> contract`; the key is the entity unless given."""

        def register(mapping: Callable[[E, str], Contract]) -> Callable[[E, str], Contract]:
            if event in self._mappings:
                raise TypeError(f"{event.__name__} is already published")
            self._mappings[event] = (mapping, key)
            return mapping

        return register

    def including(self, *others: Publishing) -> Publishing:
        """Take in the mappings of other modules of the same service."""
        for other in others:
            for event, (mapping, key) in other._mappings.items():
                self.on(event, key=key)(mapping)
        return self

    def publish(self, event: DomainEvent, entity: str) -> Published | None:
        """What other services are told about this event, if anything."""
        found = self._mappings.get(type(event))
        if found is None:
            return None
        mapping, key = found
        return Published(key(event, entity), mapping(event, entity))

    def check(self, event: DomainEvent, entity: str) -> None:
        """Nothing is recorded that could not be sent: raises as the contract does, or that its data is too large."""
        published = self.publish(event, entity)
        if published is not None and len(published.data.canonical()) > MAX_DATA_BYTES:
            raise ValueError(f"{type(published.data).__name__} would have more than {MAX_DATA_BYTES} bytes")

    @property
    def events(self) -> frozenset[type[DomainEvent]]:
        return frozenset(self._mappings)
