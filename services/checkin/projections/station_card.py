"""station_card: what a map shows of a station (C6): hours, whether it is open, facilities, stars, and the way there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

from sqlalchemy import Column, Integer, Text, select

from shared.log.read import Recorded
from shared.projecting import Drop, Projection, Put, RowChange
from shared.queries import View

from ..domain.facilities import FacilityHeld, FacilityReleased, StationFacilitiesChanged
from ..domain.hours import hours_of
from ..domain.review import StarRatingAwarded
from ..domain.station import MapListingPublished
from . import station_live
from .hours_text import parse_hours
from .station_live import FACTS, Now

STATION_CARD = Projection("station_card", 1)
CARD = STATION_CARD.table(
    "card",
    Column("station_id", Text, primary_key=True),
    Column("facilities", Text, nullable=False, server_default=""),
    Column("switched_off", Text, nullable=False, server_default=""),
)
AWARD = STATION_CARD.table(
    "star_award",
    Column("station_id", Text, primary_key=True),
    Column("period", Text, primary_key=True),
    Column("stars", Integer, nullable=False),
)
HELD = STATION_CARD.table(
    "held_facility",
    Column("station_id", Text, primary_key=True),
    Column("rectification_id", Text, primary_key=True),
    Column("facility", Text, nullable=False),
)
LISTING = STATION_CARD.table(
    "map_listing",
    Column("station_id", Text, primary_key=True),
    Column("provider", Text, primary_key=True),
    Column("ref", Text, nullable=False),
)


@STATION_CARD.on(StationFacilitiesChanged)
def facilities_changed(event: StationFacilitiesChanged, row: Recorded) -> list[RowChange]:
    facilities, off = " ".join(event.facilities), " ".join(event.out_of_service)
    return [Put(CARD, {"station_id": event.station_id, "facilities": facilities, "switched_off": off})]


@STATION_CARD.on(FacilityHeld)
def facility_held(event: FacilityHeld, row: Recorded) -> list[RowChange]:
    key = {"station_id": event.station_id, "rectification_id": event.rectification_id}
    return [Put(HELD, {**key, "facility": event.facility})]


@STATION_CARD.on(FacilityReleased)
def facility_released(event: FacilityReleased, row: Recorded) -> list[RowChange]:
    return [Drop(HELD, {"station_id": event.station_id, "rectification_id": event.rectification_id})]


@STATION_CARD.on(MapListingPublished)
def map_listing_published(event: MapListingPublished, row: Recorded) -> list[RowChange]:
    return [Put(LISTING, {"station_id": event.station_id, "provider": event.provider, "ref": event.ref})]


@STATION_CARD.on(StarRatingAwarded)
def star_rating_awarded(event: StarRatingAwarded, row: Recorded) -> list[RowChange]:
    return [Put(AWARD, {"station_id": event.station_id, "period": event.period, "stars": event.stars})]


async def of(view: View, station_id: str, moment: datetime) -> dict[str, Any]:
    """One station's card. Raises `NotFound`."""
    (card,) = await cards(view, [await station_live.station_of(view, station_id)], moment)
    return card


async def cards(view: View, stations: Sequence[Any], moment: datetime) -> list[dict[str, Any]]:
    """The cards of these rows of station_live, in their order. The view is over both projections."""
    ids = [station.station_id for station in stations]
    now = await station_live.now_of(view, ids, moment)
    extras = {row.station_id: row for row in await view.db.execute(select(CARD).where(CARD.c.station_id.in_(ids)))}
    held: dict[str, set[str]] = defaultdict(set)
    for row in await view.db.execute(select(HELD).where(HELD.c.station_id.in_(ids))):
        held[row.station_id].add(row.facility)
    awards = select(AWARD).where(AWARD.c.station_id.in_(ids)).order_by(AWARD.c.period)
    latest = {row.station_id: row for row in await view.db.execute(awards)}
    listings: dict[str, list[Any]] = defaultdict(list)
    for row in await view.db.execute(select(LISTING).where(LISTING.c.station_id.in_(ids)).order_by(LISTING.c.provider)):
        listings[row.station_id].append(row)
    return [
        {
            **_place(station, now[station.station_id]),
            **_times(station, moment),
            **_facilities(extras.get(station.station_id), held[station.station_id]),
            **_stars(latest.get(station.station_id)),
            "listings": [_listing(station, row) for row in listings[station.station_id]],
        }
        for station in stations
    ]


def _place(station: Any, now: Now) -> dict[str, Any]:
    state = station_live.state_of(station, now)
    return {
        **{name: getattr(station, name) for name in FACTS},
        "state": state,
        "open_now": None if state == "unknown" else state == "open",
        "occupancy": now.occupancy,
        "full": now.occupancy >= station.capacity,
    }


def _times(station: Any, moment: datetime) -> dict[str, Any]:
    """A station that is not in service keeps its hours, but nothing comes next."""
    weekly, exceptions = parse_hours(station.hours)
    times: dict[str, Any] = {"always_open": station.always_open, "weekly": weekly, "exceptions": exceptions}
    if station.always_open or station.state != "in_service":
        return {**times, "opens_at": None, "closes_at": None}
    hours = hours_of(weekly, exceptions)
    return {**times, "opens_at": hours.next_opening(moment), "closes_at": hours.next_closing(moment)}


def _facilities(card: Any, held: set[str]) -> dict[str, Any]:
    offered, off = (card.facilities.split(), card.switched_off.split()) if card else ([], [])
    return {"facilities": offered, "out_of_service": sorted({*off, *held})}


def _stars(award: Any) -> dict[str, Any]:
    return {"stars": award.stars if award else None, "stars_period": award.period if award else None}


def _listing(station: Any, listing: Any) -> dict[str, str]:
    return {"provider": listing.provider, "ref": listing.ref, "navigation": navigation(listing.provider, station)}


def navigation(provider: str, station: Any) -> str:
    """The provider's public link to the way there: it starts the app where there is one. Our coordinates are WGS 84."""
    lat, lon = f"{station.lat_e6 / 1e6:.6f}", f"{station.lon_e6 / 1e6:.6f}"
    title = quote(station.name or station.station_id, safe="")
    match provider:
        case "amap":
            to = f"{lon},{lat},{title}"
            return f"https://uri.amap.com/navigation?to={to}&mode=walk&coordinate=wgs84&src=yizhan&callnative=1"
        case "baidu":
            about = f"title={title}&content={title}&coord_type=wgs84"
            return f"https://api.map.baidu.com/marker?location={lat},{lon}&{about}&output=html&src=webapp.yizhan"
        case "tencent":
            marker = f"coord:{lat},{lon};title:{title};addr:{title}"
            return f"https://apis.map.qq.com/uri/v1/marker?marker={marker}&coord_type=1&referer=yizhan"
    raise ValueError(f"{provider} is no map provider")
