"""Voucher 代金券: a promise of money to one member, good for one purchase (WF4) until a time (WF6)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, TypeAlias, assert_never, get_args

import msgspec

from shared.decider import Command, DeadlineCleared, DeadlineSet, Decider, DomainEvent

from . import refusals
from .campaign import CampaignKind

EXPIRY = "expiry"  # the timer at `valid_until`
RESERVATION = "reservation"  # the timer at the end of a hold

Stage: TypeAlias = Literal["none", "issued", "reserved", "redeemed", "expired", "revoked"]
Holder: TypeAlias = Literal["till", "collection"]


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


VoucherCommand: TypeAlias = IssueVoucher
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


class Hold(msgspec.Struct, frozen=True):
    holder: Holder
    ref: str
    place_id: str
    until: datetime
    permitted: bool = False


class Voucher(msgspec.Struct, frozen=True):
    """`issued` is None while nobody knows it. Money is promised for it in the stages issued and reserved."""

    issued: VoucherIssued | None = None
    stage: Stage = "none"
    hold: Hold | None = None
    redemption_id: str | None = None

    @property
    def known(self) -> VoucherIssued:
        """What it is. Raises VOUCHER_NOT_FOUND."""
        if self.issued is None:
            raise refusals.VoucherNotFound(field="voucher_id")
        return self.issued


def decide(command: VoucherCommand, voucher: Voucher) -> Sequence[VoucherEvent]:
    match command:
        case IssueVoucher(voucher_id=voucher_id, valid_until=valid_until, now=now):
            if voucher.issued is not None:
                return []
            facts = {name: getattr(command, name) for name in VoucherIssued.__struct_fields__ if name != "at"}
            return [VoucherIssued(at=now, **facts), DeadlineSet(now, EXPIRY, voucher_id, valid_until)]
        case _:
            assert_never(command)


def evolve(voucher: Voucher, event: VoucherEvent) -> Voucher:
    replace = msgspec.structs.replace
    match event:
        case VoucherIssued():
            return Voucher(event, "issued")
        case VoucherReserved(holder=holder, ref=ref, place_id=place_id, until=until):
            return replace(voucher, stage="reserved", hold=Hold(holder, ref, place_id, until))
        case CollectionPermitted():
            hold = replace(voucher.hold, permitted=True) if voucher.hold else None
            return replace(voucher, hold=hold)
        case VoucherReleased():
            return replace(voucher, stage="issued", hold=None)
        case VoucherRedeemed(redemption_id=redemption_id):
            return replace(voucher, stage="redeemed", hold=None, redemption_id=redemption_id)
        case VoucherReinstated():
            return replace(voucher, stage="issued", redemption_id=None)
        case VoucherExpired():
            return replace(voucher, stage="expired", hold=None)
        case VoucherRevoked():
            return replace(voucher, stage="revoked", hold=None)
        case DeadlineSet() | DeadlineCleared():
            return voucher
        case _:
            assert_never(event)


VOUCHER: Decider[VoucherCommand, VoucherEvent, Voucher] = Decider(
    "voucher", Voucher(), decide, evolve, get_args(VoucherEvent)
)
