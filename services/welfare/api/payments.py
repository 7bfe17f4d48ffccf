"""Payments 付款: what the bank is asked to pay for a day, and what it has paid."""

from __future__ import annotations

import asyncio
import re
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import Field

from shared.contracts.model import Contract, Id
from shared.contracts.welfare_settlements import SettlementId
from shared.database import Connection
from shared.errors import Refused, ValidationFailed
from shared.money import yuan
from shared.paper import CSV, as_csv
from shared.web import ANSWER_WITHIN, Call, Caller, MinPosition

from ..domain.settlement import PaySettlement, PaySettlements
from ..projections import merchants, settlement_sheet
from ..projections.merchants import MERCHANTS
from ..projections.settlement_sheet import SETTLEMENT_SHEET

router = APIRouter(prefix="/payments", tags=["settlements"])

MOST = 500  # payments that are noted together
ACCOUNT = re.compile(r"^[0-9A-Za-z][0-9A-Za-z -]{3,63}\Z")  # as banks write them; anything else is no account
HEADINGS = ("settlement_id", "merchant_id", "account", "amount_yuan", "amount_fen")


class Csv(Response):
    """A table."""

    media_type = CSV


class Payment(Contract):
    """One settlement that the bank has paid, and how the bank calls it."""

    settlement_id: SettlementId
    bank_ref: Id = Field(examples=["ICBC-20260124-0001"])


class Payments(Contract):
    """What the bank has paid; all of it is noted or none."""

    payments: Annotated[list[Payment], Field(min_length=1, max_length=MOST)]


@router.get("/{day}.csv", response_class=Csv)
async def payment_file(
    day: Annotated[date, Path(description="Whose cut-off it was.", examples=["2026-01-23"])],
    call: Call,
    min_position: MinPosition = None,
) -> Response:
    """What is approved and not paid of a day, for the bank: each settlement with the merchant's account. The account is
    empty where the merchant has given none, or it was erased or is none.
    """
    async with call.reading(SETTLEMENT_SHEET, min_position, MERCHANTS) as view:
        sheets = await settlement_sheet.to_pay(view, call.principal.org, day)
        refs = await merchants.accounts(view, {sheet["merchant_id"] for sheet in sheets})
    accounts = await _accounts(call, refs)
    rows = [
        (sheet["settlement_id"], merchant, accounts.get(merchant, ""), yuan(sheet["net_fen"]), sheet["net_fen"])
        for sheet in sheets
        for merchant in [sheet["merchant_id"]]
    ]
    headers = {"Cache-Control": "no-store", "Content-Disposition": f'attachment; filename="payments-{day}.csv"'}
    return Csv(as_csv(HEADINGS, rows), headers=headers)


@router.post("")
async def note_payments(body: Payments, call: Call) -> Response:
    """Note what the bank has paid, many settlements at once: all of them or none."""
    if len({payment.settlement_id for payment in body.payments}) < len(body.payments):
        raise ValidationFailed("A settlement is paid once.", field="payments")
    by, now = call.principal.id, call.now
    paid = tuple(PaySettlement(payment.settlement_id, payment.bank_ref, by, now) for payment in body.payments)
    return await call.give(PaySettlements(paid), body)


async def _accounts(call: Caller, refs: dict[str, str]) -> dict[str, str]:
    """By merchant."""
    async with asyncio.timeout(ANSWER_WITHIN), call.api.database.borrowed() as db:
        return {merchant: await _account(call, db, ref) for merchant, ref in refs.items()}


async def _account(call: Caller, db: Connection, ref: str) -> str:
    try:
        text = (await call.api.vault.fetch(db, ref)).decode("ascii", "replace").strip()
    except Refused:  # erased, or never posted
        return ""
    return text if ACCOUNT.match(text) else ""
