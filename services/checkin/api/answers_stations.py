"""Answers about stations: how they are now, their cards, and how well they are spread."""

from __future__ import annotations

from datetime import date
from typing import Literal, TypeAlias

from pydantic import BaseModel, Field

from shared.answers import Found, Moment, NextId

from ..domain.equipment import Severity, Status
from ..domain.gates import Direction
from ..domain.station import MapProvider

State: TypeAlias = Literal["draft", "open", "closed", "unknown", "suspended", "retired"]
STATE = "unknown: it should be open, and its equipment was not heard of for too long."


class Facts(BaseModel):
    """What a station is."""

    station_id: str
    name: str | None = Field(description="The public name of the place.")
    kind: str
    city: str
    county: str
    lat_e6: int = Field(description="Micro-degrees of WGS 84.")
    lon_e6: int = Field(description="Micro-degrees of WGS 84.")
    capacity: int


class Subsystem(BaseModel):
    """What a part of the equipment says of itself."""

    status: Status | Literal["unknown"] = Field(description="unknown: its last report is too old to be believed.")
    reported_at: Moment
    alarm: Severity | None


class LiveRow(Facts):
    """A station at a moment."""

    occupancy: int = Field(description="How many members are inside.")
    state: State = Field(description=STATE)
    reported_at: Moment | None = Field(description="When its equipment was heard of last.")
    age_s: int | None = Field(description="Seconds since then.")
    subsystems: dict[str, Subsystem]


class Live(Found, LiveRow):
    """One station at a moment."""


class ListedStation(LiveRow):
    """A station in a list."""

    distance_m: int | None = Field(description="Metres from the point that was asked for; null: none was.")


class Stations(Found):
    """A page of stations."""

    stations: list[ListedStation]
    next: NextId


class OpenMinutes(BaseModel):
    """Minutes of a day; closing past midnight is above 1440."""

    opens_min: int
    closes_min: int


class OpenWeekly(OpenMinutes):
    """Open every week."""

    weekday: int = Field(description="1 is Monday.")


class OpenOnDate(BaseModel):
    """What replaces the intervals that start on this date."""

    date: date
    intervals: list[OpenMinutes]


class Listing(BaseModel):
    """How a map provider shows the station."""

    provider: MapProvider
    ref: str = Field(description="What the provider calls the place.")
    navigation: str = Field(description="The address of the way there.")


class OnCard(BaseModel):
    """What a card says beyond the facts."""

    state: State = Field(description=STATE)
    open_now: bool | None = Field(description="null: unknown.")
    occupancy: int
    full: bool
    always_open: bool
    weekly: list[OpenWeekly]
    exceptions: list[OpenOnDate]
    opens_at: Moment | None = Field(description="The next opening.")
    closes_at: Moment | None = Field(description="The next closing.")
    facilities: list[str]
    out_of_service: list[str] = Field(description="Facilities that may not be used now.")
    stars: int | None = Field(description="Of the last review.")
    stars_period: str | None = Field(description="Of which quarter that was.", examples=["2026-Q1"])
    listings: list[Listing]


class Card(Found, Facts, OnCard):
    """What a map shows of a station."""


class Point(BaseModel):
    """Where it is."""

    type: Literal["Point"]
    coordinates: list[float] = Field(
        min_length=2, max_length=2, description="Longitude and latitude in degrees of WGS 84."
    )


class Properties(OnCard):
    """The card, without the place."""

    station_id: str
    name: str | None
    kind: str
    city: str
    county: str
    capacity: int


class Feature(BaseModel):
    """A station."""

    type: Literal["Feature"]
    id: str
    geometry: Point
    properties: Properties


class FeatureCollection(Found):
    """Stations as GeoJSON (RFC 7946)."""

    type: Literal["FeatureCollection"]
    features: list[Feature]
    next: NextId


class GateRow(BaseModel):
    """A gate whose scans are taken."""

    station_id: str
    gate_id: str
    direction: Direction | None = Field(description="The only way it opens; null: both.")
    registered_at: Moment


class Gates(Found):
    """A station's registered gates."""

    station_id: str
    gates: list[GateRow]


class County(BaseModel):
    """How well a county is covered."""

    county: str
    stations: int
    in_service: int
    work_areas: int
    people: int = Field(description="Who work in the county.")
    people_within: int = Field(description="Of them, who have a station in service within the circle.")
    share_permille: int | None = Field(description="Those per thousand; null: nobody was counted.")


class Coverage(Found):
    """A page of counties, by name."""

    circle_m: int = Field(description="How far one walks in 15 minutes, in metres.")
    counties: list[County]
    next: NextId
