"""`yizhan verify`: prove that a service's log is what was appended, and that nothing was cut off."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import msgspec
import typer
from psycopg import IsolationLevel

from shared.cli.names import ServiceName, service_of
from shared.cli.places import Places, places
from shared.cli.saying import AsJson, Failure, Instance, Say, command
from shared.log.verify import Verdict
from shared.log.verify import verify as verify_log
from shared.service import Service
from shared.verifying import verify_projection

HEAD = re.compile(r"([0-9]{1,18}):([0-9a-f]{64})\Z")


def register(app: typer.Typer) -> None:
    command(app, "verify", "yizhan verify points --head-file points.head --export points.head")(verify)


class Head(NamedTuple):
    """Where a log ended, as it was exported."""

    position: int
    chain: bytes

    def __str__(self) -> str:
        return f"{self.position}:{self.chain.hex()}"


class ReadTables(NamedTuple):
    """What is wrong with rows, and what they cannot hold yet, as it is parked."""

    row_faults: list[str]
    parked: list[str]

    def lines(self) -> list[str]:
        """For people."""
        verdict = f"rows: FAULTS, {len(self.row_faults)}" if self.row_faults else "rows: as the log has them"
        return [verdict, *[f"  {line}" for line in (*self.row_faults, *self.parked)]]


async def verify(
    service: ServiceName,
    head: Annotated[str | None, typer.Option(help="A head exported before, position:chain.")] = None,
    head_file: Annotated[Path | None, typer.Option(help="A file that --export has written before.")] = None,
    export: Annotated[Path | None, typer.Option(help="Write the head here, when no fault is found.")] = None,
    rows: Annotated[bool, typer.Option("--rows", help="Also hold every read table against the log.")] = False,
    as_json: AsJson = False,
    instance: Instance = None,
) -> None:
    """Recompute the chain of a service's whole log. With a head exported before, prove that nothing was cut off."""
    name, where, say = service_of(service), places(instance), Say(as_json)
    before = _exported(name, head, head_file)
    async with where.connection(name) as connection:
        # One snapshot: what is appended meanwhile must not look like rows that the head does not know.
        await connection.set_isolation_level(IsolationLevel.REPEATABLE_READ)
        await connection.set_read_only(True)
        async with connection.transaction():
            verdict = await verify_log(connection, before)
    now = Head(verdict.position, verdict.chain)
    read = await _read_tables(where, name) if rows and verdict.fault is None else ReadTables([], [])
    value = _value(name, verdict, now)
    if rows:
        value |= {"ok": value["ok"] and not read.row_faults, **read._asdict()}
    say.answer(value, "\n".join([_shown(name, verdict, now, before), *(read.lines() if rows else [])]))
    if verdict.fault is not None or read.row_faults:
        raise typer.Exit(1)
    if export is not None:
        _write(export, name, now)
        say.note(f"The head is in {export}.")


async def _read_tables(where: Places, name: str) -> ReadTables:
    """Rows are what a service's own rules make of its log, so here the service itself is needed."""
    service: Service = import_module(f"services.{name}.main").SERVICE
    found = ReadTables([], [])
    async with where.connection(name) as connection:
        for projection in service.all_projections:
            faults, waiting = await verify_projection(connection, projection, service.codec)
            found.row_faults.extend(faults)
            found.parked.extend(waiting)
    return found


def _exported(service: str, head: str | None, file: Path | None) -> Head | None:
    if head is not None and file is not None:
        raise Failure("Both --head and --head-file are given.", "Give one of them.", field="--head")
    if head is not None:
        return _head(head, "--head")
    if file is None:
        return None
    try:
        text = file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        why = f"{file} cannot be read ({getattr(error, 'strerror', 'not text')})."
        raise Failure(why, "Name a file that --export has written.", field="--head-file") from error
    try:
        kept = msgspec.json.decode(text, type=dict[str, str])
    except msgspec.MsgspecError:
        return _head(text.strip(), "--head-file")
    if kept.get("service", service) != service:
        why = f"This head is of {kept['service']}, not of {service}."
        raise Failure(why, f"Name the file of {service}.", field="--head-file")
    return _head(kept.get("head", ""), "--head-file")


def _head(text: str, field: str) -> Head:
    if found := HEAD.match(text):
        return Head(int(found[1]), bytes.fromhex(found[2]))
    remedy = "A head is <position>:<64 hexadecimal digits>, as `yizhan verify SERVICE` prints it."
    raise Failure(f"{text[:80]!r} is no head.", remedy, field=field)


def _write(file: Path, service: str, head: Head) -> None:
    kept = {"service": service, "head": str(head), "exported_at": datetime.now(UTC).isoformat(timespec="seconds")}
    try:
        file.write_bytes(msgspec.json.encode(kept) + b"\n")
    except OSError as error:
        why = f"{file} cannot be written ({error.strerror})."
        raise Failure(why, "Name a file in a folder that is there.", field="--export") from error


def _value(service: str, verdict: Verdict, head: Head) -> dict[str, Any]:
    faulty = verdict.fault is not None
    return {
        "service": service,
        "ok": not faulty,
        "checked": verdict.checked,
        "head": None if faulty else str(head),
        "fault": verdict.fault,
        "at": verdict.position if faulty else None,
    }


def _shown(service: str, verdict: Verdict, head: Head, before: Head | None) -> str:
    if verdict.fault is not None:
        remedy = "Stop writing, keep the database as it is, and compare with a backup."
        return f"{service}: FAULT after {verdict.checked} events: {verdict.fault}\n  What to do: {remedy}"
    proof = f", and it holds the head exported at {before.position}" if before else ""
    return f"{service}: {verdict.checked} events, the chain holds{proof}\nhead {head}"
