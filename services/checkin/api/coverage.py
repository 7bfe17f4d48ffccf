"""Coverage 覆盖: where people work, and how many of them have a station near."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from shared.contracts.checkin_stations import Latitude, Longitude
from shared.contracts.model import Code, Contract, Count, Id
from shared.web import Call, MinPosition, found

from ..domain.values import WALK_15_MIN_M
from ..domain.work_area import CountWorkArea
from ..projections import coverage_map
from ..projections.station_live import STATION_LIVE
from . import answers_stations

router = APIRouter(tags=["coverage"])


class NewCount(Contract):
    """How many people work around a point 务工聚集点. No persons: a place and a number."""

    area_id: Id = Field(examples=["A-chengguan-17"])
    county: Code = Field(examples=["chengguan"])
    lat_e6: Latitude = Field(examples=[36_067_000])
    lon_e6: Longitude = Field(examples=[103_831_000])
    people: Count = Field(examples=[240])


@router.post("/work-areas")
async def count(body: NewCount, call: Call) -> Response:
    """Count the people of a work area, in place of the count before."""
    where = (body.area_id, body.county, body.lat_e6, body.lon_e6)
    return await call.give(CountWorkArea(*where, body.people, call.now), body)


@router.get("/coverage", responses={200: {"model": answers_stations.Coverage}})
async def coverage(
    call: Call,
    limit: Annotated[int, Query(ge=1, le=200)] = 100,
    after: Annotated[Code | None, Query(description="Continue after this county.")] = None,
    min_position: MinPosition = None,
) -> Response:
    """Per county: stations, people who work there, and the share of them inside the 15-minute circle 15分钟服务圈."""
    async with call.reading(coverage_map.COVERAGE_MAP, min_position, STATION_LIVE) as view:
        rows = await coverage_map.counties(view, limit, after)
        more = rows[-1]["county"] if len(rows) == limit else None
        return found(view, {"circle_m": WALK_15_MIN_M, "counties": rows, "next": more})
