"""visitor_flow 客流: who came when and how full it was, by station, county and city, hour and day (K6).

It keeps the visits themselves and counts when it is asked: a visit that is told late, ends otherwise or is voided then
changes its own day and nothing else, and a peak or a number of different people cannot be added up from parts.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import Boolean, Column, DateTime, Index, Text, func, literal, select, union_all

from shared.log.read import Recorded
from shared.projecting import Drop, Projection, Put, RowChange, Set
from shared.queries import View

from ..domain.station import StationRegistered
from ..domain.values import LONGEST_STAY_MIN
from ..domain.visits import VisitEnded, VisitStarted, VisitVoided
from .scope import Days, Scope, one_day

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LONGEST = timedelta(minutes=LONGEST_STAY_MIN)

VISITOR_FLOW = Projection("visitor_flow", 1)
VISIT = VISITOR_FLOW.table(
    "flow_visit",
    Column("visit_id", Text, primary_key=True),
    Column("station_id", Text, nullable=False),
    Column("member_id", Text, nullable=False),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("ends_at", DateTime(timezone=True), nullable=False),
    Column("counted", Boolean, nullable=False),
)
Index("flow_visit_v1_station", VISIT.c.station_id, VISIT.c.started_at)
Index("flow_visit_v1_started", VISIT.c.started_at)
STATION = VISITOR_FLOW.table(
    "flow_station",
    Column("station_id", Text, primary_key=True),
    Column("city", Text, nullable=False),
    Column("county", Text, nullable=False),
)


@VISITOR_FLOW.on(StationRegistered)
def station_registered(event: StationRegistered, row: Recorded) -> list[RowChange]:
    return [Put(STATION, {"station_id": event.station_id, "city": event.city, "county": event.county})]


@VISITOR_FLOW.on(VisitStarted)
def visit_started(event: VisitStarted, row: Recorded) -> list[RowChange]:
    visit = {"visit_id": event.visit_id, "station_id": event.station_id, "member_id": event.member_id}
    return [Put(VISIT, {**visit, "started_at": event.at, "ends_at": event.ends_at, "counted": event.counted})]


@VISITOR_FLOW.on(VisitEnded)
def visit_ended(event: VisitEnded, row: Recorded) -> list[RowChange]:
    return [Set(VISIT, {"visit_id": event.visit_id, "ends_at": event.at})]


@VISITOR_FLOW.on(VisitVoided)
def visit_voided(event: VisitVoided, row: Recorded) -> list[RowChange]:
    return [Drop(VISIT, {"visit_id": event.visit_id})]


async def by_day(view: View, scope: Scope, wanted: Days) -> dict[str, Any]:
    """Each day's figures, and those of all days together."""
    slots = await _slots(view, scope, wanted, DAY)
    rows = [{"day": (wanted.first + number * DAY).isoformat(), **slot} for number, slot in enumerate(slots)]
    return {"from": wanted.first.isoformat(), "to": wanted.after.isoformat(), **await _total(view, scope, wanted, rows)}


async def by_hour(view: View, scope: Scope, day: date) -> dict[str, Any]:
    """Each hour's figures on one day, and those of the whole day."""
    wanted = one_day(day)
    rows = [{"hour": hour, **slot} for hour, slot in enumerate(await _slots(view, scope, wanted, HOUR))]
    return {"day": day.isoformat(), **await _total(view, scope, wanted, rows)}


async def _total(view: View, scope: Scope, wanted: Days, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Visits and the peak follow from the parts; the number of different people does not."""
    members = select(func.count(VISIT.c.member_id.distinct())).where(*_began(scope, wanted))
    return {
        "entries": sum(row["entries"] for row in rows),
        "counted": sum(row["counted"] for row in rows),
        "members": int((await view.db.execute(members)).scalar_one()),
        "peak": max(row["peak"] for row in rows),
        "rows": rows,
    }


async def _slots(view: View, scope: Scope, wanted: Days, length: timedelta) -> list[dict[str, int]]:
    """Figures of each slot: who came in it, and how many were inside at its fullest, those of before included."""
    count = (wanted.ends - wanted.begins) // length
    slots = [{"entries": 0, "counted": 0, "members": 0, "peak": 0} for _ in range(count)]
    number = func.floor(func.extract("epoch", VISIT.c.started_at - wanted.begins) / length.total_seconds())
    came = select(
        number,
        func.count(),
        func.count().filter(VISIT.c.counted),
        func.count(VISIT.c.member_id.distinct()),
    )
    for slot, entries, counted, members in await view.db.execute(came.where(*_began(scope, wanted)).group_by(number)):
        slots[int(slot)].update(entries=entries, counted=counted, members=members)
    for slot, peak in await view.db.execute(_peaks(scope, wanted, length)):
        slots[int(slot)]["peak"] = int(peak)
    return slots


def _began(scope: Scope, wanted: Days) -> list[Any]:
    within = scope.of(VISIT.c.station_id, STATION)
    return [within, VISIT.c.started_at >= wanted.begins, VISIT.c.started_at < wanted.ends]


def _peaks(scope: Scope, wanted: Days, length: timedelta) -> Any:
    """A running sum over entries and exits; at one instant the exit comes first, as stays are half-open.

    A step of nothing at the beginning of each slot shows who is still inside from before.
    """
    stays = (
        select(VISIT.c.started_at, VISIT.c.ends_at)
        .where(scope.of(VISIT.c.station_id, STATION), VISIT.c.ends_at > wanted.begins)
        .where(VISIT.c.started_at < wanted.ends, VISIT.c.started_at > wanted.begins - LONGEST)
        .cte("stays")
    )
    begins = func.generate_series(wanted.begins, wanted.ends - length, length).column_valued("begins")
    door = union_all(
        select(stays.c.started_at.label("at"), literal(1).label("step")),
        select(stays.c.ends_at, literal(-1)),
        select(begins, literal(0)),
    ).cte("door")
    inside = select(door.c.at, func.sum(door.c.step).over(order_by=(door.c.at, door.c.step)).label("now")).cte("inside")
    number = func.floor(func.extract("epoch", inside.c.at - wanted.begins) / length.total_seconds())
    within = select(number, func.max(inside.c.now)).where(inside.c.at >= wanted.begins, inside.c.at < wanted.ends)
    return within.group_by(number)
