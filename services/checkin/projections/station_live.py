"""station_live: each station now, or at any moment: its state, how many are inside with every end applied (CK3), and
what its equipment says, as long as that may be believed (CK8)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Boolean, Column, DateTime, Index, Integer, Select, Text, func, select

from shared.errors import NotFound
from shared.log.read import Recorded
from shared.projecting import Drop, Projection, Put, RowChange, Set
from shared.queries import View

from ..domain.equipment import StationStateRepeated, StationStateReported, SubsystemAlarmCleared, SubsystemAlarmRaised
from ..domain.hours import hours_of
from ..domain.station import StationHoursSet, StationRegistered, StationResumed, StationRetired, StationSuspended
from ..domain.visits import VisitEnded, VisitStarted, VisitVoided
from .hours_text import hours_text, parse_hours

NO_HOURS = hours_text((), ())

STATION_LIVE = Projection("station_live", 1)
STATION = STATION_LIVE.table(
    "station",
    Column("station_id", Text, primary_key=True),
    Column("name", Text),
    Column("kind", Text, nullable=False),
    Column("city", Text, nullable=False),
    Column("county", Text, nullable=False),
    Column("lat_e6", Integer, nullable=False),
    Column("lon_e6", Integer, nullable=False),
    Column("capacity", Integer, nullable=False),
    Column("always_open", Boolean, nullable=False),
    Column("hours", Text, nullable=False),
    Column("state", Text, nullable=False),  # in_service, suspended or retired; draft, open and closed follow from hours
)
Index("station_v1_county", STATION.c.county, STATION.c.station_id)
Index("station_v1_place", STATION.c.lat_e6, STATION.c.lon_e6)
STAY = STATION_LIVE.table(
    "stay",
    Column("visit_id", Text, primary_key=True),
    Column("station_id", Text, nullable=False),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("ends_at", DateTime(timezone=True), nullable=False),
)
Index("stay_v1_station", STAY.c.station_id, STAY.c.ends_at)
SUBSYSTEM = STATION_LIVE.table(
    "subsystem",
    Column("station_id", Text, primary_key=True),
    Column("subsystem", Text, primary_key=True),
    Column("status", Text, nullable=False),
    Column("reported_at", DateTime(timezone=True), nullable=False),
    Column("ttl_s", Integer, nullable=False),
    Column("alarm", Text),  # the severity of the open one
)


@STATION_LIVE.on(StationRegistered)
def registered(event: StationRegistered, row: Recorded) -> list[RowChange]:
    place = {"name": event.name, "kind": event.kind, "city": event.city, "county": event.county}
    where = {"lat_e6": event.lat_e6, "lon_e6": event.lon_e6, "capacity": event.capacity}
    state = {"always_open": event.always_open, "hours": NO_HOURS, "state": "in_service"}
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


@STATION_LIVE.on(StationStateReported)
def state_reported(event: StationStateReported, row: Recorded) -> list[RowChange]:
    when = {"reported_at": event.at, "ttl_s": event.ttl_s}
    return [
        Put(SUBSYSTEM, {"station_id": event.station_id, "subsystem": told.subsystem, "status": told.status, **when})
        for told in event.subsystems
    ]


@STATION_LIVE.on(StationStateRepeated)
def state_repeated(event: StationStateRepeated, row: Recorded) -> list[RowChange]:
    return [
        Set(SUBSYSTEM, {"station_id": event.station_id, "subsystem": subsystem, "reported_at": event.at})
        for subsystem in event.subsystems
    ]


@STATION_LIVE.on(SubsystemAlarmRaised)
def alarm_raised(event: SubsystemAlarmRaised, row: Recorded) -> list[RowChange]:
    return [Set(SUBSYSTEM, _alarm(event, event.severity))]


@STATION_LIVE.on(SubsystemAlarmCleared)
def alarm_cleared(event: SubsystemAlarmCleared, row: Recorded) -> list[RowChange]:
    return [Set(SUBSYSTEM, _alarm(event, None))]


def _alarm(event: SubsystemAlarmRaised | SubsystemAlarmCleared, severity: str | None) -> dict[str, Any]:
    return {"station_id": event.station_id, "subsystem": event.subsystem, "alarm": severity}


class Now(NamedTuple):
    """What changes by itself or by whoever comes in, of one station at a moment."""

    moment: datetime
    occupancy: int
    readings: Sequence[Any]  # rows of SUBSYSTEM

    def believed(self, reading: Any) -> bool:
        """CK8. A report after the moment says nothing about it."""
        age: timedelta = self.moment - reading.reported_at
        return timedelta(0) <= age <= timedelta(seconds=reading.ttl_s)

    @property
    def reported_at(self) -> datetime | None:
        """The newest report by the moment."""
        return max((r.reported_at for r in self.readings if r.reported_at <= self.moment), default=None)

    @property
    def doubted(self) -> bool:
        """CK8: it has reported, and nothing that it has said may be believed any more."""
        return self.reported_at is not None and not any(self.believed(reading) for reading in self.readings)


async def at(view: View, station_id: str, moment: datetime) -> dict[str, Any]:
    """A station at a moment. Raises `NotFound`."""
    station = await station_of(view, station_id)
    return shown(station, (await now_of(view, [station_id], moment))[station_id])


async def station_of(view: View, station_id: str) -> Any:
    station = (await view.db.execute(select(STATION).where(STATION.c.station_id == station_id))).first()
    if station is None:
        raise NotFound(f"no station is registered as {station_id}", field="station_id")
    return station


async def now_of(view: View, station_ids: Sequence[str], moment: datetime) -> Mapping[str, Now]:
    """Of each of these stations."""
    inside = {row.station_id: int(row.people) for row in await view.db.execute(select_inside(station_ids, moment))}
    readings: dict[str, list[Any]] = defaultdict(list)
    told = select(SUBSYSTEM).where(SUBSYSTEM.c.station_id.in_(station_ids)).order_by(SUBSYSTEM.c.subsystem)
    for reading in await view.db.execute(told):
        readings[reading.station_id].append(reading)
    return {one: Now(moment, inside.get(one, 0), readings[one]) for one in station_ids}


def select_inside(station_ids: Sequence[str], moment: datetime) -> Select[Any]:
    here = STAY.c.station_id.in_(station_ids), STAY.c.started_at <= moment, STAY.c.ends_at > moment
    return select(STAY.c.station_id, func.count().label("people")).where(*here).group_by(STAY.c.station_id)


FACTS = ("station_id", "name", "kind", "city", "county", "lat_e6", "lon_e6", "capacity")


def shown(station: Any, now: Now) -> dict[str, Any]:
    facts = {name: getattr(station, name) for name in FACTS}
    age = None if now.reported_at is None else (now.moment - now.reported_at) // timedelta(seconds=1)
    subsystems = {
        reading.subsystem: {
            "status": reading.status if now.believed(reading) else "unknown",
            "reported_at": reading.reported_at,
            "alarm": reading.alarm,
        }
        for reading in now.readings
    }
    live = {"occupancy": now.occupancy, "state": state_of(station, now)}
    return {**facts, **live, "reported_at": now.reported_at, "age_s": age, "subsystems": subsystems}


def state_of(station: Any, now: Now) -> str:
    """suspended, retired, draft, closed, open; or unknown (CK8), where it would be open if its equipment were heard."""
    if station.state != "in_service":
        return str(station.state)
    if not station.always_open and station.hours == NO_HOURS:
        return "draft"
    if not station.always_open and not hours_of(*parse_hours(station.hours)).is_open(now.moment):
        return "closed"
    return "unknown" if now.doubted else "open"
