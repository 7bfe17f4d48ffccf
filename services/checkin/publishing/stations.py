"""What others are told about stations: where they are and when, and what their equipment is alarmed about."""

from __future__ import annotations

from shared.contracts import checkin_stations as contracts
from shared.publishing import Publishing

from ..domain.equipment import SubsystemAlarmCleared, SubsystemAlarmRaised
from ..domain.station import (
    MapListingPublished,
    StationHoursSet,
    StationRegistered,
    StationResumed,
    StationRetired,
    StationSuspended,
)

PUBLISHING = Publishing()


@PUBLISHING.on(StationRegistered)
def station_registered(event: StationRegistered, entity: str) -> contracts.StationRegistered:
    """Without its name, as no topic has names."""
    return contracts.StationRegistered(
        station_id=entity,
        kind=event.kind,
        city=event.city,
        county=event.county,
        lat_e6=event.lat_e6,
        lon_e6=event.lon_e6,
        capacity=event.capacity,
        max_stay_min=event.max_stay_min,
        always_open=event.always_open,
        registered_at=event.at,
    )


@PUBLISHING.on(StationHoursSet)
def station_hours_set(event: StationHoursSet, entity: str) -> contracts.StationHoursSet:
    weekly = [
        contracts.WeeklyHours(weekday=one.weekday, opens_min=one.opens_min, closes_min=one.closes_min)
        for one in event.weekly
    ]
    exceptions = [
        contracts.HoursOfDate(
            date=one.date,
            intervals=[contracts.HoursOfDay(opens_min=i.opens_min, closes_min=i.closes_min) for i in one.intervals],
        )
        for one in event.exceptions
    ]
    return contracts.StationHoursSet(station_id=entity, weekly=weekly, exceptions=exceptions, set_at=event.at)


@PUBLISHING.on(StationSuspended)
def station_suspended(event: StationSuspended, entity: str) -> contracts.StationSuspended:
    return contracts.StationSuspended(station_id=entity, reason=event.reason, suspended_at=event.at)


@PUBLISHING.on(StationResumed)
def station_resumed(event: StationResumed, entity: str) -> contracts.StationResumed:
    return contracts.StationResumed(station_id=entity, resumed_at=event.at)


@PUBLISHING.on(StationRetired)
def station_retired(event: StationRetired, entity: str) -> contracts.StationRetired:
    return contracts.StationRetired(station_id=entity, retired_at=event.at)


@PUBLISHING.on(MapListingPublished)
def map_listing_published(event: MapListingPublished, entity: str) -> contracts.MapListingPublished:
    return contracts.MapListingPublished(
        station_id=entity, provider=event.provider, ref=event.ref, published_at=event.at
    )


@PUBLISHING.on(SubsystemAlarmRaised)
def subsystem_alarm_raised(event: SubsystemAlarmRaised, entity: str) -> contracts.SubsystemAlarmRaised:
    return contracts.SubsystemAlarmRaised(
        station_id=entity, subsystem=event.subsystem, severity=event.severity, raised_at=event.at
    )


@PUBLISHING.on(SubsystemAlarmCleared)
def subsystem_alarm_cleared(event: SubsystemAlarmCleared, entity: str) -> contracts.SubsystemAlarmCleared:
    return contracts.SubsystemAlarmCleared(
        station_id=entity, subsystem=event.subsystem, severity=event.severity, cleared_at=event.at
    )
