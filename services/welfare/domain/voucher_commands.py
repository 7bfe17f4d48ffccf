"""What can be asked of a voucher 代金券. Money and entitlement are decided beside it, by who gives these."""

from __future__ import annotations

from datetime import datetime
from typing import TypeAlias

from shared.decider import Command

from .terms import CampaignKind
from .voucher_events import Holder


class IssueVoucher(Command, frozen=True):
    """The budget has promised the face, in the same decision."""

    voucher_id: str
    member_id: str
    campaign_id: str
    budget_id: str
    kind: CampaignKind
    period: str
    face_fen: int
    collect: bool
    valid_until: datetime
    now: datetime


class HoldVoucher(Command, frozen=True):
    """Keep it for one till or one booking (WF5). `needed_at` is when it must still be good: a booked slot's start."""

    member_id: str
    holder: Holder
    ref: str
    place_id: str
    terminal_id: str
    needed_at: datetime
    until: datetime
    now: datetime


class PermitCollection(Command, frozen=True):
    """The member has come to the place that he has booked; `now` is when (row 14)."""

    ref: str
    now: datetime


class ReleaseHold(Command, frozen=True):
    """End this hold, if it lasts: the voucher can be used again, or has expired meanwhile (WF5)."""

    ref: str
    why: str
    now: datetime


class RedeemVoucher(Command, frozen=True):
    """A merchant takes it for `fen`; `redeemed_at` is before `now` where the terminal was offline."""

    member_id: str
    redemption_id: str
    merchant_id: str
    terminal_id: str
    fen: int
    offline: bool
    redeemed_at: datetime
    reservation_ref: str | None
    now: datetime


class ReinstateVoucher(Command, frozen=True):
    """Its redemption was reversed. It is good again where the budget has promised its face in the same decision."""

    redemption_id: str
    promised: bool
    now: datetime


class ExpireVoucher(Command, frozen=True):
    """Its last moment has passed: `now` is the first at which it is of no use (WF6)."""

    voucher_id: str
    now: datetime


class EndHold(Command, frozen=True):
    """The time of a hold is over."""

    voucher_id: str
    ref: str
    now: datetime


class RevokeVoucher(Command, frozen=True):
    """The union takes it back."""

    voucher_id: str
    reason: str
    now: datetime


class HoldAtTill(Command, frozen=True):
    """A till asks to keep it for the customer who is paying, under a reference of its own."""

    voucher_id: str
    member_id: str
    merchant_id: str
    terminal_id: str
    ref: str
    now: datetime


class ReleaseAtTill(Command, frozen=True):
    """The customer does not pay with it. Without a reference whatever till of the merchant holds it."""

    voucher_id: str
    member_id: str
    merchant_id: str
    terminal_id: str
    ref: str | None
    now: datetime


VoucherCommand: TypeAlias = (
    IssueVoucher
    | HoldVoucher
    | PermitCollection
    | ReleaseHold
    | RedeemVoucher
    | ReinstateVoucher
    | ExpireVoucher
    | EndHold
    | RevokeVoucher
)
