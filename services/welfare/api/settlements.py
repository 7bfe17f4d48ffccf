"""Settlements 结算: made at each day's cut-off, verified and approved by two people, paid; and disputes of lines."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from pydantic import Field

from shared.contracts.model import Code, Contract, Id
from shared.contracts.welfare_settlements import SettlementId
from shared.web import Call, MinPosition, Nothing, Reason, found

from ..domain.dispute import DecideDispute, DisputeLine
from ..domain.settlement import ApproveSettlement, DenySettlement, PaySettlement, VerifySettlement
from ..projections import disputes, reconciling, settlement_sheet
from ..projections.disputes import DISPUTES
from ..projections.reconciliation import RECONCILIATION
from ..projections.settlement_sheet import SETTLEMENT_SHEET, Wanted
from . import answers_settlements

router = APIRouter(tags=["settlements"])


class BankPayment(Contract):
    """How the bank calls its payment."""

    bank_ref: Id = Field(examples=["ICBC-20260124-0001"])


class LineInDispute(Contract):
    """Which line should not be paid, and why."""

    redemption_id: Id = Field(examples=["K1-till-000042"])
    reason: Code = Field(examples=["not_served"])


class LineDecided(Contract):
    """What becomes of a disputed line."""

    redemption_id: Id = Field(examples=["K1-till-000042"])
    line: Literal["upheld", "denied"] = Field(
        description="upheld: it is paid. denied: the redemption is reversed, and taken from the next settlement if it "
        "was settled.",
        examples=["upheld"],
    )


@router.post("/settlements/{settlement_id}/verify")
async def verify(settlement_id: SettlementId, body: Nothing, call: Call) -> Response:
    """It is as the takings were."""
    return await call.give(VerifySettlement(settlement_id, call.principal.id, call.now), body)


@router.post("/settlements/{settlement_id}/approve")
async def approve(settlement_id: SettlementId, body: Nothing, call: Call) -> Response:
    """It is to be paid; said by another person than who verified it (K8), and while no line is disputed."""
    return await call.give(ApproveSettlement(settlement_id, call.principal.id, call.now), body)


@router.post("/settlements/{settlement_id}/deny")
async def deny(settlement_id: SettlementId, body: Reason, call: Call) -> Response:
    """It is not paid as it stands: its amount is the opening of the merchant's next one. Before it is approved."""
    return await call.give(DenySettlement(settlement_id, body.reason, call.principal.id, call.now), body)


@router.post("/settlements/{settlement_id}/pay")
async def pay(settlement_id: SettlementId, body: BankPayment, call: Call) -> Response:
    """Note that the bank has paid it."""
    return await call.give(PaySettlement(settlement_id, body.bank_ref, call.principal.id, call.now), body)


@router.post("/settlements/{settlement_id}/dispute-line")
async def dispute_line(settlement_id: SettlementId, body: LineInDispute, call: Call) -> Response:
    """Say that a line should not be paid. Before the cut-off it is left out; afterwards it holds the approval."""
    wish = DisputeLine(body.redemption_id, body.reason, call.principal.id, call.now, settlement_id)
    return await call.give(wish, body)


@router.post("/settlements/{settlement_id}/decide-dispute")
async def decide_dispute(settlement_id: SettlementId, body: LineDecided, call: Call) -> Response:
    """Decide whether the merchant is paid for it."""
    wish = DecideDispute(settlement_id, body.redemption_id, body.line, call.principal.id, call.now)
    return await call.give(wish, body)


@router.get("/settlements", responses={200: {"model": answers_settlements.Settlements}})
async def list_settlements(
    call: Call,
    merchant_id: Annotated[Id | None, Query(description="Of this merchant.", examples=["K1"])] = None,
    day: Annotated[date | None, Query(description="Whose cut-off it was.", examples=["2026-01-23"])] = None,
    stage: Annotated[
        Literal["created", "verified", "approved", "paid", "denied", "closed", "carried"] | None,
        Query(description="How far they have come.", examples=["created"]),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    before: Annotated[int | None, Query(ge=0, le=2**62, description="Continue before this place.")] = None,
    min_position: MinPosition = None,
) -> Response:
    """Settlements of the union's merchants, the last made first."""
    wanted = Wanted(call.principal.org, merchant_id, day, stage)
    async with call.reading(SETTLEMENT_SHEET, min_position) as view:
        rows = await settlement_sheet.page(view, wanted, limit, before)
        return found(view, {"settlements": rows, "next": rows[-1]["place"] if len(rows) == limit else None})


@router.get("/settlements/{settlement_id}", responses={200: {"model": answers_settlements.Settlement}})
async def show(
    settlement_id: SettlementId,
    call: Call,
    after: Annotated[int, Query(ge=0, le=2**31 - 1, description="Continue after the entry of this number.")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
    min_position: MinPosition = None,
) -> Response:
    """One settlement, and what it consists of."""
    async with call.reading(SETTLEMENT_SHEET, min_position) as view:
        return found(view, await settlement_sheet.one(view, settlement_id, after, limit))


@router.get("/disputes", responses={200: {"model": answers_settlements.Disputes}})
async def list_disputes(
    call: Call,
    merchant_id: Annotated[Id | None, Query(description="Of this merchant.", examples=["K1"])] = None,
    state: Annotated[
        Literal["open", "upheld", "denied", "reversed"] | None,
        Query(description="open: to be decided.", examples=["open"]),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    before: Annotated[int | None, Query(ge=0, le=2**62, description="Continue before this place.")] = None,
    min_position: MinPosition = None,
) -> Response:
    """Disputed lines, the last told first."""
    async with call.reading(DISPUTES, min_position) as view:
        rows = await disputes.page(view, call.principal.org, state, merchant_id, limit, before)
        return found(view, {"disputes": rows, "next": rows[-1]["place"] if len(rows) == limit else None})


@router.get("/reconciliation", responses={200: {"model": answers_settlements.Reconciliation}})
async def show_reconciliation(call: Call, min_position: MinPosition = None) -> Response:
    """Whether the union's money adds up, counted by two ways; a difference is a mistake of ours."""
    async with call.reading(RECONCILIATION, min_position) as view:
        return found(view, await reconciling.of(view, call.principal.org))
