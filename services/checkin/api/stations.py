"""Stations 驿站: their facts and hours, how full they are, their day."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from shared.contracts.model import Code, Contract, Count, Flag, Id, Instant
from shared.web import Call, MinPosition, Nothing, Reason, found

from ..domain.hours import DateException, Interval, WeeklyInterval
from ..domain.station import RegisterStation, ResumeStation, RetireStation, SetHours, SuspendStation
from ..domain.values import MAX_STAY_MIN
from ..projections import member_visits, station_live

router = APIRouter(prefix="/stations", tags=["stations"])

Minute = Annotated[int, Field(strict=True, ge=0, le=2 * 1440)]


class NewStation(Contract):
    """A station to register. Coordinates are in micro-degrees."""

    station_id: Id
    kind: Code = "station"
    city: Code
    county: Code
    lat_e6: Annotated[int, Field(strict=True, ge=-90_000_000, le=90_000_000)]
    lon_e6: Annotated[int, Field(strict=True, ge=-180_000_000, le=180_000_000)]
    capacity: Count
    max_stay_min: Count = MAX_STAY_MIN
    always_open: Flag = False


class Weekly(Contract):
    """Open every week; closing past midnight is above 1440."""

    weekday: Annotated[int, Field(strict=True, ge=1, le=7, description="1 is Monday")]
    opens_min: Minute
    closes_min: Minute


class OpenFrom(Contract):
    opens_min: Minute
    closes_min: Minute


class Exception_(Contract):
    """What replaces the intervals that start on this date."""

    date: date
    intervals: list[OpenFrom]


class NewHours(Contract):
    """Opening hours 开放时间."""

    weekly: list[Weekly]
    exceptions: list[Exception_] = Field(default_factory=list)


@router.post("")
async def register(body: NewStation, call: Call) -> Response:
    """Register a station; it is closed until its hours are set, unless it is always open."""
    facts = (body.station_id, call.principal.org, body.kind, body.city, body.county, body.lat_e6, body.lon_e6)
    rest = (body.capacity, call.now, body.max_stay_min, body.always_open)
    return await call.give(RegisterStation(*facts, *rest), body)


@router.post("/{station_id}/set-hours")
async def set_hours(station_id: Id, body: NewHours, call: Call) -> Response:
    """Replace the opening hours."""
    weekly = tuple(WeeklyInterval(w.weekday, w.opens_min, w.closes_min) for w in body.weekly)
    exceptions = tuple(
        DateException(e.date, tuple(Interval(i.opens_min, i.closes_min) for i in e.intervals)) for e in body.exceptions
    )
    return await call.give(SetHours(station_id, weekly, call.now, exceptions), body)


@router.post("/{station_id}/suspend")
async def suspend(station_id: Id, body: Reason, call: Call) -> Response:
    """Take a station out of service for a while."""
    return await call.give(SuspendStation(station_id, body.reason, call.now), body)


@router.post("/{station_id}/resume")
async def resume(station_id: Id, body: Nothing, call: Call) -> Response:
    """Put a suspended station back into service."""
    return await call.give(ResumeStation(station_id, call.now), body)


@router.post("/{station_id}/retire")
async def retire(station_id: Id, body: Nothing, call: Call) -> Response:
    """Close a station for good."""
    return await call.give(RetireStation(station_id, call.now), body)


@router.get("/{station_id}/live")
async def live(
    station_id: Id,
    call: Call,
    at: Annotated[Instant | None, Query(description="The moment asked for; now by default.")] = None,
    min_position: MinPosition = None,
) -> Response:
    """A station's state and occupancy, now or at a moment."""
    async with call.reading(station_live.STATION_LIVE, min_position) as view:
        return found(view, await station_live.at(view, station_id, at or call.now))


@router.get("/{station_id}/flow")
async def flow(station_id: Id, day: date, call: Call, min_position: MinPosition = None) -> Response:
    """A station's visitors on one day 客流."""
    async with call.reading(member_visits.MEMBER_VISITS, min_position) as view:
        return found(view, await member_visits.flow(view, station_id, day))
