"""Stations as places, and the areas where people work around them."""

from __future__ import annotations

from shared.decider import Changes, Handlers, Read, decided
from shared.errors import NotFound

from ..domain.facilities import FACILITIES, ChangeFacilities, HoldFacility, ReleaseFacility
from ..domain.refusals import StationSuspended
from ..domain.station import (
    STATION,
    ListOnMap,
    RegisterStation,
    ResumeStation,
    RetireStation,
    SetHours,
    Station,
    SuspendStation,
)
from ..domain.work_area import WORK_AREA, CountWorkArea

HANDLERS = Handlers(STATION, FACILITIES, WORK_AREA)
HANDLERS.each(STATION, "station_id", RegisterStation, SetHours, SuspendStation, ResumeStation, RetireStation, ListOnMap)
HANDLERS.each(WORK_AREA, "area_id", CountWorkArea)


def kept(station_id: str, read: Read) -> Station:
    """A station that is known and not given up."""
    station = read(STATION, station_id)
    if station.registered is None:
        raise NotFound(f"no station is registered as {station_id}", field="station_id")
    if station.retired:
        raise StationSuspended("the station is retired for good: name another one", field="station_id")
    return station


@HANDLERS.on(ChangeFacilities)
def change_facilities(command: ChangeFacilities, read: Read) -> Changes:
    kept(command.station_id, read)
    return [decided(FACILITIES, command.station_id, command, read)]


@HANDLERS.on(HoldFacility)
def hold_facility(command: HoldFacility, read: Read) -> Changes:
    return held_or_not(command, read)


@HANDLERS.on(ReleaseFacility)
def release_facility(command: ReleaseFacility, read: Read) -> Changes:
    return held_or_not(command, read)


def held_or_not(command: HoldFacility | ReleaseFacility, read: Read) -> Changes:
    """Row 7. Also of a station that is suspended or retired; of one that we do not know there is nothing to say."""
    known = read(STATION, command.station_id).registered is not None
    return [decided(FACILITIES, command.station_id, command, read)] if known else []
