"""Station 驿站, as checkin tells of it: where it is, whether it is in service, and which campaigns are bound to it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypeAlias, assert_never, get_args

import msgspec

from shared.decider import Command, Decider, DomainEvent


class NoteStation(Command, frozen=True):
    """Checkin has registered it."""

    station_id: str
    county: str
    now: datetime


class NoteStationSuspended(Command, frozen=True):
    station_id: str
    now: datetime


class NoteStationResumed(Command, frozen=True):
    station_id: str
    now: datetime


class BindCampaign(Command, frozen=True):
    campaign_id: str
    now: datetime


class UnbindCampaign(Command, frozen=True):
    campaign_id: str
    now: datetime


class StationNoted(DomainEvent, frozen=True):
    county: str


class StationSuspensionNoted(DomainEvent, frozen=True):
    """`at` is when."""


class StationSuspensionLifted(DomainEvent, frozen=True):
    """`at` is when."""


class CampaignBound(DomainEvent, frozen=True):
    campaign_id: str


class CampaignUnbound(DomainEvent, frozen=True):
    campaign_id: str


StationCommand: TypeAlias = NoteStation | NoteStationSuspended | NoteStationResumed | BindCampaign | UnbindCampaign
StationEvent: TypeAlias = (
    StationNoted | StationSuspensionNoted | StationSuspensionLifted | CampaignBound | CampaignUnbound
)


class Station(msgspec.Struct, frozen=True):
    """`county` is empty while checkin has not told of it; `campaigns` are in the order of their publication."""

    county: str = ""
    suspended: bool = False
    campaigns: tuple[str, ...] = ()


def decide(command: StationCommand, station: Station) -> Sequence[StationEvent]:
    match command:
        case NoteStation(_, county, now):
            return [] if station.county == county else [StationNoted(now, county)]
        case NoteStationSuspended(_, now):
            return [] if station.suspended else [StationSuspensionNoted(now)]
        case NoteStationResumed(_, now):
            return [StationSuspensionLifted(now)] if station.suspended else []
        case BindCampaign(campaign_id, now):
            return [] if campaign_id in station.campaigns else [CampaignBound(now, campaign_id)]
        case UnbindCampaign(campaign_id, now):
            return [CampaignUnbound(now, campaign_id)] if campaign_id in station.campaigns else []
        case _:
            assert_never(command)


def evolve(station: Station, event: StationEvent) -> Station:
    replace = msgspec.structs.replace
    match event:
        case StationNoted(county=county):
            return replace(station, county=county)
        case StationSuspensionNoted():
            return replace(station, suspended=True)
        case StationSuspensionLifted():
            return replace(station, suspended=False)
        case CampaignBound(campaign_id=campaign_id):
            return replace(station, campaigns=(*station.campaigns, campaign_id))
        case CampaignUnbound(campaign_id=campaign_id):
            return replace(station, campaigns=tuple(one for one in station.campaigns if one != campaign_id))
        case _:
            assert_never(event)


STATION: Decider[StationCommand, StationEvent, Station] = Decider(
    "station", Station(), decide, evolve, get_args(StationEvent)
)
