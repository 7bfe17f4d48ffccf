"""station_live: each station now, or at any moment: its state, and how many are inside with every end applied (CK3)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Column, DateTime, Index, Integer, Text, func, select

from shared.errors import NotFound
from shared.log.read import Recorded
from shared.projecting import Drop, Projection, Put, RowChange, Set
from shared.queries import View

from ..domain.hours import hours_of
from ..domain.station import (
    StationHoursSet,
    StationRegistered,
    StationResumed,
    StationRetired,
    StationSuspended,
)
from ..domain.visits import VisitEnded, VisitStarted, VisitVoided
from .hours_text import hours_text, parse_hours

STATION_LIVE = Projection("station_live", 1)
STATION = STATION_LIVE.table(
    "station",
    Column("station_id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("city", Text, nullable=False),
    Column("county", Text, nullable=False),
    Column("lat_e6", Integer, nullable=False),
    Column("lon_e6", Integer, nullable=False),
    Column("capacity", Integer, nullable=False),
    Column("always_open", Boolean, nullable=False),
    Column("hours", Text, nullable=False),
    Column("state", Text, nullable=False),  # in_service, suspended or retired; open and closed follow from the hours
)
STAY = STATION_LIVE.table(
    "stay",
    Column("visit_id", Text, primary_key=True),
    Column("station_id", Text, nullable=False),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("ends_at", DateTime(timezone=True), nullable=False),
)
Index("stay_v1_station", STAY.c.station_id, STAY.c.ends_at)


@STATION_LIVE.on(StationRegistered)
def registered(event: StationRegistered, row: Recorded) -> list[RowChange]:
    place = {"kind": event.kind, "city": event.city, "county": event.county}
    where = {"lat_e6": event.lat_e6, "lon_e6": event.lon_e6, "capacity": event.capacity}
    state = {"always_open": event.always_open, "hours": hours_text((), ()), "state": "in_service"}
    return [Put(STATION, {"station_id": event.station_id, **place, **where, **state})]


@STATION_LIVE.on(StationHoursSet)
def hours_set(event: StationHoursSet, row: Recorded) -> list[RowChange]:
    return [Set(STATION, {"station_id": event.station_id, "hours": hours_text(event.weekly, event.exceptions)})]


@STATION_LIVE.on(StationSuspended)
def suspended(event: StationSuspended, row: Recorded) -> list[RowChange]:
    return [Set(STATION, {"station_id": event.station_id, "state": "suspended"})]


@STATION_LIVE.on(StationResumed)
def resumed(event: StationResumed, row: Recorded) -> list[RowChange]:
    return [Set(STATION, {"station_id": event.station_id, "state": "in_service"})]


@STATION_LIVE.on(StationRetired)
def retired(event: StationRetired, row: Recorded) -> list[RowChange]:
    return [Set(STATION, {"station_id": event.station_id, "state": "retired"})]


@STATION_LIVE.on(VisitStarted)
def visit_started(event: VisitStarted, row: Recorded) -> list[RowChange]:
    stay = {"visit_id": event.visit_id, "station_id": event.station_id}
    return [Put(STAY, {**stay, "started_at": event.at, "ends_at": event.ends_at})]


@STATION_LIVE.on(VisitEnded)
def visit_ended(event: VisitEnded, row: Recorded) -> list[RowChange]:
    return [Set(STAY, {"visit_id": event.visit_id, "ends_at": event.at})]


@STATION_LIVE.on(VisitVoided)
def visit_voided(event: VisitVoided, row: Recorded) -> list[RowChange]:
    return [Drop(STAY, {"visit_id": event.visit_id})]


async def at(view: View, station_id: str, moment: datetime) -> dict[str, Any]:
    """A station at a moment. Raises `NotFound`."""
    station = (await view.db.execute(select(STATION).where(STATION.c.station_id == station_id))).first()
    if station is None:
        raise NotFound(f"no station is registered as {station_id}", field="station_id")
    inside = select(func.count()).where(
        STAY.c.station_id == station_id, STAY.c.started_at <= moment, STAY.c.ends_at > moment
    )
    occupancy = int((await view.db.execute(inside)).scalar_one())
    facts = {name: getattr(station, name) for name in ("station_id", "kind", "city", "county", "lat_e6", "lon_e6")}
    return {**facts, "capacity": station.capacity, "occupancy": occupancy, "state": _state(station, moment)}


def _state(station: Any, moment: datetime) -> str:
    if station.state != "in_service":
        return str(station.state)
    return "open" if station.always_open or hours_of(*parse_hours(station.hours)).is_open(moment) else "closed"
