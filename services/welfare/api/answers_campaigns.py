"""Answers about campaigns."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from shared.answers import Found, Moment, NextId


class PhaseSaid(BaseModel):
    """A part of a phased campaign."""

    phase_id: str
    starts_at: Moment
    ends_at: Moment


class PhaseShown(PhaseSaid):
    """And whether its time has come."""

    stage: Literal["to_come", "open", "closed"]


class TermsSaid(BaseModel):
    """What a campaign says, as it was drafted. An empty list means: all of them."""

    kind: str
    budget_id: str
    face_fen: int
    starts_at: Moment
    ends_at: Moment
    window_from: str | None
    window_to: str | None
    valid_until: Moment | None
    collect: bool
    merchants: list[str]
    stations: list[str]
    trades: list[str]
    phases: list[PhaseSaid]
    limit: int
    worker_fen: int
    canteen_fen: int


class CampaignShown(BaseModel):
    """One campaign."""

    campaign_id: str
    stage: Literal["draft", "published", "paused", "closed"]
    reason: str | None = Field(description="Why it is paused.")
    terms: TermsSaid


class Campaign(Found, CampaignShown):
    """One campaign and its phases."""

    phases: list[PhaseShown]


class Campaigns(Found):
    """A page of campaigns, by id."""

    campaigns: list[CampaignShown]
    next: NextId


class Counts(BaseModel):
    """So many entitlements were granted, and what became of them. `used` are those of now: reversals are taken off."""

    granted: int
    used: int
    expired: int
    revoked: int
    declined: dict[str, int] = Field(description="By code.", examples=[{"BUDGET_EXHAUSTED": 6}])


class TradeCounts(Counts):
    """Of one trade."""

    trade: str | None = Field(description="null: nobody has told it.")


class CountyCounts(Counts):
    """In one county."""

    county: str | None = Field(description="Of the station; null: it was at none.")


class Reach(Found, Counts):
    """How far a campaign reaches, in all, by trade and by county."""

    by_trade: list[TradeCounts]
    by_county: list[CountyCounts]


class TargetList(BaseModel):
    """One list of members. `answered`: so many of them have their outcome; of these, `granted` got it by this list."""

    list_id: str
    size: int
    approved: bool
    approved_by: str | None
    answered: int
    granted: int


class TargetLists(Found):
    """A page of a campaign's lists, by id."""

    lists: list[TargetList]
    next: NextId
