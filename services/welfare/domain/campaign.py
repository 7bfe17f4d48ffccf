"""Campaign 活动: what a union gives, to whom, when, and from which budget.

A campaign is drafted, then published as it stands: nobody gets anything from a draft (E44).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Literal, TypeAlias, assert_never, get_args

import msgspec

from shared.clock import CHINA
from shared.decider import Command, Decider, DomainEvent
from shared.errors import IdempotencyKeyReused, NotFound

from . import refusals

CampaignKind: TypeAlias = Literal["checkin_gift", "list_gift", "meal", "phased", "reward"]


class Phase(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of a phased campaign, half-open (WF11)."""

    phase_id: str
    starts_at: datetime
    ends_at: datetime


class Terms(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a campaign says. Empty tuples mean: all of them. Money in fen.

    `face_fen` is what the union pays: a voucher's face, or its part of a meal's price, to which `worker_fen` and
    `canteen_fen` come. The window is of each day in China, half-open. Without `valid_until` a voucher is good for the
    day of its issue.
    """

    kind: CampaignKind
    budget_id: str
    face_fen: int
    starts_at: datetime
    ends_at: datetime
    window_from: time | None = None
    window_to: time | None = None
    valid_until: datetime | None = None
    collect: bool = False
    merchants: tuple[str, ...] = ()
    stations: tuple[str, ...] = ()
    trades: tuple[str, ...] = ()
    phases: tuple[Phase, ...] = ()
    limit: int = 0  # vouchers or meals for each member in all; 0: as many as periods
    worker_fen: int = 0
    canteen_fen: int = 0

    def in_window(self, moment: datetime) -> bool:
        """Whether it is served at this time of the day; half-open, may pass midnight."""
        if self.window_from is None or self.window_to is None:
            return True
        local = moment.astimezone(CHINA).time()
        if self.window_from <= self.window_to:
            return self.window_from <= local < self.window_to
        return local >= self.window_from or local < self.window_to

    def voucher_ends(self, issued_for: datetime) -> datetime:
        """When a voucher is of no use any more, exclusive (WF6); never after the campaign says."""
        if self.valid_until is not None:
            return self.valid_until
        day = issued_for.astimezone(CHINA).replace(hour=0, minute=0, second=0, microsecond=0)
        return day + timedelta(days=1)

    def accepts(self, merchant_id: str) -> bool:
        return not self.merchants or merchant_id in self.merchants


class DraftCampaign(Command, frozen=True):
    """Write down a campaign. Drafted again before it is published, the last word holds."""

    campaign_id: str
    terms: Terms
    now: datetime


class PublishCampaign(Command, frozen=True):
    campaign_id: str
    now: datetime


class PauseCampaign(Command, frozen=True):
    campaign_id: str
    reason: str
    now: datetime


class ResumeCampaign(Command, frozen=True):
    campaign_id: str
    now: datetime


class CloseCampaign(Command, frozen=True):
    """It gives nothing any more; what was given stays good."""

    campaign_id: str
    now: datetime


class CampaignDrafted(DomainEvent, frozen=True):
    terms: Terms


class CampaignPublished(DomainEvent, frozen=True):
    terms: Terms


class CampaignPaused(DomainEvent, frozen=True):
    reason: str


class CampaignResumed(DomainEvent, frozen=True):
    """`at` is when."""


class CampaignClosed(DomainEvent, frozen=True):
    """`at` is when."""


CampaignCommand: TypeAlias = DraftCampaign | PublishCampaign | PauseCampaign | ResumeCampaign | CloseCampaign
CampaignEvent: TypeAlias = CampaignDrafted | CampaignPublished | CampaignPaused | CampaignResumed | CampaignClosed


class Campaign(msgspec.Struct, frozen=True):
    terms: Terms | None = None
    stage: Literal["draft", "published", "paused", "closed"] = "draft"

    @property
    def known(self) -> Terms:
        """Its terms. Raises `NotFound` when nobody has drafted it."""
        if self.terms is None:
            raise NotFound("No campaign is known under this id.", field="campaign_id")
        return self.terms

    def open_at(self, moment: datetime) -> Terms:
        """Its terms while it gives something. Raises `NotFound` or CAMPAIGN_NOT_OPEN."""
        terms = self.known
        if self.stage != "published" or not terms.starts_at <= moment < terms.ends_at:
            raise refusals.CampaignNotOpen
        return terms


def decide(command: CampaignCommand, campaign: Campaign) -> Sequence[CampaignEvent]:
    match command:
        case DraftCampaign(_, terms, now):
            if campaign.stage != "draft":
                raise IdempotencyKeyReused("This campaign is published: draft another one.", field="campaign_id")
            return [] if campaign.terms == terms else [CampaignDrafted(now, terms)]
        case _:
            return _moved(command, campaign.known, campaign.stage)


def _moved(
    command: PublishCampaign | PauseCampaign | ResumeCampaign | CloseCampaign, terms: Terms, stage: str
) -> Sequence[CampaignEvent]:
    """What it is already is nothing new; a closed one stays so."""
    match command:
        case PublishCampaign(_, now):
            return [CampaignPublished(now, terms)] if stage == "draft" else []
        case PauseCampaign(_, reason, now):
            return [CampaignPaused(now, reason)] if stage == "published" else []
        case ResumeCampaign(_, now):
            return [CampaignResumed(now)] if stage == "paused" else []
        case CloseCampaign(_, now):
            return [] if stage == "closed" else [CampaignClosed(now)]
        case _:
            assert_never(command)


def evolve(campaign: Campaign, event: CampaignEvent) -> Campaign:
    replace = msgspec.structs.replace
    match event:
        case CampaignDrafted(terms=terms):
            return replace(campaign, terms=terms)
        case CampaignPublished(terms=terms):
            return replace(campaign, terms=terms, stage="published")
        case CampaignPaused():
            return replace(campaign, stage="paused")
        case CampaignResumed():
            return replace(campaign, stage="published")
        case CampaignClosed():
            return replace(campaign, stage="closed")
        case _:
            assert_never(event)


CAMPAIGN: Decider[CampaignCommand, CampaignEvent, Campaign] = Decider(
    "campaign", Campaign(), decide, evolve, get_args(CampaignEvent)
)
