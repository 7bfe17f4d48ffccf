"""hazard_register: every hazard that was reported, what came of it, and what its report was worth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Index, Integer, Text, select

from shared.errors import NotFound
from shared.log.read import Recorded
from shared.projecting import Projection, Put, RowChange, Set
from shared.queries import View

from ..domain.hazard import (
    HazardAcceptanceRevoked,
    HazardLinked,
    HazardReportAccepted,
    HazardReported,
    HazardReportRejected,
)

HAZARD_REGISTER = Projection("hazard_register", 1)
HAZARD = HAZARD_REGISTER.table(
    "hazard",
    Column("hazard_id", Text, primary_key=True),
    Column("number", BigInteger),
    Column("org", Text),
    Column("station_id", Text),
    Column("asset_id", Text),
    Column("category", Text),
    Column("suspected_severity", Text),
    Column("reporter_id", Text),
    Column("content_ref", Text),
    Column("spotted_at", DateTime(timezone=True)),
    Column("received_at", DateTime(timezone=True)),
    Column("clock_corrected", Boolean),
    Column("note", Text),
    Column("rectification_id", Text),
    Column("state", Text),
    Column("points", Integer),
    Column("code", Text),
)
Index("hazard_v1_number", HAZARD.c.org, HAZARD.c.number)
Index("hazard_v1_station", HAZARD.c.station_id, HAZARD.c.number)


@HAZARD_REGISTER.on(HazardReported)
def reported(event: HazardReported, row: Recorded) -> list[RowChange]:
    told = ("hazard_id", "station_id", "asset_id", "category", "suspected_severity", "reporter_id", "content_ref")
    times = {"spotted_at": event.at, "received_at": event.received_at, "clock_corrected": event.clock_corrected}
    note = "LATE_BEYOND_WINDOW" if event.late else None
    where = {"number": row.position, "org": row.context().org, "state": "open", "note": note}
    return [Put(HAZARD, {**{name: getattr(event, name) for name in told}, **times, **where})]


@HAZARD_REGISTER.on(HazardLinked)
def linked(event: HazardLinked, row: Recorded) -> list[RowChange]:
    """Maybe before the report itself: then the row has no number yet, and is not shown."""
    return [Put(HAZARD, {"hazard_id": event.hazard_id, "rectification_id": event.rectification_id})]


@HAZARD_REGISTER.on(HazardReportAccepted)
def accepted(event: HazardReportAccepted, row: Recorded) -> list[RowChange]:
    return [Set(HAZARD, {"hazard_id": event.hazard_id, "state": "accepted", "points": event.points, "code": None})]


@HAZARD_REGISTER.on(HazardReportRejected)
def rejected(event: HazardReportRejected, row: Recorded) -> list[RowChange]:
    return [Set(HAZARD, {"hazard_id": event.hazard_id, "state": "rejected", "points": 0, "code": event.code})]


@HAZARD_REGISTER.on(HazardAcceptanceRevoked)
def revoked(event: HazardAcceptanceRevoked, row: Recorded) -> list[RowChange]:
    return [Set(HAZARD, {"hazard_id": event.hazard_id, "state": "revoked", "points": 0})]


async def of(view: View, hazard_id: str) -> dict[str, Any]:
    """One hazard. Raises `NotFound`."""
    query = select(HAZARD).where(HAZARD.c.hazard_id == hazard_id, HAZARD.c.number.is_not(None))
    row = (await view.db.execute(query)).first()
    if row is None:
        raise NotFound(f"no hazard {hazard_id} was reported", field="hazard_id")
    return _shown(dict(row._mapping))


async def page(view: View, wanted: Mapping[str, str | None], limit: int, before: int | None) -> dict[str, Any]:
    """Those that are as wanted, the latest first, and where the next page begins."""
    query = select(HAZARD).where(HAZARD.c.number.is_not(None)).order_by(HAZARD.c.number.desc()).limit(limit)
    for name, value in wanted.items():
        if value is not None:
            query = query.where(HAZARD.c[name] == value)
    if before is not None:
        query = query.where(HAZARD.c.number < before)
    rows = [dict(row._mapping) for row in await view.db.execute(query)]
    return {"hazards": [_shown(row) for row in rows], "next": rows[-1]["number"] if len(rows) == limit else None}


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in ("number", "org")}
