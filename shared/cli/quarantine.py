"""`yizhan quarantine`: what was set aside, because it could not be read or because its effect could not be had."""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, TypeAlias

import msgspec
import typer

from shared.cli import parked
from shared.cli.names import AnyService, ServiceName, service_of, services_of
from shared.cli.places import places
from shared.cli.references import waiting
from shared.cli.saying import AsJson, Failure, Instance, Say, command
from shared.content import Vault
from shared.contracts.envelope import Unreadable
from shared.database import Connection
from shared.errors import Refused
from shared.page import KeptRecord
from shared.quarantine import Operator, Replayed, SetAside, kept, listed
from shared.waits import expired_wait, told

Item: TypeAlias = Annotated[
    str,
    typer.Argument(metavar="ID", help="As `list` shows it; of a reference its beginning, or the record's place."),
]
By: TypeAlias = Annotated[str, typer.Option("--actor", help="In whose name. Default: the account of this shell.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="See what was set aside, try it again, or give it up.")
    command(group, "list", "yizhan quarantine list points")(list_all)
    command(group, "show", "yizhan quarantine show points 8f14e45f")(show)
    command(group, "replay", "yizhan quarantine replay points 8f14e45f")(replay)
    command(group, "drop", "yizhan quarantine drop points 8f14e45f --reason 'sent by a test device'")(drop)
    app.add_typer(group, name="quarantine")


def _account() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # in a container an account need not have a name
        return "unknown"


async def list_all(service: AnyService = None, as_json: AsJson = False, instance: Instance = None) -> None:
    """List what was set aside. Unreadable records, events whose cause never came, and events that are parked."""
    where, say = places(instance), Say(as_json)
    rows: list[dict[str, Any]] = []
    for name in services_of(where, service):
        async with where.connection(name) as connection:
            rows += [_aside(name, one) for one in await listed(connection)]
            rows += [parked.value(name, one) for one in await parked.all_of(connection)]
    say.rows(rows, ("id", "kind", "service", "place", "code", "field", "when", "why"))
    if not rows:
        say.note("Nothing is set aside.")


def _aside(service: str, one: SetAside) -> dict[str, Any]:
    note = one.note
    return {
        "id": note.ref,
        "kind": "waited" if one.waited else "unreadable",
        "service": service,
        "place": one.place,
        "code": note.code,
        "field": note.field,
        "when": one.at,
        "why": note.remedy,
    }


async def show(service: ServiceName, item: Item, as_json: AsJson = False, instance: Instance = None) -> None:
    """Show one of them, whole. Of a record its headers and bytes, which need the content key; else why it is there."""
    name, where, say = service_of(service), places(instance), Say(as_json)
    async with where.connection(name) as connection:
        if place := parked.place_of(item):
            value = await parked.shown(connection, name, place)
        else:
            record = await waiting(connection, name, item)
            value = _aside(name, record)
            if record.waited:
                value |= await _waited(connection, record.note.ref)
            else:
                value |= _content(await kept(connection, Vault(where.content_key()), record.note.ref))
    say.answer(value, "\n".join(_lines(value)))


async def _waited(connection: Connection, ref: str) -> dict[str, Any]:
    """What waited and where. Of an event that came by HTTP only what it led to is in the log, in that stream."""
    wait = await expired_wait(connection, ref)
    intake = wait.event.intake
    who = {"source": intake.source, "event_id": intake.id, "stream": wait.stream, "timer": wait.event.timer}
    return {**who, "until": wait.event.at, "value": await told(connection, intake)}


def _content(record: KeptRecord) -> dict[str, Any]:
    headers = [{"name": name, "value": _text(value)} for name, value in record.headers]
    received = datetime.fromtimestamp(record.timestamp / 1000, UTC)
    return {"received": received, "key": _text(record.key), "headers": headers, "value": _text(record.value)}


def _text(value: bytes | None) -> str | None:
    """Text as it is; other bytes, and what would steer a terminal, in Python's way of writing them."""
    if value is None:
        return None
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return repr(value)
    return text if all(one.isprintable() or one in "\n\t" for one in text) else repr(value)


def _lines(value: Mapping[str, Any]) -> list[str]:
    lines = []
    for key, what in value.items():
        if isinstance(what, list):
            lines += [f"{key}:", *[f"  {one['name']}: {one['value']}" for one in what]]
        elif what is not None:
            shown = what if isinstance(what, str) else msgspec.json.encode(what).decode().strip('"')
            lines.append(f"{key}: {shown}")
    return lines


async def replay(
    service: ServiceName,
    item: Annotated[str | None, typer.Argument(metavar="ID", help="As `list` shows it.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that was set aside.")] = False,
    stream: Annotated[
        str | None, typer.Option(help="With a subscription as ID: only its events of this stream.")
    ] = None,
    actor: By = "",
    as_json: AsJson = False,
    instance: Instance = None,
) -> None:
    """Try one of them, or all, again. Read a record, look for a cause, or have what is parked handled, in order."""
    name, where, say = service_of(service), places(instance), Say(as_json)
    if item is not None and everything:
        raise Failure("Both an ID and --all are given.", "Give one of them.", field="--all")
    if item is None and not everything:
        raise Failure("Say which one.", "Give its ID, or --all.", field="ID")
    if stream is not None and not (item and item.endswith("@")):
        raise Failure("A stream is one of a subscription.", "Give the subscription as ID: intake@", field="--stream")
    async with where.connection(name) as connection:
        if item is not None and parked.concerns(item):
            await parked.ask(connection, say, name, item, stream)
            return
        operator = Operator(name, where.clock(), Vault(where.content_key()), actor or _account())
        chosen = await listed(connection) if item is None else [await waiting(connection, name, item)]
        failed = [one for one in chosen if not await _again(say, connection, operator, one)]
        if item is None:
            await parked.ask_all(connection, say, name)
    if failed:
        given_up = f"yizhan quarantine drop {name} {item or 'ID'} --reason '...'"
        say.note(f"  What to do: Have it sent anew, corrected, by its publisher, then give it up: {given_up}")
        raise typer.Exit(1)


async def _again(say: Say, connection: Connection, operator: Operator, record: SetAside) -> bool:
    """Whether it could be read; if not it stays, and why is told."""
    told = {"id": record.note.ref, "place": record.place}
    try:
        done = await operator.replay(connection, record)
    except Unreadable as fault:
        value = {**told, "outcome": "unreadable", "code": fault.code, "field": fault.field, "remedy": fault.remedy}
        named = fault.field is None or fault.remedy.startswith(f"{fault.field}: ")
        why = fault.remedy if named else f"{fault.field}: {fault.remedy}"
        say.answer(value, f"{record.place} still cannot be read: {fault.code}  {why}")
        return False
    except Refused as refusal:
        value = {**told, "outcome": "refused", "code": refusal.code, "field": refusal.field, "remedy": str(refusal)}
        say.answer(value, f"{record.place} stays: {refusal.code}  {refusal}")
        return False
    say.answer(told | _outcome(done), _said(record, done))
    return True


def _outcome(done: Replayed) -> dict[str, Any]:
    outcome = "duplicate" if done.duplicate else "replayed"
    return {"outcome": outcome, "source": done.origin, "event_id": done.event_id, "position": done.position}


def _said(record: SetAside, done: Replayed) -> str:
    if record.waited:
        return f"{record.place} is accepted again: what its {record.note.field} names is looked for once more"
    if done.duplicate:
        return f"{record.place} is in the log already, at {done.position}: its publisher sent it again"
    return f"{record.place} is in the log now, at {done.position}, as {done.event_id} of {done.origin}"


async def drop(
    service: ServiceName,
    item: Item,
    reason: Annotated[str, typer.Option(help="Why it is given up. It is kept for ever: name no person.")],
    actor: By = "",
    as_json: AsJson = False,
    instance: Instance = None,
) -> None:
    """Give one of them up, for a reason. The log keeps it, with who gave it."""
    name, where, say = service_of(service), places(instance), Say(as_json)
    if not reason.strip():
        raise Failure("It is empty.", "Say why it is given up.", field="--reason")
    by = actor or _account()
    async with where.connection(name) as connection:
        if place := parked.place_of(item):
            await parked.drop(connection, name, place, by, reason, where.clock())
            called = item
            say.note(f"What waits behind it in its stream is tried again by: {parked.again(name, place)}")
        else:
            record = await waiting(connection, name, item)
            called = record.note.ref
            await Operator(name, where.clock(), Vault(where.content_key()), by).drop(connection, record, reason)
    value = {"id": called, "outcome": "dropped", "reason": reason, "actor": by}
    say.answer(value, f"{called} is dropped, by {by}: {reason}")
