"""Answers about settlements, disputes, statements, and whether the money adds up."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import BaseModel, Field

from shared.answers import Found, Moment, NextNumber


class SettlementHead(BaseModel):
    """What one day's takings of a merchant come to, and how far it has come. net = opening + lines + adjustments."""

    settlement_id: str
    place: int = Field(description="Its place in the order of their making.")
    merchant_id: str
    day: date
    stage: Literal["created", "verified", "approved", "paid", "denied", "closed", "carried"]
    opening_fen: int = Field(description="Carried from earlier settlements; below 0 the merchant owes it.")
    lines: int
    lines_fen: int
    adjustments: int
    adjustments_fen: int
    net_fen: int
    disputed: int = Field(description="How many lines are disputed now; with one of them it is not approved.")
    created_at: Moment = Field(description="The cut-off.")
    verified_at: Moment | None
    verified_by: str | None
    approved_at: Moment | None
    approved_by: str | None
    denied_at: Moment | None
    denied_by: str | None
    denied_for: str | None
    paid_at: Moment | None
    bank_ref: str | None


class Settlements(Found):
    """A page of settlements, the last made first."""

    settlements: list[SettlementHead]
    next: NextNumber


class SettlementEntry(BaseModel):
    """A redemption that is paid, or what is corrected of one that was settled before."""

    kind: Literal["line", "adjustment"]
    redemption_id: str
    number: int
    receipt_no: str | None
    campaign_id: str | None
    budget_id: str | None
    verified_at: Moment | None
    reason: str | None = Field(description="Of an adjustment.")
    fen: int
    dispute: Literal["open", "upheld", "denied", "reversed"] | None


class Settlement(Found, SettlementHead):
    """One settlement, and a page of what it consists of."""

    entries: list[SettlementEntry]
    next: NextNumber


class DisputeState(BaseModel):
    """A line that should not be paid, as somebody said, and what was decided."""

    redemption_id: str
    place: int
    settlement_id: str = Field(description="Where it is settled, or would have been at the cut-off.")
    merchant_id: str
    settled: bool = Field(description="False: it was left out until it is decided.")
    state: Literal["open", "upheld", "denied", "reversed"]
    reason: str
    disputed_by: str = Field(description="Empty: a case was closed so.")
    case_id: str
    disputed_at: Moment
    decided_by: str | None
    decided_at: Moment | None
    moved_to: date | None = Field(description="The day whose settlement it is in, if it was left out and is upheld.")


class Disputes(Found):
    """A page of disputes, the last told first."""

    disputes: list[DisputeState]
    next: NextNumber


class StatementPart(SettlementHead):
    """A day's settlement, with all that it consists of."""

    entries: list[SettlementEntry]


class StatementSums(BaseModel):
    """opening + lines + adjustments = paid + unpaid + carried."""

    opening_fen: int = Field(description="Of the first settlement of these days.")
    lines_fen: int
    adjustments_fen: int
    paid_fen: int
    unpaid_fen: int = Field(description="Not paid yet.")
    carried_fen: int = Field(description="Carried beyond these days.")


class Statement(Found):
    """What was settled with a merchant on some days."""

    merchant_id: str
    from_day: date
    to_day: date
    settlements: list[StatementPart]
    sums: StatementSums
    balance_fen: int = Field(description="What is carried to the next settlement, as of now.")


class Difference(BaseModel):
    """One thing that two ways of counting do not agree about: a mistake of ours."""

    what: Literal["overspent", "promise", "consumed", "redemption", "merchant"]
    of: str = Field(description="Which budget, voucher, allowance, redemption or merchant.")
    expected_fen: int
    found_fen: int


class Reconciliation(Found):
    """The same money by two ways; committed + consumed + available = allocated."""

    budgets: int
    allocated_fen: int
    committed_fen: int = Field(description="vouchers + allowances")
    consumed_fen: int = Field(description="redeemed = open + left_out + settled + adjusted")
    available_fen: int
    vouchers_fen: int = Field(description="The faces of all vouchers that can be used.")
    allowances_fen: int = Field(description="What terminals may still give offline.")
    redeemed_fen: int = Field(description="The union's part of all redemptions that were not reversed.")
    open_fen: int = Field(description="Of them, before their cut-off.")
    left_out_fen: int = Field(description="Of them, left out by a dispute.")
    settled_fen: int = Field(description="All lines that were ever settled.")
    adjusted_fen: int = Field(description="What was corrected of them afterwards.")
    paid_fen: int
    unpaid_fen: int = Field(description="Settled, to be paid.")
    carried_fen: int = Field(description="Carried to the next settlements of merchants.")
    differences: list[Difference]
