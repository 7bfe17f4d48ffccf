"""Answers about duties, the rota and the calendar."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import BaseModel, Field

from shared.answers import Found, Moment, NextId, NextNumber

from ..domain.duty_events import DutyKind
from ..domain.duty_state import Stage
from ..domain.working_days import DayKind, Source


class SwapOnOffer(BaseModel):
    """Who asks whom to take his place."""

    from_person: str
    to_person: str


class DutyRow(BaseModel):
    """A duty and what became of it."""

    duty_id: str
    kind: DutyKind
    station_id: str
    day: date
    window_from: Moment
    window_to: Moment
    theme: str | None
    state: Stage
    people: list[str] = Field(description="Who are on it now.")
    deputy: str | None
    started_by: str | None
    started_at: Moment | None
    ended_at: Moment | None
    missed_at: Moment | None
    report_id: str | None = Field(description="The patrol report that fulfilled it, in time or after its miss.")
    reason: str | None = Field(description="Why it was cancelled.")
    swaps: int = Field(description="How often a place on it has changed hands.")
    offers: list[SwapOnOffer]


class DutiesOfPerson(Found):
    """A page of a person's duties, newest in the rota first."""

    duties: list[DutyRow]
    next: NextNumber


class CalendarDay(BaseModel):
    """What a date is, and who says so."""

    date: date
    kind: DayKind
    source: Source


class RotaDay(CalendarDay):
    """Who is chief on a day."""

    chief: str | None
    duty_id: str | None
    state: Stage | None
    deputy: str | None
    started_by: str | None
    missed_at: Moment | None
    swaps: int
    gap: bool = Field(description="Nobody is named.")
    unassigned_at: Moment | None = Field(description="When the gap was told, also if it was filled since.")


class StationWeek(BaseModel):
    """A station's week."""

    station_id: str
    county: str
    state: Literal["in_service", "suspended", "retired"]
    days: list[RotaDay]


class RotaWeek(Found):
    """Monday to Sunday, a page of stations."""

    week_from: date
    stations: list[StationWeek]
    next: NextId


class PatrolsOfWeek(BaseModel):
    """Patrols of one kind in one week."""

    week_from: date
    kind: DutyKind
    scheduled: int
    fulfilled: int
    missed: int
    reported_late: int = Field(description="Of the missed, those that were reported afterwards.")


class PatrolsOfStation(BaseModel):
    """A station's weeks; none without a patrol."""

    station_id: str
    weeks: list[PatrolsOfWeek]


class PatrolCoverage(Found):
    """A page of stations."""

    stations: list[PatrolsOfStation]
    next: NextId


class Calendar(Found):
    """Days from the one that was asked for."""

    days: list[CalendarDay]
