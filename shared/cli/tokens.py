"""`yizhan token`: a bearer token for development, signed by the instance's own issuer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Annotated

import typer

from shared.access.table import ADMIN, Access
from shared.cli.names import did_you_mean
from shared.cli.places import places
from shared.cli.saying import AsJson, Failure, Instance, Say, command
from shared.contracts.registry import SERVICES

LONGEST = 24 * 31  # hours


def register(app: typer.Typer) -> None:
    command(app, "token", "yizhan token W13 --role volunteer --station S1 --hours 2")(token)


async def token(
    subject: Annotated[str, typer.Argument(metavar="SUBJECT", help="Whom it names: a member's or a machine's id.")],
    role: Annotated[list[str], typer.Option("--role", help="What the caller may act as; may be repeated.")],
    station: Annotated[
        list[str] | None, typer.Option("--station", help="A station it serves, or *; repeatable.")
    ] = None,
    org: Annotated[str, typer.Option(help="The organisation.")] = "default",
    hours: Annotated[float, typer.Option(help=f"How long it holds; at most {LONGEST}.")] = 24.0,
    as_json: AsJson = False,
    instance: Instance = None,
) -> None:
    """Make a bearer token for development. Production has an issuer of its own."""
    where = places(instance)
    if where.production:
        remedy = "Ask the issuer that YIZHAN_ISSUER names."
        raise Failure("ENV is prod: this issuer serves development only.", remedy, field="ENV")
    if not subject.strip():
        raise Failure("It is empty.", "Name the caller, as in W13.", field="SUBJECT")
    if not all(one.strip() for one in (*role, *(station or ()), org)):
        raise Failure("It is empty.", "Give some text, or leave it out.", field=_empty(role, station))
    if not 0 < hours <= LONGEST:
        raise Failure(f"{hours:g} hours are not possible.", f"Give more than 0 and at most {LONGEST}.", field="--hours")
    signed = where.issuer().token(subject, role, org=org, stations=station or (), hours=hours)
    ends = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=hours)
    value = {
        "token": signed,
        "subject": subject,
        "roles": role,
        "stations": station or [],
        "org": org,
        "expires_at": ends,
    }
    say = Say(as_json)
    say.answer({**value, "header": f"Authorization: Bearer {signed}"}, signed)
    for unknown in set(role) - _known_roles():
        say.note(f"No route asks for the role {unknown!r}.{did_you_mean(unknown, _known_roles())}")


def _empty(role: list[str], station: list[str] | None) -> str:
    named = {"--role": role, "--station": station or []}
    return next((name for name, given in named.items() if not all(one.strip() for one in given)), "--org")


def _known_roles() -> set[str]:
    """What the services' own tables name; what they do not may still be meant for another system."""
    tables: list[Access] = [import_module(f"services.{name}.access").ACCESS for name in SERVICES]
    return {ADMIN}.union(*(table.roles() for table in tables))
