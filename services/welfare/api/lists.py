"""Target lists 名单 of campaigns: uploaded in parts, and approved by another person (4E)."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from shared.contracts.model import Contract, Id
from shared.web import Call, MinPosition, Nothing, found

from ..domain.target_list import ApproveList, UploadPart
from ..domain.values import PART_SIZE
from ..projections import campaigns
from . import answers_campaigns

router = APIRouter(prefix="/campaigns/{campaign_id}/lists", tags=["target lists"])


class ListPart(Contract):
    """Some of the members. A part uploaded again replaces what it was."""

    part: Annotated[int, Field(strict=True, ge=1, le=10_000)] = Field(description="From 1.", examples=[1])
    members: Annotated[list[Id], Field(max_length=PART_SIZE)] = Field(
        description="Whoever is named twice is given once.", examples=[["W06", "W07"]]
    )


@router.post("/{list_id}/upload")
async def upload(campaign_id: Id, list_id: Id, body: ListPart, call: Call) -> Response:
    """Upload a part of a list."""
    who = tuple(body.members)
    return await call.give(UploadPart(campaign_id, list_id, body.part, who, call.principal.id, call.now), body)


@router.post("/{list_id}/approve")
async def approve(campaign_id: Id, list_id: Id, body: Nothing, call: Call) -> Response:
    """Approve a list that others have uploaded: once its campaign is on, each member is given once."""
    return await call.give(ApproveList(campaign_id, list_id, call.principal.id, call.now), body)


@router.get("", responses={200: {"model": answers_campaigns.TargetLists}})
async def list_lists(
    campaign_id: Id,
    call: Call,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    after: Annotated[Id | None, Query(description="Continue after this list.")] = None,
    min_position: MinPosition = None,
) -> Response:
    """The lists of a campaign, and how far their gifts have come."""
    async with call.reading(campaigns.CAMPAIGNS, min_position) as view:
        await campaigns.of(view, campaign_id)  # or it is not found
        rows = await campaigns.lists(view, campaign_id, after or "", limit)
        return found(view, {"lists": rows, "next": rows[-1]["list_id"] if len(rows) == limit else None})
