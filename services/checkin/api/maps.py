"""Stations on maps 地图: which there are and how they are, as a list, as GeoJSON, and as a page to look at."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import HTMLResponse, JSONResponse

from shared.contracts.model import Code, Id, Instant
from shared.errors import ValidationFailed
from shared.web import Call, MinPosition, found

from ..domain.geometry import EARTH, Place
from ..domain.values import WALK_15_MIN_M
from ..projections import station_card, station_live
from ..projections.finding import Search, find
from . import answers_stations, map_page

router = APIRouter(tags=["maps"])

FARTHEST_M = 50_000  # around a point; whoever wants more asks by city


def search(
    city: Annotated[Code | None, Query(description="Only of this city.")] = None,
    county: Annotated[Code | None, Query(description="Only of this county.")] = None,
    lat_e6: Annotated[
        int | None, Query(ge=EARTH.south_e6, le=EARTH.north_e6, description="Around this point, the nearest first.")
    ] = None,
    lon_e6: Annotated[
        int | None, Query(ge=EARTH.west_e6, le=EARTH.east_e6, description="Given together with lat_e6.")
    ] = None,
    within_m: Annotated[
        int, Query(ge=1, le=FARTHEST_M, description="How far around the point, in metres; by default 15 minutes.")
    ] = WALK_15_MIN_M,
) -> Search:
    if lat_e6 is None and lon_e6 is None:
        return Search(city, county)
    if lat_e6 is None or lon_e6 is None:
        raise ValidationFailed("a point has both", field="lat_e6" if lat_e6 is None else "lon_e6")
    return Search(city, county, Place(lat_e6, lon_e6), within_m)


Searched: TypeAlias = Annotated[Search, Depends(search)]
After: TypeAlias = Annotated[Id | None, Query(description="Continue after this station.")]


class GeoJson(JSONResponse):
    """RFC 7946."""

    media_type = "application/geo+json"


@router.get("/stations", responses={200: {"model": answers_stations.Stations}})
async def stations(
    call: Call,
    wanted: Searched,
    at: Annotated[Instant | None, Query(description="The moment asked for; now by default.")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    after: After = None,
    min_position: MinPosition = None,
) -> Response:
    """Stations and how they are, now or at a moment: by city, county, or around a point with the nearest first."""
    moment = at or call.now
    async with call.reading(station_live.STATION_LIVE, min_position) as view:
        page = await find(view, wanted, limit, after)
        now = await station_live.now_of(view, [one.station_id for one in page.stations], moment)
        rows = [
            {**station_live.shown(one, now[one.station_id]), "distance_m": metres}
            for one, metres in zip(page.stations, page.metres, strict=True)
        ]
        return found(view, {"stations": rows, "next": page.next})


@router.get("/stations.geojson", response_class=GeoJson, responses={200: {"model": answers_stations.FeatureCollection}})
async def stations_as_geojson(
    call: Call,
    wanted: Searched,
    limit: Annotated[int, Query(ge=1, le=1000)] = 500,
    after: After = None,
    min_position: MinPosition = None,
) -> Response:
    """Cards of stations as GeoJSON (RFC 7946), for maps; `next` and `position` stand beside the features."""
    async with call.reading(station_card.STATION_CARD, min_position, station_live.STATION_LIVE) as view:
        page = await find(view, wanted, limit, after)
        cards = await station_card.cards(view, page.stations, call.now)
        collection = {"type": "FeatureCollection", "features": [feature(card) for card in cards]}
        answer = found(view, {**collection, "next": page.next})
        answer.headers["Content-Type"] = GeoJson.media_type
        return answer


def feature(card: dict[str, Any]) -> dict[str, Any]:
    """Longitude comes first, in degrees of WGS 84."""
    properties = {name: value for name, value in card.items() if name not in ("lat_e6", "lon_e6")}
    where = {"type": "Point", "coordinates": [card["lon_e6"] / 1e6, card["lat_e6"] / 1e6]}
    return {"type": "Feature", "id": card["station_id"], "geometry": where, "properties": properties}


@router.get("/map", response_class=HTMLResponse)
async def show_map(
    call: Call,
    wanted: Searched,
    limit: Annotated[int, Query(ge=1, le=1000)] = 1000,
    after: After = None,
    min_position: MinPosition = None,
) -> Response:
    """A page that shows stations on a map with their cards. It is whole in itself: nothing is fetched to look at it."""
    async with call.reading(station_card.STATION_CARD, min_position, station_live.STATION_LIVE) as view:
        page = await find(view, wanted, limit, after)
        cards = await station_card.cards(view, page.stations, call.now)
        headers = {"ETag": f'"{view.token}"', "Content-Security-Policy": map_page.POLICY}
        return HTMLResponse(map_page.page(cards, call.now, page.next), headers=headers)
