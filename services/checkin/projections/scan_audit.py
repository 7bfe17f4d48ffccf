"""scan_audit: what each gate let in, refused and flagged on each day, and which gates are registered.

It counts what was told: a visit that is voided afterwards was let in all the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from sqlalchemy import Column, Date, DateTime, Integer, Text, select, tuple_

from shared.errors import ValidationFailed
from shared.log.read import Recorded
from shared.projecting import Add, Drop, Projection, Put, RowChange
from shared.queries import View

from ..domain.gates import GateRegistered, GateRemoved
from ..domain.visits import DuplicateScanIgnored, ScanRefused, VisitEnded, VisitStarted
from .scope import Days, day_of

UNSAID = "-"  # the gate of events of before they named it

SCAN_AUDIT = Projection("scan_audit", 1)
COUNT = SCAN_AUDIT.table(
    "scan_audit",
    Column("day", Date, primary_key=True),
    Column("station_id", Text, primary_key=True),
    Column("gate_id", Text, primary_key=True),
    Column("kind", Text, primary_key=True),  # passed, refused, flag or clock
    Column("code", Text, primary_key=True),
    Column("scans", Integer, nullable=False),
)
GATE = SCAN_AUDIT.table(
    "gate",
    Column("station_id", Text, primary_key=True),
    Column("gate_id", Text, primary_key=True),
    Column("direction", Text),  # null: both
    Column("registered_at", DateTime(timezone=True), nullable=False),
)
KEY = (COUNT.c.day, COUNT.c.station_id, COUNT.c.gate_id, COUNT.c.kind, COUNT.c.code)


def _counts(at: datetime, station_id: str, gate_id: str | None, told: Iterable[tuple[str, str]]) -> list[RowChange]:
    key = {"day": day_of(at), "station_id": station_id, "gate_id": gate_id or UNSAID}
    return [Add(COUNT, {**key, "kind": kind, "code": code, "scans": 1}) for kind, code in told]


def _clock(event: VisitStarted | VisitEnded) -> list[tuple[str, str]]:
    marks = {"offline": event.offline, "clock_corrected": event.clock_corrected}
    return [("clock", name) for name, holds in marks.items() if holds] + [("flag", flag) for flag in event.flags]


@SCAN_AUDIT.on(VisitStarted)
def visit_started(event: VisitStarted, row: Recorded) -> list[RowChange]:
    return _counts(event.at, event.station_id, event.gate_id, [("passed", "entry"), *_clock(event)])


@SCAN_AUDIT.on(VisitEnded)
def visit_ended(event: VisitEnded, row: Recorded) -> list[RowChange]:
    """Ends by time, by the next scan or by a chief are no scans of a gate."""
    if event.exit_kind != "scanned":
        return []
    return _counts(event.at, event.station_id, event.gate_id, [("passed", "exit"), *_clock(event)])


@SCAN_AUDIT.on(DuplicateScanIgnored)
def duplicate_ignored(event: DuplicateScanIgnored, row: Recorded) -> list[RowChange]:
    return _counts(event.at, event.station_id or UNSAID, event.gate_id, [("passed", "duplicate")])


@SCAN_AUDIT.on(ScanRefused)
def scan_refused(event: ScanRefused, row: Recorded) -> list[RowChange]:
    return _counts(event.at, event.station_id, event.gate_id, [("refused", event.code)])


@SCAN_AUDIT.on(GateRegistered)
def gate_registered(event: GateRegistered, row: Recorded) -> list[RowChange]:
    key = {"station_id": event.station_id, "gate_id": event.gate_id}
    return [Put(GATE, {**key, "direction": event.direction, "registered_at": event.at})]


@SCAN_AUDIT.on(GateRemoved)
def gate_removed(event: GateRemoved, row: Recorded) -> list[RowChange]:
    return [Drop(GATE, {"station_id": event.station_id, "gate_id": event.gate_id})]


async def audit(
    view: View, wanted: Days, station_id: str | None, limit: int, after: str | None
) -> tuple[list[dict[str, Any]], str | None]:
    """Counts in the order of day, station, gate; and where the next page begins, if there is one."""
    query = select(COUNT).where(COUNT.c.day >= wanted.first, COUNT.c.day < wanted.after).order_by(*KEY).limit(limit)
    if station_id is not None:
        query = query.where(COUNT.c.station_id == station_id)
    if after is not None:
        query = query.where(tuple_(*KEY) > tuple_(*_parsed(after)))
    rows = [dict(row._mapping) for row in await view.db.execute(query)]
    last = rows[-1] if len(rows) == limit else None
    return rows, "/".join(str(last[column.name]) for column in KEY) if last else None


def _parsed(cursor: str) -> list[Any]:
    """Ids hold no slash."""
    day, *rest = cursor.split("/")
    if len(rest) != len(KEY) - 1:
        raise ValidationFailed("it is not the `next` of a page", field="after")
    try:
        return [date.fromisoformat(day), *rest]
    except ValueError:
        raise ValidationFailed("it is not the `next` of a page", field="after") from None


async def gates(view: View, station_id: str) -> list[dict[str, Any]]:
    """A station's registered gates."""
    query = select(GATE).where(GATE.c.station_id == station_id).order_by(GATE.c.gate_id)
    return [dict(row._mapping) for row in await view.db.execute(query)]
