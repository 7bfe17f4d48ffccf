"""What a station offers 设施, and what of it is out of service.

Apart from the station's own stream, as a scan reads that one each time and asks nothing of this.
"""

from __future__ import annotations

from datetime import datetime
from typing import TypeAlias, assert_never

import msgspec

from shared.decider import Command, Decider, DomainEvent
from shared.errors import ValidationFailed

from .values import FACILITIES_KEPT


class ChangeFacilities(Command, frozen=True):
    station_id: str
    facilities: tuple[str, ...]  # codes
    out_of_service: tuple[str, ...]  # those of them that may not be used
    now: datetime


class HoldFacility(Command, frozen=True):
    """A major hazard is to be put right (row 7): until then the facility may not be used."""

    station_id: str
    facility: str
    rectification_id: str
    now: datetime


class ReleaseFacility(Command, frozen=True):
    """The rectification is closed: the facility is back, unless another one holds it."""

    station_id: str
    rectification_id: str
    now: datetime


class StationFacilitiesChanged(DomainEvent, frozen=True):
    station_id: str
    facilities: tuple[str, ...]
    out_of_service: tuple[str, ...]  # as an officer says; what is held comes on top


class FacilityHeld(DomainEvent, frozen=True):
    station_id: str
    facility: str
    rectification_id: str


class FacilityReleased(DomainEvent, frozen=True):
    station_id: str
    facility: str
    rectification_id: str


FacilitiesCommand: TypeAlias = ChangeFacilities | HoldFacility | ReleaseFacility
FacilitiesEvent: TypeAlias = StationFacilitiesChanged | FacilityHeld | FacilityReleased


class Facilities(msgspec.Struct, frozen=True):
    """Of one station. A rectification holds one facility; one facility may be held by several."""

    offered: tuple[str, ...] = ()
    switched_off: tuple[str, ...] = ()
    held: dict[str, str] = {}  # by rectification

    @property
    def out_of_service(self) -> tuple[str, ...]:
        return tuple(sorted({*self.switched_off, *self.held.values()}))


def decide(command: FacilitiesCommand, facilities: Facilities) -> list[FacilitiesEvent]:
    match command:
        case ChangeFacilities():
            return change(command, facilities)
        case HoldFacility(station_id, facility, rectification_id, now):
            if facilities.held.get(rectification_id) == facility:
                return []
            return [FacilityHeld(now, station_id, facility, rectification_id)]
        case ReleaseFacility(station_id, rectification_id, now):
            held = facilities.held.get(rectification_id)  # none: it was of a general hazard, or is closed already
            return [FacilityReleased(now, station_id, held, rectification_id)] if held else []
        case _:
            assert_never(command)


def change(command: ChangeFacilities, facilities: Facilities) -> list[FacilitiesEvent]:
    """The order in which codes are listed says nothing, nor does saying one twice."""
    offered, off = tuple(sorted(set(command.facilities))), tuple(sorted(set(command.out_of_service)))
    if len(offered) > FACILITIES_KEPT:
        raise ValidationFailed(f"a station has at most {FACILITIES_KEPT} facilities", field="facilities")
    if strange := sorted(set(off) - set(offered)):
        raise ValidationFailed(f"{strange[0]} is not one of the facilities", field="out_of_service")
    if (offered, off) == (facilities.offered, facilities.switched_off):
        return []
    return [StationFacilitiesChanged(command.now, command.station_id, offered, off)]


def evolve(facilities: Facilities, event: FacilitiesEvent) -> Facilities:
    match event:
        case StationFacilitiesChanged(facilities=offered, out_of_service=switched_off):
            return msgspec.structs.replace(facilities, offered=offered, switched_off=switched_off)
        case FacilityHeld(facility=facility, rectification_id=rectification_id):
            return msgspec.structs.replace(facilities, held={**facilities.held, rectification_id: facility})
        case FacilityReleased(rectification_id=released):
            held = {by: facility for by, facility in facilities.held.items() if by != released}
            return msgspec.structs.replace(facilities, held=held)
        case _:
            assert_never(event)


FACILITIES: Decider[FacilitiesCommand, FacilitiesEvent, Facilities] = Decider(
    "facilities", Facilities(), decide, evolve, (StationFacilitiesChanged, FacilityHeld, FacilityReleased)
)
