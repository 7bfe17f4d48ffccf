"""Answers about patrol reports, hazards and teams."""

from __future__ import annotations

from datetime import date
from typing import Literal, TypeAlias

from pydantic import BaseModel, Field

from shared.answers import Found, Moment, NextNumber

from ..domain.hazard import Outcome, Severity
from ..domain.report_events import KindPaid

ReportState: TypeAlias = Literal[
    "submitted", "under_review", "escalated", "accepted", "rejected", "returned", "voided", "quarantined"
]


class ReportRow(BaseModel):
    """A patrol report and what became of it."""

    report_id: str
    duty_id: str
    station_id: str
    volunteer_id: str
    performed_from: Moment
    performed_to: Moment
    missed_items: list[str] = Field(description="Points of the checklist that were not in order.")
    state: ReportState
    decided_by: str | None = Field(description="`automatic`, or who reviewed it.")
    kind_paid: KindPaid | None
    points: int | None = Field(description="null: it is not decided.")
    code: str | None = Field(description="Why it was rejected or returned, or paid nothing.")


class Report(Found, ReportRow):
    """One patrol report."""


class ReportsOfDay(Found):
    """The patrols of a station on a day."""

    station_id: str
    day: date
    kinds: dict[KindPaid, int] = Field(description="Accepted reports by what they paid for.")
    states: dict[ReportState, int]
    missed_items: dict[str, int]
    reports: list[ReportRow]


class ReportToReview(BaseModel):
    """A report that waits for a person."""

    report_id: str
    duty_id: str
    station_id: str
    volunteer_id: str
    since: Moment
    escalated: bool = Field(description="Nobody has reviewed it for 48 hours.")
    leader_id: str | None = Field(description="Of the volunteer's team; null: he is in none.")
    age_min: int = Field(description="Minutes since it came.")


class ReviewQueue(Found):
    """A page of reports, the longest waiting first."""

    reports: list[ReportToReview]
    next: NextNumber


class HazardRow(BaseModel):
    """A hazard report, what it led to and what it was worth."""

    hazard_id: str
    station_id: str
    asset_id: str | None
    category: str
    suspected_severity: Severity
    reporter_id: str | None = Field(description="null: it was reported anonymously.")
    content_ref: str | None
    spotted_at: Moment
    received_at: Moment
    clock_corrected: bool
    note: Literal["LATE_BEYOND_WINDOW"] | None
    rectification_id: str | None
    state: Outcome
    points: int | None
    code: str | None = Field(description="Why it was rejected.")


class Hazard(Found, HazardRow):
    """One hazard report."""


class Hazards(Found):
    """A page of hazard reports, the latest received first."""

    hazards: list[HazardRow]
    next: NextNumber


class TeamRow(BaseModel):
    """A team and who leads it."""

    team_id: str
    code: str
    leader_id: str | None = Field(description="null: it is disbanded.")
    formed_at: Moment
    disbanded: bool


class Team(Found, TeamRow):
    """A team and its members."""

    members: list[str]


class Teams(Found):
    """A page of teams that are not disbanded, in the order of their forming."""

    teams: list[TeamRow]
    next: NextNumber
