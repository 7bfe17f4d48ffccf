"""`yizhan projections`: how far read tables are, and building them anew from the log."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import typer

from shared.cli.names import AnyService, ServiceName, meant, service_of, services_of
from shared.cli.places import places
from shared.cli.saying import AsJson, Instance, NothingFound, Say, command
from shared.database import Connection
from shared.rebuilding import ProjectionState, ask_rebuild, listed

LOOK = 0.3  # seconds between two looks


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Read tables: how far they are, and building them anew.")
    command(group, "list", "yizhan projections list points")(list_all)
    command(group, "rebuild", "yizhan projections rebuild points balance --wait")(rebuild)
    app.add_typer(group, name="projections")


async def list_all(service: AnyService = None, as_json: AsJson = False, instance: Instance = None) -> None:
    """List read models with version, position and state."""
    where, rows = places(instance), []
    for name in services_of(where, service):
        async with where.connection(name) as connection:
            rows += [_row(name, state) for state in await listed(connection)]
    shown = [{**row, "followed": "yes" if row["owner"] else "by nobody"} for row in rows]
    columns = ("service", "name", "version", "position", "head", "state", "built", "followed", "error")
    Say(as_json).rows(rows if as_json else shown, columns)


def _row(service: str, state: ProjectionState) -> dict[str, Any]:
    return {"service": service, **state._asdict()}


async def rebuild(
    service: ServiceName,
    projection: Annotated[str, typer.Argument(metavar="NAME", help="As `list` shows it.")],
    wait: Annotated[bool, typer.Option("--wait", help="Wait until it is live; failed is exit code 1.")] = False,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds that --wait waits.")] = 600.0,
    as_json: AsJson = False,
    instance: Instance = None,
) -> None:
    """Build a read model anew from the log. The live one answers until the new one is where it is."""
    name, say = service_of(service), Say(as_json)
    async with places(instance).connection(name) as connection:
        known = {state.name for state in await listed(connection)}
        if projection not in known:
            remedy = meant(projection, known) or f"Name one of: {', '.join(sorted(known)) or 'none yet'}."
            raise NothingFound(f"{name} has no projection {projection!r}.", remedy, field="NAME")
        await ask_rebuild(connection, projection)
        if not wait:
            value = {"service": name, "name": projection, "outcome": "asked"}
            say.answer(value, f"{projection} is to be built anew; how far it is: yizhan projections list {name}")
            return
        state = await _settled(connection, projection, timeout)
    error = f": {state.error}" if state.error else ""
    shown = f"{state.name} version {state.version} is {state.state} at {state.position} of {state.head}{error}"
    say.answer(_row(name, state), shown)
    if state.state == "failed":
        raise typer.Exit(1)


async def _settled(connection: Connection, name: str, timeout: float) -> ProjectionState:
    """The state when it is not being built any more; that it was asked for is seen at once."""
    try:
        async with asyncio.timeout(timeout):
            while True:
                state = {one.name: one for one in await listed(connection)}[name]
                if state.state != "building":
                    return state
                await asyncio.sleep(LOOK)
    except TimeoutError:
        why = f"{name} is not built after {timeout:g} s."
        raise NothingFound(why, "It goes on being built while the service runs: list it again.") from None
