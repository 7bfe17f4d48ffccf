"""Redemptions 核销: what terminals ask for when they do not use the intake topic, and what became of it."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from shared.contracts.model import Id
from shared.contracts.welfare_redemptions import RedemptionRequested, RedemptionReversalRequested
from shared.web import Call, MinPosition, Reason, found

from ..domain.redemption import ReverseRedemption
from ..projections import redemption_log
from ..projections.redemption_log import REDEMPTION_LOG, Wanted
from . import answers_redemptions

router = APIRouter(tags=["redemptions"])

Merchant = Annotated[Id | None, Query(description="At this merchant.", examples=["K1"])]
Campaign = Annotated[Id | None, Query(description="Of this campaign.", examples=["breakfast"])]
State = Annotated[
    Literal["verified", "refused", "reversed"] | None, Query(description="What became of it.", examples=["refused"])
]
Code = Annotated[
    str | None,
    Query(pattern=r"^[A-Z][A-Z_]{0,63}$", description="Refused with this code.", examples=["LIMIT_REACHED"]),
]


@router.post("/redemptions")
async def redeem(event: RedemptionRequested, call: Call) -> Response:
    """Write off a purchase with a voucher, or a meal: the answer has the receipt. The same as RedemptionRequested."""
    return await call.take(event)


@router.post("/redemption-reversals")
async def reverse(event: RedemptionReversalRequested, call: Call) -> Response:
    """Take a redemption back within seven days (WF7). The same as the event RedemptionReversalRequested."""
    return await call.take(event)


@router.post("/redemptions/{redemption_id}/reverse")
async def reverse_by_hand(redemption_id: Id, body: Reason, call: Call) -> Response:
    """Take any merchant's redemption back within seven days (WF7)."""
    return await call.give(ReverseRedemption(redemption_id, body.reason, call.now), body)


@router.get("/redemptions", responses={200: {"model": answers_redemptions.Redemptions}})
async def list_redemptions(
    call: Call,
    merchant_id: Merchant = None,
    terminal_id: Annotated[Id | None, Query(description="At this terminal.", examples=["K1-till"])] = None,
    member_id: Annotated[Id | None, Query(description="Of this member.", examples=["W06"])] = None,
    campaign_id: Campaign = None,
    day: Annotated[date | None, Query(description="On which it happened.", examples=["2026-01-23"])] = None,
    state: State = None,
    code: Code = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    before: Annotated[int | None, Query(ge=0, le=2**62, description="Continue before this place.")] = None,
    min_position: MinPosition = None,
) -> Response:
    """What was asked for, verified, refused or reversed; the last told first."""
    wanted = Wanted(merchant_id, terminal_id, member_id, campaign_id, day, state, code)
    async with call.reading(REDEMPTION_LOG, min_position) as view:
        lines = await redemption_log.page(view, wanted, limit, before)
        return found(view, {"redemptions": lines, "next": lines[-1]["place"] if len(lines) == limit else None})


@router.get("/redemption-figures", responses={200: {"model": answers_redemptions.RedemptionFigures}})
async def show_figures(
    call: Call,
    from_day: Annotated[date, Query(description="The first day.", examples=["2026-01-23"])],
    to_day: Annotated[date, Query(description="Included.", examples=["2026-01-23"])],
    merchant_id: Merchant = None,
    campaign_id: Campaign = None,
    min_position: MinPosition = None,
) -> Response:
    """How many redemptions there were and what they came to, by campaign, state and code of refusal."""
    wanted = Wanted(merchant_id=merchant_id, campaign_id=campaign_id)
    async with call.reading(REDEMPTION_LOG, min_position) as view:
        return found(view, {"figures": await redemption_log.figures(view, wanted, from_day, to_day)})


@router.get("/redemptions/{redemption_id}", responses={200: {"model": answers_redemptions.Redemption}})
async def show(redemption_id: Id, call: Call, min_position: MinPosition = None) -> Response:
    """One redemption, with its receipt."""
    async with call.reading(REDEMPTION_LOG, min_position) as view:
        return found(view, await redemption_log.one(view, redemption_id))
