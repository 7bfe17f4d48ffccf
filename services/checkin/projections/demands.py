"""demands: what station chiefs have taken up, what is met, and what is overdue."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, ColumnElement, DateTime, Index, Text, func, select

from shared.log.read import Recorded
from shared.projecting import Projection, Put, RowChange, Set
from shared.queries import View

from ..domain.demand import DemandClosed, DemandRecorded

DEMANDS = Projection("demands", 1)
DEMAND = DEMANDS.table(
    "demand",
    Column("demand_id", Text, primary_key=True),
    Column("number", BigInteger, nullable=False),  # in the order they were recorded
    Column("org", Text, nullable=False),
    Column("duty_id", Text, nullable=False),
    Column("station_id", Text, nullable=False),
    Column("chief_id", Text, nullable=False),
    Column("member_id", Text),
    Column("category", Text, nullable=False),
    Column("heard_at", DateTime(timezone=True), nullable=False),
    Column("deadline", DateTime(timezone=True), nullable=False),
    Column("content_ref", Text, nullable=False),
    Column("content_hmac", Text),
    Column("state", Text, nullable=False),  # open or closed
    Column("closed_at", DateTime(timezone=True)),
    Column("in_time", Boolean),
    Column("case_id", Text),
    Column("outcome", Text),
)
Index("demand_v1_station", DEMAND.c.station_id, DEMAND.c.number)
Index("demand_v1_number", DEMAND.c.org, DEMAND.c.number)


@DEMANDS.on(DemandRecorded)
def recorded(event: DemandRecorded, row: Recorded) -> list[RowChange]:
    demand = {
        "demand_id": event.demand_id,
        "number": row.position,
        "org": row.context().org,
        "duty_id": event.duty_id,
        "station_id": event.station_id,
        "chief_id": event.chief_id,
        "member_id": event.member_id,
        "category": event.category,
        "heard_at": event.at,
        "deadline": event.deadline,
        "content_ref": event.content_ref,
        "content_hmac": event.content_hmac,
        "state": "open",
    }
    return [Put(DEMAND, demand)]


@DEMANDS.on(DemandClosed)
def closed(event: DemandClosed, row: Recorded) -> list[RowChange]:
    end = {"closed_at": event.at, "in_time": event.in_time, "case_id": event.case_id, "outcome": event.outcome}
    return [Set(DEMAND, {"demand_id": event.demand_id, "state": "closed", **end})]


class Wanted:
    """Which demands are asked for; what is left out does not matter."""

    def __init__(
        self,
        now: datetime,
        org: str,
        *,
        station_id: str | None = None,
        category: str | None = None,
        state: str | None = None,
        overdue: bool | None = None,
        heard_from: datetime | None = None,
        heard_to: datetime | None = None,
    ) -> None:
        self.late = (DEMAND.c.state == "open") & (DEMAND.c.deadline < now)
        self.conditions: list[ColumnElement[bool]] = [DEMAND.c.org == org]
        self.conditions += [DEMAND.c.station_id == station_id] if station_id is not None else []
        self.conditions += [DEMAND.c.category == category] if category is not None else []
        self.conditions += [DEMAND.c.state == state] if state is not None else []
        self.conditions += [self.late if overdue else ~self.late] if overdue is not None else []
        self.conditions += [DEMAND.c.heard_at >= heard_from] if heard_from is not None else []
        self.conditions += [DEMAND.c.heard_at < heard_to] if heard_to is not None else []


async def page(view: View, wanted: Wanted, limit: int, after: int) -> dict[str, Any]:
    """In the order they were recorded."""
    query = select(DEMAND, wanted.late.label("overdue")).where(*wanted.conditions, DEMAND.c.number > after)
    rows = list(await view.db.execute(query.order_by(DEMAND.c.number).limit(limit)))
    shown = [{name: value for name, value in row._mapping.items() if name not in ("number", "org")} for row in rows]
    return {"demands": shown, "next": rows[-1].number if len(rows) == limit else None}


async def figures(view: View, wanted: Wanted) -> dict[str, Any]:
    """Totals, and the same by category."""
    counts = (
        func.count().label("recorded"),
        func.count().filter(DEMAND.c.state == "open").label("open"),
        func.count().filter(DEMAND.c.state == "closed").label("closed"),
        func.count().filter(DEMAND.c.in_time).label("closed_in_time"),
        func.count().filter(wanted.late).label("overdue"),
    )
    total = (await view.db.execute(select(*counts).where(*wanted.conditions))).one()
    grouped = select(DEMAND.c.category, *counts).where(*wanted.conditions).group_by(DEMAND.c.category)
    rows = await view.db.execute(grouped.order_by(DEMAND.c.category))
    return {**dict(total._mapping), "categories": [dict(row._mapping) for row in rows]}
