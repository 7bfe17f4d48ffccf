"""Machine 自助兑换机: an unattended machine of the supermarket, where it stands and when it was heard of last."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal, TypeAlias, assert_never, get_args

import msgspec

from shared.decider import Command, Decider, DomainEvent
from shared.errors import NotFound, Refused

MachineState: TypeAlias = Literal["ready", "out_of_order"]
NOTED_EACH = 5  # of its ttl: what a machine says every few seconds is recorded once in a fifth of it


class RegisterMachine(Command, frozen=True):
    """A machine stands at this station. Told again, the last word holds."""

    machine_id: str
    station_id: str
    ttl_s: int
    now: datetime


class NoteMachine(Command, frozen=True):
    """The machine says how it is."""

    machine_id: str
    state: MachineState
    now: datetime


class MachineRegistered(DomainEvent, frozen=True):
    station_id: str
    ttl_s: int


class MachineHeard(DomainEvent, frozen=True):
    state: MachineState


MachineCommand: TypeAlias = RegisterMachine | NoteMachine
MachineEvent: TypeAlias = MachineRegistered | MachineHeard


class Machine(msgspec.Struct, frozen=True):
    """`station_id` is None while the machine is not registered."""

    station_id: str | None = None
    ttl_s: int = 0
    state: MachineState = "ready"
    heard_at: datetime | None = None

    @property
    def station(self) -> str:
        """Where it stands. Raises `NotFound` for a machine nobody has registered."""
        if self.station_id is None:
            raise NotFound("No such machine is registered.", field="machine_id")
        return self.station_id

    def check_at(self, station_id: str) -> None:
        """Who tends the machines of a station names it; another station's machine is none of his."""
        if self.station != station_id:
            raise NotFound("No such machine stands at this station.", field="machine_id")

    def check_online(self, now: datetime) -> None:
        """Its word is believed for its ttl: half-open, as every window is (K1)."""
        if self.state != "ready":
            raise MachineOffline("The machine says that it is out of order.")
        if self.heard_at is None or now >= self.heard_at + timedelta(seconds=self.ttl_s):
            raise MachineOffline


class MachineOffline(Refused):
    """The machine was not heard of for too long, or is out of order. Try another one, or again when it is back."""


def decide(command: MachineCommand, machine: Machine) -> Sequence[MachineEvent]:
    match command:
        case RegisterMachine(_, station_id, ttl_s, now):
            known = (machine.station_id, machine.ttl_s) == (station_id, ttl_s)
            return [] if known else [MachineRegistered(now, station_id, ttl_s)]
        case NoteMachine(_, state, now):
            _ = machine.station
            return [MachineHeard(now, state)] if _is_news(machine, state, now) else []
        case _:
            assert_never(command)


def _is_news(machine: Machine, state: MachineState, now: datetime) -> bool:
    """Words that overtook one another: the latest by its receipt stands."""
    if machine.heard_at is None:
        return True
    since = now - machine.heard_at
    return since >= timedelta(0) and (state != machine.state or since * NOTED_EACH >= timedelta(seconds=machine.ttl_s))


def evolve(machine: Machine, event: MachineEvent) -> Machine:
    match event:
        case MachineRegistered(station_id=station_id, ttl_s=ttl_s):
            return msgspec.structs.replace(machine, station_id=station_id, ttl_s=ttl_s)
        case MachineHeard(at=at, state=state):
            return msgspec.structs.replace(machine, state=state, heard_at=at)
        case _:
            assert_never(event)


MACHINE: Decider[MachineCommand, MachineEvent, Machine] = Decider(
    "machine", Machine(), decide, evolve, get_args(MachineEvent)
)
