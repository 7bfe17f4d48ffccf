"""Redemptions 积分兑换: what machines ask and report when they do not use the intake topic; refunds by people."""

from __future__ import annotations

from fastapi import APIRouter, Response
from pydantic import Field

from shared.contracts.model import Code, Contract, Id
from shared.contracts.points_goods import DispenseReported, GoodsRequested
from shared.errors import NotFound
from shared.web import Call, MinPosition, found

from ..domain.redemption import RefundRedemption
from ..projections import redemptions
from . import answers_goods

router = APIRouter(tags=["redemptions"])


class Refunding(Contract):
    """Why points are given back."""

    station_id: Id = Field(description="Where the machine stands; an attendant's own station.")
    reason: Code = Field(examples=["faulty_goods"])


@router.post("/redemptions")
async def redeem(event: GoodsRequested, call: Call) -> Response:
    """Ask for goods: points and a unit are held together, or neither. The same as the event GoodsRequested."""
    return await call.take(event)


@router.post("/dispense-reports")
async def report_dispense(event: DispenseReported, call: Call) -> Response:
    """Say whether the goods came out. The same as the event DispenseReported on the intake topic."""
    return await call.take(event)


@router.get("/redemptions/{redemption_id}", responses={200: {"model": answers_goods.Redemption}})
async def show(redemption_id: Id, call: Call, min_position: MinPosition = None) -> Response:
    """One redemption and what became of it."""
    async with call.reading(redemptions.REDEMPTIONS, min_position) as view:
        redemption = await redemptions.one(view, redemption_id)
        if redemption is None:
            raise NotFound("No redemption with this id was started.", field="redemption_id")
        return found(view, redemption)


@router.post("/redemptions/{redemption_id}/refund")
async def refund(redemption_id: Id, body: Refunding, call: Call) -> Response:
    """Give the points back into their lots (PT8)."""
    return await call.give(RefundRedemption(redemption_id, body.station_id, body.reason, call.now), body)
