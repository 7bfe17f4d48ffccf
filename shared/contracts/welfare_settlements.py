"""What welfare tells others of settlements 结算 with merchants."""

from __future__ import annotations

from datetime import date
from typing import Annotated, TypeAlias

from pydantic import Field, StrictInt

from shared.contracts.model import Code, Contract, Count, Id

SettlementId: TypeAlias = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._:~-]{0,95}-[0-9]{4}-[0-9]{2}-[0-9]{2}$",
        description="The merchant and the day of the cut-off.",
        examples=["K1-2026-01-23"],
    ),
]
Fen: TypeAlias = Annotated[StrictInt, Field(ge=-(2**53), le=2**53, description="Fen 分, a hundredth of a yuan.")]


class SettlementCreated(Contract):
    """A day's takings of a merchant are settled: net = opening + lines + adjustments (WF8). Published; key: the
    settlement.
    """

    settlement_id: SettlementId
    merchant_id: Id
    day: date
    lines: Count = Field(description="How many redemptions; what they are is for the merchant and the union.")
    adjustments: Count
    opening_fen: Fen
    net_fen: Fen = Field(description="Above 0 it is paid, below it is carried forward to the next one.")


class SettlementPaid(Contract):
    """The bank has paid a settlement. Published; key: the settlement."""

    settlement_id: SettlementId
    merchant_id: Id
    day: date
    paid_fen: Fen
    bank_ref: Id


class SettlementDisputed(Contract):
    """A line of a settlement, or of the one to come at the cut-off, is disputed. Published; key: the settlement."""

    settlement_id: SettlementId
    merchant_id: Id
    redemption_id: Id
    reason: Code
    case_id: Id | None = Field(default=None, description="The case whose outcome says that the merchant is at fault.")
