"""The one list of events that cross a service's border: who owns them, what they are for, and how they travel.

Topics, the ingest's readers, schemas, access lists and pages all come from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from shared.contracts import answers
from shared.contracts.event_type import EventType
from shared.contracts.listing import checkin, grievance, points, welfare
from shared.contracts.model import Contract
from shared.decider import DomainEvent

SERVICES = ("checkin", "points", "welfare")
# What these publish is defined, as others react to it. They are not built yet: the scenario's player speaks for them.
PLANNED = ("grievance",)
PRODUCERS = (*SERVICES, *PLANNED)

LISTED = (checkin, grievance, points, welfare)
EVENTS: tuple[EventType, ...] = tuple(event for listed in LISTED for event in listed.EVENTS)

BY_TYPE: Mapping[str, EventType] = MappingProxyType({event.type: event for event in EVENTS})
_TYPE_OF: Mapping[type[Contract], str] = MappingProxyType({event.model: event.type for event in EVENTS})

ANSWER_TYPES: Mapping[type[Contract], str] = {
    answers.IntakeAnswered: "cn.yizhan.{service}.IntakeAnswered.v1",
    answers.RecordQuarantined: "cn.yizhan.{service}.RecordQuarantined.v1",
}


def stored_type(event: type[Any]) -> str:
    """Under which type an event class is stored: its name for our own events, the contract's type for received ones."""
    return event.__name__ if issubclass(event, DomainEvent) else _TYPE_OF[event]


def subject_of(event: Contract) -> str:
    """What order is kept by: the value of the field that its contract names as the key."""
    return str(getattr(event, BY_TYPE[stored_type(type(event))].key))


def taken_by(service: str) -> dict[str, EventType]:
    """Every event type that a service takes: its own intake, and what others publish for it."""
    return {
        event.type: event
        for event in EVENTS
        if (event.direction == "intake" and event.service == service) or service in event.consumers
    }
