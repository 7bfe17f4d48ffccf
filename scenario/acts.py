"""What people and machines do on the day: commands, events told to us, and what unbuilt services would publish."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias

from shared.contracts.model import Contract

Door: TypeAlias = Literal["http", "binary", "structured"]


@dataclass(frozen=True)
class Caller:
    """Who asks, with which roles."""

    subject: str
    roles: tuple[str, ...]


STAFF = Caller("staff", ("officer", "planner", "finance"))


@dataclass(frozen=True)
class Order:
    """A command by HTTP. `refused`: the code it must be refused with; None is a command that must be done."""

    service: str
    path: str
    body: Mapping[str, Any]
    key: str
    caller: Caller = STAFF
    refused: str | None = None


@dataclass(frozen=True)
class Told:
    """What a machine tells by either door: its name, the event and the event's id. `refused` as of an order."""

    source: str
    id: str
    event: Contract
    refused: str | None = None


@dataclass(frozen=True)
class Feigned:
    """What a service that is not built yet would publish."""

    id: str
    at: datetime
    event: Contract


@dataclass(frozen=True)
class Action:
    """What one person does at one moment."""

    at: datetime
    step: int
    who: str
    told: tuple[Told, ...] = ()
    door: Door = "http"
    orders: tuple[Order, ...] = ()
    feigned: tuple[Feigned, ...] = ()


@dataclass(frozen=True)
class Moment:
    """All that happens at one time, in the order of the seed."""

    at: datetime
    actions: tuple[Action, ...]
