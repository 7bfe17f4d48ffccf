"""Campaigns 活动: drafted, published, paused, closed; and what a member claims of a phased one."""

from __future__ import annotations

from datetime import time
from typing import Annotated, Any, Literal, TypeAlias

from fastapi import APIRouter, Query, Response
from pydantic import Field

from shared.contracts.model import Contract, Flag, Id, Instant
from shared.web import Call, Caller, MinPosition, Nothing, Reason, found

from ..domain.campaign import (
    CloseCampaign,
    DraftCampaign,
    PauseCampaign,
    PublishCampaign,
    ResumeCampaign,
)
from ..domain.giving import Claim
from ..domain.terms import CampaignKind, Phase, Terms
from ..projections import campaign_reach, campaigns
from . import answers_campaigns

router = APIRouter(prefix="/campaigns", tags=["campaigns"])

MOST = 500  # stations or merchants that one campaign names; one for more names none, which means all
Fen = Annotated[int, Field(strict=True, ge=0, le=10**9, description="Fen 分, a hundredth of a yuan.", examples=[300])]
DayTime = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
Stage: TypeAlias = Literal["draft", "published", "paused", "closed"]
Ids = Annotated[list[Id], Field(max_length=MOST)]


class PhaseTerms(Contract):
    """A part of a phased campaign; its end belongs to what follows."""

    phase_id: Id = Field(examples=["spring"])
    starts_at: Instant = Field(examples=["2026-03-01T00:00:00+08:00"])
    ends_at: Instant = Field(examples=["2026-04-01T00:00:00+08:00"])


class CampaignTerms(Contract):
    """What a campaign says. An empty list means: all of them."""

    kind: Literal["checkin_gift", "list_gift", "meal", "phased", "reward"] = Field(examples=["checkin_gift"])
    budget_id: Id = Field(examples=["B-DRINK"])
    face_fen: Fen = Field(description="What the union pays: a voucher's face, or its part of a meal's price.")
    starts_at: Instant = Field(examples=["2026-01-23T00:00:00+08:00"])
    ends_at: Instant = Field(examples=["2026-01-24T00:00:00+08:00"])
    window_from: DayTime | None = Field(default=None, description="Of each day in China.", examples=["05:30"])
    window_to: DayTime | None = Field(default=None, description="Exclusive.", examples=["09:00"])
    valid_until: Instant | None = Field(
        default=None, description="Exclusive; left out, a voucher is good for the day of its issue.", examples=[None]
    )
    collect: Flag = Field(default=False, description="Vouchers are collected in a booked slot.")
    merchants: Ids = Field(default=[], description="Who takes the vouchers.", examples=[["M2"]])
    stations: Ids = Field(
        default=[], description="The stations it is bound to: check-ins there count, and it pauses with them."
    )
    trades: Annotated[list[Id], Field(max_length=64)] = Field(default=[], description="For whom it is.")
    phases: Annotated[list[PhaseTerms], Field(max_length=64)] = Field(default=[], examples=[[]])
    limit: Annotated[int, Field(strict=True, ge=0, le=10_000)] = Field(
        default=0, description="What one member has of it in all; 0: once in each period.", examples=[0]
    )
    worker_fen: Fen = Field(default=0, description="Of a meal: what the worker pays.", examples=[0])
    canteen_fen: Fen = Field(default=0, description="Of a meal: what the canteen gives up.", examples=[0])

    def terms(self) -> Terms:
        """The same as the rules know it."""
        said: dict[str, Any] = {name: getattr(self, name) for name in type(self).model_fields}
        said |= {name: tuple(said[name]) for name in ("merchants", "stations", "trades")}
        for name in ("window_from", "window_to"):
            said[name] = time.fromisoformat(said[name]) if said[name] else None
        said["phases"] = tuple(Phase(one.phase_id, one.starts_at, one.ends_at) for one in self.phases)
        return Terms(**said)


class Claimant(Contract):
    """Who asks."""

    member_id: Id = Field(examples=["W06"])


@router.post("/{campaign_id}/draft")
async def draft(campaign_id: Id, body: CampaignTerms, call: Call) -> Response:
    """Write a campaign down. Until it is published it can be written anew, and gives nothing."""
    return await call.give(DraftCampaign(campaign_id, body.terms(), call.now), body)


@router.post("/{campaign_id}/publish")
async def publish(campaign_id: Id, body: Nothing, call: Call) -> Response:
    """Publish it as it stands; it cannot be changed any more."""
    return await call.give(PublishCampaign(campaign_id, call.now), body)


@router.post("/{campaign_id}/pause")
async def pause(campaign_id: Id, body: Reason, call: Call) -> Response:
    """Give nothing for now; check-ins meanwhile are declined."""
    return await call.give(PauseCampaign(campaign_id, body.reason, call.now), body)


@router.post("/{campaign_id}/resume")
async def resume(campaign_id: Id, body: Nothing, call: Call) -> Response:
    """Go on, whatever it was paused for."""
    return await call.give(ResumeCampaign(campaign_id, call.now), body)


@router.post("/{campaign_id}/close")
async def close(campaign_id: Id, body: Nothing, call: Call) -> Response:
    """Give nothing any more. What was given stays good."""
    return await call.give(CloseCampaign(campaign_id, call.now), body)


@router.post("/{campaign_id}/claim")
async def claim(campaign_id: Id, body: Claimant, call: Call) -> Response:
    """Take what a phased campaign gives now; once in each phase (WF11)."""
    return await call.give(Claim(campaign_id, body.member_id, call.now), body)


def _sees_drafts(call: Caller) -> bool:
    """What is not published may still become something else."""
    return bool({"officer", "finance", "admin"} & set(call.principal.roles))


@router.get("", responses={200: {"model": answers_campaigns.Campaigns}})
async def list_campaigns(
    call: Call,
    kind: Annotated[CampaignKind | None, Query(description="Of this kind only.", examples=["checkin_gift"])] = None,
    stage: Annotated[Stage | None, Query(description="Of this stage only.", examples=["published"])] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    after: Annotated[Id | None, Query(description="Continue after this campaign.")] = None,
    min_position: MinPosition = None,
) -> Response:
    """Campaigns, and what they say."""
    async with call.reading(campaigns.CAMPAIGNS, min_position) as view:
        rows = await campaigns.page(view, kind, stage, after or "", limit, drafts=_sees_drafts(call))
        return found(view, {"campaigns": rows, "next": rows[-1]["campaign_id"] if len(rows) == limit else None})


@router.get("/{campaign_id}", responses={200: {"model": answers_campaigns.Campaign}})
async def show(campaign_id: Id, call: Call, min_position: MinPosition = None) -> Response:
    """What it says, where it stands, and which of its phases are open."""
    async with call.reading(campaigns.CAMPAIGNS, min_position) as view:
        return found(view, await campaigns.of(view, campaign_id, drafts=_sees_drafts(call)))


@router.get("/{campaign_id}/reach", responses={200: {"model": answers_campaigns.Reach}})
async def reach(campaign_id: Id, call: Call, min_position: MinPosition = None) -> Response:
    """How many got it and used it, and why others did not, by trade and by county."""
    async with call.reading(campaign_reach.CAMPAIGN_REACH, min_position, campaigns.CAMPAIGNS) as view:
        await campaigns.of(view, campaign_id)  # or it is not found
        return found(view, await campaign_reach.of(view, campaign_id))
