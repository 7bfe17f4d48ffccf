"""The gates 闸机 of one station. Until one is registered, every gate is heard that may speak for the station."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias, assert_never

import msgspec

from shared.decider import Command, Decider, DomainEvent

Direction: TypeAlias = Literal["entry", "exit"]


class RegisterGate(Command, frozen=True):
    """`direction` is the only one that it opens to; without it, both."""

    station_id: str
    gate_id: str
    now: datetime
    direction: Direction | None = None


class RemoveGate(Command, frozen=True):
    station_id: str
    gate_id: str
    now: datetime


class GateRegistered(DomainEvent, frozen=True):
    station_id: str
    gate_id: str
    direction: Direction | None


class GateRemoved(DomainEvent, frozen=True):
    station_id: str
    gate_id: str


GatesCommand: TypeAlias = RegisterGate | RemoveGate
GatesEvent: TypeAlias = GateRegistered | GateRemoved


class Gates(msgspec.Struct, frozen=True):
    """`None` until the first is registered: from then on only registered ones open, even when all are removed."""

    known: dict[str, Direction | None] | None = None

    def takes(self, gate_id: str, direction: Direction) -> bool:
        if self.known is None:
            return True
        return gate_id in self.known and self.known[gate_id] in (None, direction)


def decide(command: GatesCommand, gates: Gates) -> list[GatesEvent]:
    known = gates.known or {}
    match command:
        case RegisterGate(station_id, gate_id, now, direction):
            unchanged = gate_id in known and known[gate_id] == direction
            return [] if unchanged else [GateRegistered(now, station_id, gate_id, direction)]
        case RemoveGate(station_id, gate_id, now):
            return [GateRemoved(now, station_id, gate_id)] if gate_id in known else []
        case _:
            assert_never(command)


def evolve(gates: Gates, event: GatesEvent) -> Gates:
    known = gates.known or {}
    match event:
        case GateRegistered(gate_id=gate_id, direction=direction):
            return Gates({**known, gate_id: direction})
        case GateRemoved(gate_id=gate_id):
            return Gates({known_id: way for known_id, way in known.items() if known_id != gate_id})
        case _:
            assert_never(event)


GATES: Decider[GatesCommand, GatesEvent, Gates] = Decider(
    "gates", Gates(), decide, evolve, (GateRegistered, GateRemoved)
)
