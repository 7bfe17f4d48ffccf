"""Campaign 活动: what a union gives, to whom, when, and from which budget.

A campaign is drafted, then published as it stands: nobody gets anything from a draft (E44). Suspended stations pause
those that are bound to them (row 21): such a campaign goes on when the last of them is back, or an officer says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Literal, TypeAlias, assert_never, get_args

import msgspec

from shared.clock import CHINA
from shared.decider import Command, DeadlineCleared, DeadlineSet, Decider, DomainEvent
from shared.errors import IdempotencyKeyReused, NotFound

from . import refusals
from .values import REACTION_WINDOW

START, END = "start", "end"  # timers
PHASE_OPENS, PHASE_CLOSES = "phase_opens", "phase_closes"  # timers, one for each phase

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
    day of its issue. A campaign that names stations is bound to them: to what is checked in there, and to their being
    in service.
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
    """It gives nothing for now. `station_id`: the suspended station that is why, if it is."""

    campaign_id: str
    reason: str
    now: datetime
    station_id: str = ""


class ResumeCampaign(Command, frozen=True):
    """It gives again, whatever it was paused for; or, if a station is named, unless something else holds it."""

    campaign_id: str
    now: datetime
    station_id: str = ""


class CloseCampaign(Command, frozen=True):
    """It gives nothing any more; what was given stays good. Its own end does this, too."""

    campaign_id: str
    now: datetime


class StartCampaign(Command, frozen=True):
    """The time has come that its terms name."""

    campaign_id: str
    now: datetime


class TurnPhase(Command, frozen=True):
    """A phase begins or is over."""

    campaign_id: str
    phase_id: str
    opens: bool
    now: datetime


class CampaignDrafted(DomainEvent, frozen=True):
    terms: Terms


class CampaignPublished(DomainEvent, frozen=True):
    terms: Terms


class CampaignStarted(DomainEvent, frozen=True):
    """One that was published before its time begins to give."""


class CampaignPaused(DomainEvent, frozen=True):
    reason: str
    station_id: str = ""


class CampaignResumed(DomainEvent, frozen=True):
    """`station_id`: which station is back; none, when it goes on whatever it was paused for."""

    station_id: str = ""


class CampaignClosed(DomainEvent, frozen=True):
    """`at` is when."""


class PhaseOpened(DomainEvent, frozen=True):
    phase_id: str


class PhaseClosed(DomainEvent, frozen=True):
    phase_id: str


CampaignCommand: TypeAlias = (
    DraftCampaign | PublishCampaign | PauseCampaign | ResumeCampaign | CloseCampaign | StartCampaign | TurnPhase
)
CampaignEvent: TypeAlias = (
    CampaignDrafted
    | CampaignPublished
    | CampaignStarted
    | CampaignPaused
    | CampaignResumed
    | CampaignClosed
    | PhaseOpened
    | PhaseClosed
    | DeadlineSet
    | DeadlineCleared
)


class Campaign(msgspec.Struct, frozen=True):
    """`causes` are what it is paused for: suspended stations, and the empty text for an officer."""

    terms: Terms | None = None
    stage: Literal["draft", "published", "paused", "closed"] = "draft"
    causes: frozenset[str] = frozenset()
    timers: frozenset[tuple[str, str]] = frozenset()

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
        case StartCampaign(_, now):
            return [CampaignStarted(now)] if (START, "") in campaign.timers else []
        case TurnPhase(_, phase_id, opens, now):
            if (PHASE_OPENS if opens else PHASE_CLOSES, phase_id) not in campaign.timers:
                return []
            return [PhaseOpened(now, phase_id) if opens else PhaseClosed(now, phase_id)]
        case _:
            return _moved(command, campaign.known, campaign)


def _moved(
    command: PublishCampaign | PauseCampaign | ResumeCampaign | CloseCampaign, terms: Terms, campaign: Campaign
) -> Sequence[CampaignEvent]:
    """What it is already is nothing new; a closed one stays so."""
    stage, causes = campaign.stage, campaign.causes
    match command:
        case PublishCampaign(_, now):
            return [CampaignPublished(now, terms), *_deadlines(terms, now)] if stage == "draft" else []
        case PauseCampaign(_, reason, now, station_id):
            paused = stage not in ("published", "paused") or station_id in causes
            return [] if paused else [CampaignPaused(now, reason, station_id)]
        case ResumeCampaign(_, now, station_id):
            held = station_id in causes if station_id else bool(causes)
            return [CampaignResumed(now, station_id)] if stage == "paused" and held else []
        case CloseCampaign(_, now):
            cleared = [DeadlineCleared(now, name, ref, "closed") for name, ref in sorted(campaign.timers)]
            return [] if stage == "closed" else [CampaignClosed(now), *cleared]
        case _:
            assert_never(command)


def _deadlines(terms: Terms, now: datetime) -> list[CampaignEvent]:
    """What was in time may be told until 72 hours later (K5), so that long it stays among those that are looked at."""
    due = [(START, "", terms.starts_at), (END, "", terms.ends_at + REACTION_WINDOW)]
    for phase in terms.phases:
        due += [(PHASE_OPENS, phase.phase_id, phase.starts_at), (PHASE_CLOSES, phase.phase_id, phase.ends_at)]
    return [DeadlineSet(now, name, ref, at) for name, ref, at in due if at > now or name != START]


def evolve(campaign: Campaign, event: CampaignEvent) -> Campaign:
    replace = msgspec.structs.replace
    match event:
        case CampaignDrafted(terms=terms):
            return replace(campaign, terms=terms)
        case CampaignPublished(terms=terms):
            return replace(campaign, terms=terms, stage="published")
        case CampaignPaused(station_id=station_id):
            return replace(campaign, stage="paused", causes=campaign.causes | {station_id})
        case CampaignResumed(station_id=station_id):
            causes = campaign.causes - {station_id} if station_id else frozenset[str]()
            return replace(campaign, stage="paused" if causes else "published", causes=causes)
        case CampaignClosed():
            return replace(campaign, stage="closed")
        case CampaignStarted():
            return _rung(campaign, START)
        case PhaseOpened(phase_id=phase_id):
            return _rung(campaign, PHASE_OPENS, phase_id)
        case PhaseClosed(phase_id=phase_id):
            return _rung(campaign, PHASE_CLOSES, phase_id)
        case DeadlineSet(name=name, ref=ref):
            return replace(campaign, timers=campaign.timers | {(name, ref)})
        case DeadlineCleared(name=name, ref=ref):
            return _rung(campaign, name, ref)
        case _:
            assert_never(event)


def _rung(campaign: Campaign, name: str, ref: str = "") -> Campaign:
    return msgspec.structs.replace(campaign, timers=campaign.timers - {(name, ref)})


CAMPAIGN: Decider[CampaignCommand, CampaignEvent, Campaign] = Decider(
    "campaign", Campaign(), decide, evolve, get_args(CampaignEvent)
)
