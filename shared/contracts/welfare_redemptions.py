"""Merchants 商户 and redemptions 核销: what terminals tell welfare, and what welfare tells others."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StrictInt

from shared.contracts.model import Code, Contract, Count, Flag, Id, Instant

ReceiptNo = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._:~-]{0,127}$",  # longer than an id, as it has the merchant's in it
        description="The merchant, the day of the cut-off, and a number.",
        examples=["K1-20260123-00001"],
    ),
]
Price = Annotated[StrictInt, Field(ge=1, le=10**7, description="In fen 分, a hundredth of a yuan.", examples=[600])]


class RedemptionRequested(Contract):
    """A member buys something with a voucher, or has a campaign's meal. Intake; key: the member."""

    redemption_id: Id = Field(
        description="Made by the terminal, once for each purchase; a repeat with it is nothing new.",
        examples=["K1-till-000042"],
    )
    member_id: Id
    merchant_id: Id
    terminal_id: Id
    voucher_id: Id | None = Field(default=None, description="The voucher; else the campaign is named.")
    campaign_id: Id | None = Field(
        default=None, description="Of the meal, or of the voucher: that of the member which ends first."
    )
    basket_fen: Price
    reservation_ref: Id | None = Field(
        default=None, description="Under which this till has reserved the voucher, if it has."
    )
    redeemed_at: Instant | None = Field(default=None, description="By the terminal's clock; of an offline upload only.")
    sent_at: Instant | None = Field(
        default=None, description="When the terminal sent this, by the same clock; of an offline upload only."
    )


class RedemptionReversalRequested(Contract):
    """A purchase or meal was a mistake, or was not served. Intake; key: the member."""

    redemption_id: Id
    member_id: Id
    merchant_id: Id
    terminal_id: Id
    reason: Code = Field(examples=["not_served"])


class RedemptionVerified(Contract):
    """A purchase or meal is written off with a receipt. Published; key: the redemption."""

    redemption_id: Id
    member_id: Id
    merchant_id: Id
    terminal_id: Id
    campaign_id: Id
    voucher_id: Id | None = Field(default=None, description="None of a meal.")
    union_fen: Count = Field(description="What the union owes the merchant for it.")
    worker_fen: Count
    merchant_fen: Count = Field(description="What the merchant gives up, as a canteen does.")
    receipt_no: ReceiptNo
    redeemed_at: Instant
    verified_at: Instant
    offline: Flag
    flags: list[Code] = Field(default=[], description="clock_corrected (K4), late_beyond_window (K5).")


class RedemptionReversed(Contract):
    """A verified redemption was taken back. Published; key: the redemption."""

    redemption_id: Id
    member_id: Id
    merchant_id: Id
    campaign_id: Id
    voucher_id: Id | None = None
    fen: Count = Field(description="What the union does not owe for it any more.")
    reason: Code
    settled: Flag = Field(description="It was settled before: the next settlement is lessened by it.")


class MerchantOnboarded(Contract):
    """A merchant takes vouchers or serves meals from now on. Published; key: the merchant."""

    merchant_id: Id
    category: Code


class MerchantResumed(Contract):
    """A merchant serves again. Published; key: the merchant."""

    merchant_id: Id
