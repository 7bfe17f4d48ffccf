"""Which stations a list or a map is about: by city, by county, or around a point; a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Select, select

from shared.errors import ValidationFailed
from shared.queries import View

from ..domain.geometry import Place, box_around, metres_between
from .station_live import STATION


class Search(NamedTuple):
    """What is asked for. Retired stations are in no list."""

    city: str | None = None
    county: str | None = None
    centre: Place | None = None
    within_m: int = 0


class Found(NamedTuple):
    """A page of stations: by id, or around a point the nearest first."""

    stations: Sequence[Any]
    metres: Sequence[int | None]
    next: str | None  # continue after this station


async def find(view: View, search: Search, limit: int, after: str | None) -> Found:
    """Raises `ValidationFailed` when `after` is no station of this list."""
    if search.centre is not None:
        return await _around(view, search, search.centre, limit, after)
    rows = (await view.db.execute(select_page(search, limit, after))).all()
    return Found(rows, [None] * len(rows), rows[-1].station_id if len(rows) == limit else None)


def select_page(search: Search, limit: int, after: str | None) -> Select[Any]:
    page = select_all(search).order_by(STATION.c.station_id).limit(limit)
    return page if after is None else page.where(STATION.c.station_id > after)


def select_all(search: Search) -> Select[Any]:
    """Around a point: those in a box, which are then measured."""
    wanted = [STATION.c.state != "retired"]
    if search.city is not None:
        wanted.append(STATION.c.city == search.city)
    if search.county is not None:
        wanted.append(STATION.c.county == search.county)
    if search.centre is not None:
        box = box_around(search.centre, search.within_m)
        wanted.append(STATION.c.lat_e6.between(box.south_e6, box.north_e6))
        wanted.append(STATION.c.lon_e6.between(box.west_e6, box.east_e6))
    return select(STATION).where(*wanted)


async def _around(view: View, search: Search, centre: Place, limit: int, after: str | None) -> Found:
    rows = (await view.db.execute(select_all(search))).all()
    measured = ((metres_between(centre, Place(row.lat_e6, row.lon_e6)), row.station_id, row) for row in rows)
    near = sorted(one for one in measured if one[0] <= search.within_m)
    start = 0
    if after is not None:
        ids = [station_id for _, station_id, _ in near]
        if after not in ids:
            raise ValidationFailed("it is no station of this list", field="after")
        start = ids.index(after) + 1
    page = near[start : start + limit]
    more = start + limit < len(near)
    return Found([row for _, _, row in page], [round(metres) for metres, _, _ in page], page[-1][1] if more else None)
