"""Answers about merchants and redemptions."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import BaseModel, Field

from shared.answers import Found, Moment, NextId, NextNumber

from ..domain.merchant import MerchantStage


class MerchantName(BaseModel):
    """A merchant, and whether he serves."""

    merchant_id: str
    category: str
    stage: MerchantStage


class Merchants(Found):
    """A page of merchants, by id."""

    merchants: list[MerchantName]
    next: NextId


class AllowanceLine(BaseModel):
    """What a terminal may give offline from one budget."""

    budget_id: str
    left_fen: int = Field(description="Promised by the budget, and not given yet.")
    used_fen: int


class TerminalState(BaseModel):
    """A terminal of a merchant."""

    terminal_id: str
    removed_at: Moment | None = Field(description="Null: it is in use.")
    allowances: list[AllowanceLine]


class Merchant(Found, MerchantName):
    """A merchant, on which terms, and at which terminals."""

    contract_ref: str
    account_ref: str | None
    reason: str = Field(description="Why he is suspended; else empty.")
    since: Moment = Field(description="When he came to be what he is.")
    terminals: list[TerminalState]


class RedemptionState(BaseModel):
    """A redemption, and what became of it. Amounts are in fen."""

    redemption_id: str
    day: date = Field(description="On which it happened, in China.")
    member_id: str
    merchant_id: str
    terminal_id: str
    campaign_id: str | None
    voucher_id: str | None
    basket_fen: int
    union_fen: int
    worker_fen: int
    merchant_fen: int
    allowed_fen: int = Field(description="Of the union's part what came from the terminal's offline allowance (WF3).")
    state: Literal["verified", "refused", "reversed"]
    code: str = Field(description="Why it was refused; else empty.")
    reason: str = Field(description="Why it was reversed; else empty.")
    receipt_no: str | None
    redeemed_at: Moment
    verified_at: Moment | None
    reversed_at: Moment | None
    takings_day: date | None = Field(description="The day by whose cut-off it is settled.")
    adjusted_day: date | None = Field(description="It was settled before it was reversed: the day that is lessened.")
    offline: bool
    flags: list[str] = Field(description="clock_corrected (K4), late_beyond_window (K5).")


class Receipt(BaseModel):
    """What the till prints, in yuan."""

    receipt_no: str
    price: str = Field(examples=["6.00"])
    union: str = Field(examples=["3.00"])
    worker: str = Field(examples=["2.00"])
    merchant: str = Field(examples=["1.00"])


class Redemption(Found, RedemptionState):
    """One redemption, with its receipt."""

    receipt: Receipt | None = Field(description="Null: it was refused.")


class RedemptionLine(RedemptionState):
    """A redemption and its place in the log."""

    place: int


class Redemptions(Found):
    """A page of redemptions, the last told first."""

    redemptions: list[RedemptionLine]
    next: NextNumber


class RedemptionSum(BaseModel):
    """How many there were, and what they came to. What was reversed had these amounts before."""

    campaign_id: str | None
    state: Literal["verified", "refused", "reversed"]
    code: str
    redemptions: int
    union_fen: int
    worker_fen: int
    merchant_fen: int


class RedemptionFigures(Found):
    """Redemptions of some days, by campaign, state and code."""

    figures: list[RedemptionSum]
