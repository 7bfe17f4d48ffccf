"""patrol_register: every report, station by station and day by day: what was found, what became of it and why."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Column, DateTime, Index, Integer, Text, select

from shared.clock import CHINA
from shared.decider import WaitExpired
from shared.errors import CauseMissing, NotFound
from shared.log.read import Recorded
from shared.projecting import Projection, Put, RowChange, Set
from shared.queries import View

from ..domain.report_events import (
    PatrolReportAccepted,
    PatrolReportRejected,
    PatrolReportReturned,
    PatrolReportSubmitted,
    PatrolReportVoided,
    ReportEscalated,
    ReportSentToReview,
)

PATROL_REGISTER = Projection("patrol_register", 1)
REPORT = PATROL_REGISTER.table(
    "patrol_report",
    Column("report_id", Text, primary_key=True),
    Column("org", Text, nullable=False),
    Column("duty_id", Text, nullable=False),
    Column("station_id", Text, nullable=False),
    Column("volunteer_id", Text, nullable=False),
    Column("performed_from", DateTime(timezone=True), nullable=False),
    Column("performed_to", DateTime(timezone=True), nullable=False),
    Column("missed_items", Text, nullable=False),  # codes with a blank between them
    Column("state", Text, nullable=False),
    Column("decided_by", Text),
    Column("kind_paid", Text),
    Column("points", Integer),
    Column("code", Text),
)
Index("patrol_report_v1_station", REPORT.c.station_id, REPORT.c.performed_from)


@PATROL_REGISTER.on(PatrolReportSubmitted)
def submitted(event: PatrolReportSubmitted, row: Recorded) -> list[RowChange]:
    who = {"duty_id": event.duty_id, "station_id": event.station_id, "volunteer_id": event.volunteer_id}
    when = {"performed_from": event.performed_from, "performed_to": event.performed_to}
    missed = " ".join(answer.item for answer in event.checklist if not answer.ok)
    what = {"missed_items": missed, "state": "submitted", "code": "LATE_BEYOND_WINDOW" if event.late else None}
    nobody = {"decided_by": None, "org": row.context().org}
    return [Put(REPORT, {"report_id": event.report_id, **who, **when, **what, **nobody})]


@PATROL_REGISTER.on(PatrolReportAccepted)
def accepted(event: PatrolReportAccepted, row: Recorded) -> list[RowChange]:
    paid = {"kind_paid": event.kind_paid, "points": event.points, "code": event.note}
    return [Set(REPORT, {"report_id": event.report_id, "state": "accepted", "decided_by": event.by, **paid})]


@PATROL_REGISTER.on(PatrolReportRejected)
def rejected(event: PatrolReportRejected, row: Recorded) -> list[RowChange]:
    answer = {"state": "rejected", "decided_by": event.by, "code": event.code}
    return [Set(REPORT, {"report_id": event.report_id, **answer})]


@PATROL_REGISTER.on(PatrolReportReturned)
def returned(event: PatrolReportReturned, row: Recorded) -> list[RowChange]:
    answer = {"state": "returned", "decided_by": event.by, "code": event.code}
    return [Set(REPORT, {"report_id": event.report_id, **answer})]


@PATROL_REGISTER.on(PatrolReportVoided)
def voided(event: PatrolReportVoided, row: Recorded) -> list[RowChange]:
    answer = {"state": "voided", "decided_by": event.by, "code": event.code}
    return [Set(REPORT, {"report_id": event.report_id, **answer, "points": 0})]


@PATROL_REGISTER.on(WaitExpired)
def quarantined(event: WaitExpired, row: Recorded) -> list[RowChange]:
    """Until it is filed again, by a replay or by its publisher."""
    return [Set(REPORT, {"report_id": row.entity, "state": "quarantined", "code": CauseMissing.code})]


@PATROL_REGISTER.on(ReportSentToReview)
def sent_to_review(event: ReportSentToReview, row: Recorded) -> list[RowChange]:
    return [Set(REPORT, {"report_id": event.report_id, "state": "under_review"})]


@PATROL_REGISTER.on(ReportEscalated)
def escalated(event: ReportEscalated, row: Recorded) -> list[RowChange]:
    return [Set(REPORT, {"report_id": event.report_id, "state": "escalated"})]


async def of(view: View, report_id: str) -> dict[str, Any]:
    """One report. Raises `NotFound`."""
    row = (await view.db.execute(select(REPORT).where(REPORT.c.report_id == report_id))).first()
    if row is None:
        raise NotFound(f"no report {report_id} was filed", field="report_id")
    return _shown(dict(row._mapping))


async def of_day(view: View, org: str, station_id: str, day: date) -> dict[str, Any]:
    """The patrols that began at a station on a day, how many of each kind and state there were, and what was missed."""
    start = datetime(day.year, day.month, day.day, tzinfo=CHINA)
    query = select(REPORT).where(REPORT.c.org == org, REPORT.c.station_id == station_id)
    query = query.where(REPORT.c.performed_from >= start, REPORT.c.performed_from < start + timedelta(days=1))
    rows = await view.db.execute(query.order_by(REPORT.c.performed_from, REPORT.c.report_id))
    reports = [_shown(dict(row._mapping)) for row in rows]
    return {
        "station_id": station_id,
        "day": day.isoformat(),
        "kinds": _counted([report["kind_paid"] for report in reports if report["state"] == "accepted"]),
        "states": _counted([report["state"] for report in reports]),
        "missed_items": _counted([item for report in reports for item in report["missed_items"]]),
        "reports": reports,
    }


def _counted(words: list[str]) -> dict[str, int]:
    return {word: words.count(word) for word in sorted(set(words))}


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return {**{name: row[name] for name in row if name != "org"}, "missed_items": row["missed_items"].split()}
