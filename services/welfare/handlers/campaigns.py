"""Campaigns: what their stages change besides, and the stations that pause them."""

from __future__ import annotations

from datetime import datetime

from shared.decider import Changes, Draft, Handlers, Read

from ..domain.budget import BUDGET
from ..domain.campaign import (
    CAMPAIGN,
    BeginGranting,
    CloseCampaign,
    DraftCampaign,
    PauseCampaign,
    PublishCampaign,
    ResumeCampaign,
    StartCampaign,
    TurnPhase,
)
from ..domain.drafting import check
from ..domain.live import LIVE, DelistCampaign, ListCampaign
from ..domain.station import (
    STATION,
    BindCampaign,
    NoteStation,
    NoteStationResumed,
    NoteStationSuspended,
    UnbindCampaign,
)
from ..domain.terms import Terms

HANDLERS = Handlers(CAMPAIGN, LIVE, STATION, BUDGET)
HANDLERS.each(CAMPAIGN, "campaign_id", PauseCampaign, TurnPhase)
HANDLERS.each(STATION, "station_id", NoteStation)

SUSPENDED = "station_suspended"  # the reason of a pause


@HANDLERS.on(DraftCampaign)
def draft_campaign(command: DraftCampaign, read: Read) -> Changes:
    draft = Draft(read)
    draft.state(CAMPAIGN, command.campaign_id)
    check(command.terms)
    draft.decide(CAMPAIGN, command.campaign_id, command)
    return draft.changes


@HANDLERS.on(PublishCampaign)
def publish_campaign(command: PublishCampaign, read: Read) -> Changes:
    """From now on it is among those that are looked at. One of its stations may be suspended: then it is paused."""
    draft = Draft(read)
    campaign_id, now = command.campaign_id, command.now
    terms = draft.state(CAMPAIGN, campaign_id).known
    draft.state(BUDGET, terms.budget_id).check_known()
    if not draft.decide(CAMPAIGN, campaign_id, command):
        return []
    if not terms.stations:
        draft.decide(LIVE, terms.kind, ListCampaign(campaign_id, now))
    for station_id in terms.stations:
        draft.decide(STATION, station_id, BindCampaign(campaign_id, now))
        if draft.state(STATION, station_id).suspended:
            _pause(draft, campaign_id, station_id, now)
    begin_granting(draft, campaign_id, now)
    return draft.changes


@HANDLERS.on(StartCampaign)
def start_campaign(command: StartCampaign, read: Read) -> Changes:
    return _go_on(command, read)


@HANDLERS.on(ResumeCampaign)
def resume_campaign(command: ResumeCampaign, read: Read) -> Changes:
    return _go_on(command, read)


def _go_on(command: StartCampaign | ResumeCampaign, read: Read) -> Changes:
    draft = Draft(read)
    draft.state(CAMPAIGN, command.campaign_id)
    draft.decide(CAMPAIGN, command.campaign_id, command)
    begin_granting(draft, command.campaign_id, command.now)
    return draft.changes


def begin_granting(draft: Draft, campaign_id: str, now: datetime) -> None:
    """Whichever comes last, the approved list or the campaign that is on, begins it (E44)."""
    draft.decide(CAMPAIGN, campaign_id, BeginGranting(campaign_id, now))


@HANDLERS.on(CloseCampaign)
def close_campaign(command: CloseCampaign, read: Read) -> Changes:
    draft = Draft(read)
    terms = draft.state(CAMPAIGN, command.campaign_id).known
    draft.decide(CAMPAIGN, command.campaign_id, command)
    _delist(draft, command.campaign_id, terms, command.now)
    return draft.changes


def _delist(draft: Draft, campaign_id: str, terms: Terms, now: datetime) -> None:
    if not terms.stations:
        draft.decide(LIVE, terms.kind, DelistCampaign(campaign_id, now))
    for station_id in terms.stations:
        draft.decide(STATION, station_id, UnbindCampaign(campaign_id, now))


@HANDLERS.on(NoteStationSuspended)
def note_station_suspended(command: NoteStationSuspended, read: Read) -> Changes:
    """Row 21: what is bound to it is paused."""
    draft = Draft(read)
    if not draft.decide(STATION, command.station_id, command):
        return []  # told again: an officer may have resumed them meanwhile
    for campaign_id in draft.state(STATION, command.station_id).campaigns:
        _pause(draft, campaign_id, command.station_id, command.now)
    return draft.changes


@HANDLERS.on(NoteStationResumed)
def note_station_resumed(command: NoteStationResumed, read: Read) -> Changes:
    """What was paused for it goes on, unless something else holds it."""
    draft = Draft(read)
    for campaign_id in draft.state(STATION, command.station_id).campaigns:
        resume = ResumeCampaign(campaign_id, command.now, command.station_id)
        if draft.state(CAMPAIGN, campaign_id).terms is not None and draft.decide(CAMPAIGN, campaign_id, resume):
            begin_granting(draft, campaign_id, command.now)
    draft.decide(STATION, command.station_id, command)
    return draft.changes


def _pause(draft: Draft, campaign_id: str, station_id: str, now: datetime) -> None:
    draft.decide(CAMPAIGN, campaign_id, PauseCampaign(campaign_id, SUSPENDED, now, station_id))
