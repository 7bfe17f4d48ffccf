"""coverage_map: per county, how many stations there are, how many people work there, how many have one near (C2)."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from sqlalchemy import Column, Index, Integer, Text, func, or_, select, union

from shared.log.read import Recorded
from shared.projecting import Projection, Put, RowChange
from shared.queries import View

from ..domain.coverage import Crowd, people_within, permille
from ..domain.geometry import Place
from ..domain.work_area import WorkAreaCounted
from .station_live import NO_HOURS, STATION

COVERAGE_MAP = Projection("coverage_map", 1)
AREA = COVERAGE_MAP.table(
    "work_area",
    Column("area_id", Text, primary_key=True),
    Column("county", Text, nullable=False),
    Column("lat_e6", Integer, nullable=False),
    Column("lon_e6", Integer, nullable=False),
    Column("people", Integer, nullable=False),
)
Index("work_area_v1_county", AREA.c.county)

IN_SERVICE = (STATION.c.state == "in_service") & or_(STATION.c.always_open, STATION.c.hours != NO_HOURS)


@COVERAGE_MAP.on(WorkAreaCounted)
def counted(event: WorkAreaCounted, row: Recorded) -> list[RowChange]:
    where = {"county": event.county, "lat_e6": event.lat_e6, "lon_e6": event.lon_e6}
    return [Put(AREA, {"area_id": event.area_id, **where, "people": event.people})]


async def counties(view: View, limit: int, after: str | None) -> list[dict[str, Any]]:
    """By name. The view is over station_live too. A station of the next county is as near as one's own."""
    names = await _names(view, limit, after)
    kept = STATION.c.county, func.count().label("stations"), func.count().filter(IN_SERVICE).label("in_service")
    here = STATION.c.county.in_(names), STATION.c.state != "retired"
    stations = {row.county: row for row in await view.db.execute(select(*kept).where(*here).group_by(kept[0]))}
    open_places = await view.db.execute(select(STATION.c.lat_e6, STATION.c.lon_e6).where(IN_SERVICE))
    places = [Place(row.lat_e6, row.lon_e6) for row in open_places]
    crowds: dict[str, list[Crowd]] = defaultdict(list)
    for row in await view.db.execute(select(AREA).where(AREA.c.county.in_(names))):
        crowds[row.county].append(Crowd(Place(row.lat_e6, row.lon_e6), row.people))
    return [_county(name, stations.get(name), crowds[name], places) for name in names]


async def _names(view: View, limit: int, after: str | None) -> list[str]:
    known = union(select(STATION.c.county).where(STATION.c.state != "retired"), select(AREA.c.county)).subquery()
    page = select(known.c.county).order_by(known.c.county).limit(limit)
    return list((await view.db.execute(page if after is None else page.where(known.c.county > after))).scalars())


def _county(name: str, stations: Any, crowds: list[Crowd], places: list[Place]) -> dict[str, Any]:
    people, within = sum(crowd.people for crowd in crowds), people_within(crowds, places)
    return {
        "county": name,
        "stations": stations.stations if stations else 0,
        "in_service": stations.in_service if stations else 0,
        "work_areas": len(crowds),
        "people": people,
        "people_within": within,
        "share_permille": permille(within, people),
    }
