"""What happens to a voucher 代金券."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias

from shared.decider import DeadlineCleared, DeadlineSet, DomainEvent

from .terms import CampaignKind

EXPIRY = "expiry"  # the timer at `valid_until`
RESERVATION = "reservation"  # the timer at the end of a hold

Holder: TypeAlias = Literal["till", "collection"]


class VoucherIssued(DomainEvent, frozen=True):
    voucher_id: str
    member_id: str
    campaign_id: str
    budget_id: str
    kind: CampaignKind
    period: str
    face_fen: int
    collect: bool
    valid_until: datetime


class VoucherReserved(DomainEvent, frozen=True):
    """Held until a time: by a till while somebody pays, or for a booked collection (WF5)."""

    holder: Holder
    ref: str  # the booking, or the terminal's own reference
    place_id: str
    until: datetime
    terminal_id: str = ""  # of a till


class CollectionPermitted(DomainEvent, frozen=True):
    """The member has come to the place that he has booked: there it may be redeemed (row 14)."""

    ref: str
    place_id: str


class VoucherReleased(DomainEvent, frozen=True):
    ref: str
    why: str


class VoucherRedeemed(DomainEvent, frozen=True):
    """A merchant has taken it. `fen` is what it paid."""

    redemption_id: str
    merchant_id: str
    terminal_id: str
    fen: int
    offline: bool


class VoucherReinstated(DomainEvent, frozen=True):
    """Its redemption was reversed while it was still valid: it can be used again (WF7)."""

    redemption_id: str


class VoucherExpired(DomainEvent, frozen=True):
    """`at` is when it stopped being good."""

    member_id: str
    campaign_id: str


class VoucherRevoked(DomainEvent, frozen=True):
    reason: str
    member_id: str
    campaign_id: str


VoucherEvent: TypeAlias = (
    VoucherIssued
    | VoucherReserved
    | CollectionPermitted
    | VoucherReleased
    | VoucherRedeemed
    | VoucherReinstated
    | VoucherExpired
    | VoucherRevoked
    | DeadlineSet
    | DeadlineCleared
)
