"""What happens to a redemption 核销: one purchase with a voucher, or one meal, at one merchant's terminal."""

from __future__ import annotations

from datetime import date, datetime

import msgspec

from shared.decider import DomainEvent


class Split(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who bears how much of the price, in fen: of a breakfast 300, 200 and 100 (WF2)."""

    union_fen: int
    worker_fen: int
    merchant_fen: int


class Wish(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who wants what, where, and when by our clock (K4). `told_at` is the offline terminal's own time."""

    redemption_id: str
    member_id: str
    merchant_id: str
    terminal_id: str
    basket_fen: int
    redeemed_at: datetime
    told_at: datetime | None = None
    flags: tuple[str, ...] = ()
    voucher_id: str | None = None

    @property
    def offline(self) -> bool:
        return self.told_at is not None


class Asked(Wish, frozen=True, kw_only=True):
    """What the terminal has asked for. With a campaign alone: its meal, or the member's voucher of it."""

    campaign_id: str | None = None
    reservation_ref: str | None = None


class Purchase(Wish, frozen=True, kw_only=True):
    """What it turned out to be. `voucher_id` is None for a meal, which is paid by use."""

    campaign_id: str
    budget_id: str


class RedemptionVerified(DomainEvent, frozen=True):
    """The server's write-off: only this is consumed and settled. `at` is `verified_at`, by the server (K6).

    `takings_day` is the day by whose cut-off it is settled; `period` is that of the member's entitlement; `allowed_fen`
    of the union's part came from the terminal's offline allowance.
    """

    purchase: Purchase
    split: Split
    receipt_no: str
    takings_day: date
    period: str
    allowed_fen: int = 0


class RedemptionRefused(DomainEvent, frozen=True):
    """It did not happen, or offline happened and is not paid (WF3)."""

    asked: Asked
    code: str


class RedemptionReversed(DomainEvent, frozen=True):
    """WF7. `adjusted_day`: it was settled before, so the merchant's takings of this day are lessened; else its line is
    gone.
    """

    reason: str
    fen: int
    adjusted_day: date | None
    purchase: Purchase
