"""A station 驿站: where it is, how many it holds, when it is open."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal, TypeAlias, assert_never

import msgspec

from shared.decider import Command, Decider, DomainEvent
from shared.errors import NotFound, ValidationFailed

from . import refusals
from .geometry import Place
from .hours import NEVER_OPEN, DateException, Hours, WeeklyInterval, check_hours, hours_of
from .values import LONGEST_STAY_MIN, MAX_STAY_MIN, NAME_LENGTH

MapProvider: TypeAlias = Literal["amap", "baidu", "tencent"]


class RegisterStation(Command, frozen=True):
    station_id: str
    org_id: str
    kind: str
    city: str
    county: str
    lat_e6: int
    lon_e6: int
    capacity: int
    now: datetime
    max_stay_min: int = MAX_STAY_MIN
    always_open: bool = False
    name: str | None = None  # of the place, as its sign says


class SetHours(Command, frozen=True):
    station_id: str
    weekly: tuple[WeeklyInterval, ...]
    now: datetime
    exceptions: tuple[DateException, ...] = ()


class SuspendStation(Command, frozen=True):
    station_id: str
    reason: str  # a code
    now: datetime


class ResumeStation(Command, frozen=True):
    station_id: str
    now: datetime


class RetireStation(Command, frozen=True):
    station_id: str
    now: datetime


class ListOnMap(Command, frozen=True):
    """A map provider shows the station, under this reference of its own (C6)."""

    station_id: str
    provider: MapProvider
    ref: str
    now: datetime


class StationRegistered(DomainEvent, frozen=True, omit_defaults=True):
    station_id: str
    org_id: str
    kind: str
    city: str
    county: str
    lat_e6: int  # micro-degrees: no floats in events
    lon_e6: int
    capacity: int
    max_stay_min: int
    always_open: bool
    name: str | None = None  # private: it is shown to people, and is in no published contract


class StationHoursSet(DomainEvent, frozen=True):
    station_id: str
    weekly: tuple[WeeklyInterval, ...]
    exceptions: tuple[DateException, ...]


class StationSuspended(DomainEvent, frozen=True):
    station_id: str
    reason: str


class StationResumed(DomainEvent, frozen=True):
    station_id: str


class StationRetired(DomainEvent, frozen=True):
    station_id: str


class MapListingPublished(DomainEvent, frozen=True):
    station_id: str
    provider: MapProvider
    ref: str


StationCommand: TypeAlias = RegisterStation | SetHours | SuspendStation | ResumeStation | RetireStation | ListOnMap
StationEvent: TypeAlias = (
    StationRegistered | StationHoursSet | StationSuspended | StationResumed | StationRetired | MapListingPublished
)


class Station(msgspec.Struct, frozen=True):
    """Until hours are set a station that is not always open is a draft: it is never open."""

    registered: StationRegistered | None = None
    place: Place = Place(0, 0)
    capacity: int = 0
    max_stay: timedelta = timedelta(0)
    always_open: bool = False
    hours: Hours = NEVER_OPEN
    out_of_service_from: datetime | None = None
    retired: bool = False
    listings: dict[MapProvider, str] = {}

    @property
    def is_draft(self) -> bool:
        return not self.always_open and self.hours == NEVER_OPEN

    def is_out_of_service(self, moment: datetime) -> bool:
        return self.out_of_service_from is not None and moment >= self.out_of_service_from

    def is_open(self, moment: datetime) -> bool:
        return self.always_open or self.hours.is_open(moment)

    def end_of_stay(self, start: datetime) -> datetime:
        """CK3: when a visit without an exit ends, by the hours as they are set now."""
        latest = start + self.max_stay
        return latest if self.always_open else self.hours.closing(start, latest)


def decide(command: StationCommand, station: Station) -> list[StationEvent]:
    match command:
        case RegisterStation():
            return register(command, station)
        case _ if station.registered is None:
            raise NotFound(f"no station is registered as {command.station_id}", field="station_id")
        case RetireStation(station_id, now):
            return [] if station.retired else [StationRetired(now, station_id)]
        case _ if station.retired:
            raise refusals.StationSuspended("the station is retired for good: register a new one", field="station_id")
        case SetHours(station_id, weekly, now, exceptions):
            check_hours(weekly, exceptions)
            unchanged = hours_of(weekly, exceptions) == station.hours
            return [] if unchanged else [StationHoursSet(now, station_id, weekly, exceptions)]
        case SuspendStation(station_id, reason, now):
            return [] if station.out_of_service_from else [StationSuspended(now, station_id, reason)]
        case ResumeStation(station_id, now):
            return [StationResumed(now, station_id)] if station.out_of_service_from else []
        case ListOnMap(station_id, provider, ref, now):
            known = station.listings.get(provider) == ref
            return [] if known else [MapListingPublished(now, station_id, provider, ref)]
        case _:
            assert_never(command)


def register(command: RegisterStation, station: Station) -> list[StationEvent]:
    """The same facts again are nothing new; other facts under a known id are refused."""
    check_facts(command)
    facts = StationRegistered(
        command.now,
        command.station_id,
        command.org_id,
        command.kind,
        command.city,
        command.county,
        command.lat_e6,
        command.lon_e6,
        command.capacity,
        command.max_stay_min,
        command.always_open,
        command.name,
    )
    if station.registered is None:
        return [facts]
    if msgspec.structs.replace(facts, at=station.registered.at) == station.registered:
        return []
    raise refusals.AlreadyRegistered(field="station_id")


def check_facts(command: RegisterStation) -> None:
    if command.capacity < 1:
        raise ValidationFailed("a station holds at least one person", field="capacity")
    if not 1 <= command.max_stay_min <= LONGEST_STAY_MIN:
        raise ValidationFailed(f"a stay lasts 1 to {LONGEST_STAY_MIN} minutes", field="max_stay_min")
    if abs(command.lat_e6) > 90_000_000:
        raise ValidationFailed("a latitude is -90 to 90 degrees, in micro-degrees", field="lat_e6")
    if abs(command.lon_e6) > 180_000_000:
        raise ValidationFailed("a longitude is -180 to 180 degrees, in micro-degrees", field="lon_e6")
    if command.name is not None and not (command.name.strip() and len(command.name) <= NAME_LENGTH):
        raise ValidationFailed(f"a name has 1 to {NAME_LENGTH} characters", field="name")


def evolve(station: Station, event: StationEvent) -> Station:
    match event:
        case StationRegistered(capacity=capacity, always_open=always_open):
            place, max_stay = Place(event.lat_e6, event.lon_e6), timedelta(minutes=event.max_stay_min)
            return Station(event, place, capacity, max_stay, always_open)
        case StationHoursSet(weekly=weekly, exceptions=exceptions):
            return msgspec.structs.replace(station, hours=hours_of(weekly, exceptions))
        case StationSuspended(at):
            return msgspec.structs.replace(station, out_of_service_from=at)
        case StationResumed():
            return msgspec.structs.replace(station, out_of_service_from=None)
        case StationRetired(at):
            # A retired station lets nobody in, like a suspended one; if it was suspended, it has been since then.
            since = station.out_of_service_from or at
            return msgspec.structs.replace(station, out_of_service_from=since, retired=True)
        case MapListingPublished(provider=provider, ref=ref):
            return msgspec.structs.replace(station, listings={**station.listings, provider: ref})
        case _:
            assert_never(event)


STATION: Decider[StationCommand, StationEvent, Station] = Decider(
    "station",
    Station(),
    decide,
    evolve,
    (StationRegistered, StationHoursSet, StationSuspended, StationResumed, StationRetired, MapListingPublished),
)
