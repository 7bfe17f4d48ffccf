"""Names that people type: services, events and topics, with what they may have meant, and completion."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Annotated, TypeAlias

import typer

from shared.cli.places import Places
from shared.cli.saying import Failure
from shared.contracts.event_type import EventType, topics
from shared.contracts.registry import ANSWER_TYPES, BY_TYPE, EVENTS, PRODUCERS, SERVICES


def short(event: EventType) -> str:
    """How an event is called here: its service and its name; a later version says so."""
    return f"{event.service}.{event.model.__name__}" + (f".v{event.version}" if event.version > 1 else "")


BY_NAME = {short(event): event for event in EVENTS}
INTAKE = ", ".join(name for name, event in BY_NAME.items() if event.direction == "intake")
TOPICS = [topic.name for service in PRODUCERS for topic in topics(service)]


def event_of(name: str) -> EventType:
    """The event of this short or full name."""
    if (event := BY_NAME.get(name) or BY_TYPE.get(name)) is not None:
        return event
    alone = [event for event in EVENTS if event.model.__name__ == name]
    if len(alone) == 1:
        return alone[0]
    remedy = meant(name, BY_NAME) or f"Publish one of: {INTAKE}."
    raise Failure(f"There is no event {name!r}.", remedy, field="EVENT")


def service_of(name: str, field: str = "SERVICE") -> str:
    if name in SERVICES:
        return name
    remedy = meant(name, SERVICES) or f"Name one of: {', '.join(SERVICES)}."
    raise Failure(f"There is no service {name!r}.", remedy, field=field)


def services_of(where: Places, name: str | None) -> tuple[str, ...]:
    """This service, or all of them."""
    if name is not None:
        return (service_of(name),)
    if where.one_database:
        raise Failure("YIZHAN_DATABASE is of one service.", "Say of which one.", field="SERVICE")
    return SERVICES


def topics_of(name: str) -> list[str]:
    """The topic of this name, or all topics of this service."""
    if name in SERVICES:
        return [topic.name for topic in topics(name)]
    if name in TOPICS:
        return [name]
    remedy = meant(name, [*TOPICS, *SERVICES]) or f"Name a service ({', '.join(SERVICES)}) or one of its topics."
    raise Failure(f"There is no topic or service {name!r}.", remedy, field="TOPIC")


def type_is(wanted: str, full: str) -> bool:
    """Whether `cn.yizhan.points.PointsEarned.v1` is what was called `PointsEarned`, or any longer part of it."""
    return f".{full}.".find(f".{wanted}.") >= 0


def known_type(wanted: str) -> str:
    """The same name, if any event or answer is called so."""
    answers = [of.format(service=service) for of in ANSWER_TYPES.values() for service in SERVICES]
    if any(type_is(wanted, full) for full in [*BY_TYPE, *answers]):
        return wanted
    names = [event.model.__name__ for event in EVENTS] + [answer.__name__ for answer in ANSWER_TYPES]
    remedy = meant(wanted, names) or f"Name one of: {', '.join(names)}."
    raise Failure(f"There is no type {wanted!r}.", remedy, field="--type")


def meant(name: str, known: Iterable[str]) -> str | None:
    """What was meant, by the letters; a name without its service is compared with names without theirs."""
    plain = {one.lower(): one for one in known} | {one.rpartition(".")[2].lower(): one for one in known}
    near = difflib.get_close_matches(name.lower(), plain, 1, cutoff=0.6)
    return f"Did you mean {plain[near[0]]}?" if near else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A question to end a sentence with, or nothing."""
    near = difflib.get_close_matches(name, list(known), 1)
    return f" Did you mean {near[0]}?" if near else ""


def _begin_so(known: Iterable[str], typed: str) -> list[str]:
    return [one for one in known if one.startswith(typed)]


def _events_begun(incomplete: str) -> list[str]:
    return _begin_so(BY_NAME, incomplete)


def _services_begun(incomplete: str) -> list[str]:
    return _begin_so(SERVICES, incomplete)


def _topics_begun(incomplete: str) -> list[str]:
    return _begin_so([*SERVICES, *TOPICS], incomplete)


EventName: TypeAlias = Annotated[
    str,
    typer.Argument(metavar="SERVICE.EVENT", autocompletion=_events_begun, help=f"One of: {INTAKE}."),
]
ServiceName: TypeAlias = Annotated[
    str, typer.Argument(metavar="SERVICE", autocompletion=_services_begun, help=f"{', '.join(SERVICES)}.")
]
AnyService: TypeAlias = Annotated[
    str | None,
    typer.Argument(metavar="SERVICE", autocompletion=_services_begun, help="Only this one; all without it."),
]
TopicName: TypeAlias = Annotated[
    str,
    typer.Argument(metavar="TOPIC|SERVICE", autocompletion=_topics_begun, help="One topic, or all four of a service."),
]
