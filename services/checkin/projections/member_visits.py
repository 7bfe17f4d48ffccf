"""member_visits: every visit, by member and by station, and the scans that led to none."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Boolean, Column, DateTime, Index, Text, select, text

from shared.clock import CHINA
from shared.log.read import Recorded
from shared.projecting import Projection, Put, RowChange, Set
from shared.queries import View

from ..domain.visits import DuplicateScanIgnored, ScanRefused, VisitEnded, VisitStarted, VisitVoided

MEMBER_VISITS = Projection("member_visits", 1)
VISIT = MEMBER_VISITS.table(
    "visit",
    Column("visit_id", Text, primary_key=True),
    Column("member_id", Text, nullable=False),
    Column("station_id", Text, nullable=False),
    Column("gate_id", Text, nullable=False),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("ends_at", DateTime(timezone=True), nullable=False),  # the end: told, or what CK3 says while it is open
    Column("exit_kind", Text),  # null while open; voided, whatever it was before
    Column("counted", Boolean, nullable=False),
    Column("offline", Boolean, nullable=False),
    Column("clock_corrected", Boolean, nullable=False),
    Column("flags", Text, nullable=False),
)
Index("visit_v1_station", VISIT.c.station_id, VISIT.c.started_at)
Index("visit_v1_member", VISIT.c.member_id, VISIT.c.started_at)
PASSED = MEMBER_VISITS.table(
    "passed_scan",
    Column("scan_id", Text, primary_key=True),
    Column("member_id", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("visit_id", Text),  # of a duplicate: the visit it found open
    Column("station_id", Text),
    Column("code", Text, nullable=False),
)
Index("passed_scan_v1_visit", PASSED.c.visit_id)


@MEMBER_VISITS.on(VisitStarted)
def visit_started(event: VisitStarted, row: Recorded) -> list[RowChange]:
    visit = {
        "visit_id": event.visit_id,
        "member_id": event.member_id,
        "station_id": event.station_id,
        "gate_id": event.gate_id,
        "started_at": event.at,
        "ends_at": event.ends_at,
        "exit_kind": None,
        "counted": event.counted,
        "offline": event.offline,
        "clock_corrected": event.clock_corrected,
        "flags": " ".join(event.flags),
    }
    return [Put(VISIT, visit)]


@MEMBER_VISITS.on(VisitEnded)
def visit_ended(event: VisitEnded, row: Recorded) -> list[RowChange]:
    return [Set(VISIT, {"visit_id": event.visit_id, "ends_at": event.at, "exit_kind": event.exit_kind})]


@MEMBER_VISITS.on(VisitVoided)
def visit_voided(event: VisitVoided, row: Recorded) -> list[RowChange]:
    return [Set(VISIT, {"visit_id": event.visit_id, "exit_kind": "voided"})]


@MEMBER_VISITS.on(DuplicateScanIgnored)
def duplicate_ignored(event: DuplicateScanIgnored, row: Recorded) -> list[RowChange]:
    return [Put(PASSED, _passed(event.scan_id, row, event.at, visit_id=event.visit_id, code="DUPLICATE"))]


@MEMBER_VISITS.on(ScanRefused)
def scan_refused(event: ScanRefused, row: Recorded) -> list[RowChange]:
    return [Put(PASSED, _passed(event.scan_id, row, event.at, station_id=event.station_id, code=event.code))]


def _passed(
    scan_id: str, row: Recorded, at: datetime, *, code: str, visit_id: str | None = None, station_id: str | None = None
) -> dict[str, Any]:
    place = {"visit_id": visit_id, "station_id": station_id, "code": code}
    return {"scan_id": scan_id, "member_id": row.entity, "at": at, **place}


async def of_member(view: View, member_id: str, limit: int, before: datetime | None) -> list[dict[str, Any]]:
    """A member's visits, newest first."""
    query = select(VISIT).where(VISIT.c.member_id == member_id).order_by(VISIT.c.started_at.desc()).limit(limit)
    if before is not None:
        query = query.where(VISIT.c.started_at < before)
    return [{**row._mapping, "flags": row.flags.split()} for row in await view.db.execute(query)]


async def flow(view: View, station_id: str, day: date) -> dict[str, Any]:
    """A station's day by the visits that started on it: how many, who, how full, how long."""
    start = datetime(day.year, day.month, day.day, tzinfo=CHINA)
    wanted = {"station": station_id, "from": start, "to": start + timedelta(days=1)}
    row = (await view.db.execute(FLOW, wanted)).one()
    return {"station_id": station_id, "day": day.isoformat(), **dict(row._mapping)}


# Peak: a running sum over entries and exits; at one instant the exit comes first, as stays are half-open.
FLOW = text("""
with day as (select * from visit_v1 where station_id = :station and started_at >= :from and started_at < :to
                                          and exit_kind is distinct from 'voided'),
     door as (select started_at as at, 1 as step from day union all select ends_at, -1 from day),
     inside as (select sum(step) over (order by at, step) as now from door)
select count(*) as visits,
       count(*) filter (where counted) as counted,
       count(distinct member_id) as members,
       coalesce((select max(now) from inside), 0) as peak,
       coalesce(sum(extract(epoch from ends_at - started_at))::bigint / 60, 0) as person_minutes,
       count(*) filter (where clock_corrected) as clock_corrected,
       count(*) filter (where exit_kind = 'auto') as auto_ended,
       (select count(*) from passed_scan_v1 p join day d on d.visit_id = p.visit_id) as duplicates_ignored
  from day""")
