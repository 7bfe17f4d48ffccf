"""The part of `yizhan quarantine` that is about events which a subscription has parked."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import msgspec

from shared.cli.saying import NothingFound, Say
from shared.clock import Clock
from shared.database import Connection
from shared.parked import ParkedRow, ask_replay, listed
from shared.parked import drop as drop_parked

ITEM = re.compile(r"([a-z][a-z0-9_]*)@([0-9]{1,18})\Z")  # as in relay@42
SUBSCRIPTION = re.compile(r"[a-z][a-z0-9_]*@\Z")  # as in relay@: all that it has parked


class Place(NamedTuple):
    """An event that is parked: by whom, and where it is in the log."""

    subscription: str
    position: int


def place_of(item: str) -> Place | None:
    """None when this is not how a parked event is called."""
    found = ITEM.match(item)
    return Place(found[1], int(found[2])) if found else None


def again(service: str, place: Place) -> str:
    """The command that has the rest of what the subscription has parked tried again."""
    return f"yizhan quarantine replay {service} {place.subscription}@"


def concerns(item: str) -> bool:
    """Whether it names a parked event, or all that a subscription has parked."""
    return bool(ITEM.match(item) or SUBSCRIPTION.match(item))


async def all_of(connection: Connection) -> list[ParkedRow]:
    return await listed(connection)


def value(service: str, row: ParkedRow) -> dict[str, Any]:
    """As a row of `quarantine list`."""
    return {
        "id": f"{row.subscription}@{row.position}",
        "kind": "parked",
        "service": service,
        "place": row.stream,
        "code": row.type.rpartition(".")[0].rpartition(".")[2] if "." in row.type else row.type,
        "field": None,
        "when": row.parked_at,
        "why": row.error,
        "tries": row.tries,
        "wanted": row.wanted,
    }


async def shown(connection: Connection, service: str, place: Place) -> dict[str, Any]:
    """The parked event, whole."""
    row = await _find(connection, service, place)
    statement = "select data::text, meta::text, recorded_at from event where position = %s"
    event = await (await connection.execute(statement, (place.position,))).fetchone()
    assert event is not None
    more = {"event_id": row.event_id, "origin": row.origin or None, "type": row.type, "version": row.version}
    data, meta, recorded_at = msgspec.Raw(event[0]), msgspec.Raw(event[1]), event[2]
    return value(service, row) | more | {"data": data, "meta": meta, "recorded_at": recorded_at}


async def ask(connection: Connection, say: Say, service: str, item: str, stream: str | None) -> None:
    """Ask the owning subscription to try again. It does so in its own loop and in order."""
    place = place_of(item)
    name = place.subscription if place else item[:-1]
    position = place.position if place else None
    asked = await ask_replay(connection, name, stream=stream, position=position)
    if not asked:
        remedy = f"See what is: yizhan quarantine list {service}"
        raise NothingFound(f"{name} has parked nothing like that.", remedy, field="ID")
    _tell(say, name, asked)
    say.note(f"Whether it could is seen soon: yizhan quarantine list {service}")


async def ask_all(connection: Connection, say: Say, service: str) -> None:
    """Of every subscription that has parked something."""
    for name in sorted({row.subscription for row in await listed(connection)}):
        _tell(say, name, await ask_replay(connection, name))


def _tell(say: Say, name: str, asked: int) -> None:
    text = f"{name} was asked to try {asked} parked event{'' if asked == 1 else 's'} again"
    say.answer({"subscription": name, "outcome": "asked", "events": asked}, text)


async def drop(connection: Connection, service: str, place: Place, actor: str, reason: str, clock: Clock) -> None:
    if not await drop_parked(connection, place.subscription, place.position, actor, reason, clock=clock):
        raise _gone(service, place)


async def _find(connection: Connection, service: str, place: Place) -> ParkedRow:
    for row in await listed(connection, place.subscription):
        if row.position == place.position:
            return row
    raise _gone(service, place)


def _gone(service: str, place: Place) -> NothingFound:
    why = f"{place.subscription} has parked nothing at {place.position}."
    return NothingFound(why, f"See what is: yizhan quarantine list {service}", field="ID")
