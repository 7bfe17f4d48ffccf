"""Answers about members and their visits, and about the demands that chiefs have heard."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from shared.answers import Found, Moment, NextNumber

from ..domain.visits import ExitKind, VisitFlag


class MemberCard(Found):
    """A membership."""

    member_id: str
    trade: str
    state: Literal["active", "suspended", "left"]
    key_id: str | None = Field(description="The key of the code that is valid now; null: none was issued.")


class MemberCode(Found):
    """The code to show now."""

    member_id: str
    key_id: str
    code: str = Field(description="The text of the QR code.")
    shown_from: Moment
    shown_until: Moment = Field(description="Ask for the next code then.")
    accepted_until: Moment = Field(description="Until when gates still take it.")


class Visit(BaseModel):
    """A visit."""

    visit_id: str
    member_id: str
    station_id: str
    gate_id: str
    started_at: Moment
    ends_at: Moment = Field(description="While it is open: when it would end by itself.")
    exit_kind: ExitKind | Literal["voided"] | None = Field(description="null: it is open.")
    counted: bool = Field(description="Not, when the member was back within 30 minutes.")
    offline: bool
    clock_corrected: bool
    flags: list[VisitFlag] = Field(description="Rules that could not be kept as the scan came late.")


class Visits(Found):
    """A page of a member's visits, newest first."""

    visits: list[Visit]
    next: Moment | None = Field(description="Ask with it for the page that follows; null: there is no more.")


class DemandRow(BaseModel):
    """A demand that a chief has taken up. Its words are kept apart, under `content_ref`."""

    demand_id: str
    duty_id: str
    station_id: str
    chief_id: str
    member_id: str | None
    category: str
    heard_at: Moment
    deadline: Moment
    content_ref: str
    content_hmac: str | None
    state: Literal["open", "closed"]
    closed_at: Moment | None
    in_time: bool | None
    case_id: str | None
    outcome: str | None
    overdue: bool


class Demands(Found):
    """A page of demands, in the order they were recorded."""

    demands: list[DemandRow]
    next: NextNumber


class DemandCounts(BaseModel):
    """How many demands there are."""

    recorded: int
    open: int
    closed: int
    closed_in_time: int
    overdue: int


class DemandsOfCategory(DemandCounts):
    """Those of one category."""

    category: str


class DemandFigures(Found, DemandCounts):
    """In all, and by category."""

    categories: list[DemandsOfCategory]
