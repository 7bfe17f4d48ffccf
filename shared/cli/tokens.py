"""`yizhan token`: a bearer token for development, signed by the instance's own issuer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from shared.cli.places import places
from shared.cli.saying import AsJson, Failure, Instance, Say, command

LONGEST = 24 * 31  # hours


def register(app: typer.Typer) -> None:
    command(app, "token", "yizhan token W13 --role volunteer --station S1 --hours 2")(token)


async def token(
    subject: Annotated[str, typer.Argument(help="Whom it names: a member's or a machine's id.")],
    role: Annotated[list[str], typer.Option("--role", help="What the caller may act as; may be repeated.")],
    station: Annotated[
        list[str] | None, typer.Option("--station", help="A station it serves, or *; repeatable.")
    ] = None,
    org: Annotated[str, typer.Option(help="The organisation.")] = "default",
    hours: Annotated[float, typer.Option(help=f"How long it holds; at most {LONGEST}.")] = 24.0,
    as_json: AsJson = False,
    instance: Instance = None,
) -> None:
    """Make a bearer token for development; production has an issuer of its own."""
    where = places(instance)
    if where.production:
        remedy = "Ask the issuer that YIZHAN_ISSUER names."
        raise Failure("ENV is prod: this issuer serves development only.", remedy, field="ENV")
    if not subject.strip():
        raise Failure("It is empty.", "Name the caller, as in W13.", field="SUBJECT")
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
    Say(as_json).answer({**value, "header": f"Authorization: Bearer {signed}"}, signed)
