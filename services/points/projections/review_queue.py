"""review_queue: the reports that wait for a person, whose leader should look at them, and for how long already."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Index, Text, select

from shared.log.read import Recorded
from shared.projecting import Drop, Projection, Put, RowChange, Set
from shared.queries import View

from ..domain.report_events import (
    PatrolEvent,
    PatrolReportAccepted,
    PatrolReportRejected,
    PatrolReportReturned,
    ReportEscalated,
    ReportSentToReview,
)
from .teams import MEMBER, TEAM

REVIEW_QUEUE = Projection("review_queue", 1)
WAITING = REVIEW_QUEUE.table(
    "report_under_review",
    Column("report_id", Text, primary_key=True),
    Column("number", BigInteger, nullable=False),
    Column("org", Text, nullable=False),
    Column("duty_id", Text, nullable=False),
    Column("station_id", Text, nullable=False),
    Column("volunteer_id", Text, nullable=False),
    Column("since", DateTime(timezone=True), nullable=False),
    Column("escalated", Boolean, nullable=False),
)
Index("report_under_review_v1_number", WAITING.c.org, WAITING.c.number)


@REVIEW_QUEUE.on(ReportSentToReview)
def sent(event: ReportSentToReview, row: Recorded) -> list[RowChange]:
    whose = {"duty_id": event.duty_id, "station_id": event.station_id, "volunteer_id": event.volunteer_id}
    place = {"number": row.position, "org": row.context().org, "since": event.at, "escalated": False}
    return [Put(WAITING, {"report_id": event.report_id, **whose, **place})]


@REVIEW_QUEUE.on(ReportEscalated)
def escalated(event: ReportEscalated, row: Recorded) -> list[RowChange]:
    return [Set(WAITING, {"report_id": event.report_id, "escalated": True})]


def answered(event: PatrolEvent, row: Recorded) -> list[RowChange]:
    """Also by a presence that was told late."""
    return [Drop(WAITING, {"report_id": event.report_id})]


for kind in (PatrolReportAccepted, PatrolReportRejected, PatrolReportReturned):
    REVIEW_QUEUE.on(kind)(answered)


class Wanted(NamedTuple):
    org: str
    leader_id: str | None
    escalated: bool
    limit: int
    after: int


async def page(view: View, wanted: Wanted, now: datetime) -> dict[str, Any]:
    """The longest waiting first, each with the leader of its volunteer's team, if he is in one, and its age."""
    led = WAITING.outerjoin(MEMBER, MEMBER.c.volunteer_id == WAITING.c.volunteer_id)
    led = led.outerjoin(TEAM, TEAM.c.team_id == MEMBER.c.team_id)
    query = select(WAITING, TEAM.c.leader_id).select_from(led)
    query = query.where(WAITING.c.org == wanted.org, WAITING.c.number > wanted.after)
    if wanted.leader_id is not None:
        query = query.where(TEAM.c.leader_id == wanted.leader_id)
    if wanted.escalated:
        query = query.where(WAITING.c.escalated)
    query = query.order_by(WAITING.c.number).limit(wanted.limit)
    rows = [dict(row._mapping) for row in await view.db.execute(query)]
    following = rows[-1]["number"] if len(rows) == wanted.limit else None
    return {"reports": [_shown(row, now) for row in rows], "next": following}


def _shown(row: dict[str, Any], now: datetime) -> dict[str, Any]:
    told = {name: value for name, value in row.items() if name not in ("number", "org")}
    return {**told, "age_min": int((now - row["since"]).total_seconds()) // 60}
