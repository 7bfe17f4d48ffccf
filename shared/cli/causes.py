"""What led to what: rows of several logs, joined by causation inside a service and by public ids between services."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from shared.cli.places import Places
from shared.contracts.registry import ANSWER_TYPES, EVENTS
from shared.database import Connection
from shared.deciding import Result
from shared.log.append import Context
from shared.log.codec import derived_id
from shared.reacting import intake_command_id

SCANNED = 20_000  # rows of a page, when every published id has to be derived

COLUMNS = "position, event_id, origin, stream, version, type, occurred_at, data::text, meta::text"
# Without an index, as one would make every append slower for the sake of a rare question.
NAMED = f"""select {COLUMNS} from event where event_id = any(%(ids)s) or meta->>'correlation_id' = any(%(ids)s)
  or meta->>'command_id' = any(%(ids)s) or (category = 'quarantine' and data->>'ref' = any(%(ids)s))"""
TOGETHER = f"select {COLUMNS} from event where meta->>'correlation_id' = any(%s) order by position"
OWN = f"select {COLUMNS} from event where origin = '' and position > %s order by position limit {SCANNED}"
RESULTS = "select command_id, result::text, position, created_at from command where command_id = any(%s)"

# Events that say of another one what became of it, and in which fields.
TELLING = {
    "IntakeAnswered": ("status", "code", "field"),
    "RecordQuarantined": ("code", "field"),
    "RecordSettled": ("outcome", "reason"),
}

_context = msgspec.json.Decoder(Context)
_result = msgspec.json.Decoder(Result)


class Place(NamedTuple):
    service: str
    position: int


class Fact(NamedTuple):
    """A row of a service's log, or the outcome of a command that left no row."""

    place: Place
    event_id: str
    origin: str
    stream: str
    version: int | None
    type: str
    occurred_at: datetime
    data: Any
    command_id: str
    correlation_id: str
    causation_id: str | None
    public_ids: tuple[str, ...]
    result: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """All ids that it is known by."""
        return (self.event_id, self.command_id, *self.public_ids)

    @property
    def outcome(self) -> str | None:
        """What was answered, refused or set aside, in a word."""
        if self.type in TELLING and isinstance(self.data, dict):
            return " ".join(str(self.data[key]) for key in TELLING[self.type] if self.data.get(key))
        return self.result


@dataclass
class Node:
    """A fact and what it led to."""

    fact: Fact
    children: list[Node] = field(default_factory=list)


async def connected(places: Places, identity: str, started: list[str], services: list[str]) -> list[Fact]:
    """All facts that share a correlation with what this id names, in every service."""
    found = [fact for service in started for fact in await _named(places, service, identity)]
    if not found:
        found = [fact for service in started for fact in await _published_as(places, service, identity)]
    correlations = sorted({fact.correlation_id for fact in found})
    facts = {fact.place: fact for fact in found}
    for service in services if correlations else ():
        async with places.connection(service) as connection:
            rows = await (await connection.execute(TOGETHER, (correlations,))).fetchall()
            together = [_fact(service, row) for row in rows]
            facts |= {fact.place: fact for fact in await _with_outcomes(connection, service, together)}
    return list(facts.values())


async def _named(places: Places, service: str, identity: str) -> list[Fact]:
    async with places.connection(service) as connection:
        rows = await (await connection.execute(NAMED, {"ids": [identity]})).fetchall()
        if rows:
            return [_fact(service, row) for row in rows]
        results = await (await connection.execute(RESULTS, ([identity],))).fetchall()
        return [_silent(service, row, identity, None) for row in results]


async def _published_as(places: Places, service: str, identity: str) -> list[Fact]:
    """Public ids are derived from those in the log: which one this is can only be found by deriving them all."""
    position = 0
    async with places.connection(service) as connection:
        while True:
            rows = await (await connection.execute(OWN, (position,))).fetchall()
            for row in rows:
                if identity in _public_ids(service, row[1]):
                    return [_fact(service, row)]
            if len(rows) < SCANNED:
                return []
            position = rows[-1][0]


async def _with_outcomes(connection: Connection, service: str, facts: list[Fact]) -> list[Fact]:
    """With what became of commands: on their first row, or as a fact of its own where they left none."""
    commands = {fact.command_id: fact for fact in facts if fact.command_id}
    asked = {intake_command_id(fact.origin, fact.event_id): fact for fact in facts if fact.origin}
    rows = await (await connection.execute(RESULTS, ([*commands, *asked],))).fetchall()
    results = {row[0]: _word(row[1]) for row in rows}
    first: set[str] = set()
    shown = []
    for fact in facts:
        told = fact.command_id in results and fact.command_id not in first and fact.type != "IntakeAnswered"
        first.add(fact.command_id)
        shown.append(fact._replace(result=results[fact.command_id]) if told else fact)
    silent = [row for row in rows if row[0] in asked and row[0] not in commands]
    return [*shown, *[_silent(service, row, asked[row[0]].correlation_id, asked[row[0]]) for row in silent]]


def _word(result: str) -> str:
    outcome = _result.decode(result)
    return f"{outcome.outcome} {outcome.refusal.code}" if outcome.refusal else outcome.outcome


def _silent(service: str, row: tuple[Any, ...], correlation: str, cause: Fact | None) -> Fact:
    """A command whose outcome is known, and that left no row."""
    command, result, _, at = row
    caused_by = cause.event_id if cause else None
    return Fact(
        Place(service, 0),
        command,
        "",
        "",
        None,
        "command",
        at,
        None,
        command,
        correlation,
        caused_by,
        (),
        _word(result),
    )


def _fact(service: str, row: tuple[Any, ...]) -> Fact:
    position, event_id, origin, stream, version, kind, at, data, meta = row
    context = _context.decode(meta)
    public = () if origin else _public_ids(service, event_id)
    return Fact(
        Place(service, position),
        event_id,
        origin,
        stream,
        version,
        kind,
        at,
        msgspec.json.decode(data),
        context.command_id,
        context.correlation_id,
        context.causation_id,
        public,
    )


def _public_ids(service: str, event_id: str) -> tuple[str, ...]:
    """The ids under which other services may know this event: one for each contract that it could be sent as."""
    published = {e.type.rpartition(".")[0] for e in EVENTS if e.service == service and e.direction == "published"}
    answers = {name.format(service=service).rpartition(".")[0] for name in ANSWER_TYPES.values()}
    return tuple(derived_id("public", event_id, kind) for kind in sorted(published | answers))


def forest(facts: Iterable[Fact]) -> list[Node]:
    """Trees of causes. Where a cause is not among the facts, its effect begins a tree of its own."""
    nodes = [Node(fact) for fact in sorted(facts, key=lambda fact: (fact.place.service, fact.place.position))]
    by_id = {(n.fact.place.service, n.fact.event_id): n for n in nodes if n.fact.place.position}
    by_public = {(f"/yizhan/{n.fact.place.service}", public): n for n in nodes for public in n.fact.public_ids}
    roots: list[Node] = []
    for node in nodes:
        fact = node.fact
        if fact.origin:
            cause = by_public.get((fact.origin, fact.event_id))
        else:
            cause = by_id.get((fact.place.service, fact.causation_id or ""))
        (cause.children if cause is not None and cause is not node else roots).append(node)
    return roots
