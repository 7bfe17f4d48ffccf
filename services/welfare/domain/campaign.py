"""Campaign 活动: what a union gives, to whom, when, and from which budget.

A campaign is drafted, then published as it stands: nobody gets anything from a draft (E44). Suspended stations pause
those that are bound to them (row 21): such a campaign goes on when the last of them is back, or an officer says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, TypeAlias, assert_never, get_args

import msgspec

from shared.decider import Command, DeadlineCleared, DeadlineSet, Decider, DomainEvent
from shared.errors import IdempotencyKeyReused, NotFound

from . import refusals
from .terms import Terms
from .values import REACTION_WINDOW

START, END = "start", "end"  # timers
PHASE_OPENS, PHASE_CLOSES = "phase_opens", "phase_closes"  # timers, one for each phase


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


class AdoptList(Command, frozen=True):
    """A target list of this campaign was approved by somebody else than who uploaded it."""

    list_id: str
    size: int
    now: datetime


class BeginGranting(Command, frozen=True):
    """Members of approved lists wait for what it gives, if it gives anything now."""

    campaign_id: str
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
    """`station_id`: which station is back; none, when it goes on whatever it was paused for. `held`: something else
    still holds it.
    """

    station_id: str = ""
    held: bool = False


class CampaignClosed(DomainEvent, frozen=True):
    """`at` is when."""


class PhaseOpened(DomainEvent, frozen=True):
    phase_id: str


class PhaseClosed(DomainEvent, frozen=True):
    phase_id: str


class TargetListApproved(DomainEvent, frozen=True):
    list_id: str
    size: int


class GrantingBegun(DomainEvent, frozen=True):
    """Both are there now: a campaign that is on, and an approved list (E44)."""

    campaign_id: str


CampaignCommand: TypeAlias = (
    DraftCampaign
    | PublishCampaign
    | PauseCampaign
    | ResumeCampaign
    | CloseCampaign
    | StartCampaign
    | TurnPhase
    | AdoptList
    | BeginGranting
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
    | TargetListApproved
    | GrantingBegun
    | DeadlineSet
    | DeadlineCleared
)


class Campaign(msgspec.Struct, frozen=True):
    """`causes` are what it is paused for: suspended stations, and the empty text for an officer."""

    terms: Terms | None = None
    stage: Literal["draft", "published", "paused", "closed"] = "draft"
    causes: frozenset[str] = frozenset()
    timers: frozenset[tuple[str, str]] = frozenset()
    lists: tuple[str, ...] = ()  # approved

    @property
    def known(self) -> Terms:
        """Its terms. Raises `NotFound` when nobody has drafted it."""
        if self.terms is None:
            raise NotFound("No campaign is known under this id.", field="campaign_id")
        return self.terms

    def is_open(self, moment: datetime) -> bool:
        terms = self.terms
        return terms is not None and self.stage == "published" and terms.starts_at <= moment < terms.ends_at

    def begun_by(self, moment: datetime) -> datetime:
        """This moment; or when it began, if its timer has come though another service's word is of before that."""
        began = self.terms is not None and (START, "") not in self.timers
        return max(moment, self.known.starts_at) if began and self.stage == "published" else moment

    def open_at(self, moment: datetime) -> Terms:
        """Its terms while it gives something. Raises `NotFound` or CAMPAIGN_NOT_OPEN."""
        terms = self.known
        if not self.is_open(moment):
            raise refusals.CampaignNotOpen(field="campaign_id")
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
        case AdoptList(list_id, size, now):
            return [] if list_id in campaign.lists else [TargetListApproved(now, list_id, size)]
        case BeginGranting(campaign_id, now):
            moment = campaign.begun_by(now)
            return [GrantingBegun(moment, campaign_id)] if campaign.lists and campaign.is_open(moment) else []
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
            if stage != "paused" or (station_id and station_id not in causes):
                return []
            return [CampaignResumed(now, station_id, bool(station_id) and causes != {station_id})]
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
        case TargetListApproved(list_id=list_id):
            return replace(campaign, lists=(*campaign.lists, list_id))
        case GrantingBegun():
            return campaign
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
