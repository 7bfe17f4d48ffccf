"""`yizhan quarantine`: what was set aside, because it could not be read or because its effect could not be had."""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, TypeAlias

import msgspec
import typer

from shared.cli import parked
from shared.cli.names import AnyService, ServiceName, service_of
from shared.cli.places import Places, places
from shared.cli.saying import AsJson, Failure, Instance, Say, command, table
from shared.content import Vault
from shared.contracts.envelope import Unreadable
from shared.contracts.registry import SERVICES
from shared.database import Connection
from shared.errors import Refused
from shared.page import KeptRecord
from shared.quarantine import Operator, Replayed, SetAside, find, kept, listed
from shared.waits import expired_wait, told

Item: TypeAlias = Annotated[
    str,
    typer.Argument(metavar="ID", help="As `list` shows it; of a reference its beginning, or the record's place."),
]
By: TypeAlias = Annotated[str, typer.Option("--actor", help="In whose name. Default: the account of this shell.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="What was set aside: list it, look at it, try it again, give it up.")
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
    """List records that could not be read, events whose cause never came, and events that subscriptions have parked."""
    where, say = places(instance), Say(as_json)
    rows: list[dict[str, Any]] = []
    for name in _services(where, service):
        async with where.connection(name) as connection:
            rows += [_aside(name, one) for one in await listed(connection)]
            rows += [parked.value(name, one) for one in await parked.all_of(connection)]
    if as_json:
        for row in rows:
            say.answer(row, "")
    elif rows:
        columns = ("id", "kind", "service", "place", "code", "field", "when", "why")
        say.answer(rows, table(columns, [[_cell(row[column]) for column in columns] for row in rows]))
    else:
        say.answer([], "Nothing is set aside.")


def _services(where: Places, service: str | None) -> tuple[str, ...]:
    if service is not None:
        return (service_of(service),)
    if where.one_database:
        raise Failure("YIZHAN_DATABASE is of one service.", "Say of which one.", field="SERVICE")
    return SERVICES


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


def _cell(value: Any) -> Any:
    return f"{value:%Y-%m-%d %H:%M:%S}" if isinstance(value, datetime) else value


async def show(service: ServiceName, item: Item, as_json: AsJson = False, instance: Instance = None) -> None:
    """Show one of them: a record's headers and bytes, which need the content key, or the event and why it is there."""
    name, where, say = service_of(service), places(instance), Say(as_json)
    async with where.connection(name) as connection:
        if place := parked.place_of(item):
            value = await parked.shown(connection, name, place)
        else:
            record = find(await listed(connection), item)
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
    """Read a record again with today's code, look for a cause again, or have what is parked tried again."""
    name, where, say = service_of(service), places(instance), Say(as_json)
    if (item is None) is not everything:
        raise Failure("Say which one.", "Give its ID, or --all.", field="ID")
    async with where.connection(name) as connection:
        if item is not None and parked.concerns(item):
            await parked.ask(connection, say, name, item, stream)
            return
        waiting = await listed(connection)
        operator = Operator(name, where.clock(), Vault(where.content_key()), actor or _account())
        chosen = waiting if item is None else [find(waiting, item)]
        failed = [one for one in chosen if not await _again(say, connection, operator, one)]
        if item is None:
            await parked.ask_all(connection, say, name)
    if failed:
        raise typer.Exit(1)


async def _again(say: Say, connection: Connection, operator: Operator, record: SetAside) -> bool:
    """Whether it could be read; if not it stays, and why is told."""
    told = {"id": record.note.ref, "place": record.place}
    try:
        done = await operator.replay(connection, record)
    except Unreadable as fault:
        value = {**told, "outcome": "unreadable", "code": fault.code, "field": fault.field, "remedy": fault.remedy}
        why = f"{fault.field}: {fault.remedy}" if fault.field else fault.remedy
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
    reason: Annotated[str, typer.Option(help="Why it is given up; kept in the log.")],
    actor: By = "",
    as_json: AsJson = False,
    instance: Instance = None,
) -> None:
    """Give one of them up, for a reason that is kept in the log with who gave it."""
    name, where, say = service_of(service), places(instance), Say(as_json)
    if not reason.strip():
        raise Failure("It is empty.", "Say why it is given up.", field="--reason")
    by = actor or _account()
    async with where.connection(name) as connection:
        if place := parked.place_of(item):
            await parked.drop(connection, place, by, reason, where.clock())
            called = item
        else:
            record = find(await listed(connection), item)
            called = record.note.ref
            await Operator(name, where.clock(), Vault(where.content_key()), by).drop(connection, record, reason)
    value = {"id": called, "outcome": "dropped", "reason": reason, "actor": by}
    say.answer(value, f"{called} is dropped, by {by}: {reason}")
