"""Coverage 覆盖: where people work, and how many of them have a station near."""

from __future__ import annotations

from fastapi import APIRouter, Response
from pydantic import Field

from shared.contracts.checkin_stations import Latitude, Longitude
from shared.contracts.model import Code, Contract, Count, Id
from shared.web import Call

from ..domain.work_area import CountWorkArea

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
    return await call.give(
        CountWorkArea(body.area_id, body.county, body.lat_e6, body.lon_e6, body.people, call.now), body
    )
