"""Redemptions 核销: what terminals ask for when they do not use the intake topic, and what became of it."""

from __future__ import annotations

from fastapi import APIRouter, Response

from shared.contracts.model import Id
from shared.contracts.welfare_redemptions import RedemptionRequested, RedemptionReversalRequested
from shared.web import Call, Reason

from ..domain.redemption import ReverseRedemption

router = APIRouter(tags=["redemptions"])


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
