"""Merchants 商户: taken in on terms, suspended, resumed, gone; their terminals and offline allowances."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from shared.contracts.model import Code, Contract, Id
from shared.web import Call, MinPosition, Nothing, Reason, found

from ..domain.allowance import SetOfflineAllowance
from ..domain.merchant import (
    ApplyAsMerchant,
    LeaveMerchant,
    MerchantTerms,
    OnboardMerchant,
    RegisterTerminal,
    RemoveTerminal,
    ResumeMerchant,
    SuspendMerchant,
)
from ..projections import merchants
from . import answers_redemptions

router = APIRouter(prefix="/merchants", tags=["merchants"])

Fen = Annotated[int, Field(strict=True, ge=0, le=10**9, description="Fen 分, a hundredth of a yuan.", examples=[3000])]


class Terms(Contract):
    """What is agreed with a merchant."""

    category: Code = Field(description="What kind of merchant it is.", examples=["canteen"])
    contract_ref: Id = Field(description="The contract with the union.", examples=["2026-K1"])
    account_ref: Id | None = Field(
        default=None, description="His bank account, posted to /content before.", examples=["ct-0042"]
    )

    def terms(self) -> MerchantTerms:
        return MerchantTerms(self.category, self.contract_ref, self.account_ref)


class Terminal(Contract):
    """A terminal of the merchant: what its token calls it."""

    terminal_id: Id = Field(examples=["K1-till"])


class OfflineAllowance(Contract):
    """What a terminal may give while it is offline, from one budget."""

    terminal_id: Id = Field(examples=["K1-till"])
    budget_id: Id = Field(examples=["B-BRK"])
    fen: Fen


@router.post("/{merchant_id}/apply")
async def apply(merchant_id: Id, body: Terms, call: Call) -> Response:
    """Ask to be taken in as a merchant."""
    return await call.give(ApplyAsMerchant(merchant_id, body.terms(), call.now), body)


@router.post("/{merchant_id}/onboard")
async def onboard(merchant_id: Id, body: Terms, call: Call) -> Response:
    """Take a merchant in, or change the terms. One that is suspended stays so."""
    return await call.give(OnboardMerchant(merchant_id, body.terms(), call.now), body)


@router.post("/{merchant_id}/suspend")
async def suspend(merchant_id: Id, body: Reason, call: Call) -> Response:
    """He serves nobody for now: reservations there are freed, and what was verified stays payable (WF13)."""
    return await call.give(SuspendMerchant(merchant_id, body.reason, call.now), body)


@router.post("/{merchant_id}/resume")
async def resume(merchant_id: Id, body: Nothing, call: Call) -> Response:
    """He serves again."""
    return await call.give(ResumeMerchant(merchant_id, call.now), body)


@router.post("/{merchant_id}/leave")
async def leave(merchant_id: Id, body: Nothing, call: Call) -> Response:
    """For good: terminals are removed, their allowances released, and what was verified stays payable."""
    return await call.give(LeaveMerchant(merchant_id, call.now), body)


@router.post("/{merchant_id}/register-terminal")
async def register_terminal(merchant_id: Id, body: Terminal, call: Call) -> Response:
    """Let a terminal redeem for this merchant."""
    return await call.give(RegisterTerminal(merchant_id, body.terminal_id, call.now), body)


@router.post("/{merchant_id}/remove-terminal")
async def remove_terminal(merchant_id: Id, body: Terminal, call: Call) -> Response:
    """It redeems nothing any more, and its offline allowances are released."""
    return await call.give(RemoveTerminal(merchant_id, body.terminal_id, call.now), body)


@router.post("/{merchant_id}/set-allowance")
async def set_allowance(merchant_id: Id, body: OfflineAllowance, call: Call) -> Response:
    """Set what a terminal may give offline from now on, whatever it has given (WF3); 0 takes it away."""
    terminal = (merchant_id, body.terminal_id, body.budget_id)
    return await call.give(SetOfflineAllowance(*terminal, body.fen, call.now), body)


@router.get("", responses={200: {"model": answers_redemptions.Merchants}})
async def list_merchants(
    call: Call,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    after: Annotated[Id | None, Query(description="Continue after this merchant.")] = None,
    min_position: MinPosition = None,
) -> Response:
    """The merchants that serve, and those that are suspended."""
    async with call.reading(merchants.MERCHANTS, min_position) as view:
        rows = await merchants.page(view, after or "", limit)
        return found(view, {"merchants": rows, "next": rows[-1]["merchant_id"] if len(rows) == limit else None})


@router.get("/{merchant_id}", responses={200: {"model": answers_redemptions.Merchant}})
async def show(merchant_id: Id, call: Call, min_position: MinPosition = None) -> Response:
    """One merchant, his terms, terminals and their offline allowances."""
    async with call.reading(merchants.MERCHANTS, min_position) as view:
        return found(view, await merchants.of(view, merchant_id))
