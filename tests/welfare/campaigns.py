"""Campaigns and their pasts, as tests of welfare give them."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

import msgspec

from services.welfare.domain.budget import BUDGET, BudgetAllocated
from services.welfare.domain.campaign import CAMPAIGN, END, CampaignPublished
from services.welfare.domain.live import LIVE, CampaignListed
from services.welfare.domain.station import STATION, CampaignBound, StationNoted
from services.welfare.domain.terms import Phase, Terms
from services.welfare.domain.values import REACTION_WINDOW
from shared.clock import CHINA
from shared.decider import Change, DeadlineSet
from shared.testing.given import on


def at(hour: int, minute: int = 0, day: int = 23, month: int = 1) -> datetime:
    """In China, of the day D of the scenario unless another one is named."""
    return datetime(2026, month, day, hour, minute, tzinfo=CHINA)


DRINK = Terms(
    kind="checkin_gift",
    budget_id="B-DRINK",
    face_fen=300,
    starts_at=at(0),
    ends_at=at(0, day=24),
    window_from=time(5, 30),
    window_to=time(9),
)
GIFT = Terms(
    kind="list_gift",
    budget_id="B-GIFT",
    face_fen=2_000,
    starts_at=at(0),
    ends_at=at(0, day=1, month=3),
    valid_until=at(0, day=1, month=3),
    collect=True,
)
SEASONS = Terms(
    kind="phased",
    budget_id="B-TEA",
    face_fen=500,
    starts_at=at(0),
    ends_at=at(0, day=1, month=3),
    phases=(Phase("great_cold", at(0), at(0, day=1, month=2)), Phase("spring", at(0, day=4, month=2), at(0, 0, 18, 2))),
)
REWARD = Terms(
    kind="reward",
    budget_id="B-REWARD",
    face_fen=2_000,
    starts_at=at(0),
    ends_at=at(0, day=1, month=3),
    valid_until=at(0, day=1, month=3),
)


def but(terms: Terms, **what: Any) -> Terms:
    """The same terms, but for these."""
    return msgspec.structs.replace(terms, **what)


def allocated(budget_id: str, fen: int) -> Change:
    return on(BUDGET, budget_id, BudgetAllocated(at(0, day=1), fen, "2026-001"))


def published(campaign_id: str, terms: Terms) -> list[Change]:
    """What is in the streams after this campaign was drafted and published."""
    moment = at(12, day=22)
    end = DeadlineSet(moment, END, "", terms.ends_at + REACTION_WINDOW)
    campaign = on(CAMPAIGN, campaign_id, CampaignPublished(moment, terms), end)
    bound = [on(STATION, station_id, CampaignBound(moment, campaign_id)) for station_id in terms.stations]
    return [campaign, *(bound or [on(LIVE, terms.kind, CampaignListed(moment, campaign_id))])]


def station(station_id: str, county: str = "chengguan") -> Change:
    return on(STATION, station_id, StationNoted(at(0, day=1), county))
