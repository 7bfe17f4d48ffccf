"""Vouchers 代金券: whose, in what state, held at tills, taken back; and who did not come for his."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from shared.contracts.model import Contract, Id
from shared.contracts.welfare_vouchers import VoucherHoldReleased, VoucherHoldRequested
from shared.web import Call, MinPosition, Reason, found

from ..domain.voucher_commands import RevokeVoucher
from ..projections import no_show_list, wallet
from ..projections.campaigns import CAMPAIGNS
from ..projections.merchants import MERCHANTS
from ..projections.no_show_list import NO_SHOW_LIST, Wanted
from ..projections.wallet import WALLET
from . import answers_vouchers

router = APIRouter(tags=["vouchers"])

Limit = Annotated[int, Query(ge=1, le=200)]
Before = Annotated[int | None, Query(ge=0, le=2**62, description="Continue before this place.")]


class Hold(Contract):
    """A till, its customer, and the till's own reference for the purchase."""

    member_id: Id = Field(examples=["W01"])
    merchant_id: Id = Field(examples=["M2"])
    terminal_id: Id = Field(examples=["M2-till"])
    reservation_ref: Id = Field(examples=["M2-till-000042"])


class Release(Contract):
    """As for a hold; without a reference whatever till of the merchant holds it."""

    member_id: Id = Field(examples=["W01"])
    merchant_id: Id = Field(examples=["M2"])
    terminal_id: Id = Field(examples=["M2-till"])
    reservation_ref: Id | None = Field(default=None, examples=["M2-till-000042"])


@router.post("/vouchers/{voucher_id}/reserve")
async def reserve(voucher_id: Id, body: Hold, call: Call) -> Response:
    """Keep it for the customer who is paying, for 15 minutes (WF5). The same as VoucherHoldRequested."""
    return await call.take(VoucherHoldRequested(voucher_id=voucher_id, **body.model_dump()))


@router.post("/vouchers/{voucher_id}/release")
async def release(voucher_id: Id, body: Release, call: Call) -> Response:
    """Let go of it: it can be used elsewhere again (WF5). The same as VoucherHoldReleased."""
    return await call.take(VoucherHoldReleased(voucher_id=voucher_id, **body.model_dump()))


@router.post("/vouchers/{voucher_id}/revoke")
async def revoke(voucher_id: Id, body: Reason, call: Call) -> Response:
    """Take it back: its money is the budget's again, and a booking that rests on it is cancelled."""
    return await call.give(RevokeVoucher(voucher_id, body.reason, call.now), body)


@router.get("/vouchers/{voucher_id}", responses={200: {"model": answers_vouchers.Voucher}})
async def show(voucher_id: Id, call: Call, min_position: MinPosition = None) -> Response:
    """One voucher as it is now, and where it can be used."""
    async with call.reading(WALLET, min_position, CAMPAIGNS, MERCHANTS) as view:
        return found(view, await wallet.one(view, voucher_id, call.now))


@router.get("/wallet/{member_id}", responses={200: {"model": answers_vouchers.Wallet}})
async def show_wallet(
    member_id: Id,
    call: Call,
    usable: Annotated[bool, Query(description="Only those that can still be used.", examples=[True])] = False,
    limit: Limit = 50,
    before: Before = None,
    min_position: MinPosition = None,
) -> Response:
    """A member's vouchers, the last one first, and where they can be used."""
    async with call.reading(WALLET, min_position, CAMPAIGNS, MERCHANTS) as view:
        vouchers = await wallet.of(view, member_id, call.now, limit, before, usable=usable)
        page = {"vouchers": vouchers, "next": vouchers[-1]["place"] if len(vouchers) == limit else None}
        return found(view, {"member_id": member_id, "blocked": await wallet.blocked(view, member_id), **page})


@router.get("/no-shows", responses={200: {"model": answers_vouchers.NoShows}})
async def list_no_shows(
    call: Call,
    merchant_id: Annotated[Id | None, Query(description="At this merchant.", examples=["M1"])] = None,
    campaign_id: Annotated[Id | None, Query(description="Of this campaign.", examples=["gifts"])] = None,
    member_id: Annotated[Id | None, Query(description="Of this member.", examples=["W10"])] = None,
    day: Annotated[date | None, Query(description="On which the slot was.", examples=["2026-01-23"])] = None,
    limit: Limit = 50,
    before: Before = None,
    min_position: MinPosition = None,
) -> Response:
    """Bookings of collections to which nobody came, the last one first."""
    wanted = Wanted(merchant_id, campaign_id, member_id, day)
    async with call.reading(NO_SHOW_LIST, min_position) as view:
        lines = await no_show_list.page(view, wanted, limit, before)
        return found(view, {"no_shows": lines, "next": lines[-1]["place"] if len(lines) == limit else None})
