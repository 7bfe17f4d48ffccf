"""Which campaigns of one kind are to be looked at when something happens that they give for.

A decision finds them here, as it reads no read table: those that are published, paused ones included, until they are
closed. A campaign that is bound to stations is not here but with these (`station.py`), so that the lists stay short.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypeAlias, assert_never, get_args

from shared.decider import Command, Decider, DomainEvent


class ListCampaign(Command, frozen=True):
    campaign_id: str
    now: datetime


class DelistCampaign(Command, frozen=True):
    campaign_id: str
    now: datetime


class CampaignListed(DomainEvent, frozen=True):
    campaign_id: str


class CampaignDelisted(DomainEvent, frozen=True):
    campaign_id: str


LiveCommand: TypeAlias = ListCampaign | DelistCampaign
LiveEvent: TypeAlias = CampaignListed | CampaignDelisted
Live: TypeAlias = tuple[str, ...]  # in the order in which they were published


def decide(command: LiveCommand, live: Live) -> Sequence[LiveEvent]:
    match command:
        case ListCampaign(campaign_id, now):
            return [] if campaign_id in live else [CampaignListed(now, campaign_id)]
        case DelistCampaign(campaign_id, now):
            return [CampaignDelisted(now, campaign_id)] if campaign_id in live else []
        case _:
            assert_never(command)


def evolve(live: Live, event: LiveEvent) -> Live:
    match event:
        case CampaignListed(campaign_id=campaign_id):
            return (*live, campaign_id)
        case CampaignDelisted(campaign_id=campaign_id):
            return tuple(one for one in live if one != campaign_id)
        case _:
            assert_never(event)


LIVE: Decider[LiveCommand, LiveEvent, Live] = Decider("live", (), decide, evolve, get_args(LiveEvent))
