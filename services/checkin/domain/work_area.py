"""Where people work 务工聚集点, as planners count them: places and numbers, no persons (C2, C5)."""

from __future__ import annotations

from datetime import datetime

import msgspec

from shared.decider import Command, Decider, DomainEvent
from shared.errors import ValidationFailed

from .geometry import EARTH, Place


class CountWorkArea(Command, frozen=True):
    area_id: str
    county: str
    lat_e6: int
    lon_e6: int
    people: int
    now: datetime


class WorkAreaCounted(DomainEvent, frozen=True):
    area_id: str
    county: str
    lat_e6: int
    lon_e6: int
    people: int


class WorkArea(msgspec.Struct, frozen=True):
    """The last count."""

    counted: WorkAreaCounted | None = None


def decide(command: CountWorkArea, area: WorkArea) -> list[WorkAreaCounted]:
    """A later count replaces the one before, also with other coordinates: crowds move."""
    if command.people < 0:
        raise ValidationFailed("there are no fewer people than none", field="people")
    if not EARTH.holds(Place(command.lat_e6, command.lon_e6)):
        raise ValidationFailed("coordinates are in micro-degrees, within 90 and 180 degrees", field="lat_e6")
    facts = WorkAreaCounted(
        command.now, command.area_id, command.county, command.lat_e6, command.lon_e6, command.people
    )
    known = area.counted
    return [] if known and msgspec.structs.replace(facts, at=known.at) == known else [facts]


def evolve(_area: WorkArea, event: WorkAreaCounted) -> WorkArea:
    return WorkArea(event)


WORK_AREA: Decider[CountWorkArea, WorkAreaCounted, WorkArea] = Decider(
    "workarea", WorkArea(), decide, evolve, (WorkAreaCounted,)
)
