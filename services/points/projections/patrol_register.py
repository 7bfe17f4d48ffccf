"""patrol_register: every report, what became of it and why."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, DateTime, Index, Integer, Text, select

from shared.decider import WaitExpired
from shared.errors import CauseMissing, NotFound
from shared.log.read import Recorded
from shared.projecting import Projection, Put, RowChange, Set
from shared.queries import View

from ..domain.report import PatrolReportAccepted, PatrolReportRejected, PatrolReportSubmitted, ReportSentToReview

PATROL_REGISTER = Projection("patrol_register", 1)
REPORT = PATROL_REGISTER.table(
    "patrol_report",
    Column("report_id", Text, primary_key=True),
    Column("duty_id", Text, nullable=False),
    Column("station_id", Text, nullable=False),
    Column("volunteer_id", Text, nullable=False),
    Column("performed_from", DateTime(timezone=True), nullable=False),
    Column("performed_to", DateTime(timezone=True), nullable=False),
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
    code = "LATE_BEYOND_WINDOW" if event.late else None
    return [Put(REPORT, {"report_id": event.report_id, **who, **when, "state": "submitted", "code": code})]


@PATROL_REGISTER.on(PatrolReportAccepted)
def accepted(event: PatrolReportAccepted, row: Recorded) -> list[RowChange]:
    paid = {"kind_paid": event.kind_paid, "points": event.points}
    return [Set(REPORT, {"report_id": event.report_id, "state": "accepted", "decided_by": event.by, **paid})]


@PATROL_REGISTER.on(PatrolReportRejected)
def rejected(event: PatrolReportRejected, row: Recorded) -> list[RowChange]:
    answer = {"state": "rejected", "decided_by": event.by, "code": event.code}
    return [Set(REPORT, {"report_id": event.report_id, **answer})]


@PATROL_REGISTER.on(WaitExpired)
def quarantined(event: WaitExpired, row: Recorded) -> list[RowChange]:
    """Until it is filed again, by a replay or by its publisher."""
    return [Set(REPORT, {"report_id": row.entity, "state": "quarantined", "code": CauseMissing.code})]


@PATROL_REGISTER.on(ReportSentToReview)
def sent_to_review(event: ReportSentToReview, row: Recorded) -> list[RowChange]:
    return [Set(REPORT, {"report_id": event.report_id, "state": "under_review"})]


async def of(view: View, report_id: str) -> dict[str, Any]:
    """One report. Raises `NotFound`."""
    row = (await view.db.execute(select(REPORT).where(REPORT.c.report_id == report_id))).first()
    if row is None:
        raise NotFound(f"no report {report_id} was filed", field="report_id")
    return dict(row._mapping)
