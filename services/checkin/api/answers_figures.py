"""Answers that are figures: visitors, services, ratings, gates."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import BaseModel, Field

from shared.answers import Found, NextId

PEAK = "The most that were inside at one time."


class StationDay(Found):
    """A station's visitors on one day."""

    station_id: str
    day: date
    visits: int
    counted: int = Field(description="Those that count: who comes back within 30 minutes does not again.")
    members: int = Field(description="Different members.")
    peak: int = Field(description=PEAK)
    person_minutes: int
    clock_corrected: int
    auto_ended: int = Field(description="Visits that nobody ended.")
    duplicates_ignored: int


class Flow(BaseModel):
    """Visitors of a time."""

    entries: int
    counted: int = Field(description="Those that count: who comes back within 30 minutes does not again.")
    members: int = Field(description="Different members.")
    peak: int = Field(description=PEAK)


class FlowOfDay(Flow):
    """One day."""

    day: date


class FlowOfHour(Flow):
    """One hour."""

    hour: int = Field(ge=0, le=23)


class FlowByDay(Found, Flow):
    """All days together, and each."""

    first: date = Field(alias="from")
    after: date = Field(alias="to", description="The day after the last.")
    rows: list[FlowOfDay]


class FlowByHour(Found, Flow):
    """A day, and each of its hours."""

    day: date
    rows: list[FlowOfHour]


class ServiceUses(BaseModel):
    """How a service was used."""

    service: str
    uses: int
    qty: int = Field(description="In all uses together, in the service's own unit.")


class ServiceUsesOfDay(ServiceUses):
    """On one day."""

    day: date


class ServiceDemand(Found):
    """The most used first; and each day."""

    services: list[ServiceUses]
    days: list[ServiceUsesOfDay]


class Ratings(Found):
    """A station's stars."""

    station_id: str
    ratings: int
    mean: str | None = Field(description="Rounded to a hundredth; null: nobody rated.", examples=["4.67"])
    stars: dict[Literal["1", "2", "3", "4", "5"], int] = Field(description="How many gave how many.")


class ScanCount(BaseModel):
    """What a gate did on a day."""

    day: date
    station_id: str
    gate_id: str = Field(description="`-`: the scan did not say.")
    kind: Literal["passed", "refused", "flag", "clock"]
    code: str = Field(description="What passed; why it was refused; which flag; what was with the clock.")
    scans: int


class ScanAudit(Found):
    """A page of counts, by day, station and gate."""

    rows: list[ScanCount]
    next: NextId
