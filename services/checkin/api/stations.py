"""Stations 驿站: their facts and hours, how full they are, their day."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from shared.contracts.checkin_stations import Latitude, Longitude, MapProvider
from shared.contracts.model import Code, Contract, Count, Flag, Id, Instant
from shared.web import Call, MinPosition, Nothing, Reason, found

from ..domain.facilities import ChangeFacilities
from ..domain.hours import DateException, Interval, WeeklyInterval
from ..domain.station import ListOnMap, RegisterStation, ResumeStation, RetireStation, SetHours, SuspendStation
from ..domain.values import FACILITIES_KEPT, MAX_STAY_MIN, NAME_LENGTH
from ..projections import member_visits, station_card, station_live
from . import answers_figures, answers_stations

router = APIRouter(prefix="/stations", tags=["stations"])

Minute = Annotated[int, Field(strict=True, ge=0, le=2 * 1440)]


_CONTROL = r"\x00-\x1f\x7f-\x9f\u2028\u2029"
# One line of text that is not blank.
Name = Annotated[str, Field(max_length=NAME_LENGTH, pattern=rf"^[^{_CONTROL}]*[^\s{_CONTROL}][^{_CONTROL}]*$")]


class NewStation(Contract):
    """A station to register. Coordinates are in micro-degrees."""

    station_id: Id
    kind: Code = "station"
    city: Code
    county: Code
    lat_e6: Latitude = Field(examples=[36_065_000])
    lon_e6: Longitude = Field(examples=[103_826_000])
    capacity: Count = Field(examples=[12])
    max_stay_min: Count = MAX_STAY_MIN
    always_open: Flag = False
    name: Name | None = Field(
        default=None, description="The public name of the place, never of a person.", examples=["西关十字工会驿站"]
    )


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


class NewFacilities(Contract):
    """What a station offers 设施, and what of it is out of service."""

    facilities: list[Code] = Field(max_length=FACILITIES_KEPT, examples=[["toilet", "power_strips", "microwave"]])
    out_of_service: list[Code] = Field(
        default_factory=list, max_length=FACILITIES_KEPT, description="Of these, what may not be used.", examples=[[]]
    )


class NewListing(Contract):
    """A map provider shows the station."""

    provider: MapProvider
    ref: Id = Field(description="What the provider calls the place.", examples=["B0FFG5CXXX"])


@router.post("")
async def register(body: NewStation, call: Call) -> Response:
    """Register a station; it is a draft until its hours are set, unless it is always open."""
    facts = (body.station_id, call.principal.org, body.kind, body.city, body.county, body.lat_e6, body.lon_e6)
    rest = (body.capacity, call.now, body.max_stay_min, body.always_open, body.name)
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


@router.post("/{station_id}/change-facilities")
async def change_facilities(station_id: Id, body: NewFacilities, call: Call) -> Response:
    """Say what the station offers. What a rectification holds stays out of service whatever is said here."""
    facilities, out = tuple(body.facilities), tuple(body.out_of_service)
    return await call.give(ChangeFacilities(station_id, facilities, out, call.now), body)


@router.post("/{station_id}/list-on-map")
async def list_on_map(station_id: Id, body: NewListing, call: Call) -> Response:
    """Note that a map provider shows the station; its card then leads there."""
    return await call.give(ListOnMap(station_id, body.provider, body.ref, call.now), body)


@router.get("/{station_id}/live", responses={200: {"model": answers_stations.Live}})
async def live(
    station_id: Id,
    call: Call,
    at: Annotated[Instant | None, Query(description="The moment asked for; now by default.")] = None,
    min_position: MinPosition = None,
) -> Response:
    """A station's state and occupancy, now or at a moment."""
    async with call.reading(station_live.STATION_LIVE, min_position) as view:
        return found(view, await station_live.at(view, station_id, at or call.now))


@router.get("/{station_id}/card", responses={200: {"model": answers_stations.Card}})
async def card(station_id: Id, call: Call, min_position: MinPosition = None) -> Response:
    """What a map shows of a station: hours, whether it is open, facilities, stars, and the way there."""
    async with call.reading(station_card.STATION_CARD, min_position, station_live.STATION_LIVE) as view:
        return found(view, await station_card.of(view, station_id, call.now))


@router.get("/{station_id}/flow", responses={200: {"model": answers_figures.StationDay}})
async def flow(station_id: Id, day: date, call: Call, min_position: MinPosition = None) -> Response:
    """A station's visitors on one day 客流."""
    async with call.reading(member_visits.MEMBER_VISITS, min_position) as view:
        return found(view, await member_visits.flow(view, station_id, day))
