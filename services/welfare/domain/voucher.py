"""Voucher 代金券: a promise of money to one member, good for one purchase (WF4) until a time (WF6)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, TypeAlias, assert_never, get_args

import msgspec

from shared.decider import Command, DeadlineCleared, DeadlineSet, Decider, DomainEvent

from . import refusals
from .terms import CampaignKind

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


VoucherCommand: TypeAlias = IssueVoucher | RedeemVoucher | ReinstateVoucher
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
    """`issued` is None while nobody knows it. Money is promised for it in the stages issued and reserved.

    `ended_at` is when it expired or was revoked, which is what an offline terminal's later word is judged by; `permit`
    is the last hold that its member came for.
    """

    issued: VoucherIssued | None = None
    stage: Stage = "none"
    hold: Hold | None = None
    redemption_id: str | None = None
    ended_at: datetime | None = None
    permit: Hold | None = None

    @property
    def promised(self) -> bool:
        """Whether the budget holds its face for it."""
        return self.stage in ("issued", "reserved")

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
        case RedeemVoucher():
            return _redeemed(command, voucher)
        case ReinstateVoucher(redemption_id, promised, now):
            return _reinstated(redemption_id, promised, now, voucher)
        case _:
            assert_never(command)


def _redeemed(command: RedeemVoucher, voucher: Voucher) -> Sequence[VoucherEvent]:
    """WF4: once. The rest of its face is released by the same decision."""
    issued, now = voucher.known, command.now
    if command.member_id != issued.member_id:
        raise refusals.VoucherNotYours(field="voucher_id")
    if voucher.stage == "redeemed":
        raise refusals.VoucherAlreadyRedeemed(field="voucher_id")
    _check_live(command, voucher, issued)
    _check_hold(command, voucher, issued)
    who = (command.redemption_id, command.merchant_id, command.terminal_id)
    events: list[VoucherEvent] = [VoucherRedeemed(command.redeemed_at, *who, command.fen, command.offline)]
    if voucher.promised:
        events.append(DeadlineCleared(now, EXPIRY, issued.voucher_id, "redeemed"))
    if voucher.hold is not None:
        events.append(DeadlineCleared(now, RESERVATION, voucher.hold.ref, "redeemed"))
    return events


def _check_live(command: RedeemVoucher, voucher: Voucher, issued: VoucherIssued) -> None:
    """What ended after an offline terminal had taken it was good then (WF3)."""
    moment, ended_at = command.redeemed_at, voucher.ended_at
    if ended_at is not None and not (command.offline and moment < ended_at):
        raise (refusals.VoucherRevoked if voucher.stage == "revoked" else refusals.VoucherExpired)(field="voucher_id")
    if moment >= issued.valid_until:
        raise refusals.VoucherExpired(field="voucher_id")


def _check_hold(command: RedeemVoucher, voucher: Voucher, issued: VoucherIssued) -> None:
    """E39. Who holds it redeems it; what is collected in a slot is redeemed where its member came for it (row 14)."""
    moment = command.redeemed_at
    hold = voucher.hold if voucher.hold is not None and moment < voucher.hold.until else None
    if hold is None and voucher.permit is not None and moment < voucher.permit.until:
        hold = voucher.permit  # an offline till tells it after the hold has ended, or a reversal is put right at once
    if hold is None:
        if issued.collect:
            raise refusals.ReservationExpired("It is collected in a booked slot, and none holds it now.")
        return
    here = hold.place_id == command.merchant_id
    mine = hold.permitted if hold.holder == "collection" else hold.ref == command.reservation_ref
    if not (here and mine):
        raise refusals.VoucherReservedElsewhere(field="voucher_id")


def _reinstated(redemption_id: str, promised: bool, now: datetime, voucher: Voucher) -> Sequence[VoucherEvent]:
    """WF7: else it stays expired."""
    issued = voucher.known
    if voucher.stage != "redeemed" or voucher.redemption_id != redemption_id:
        return []
    if not promised:
        return [VoucherExpired(now, issued.member_id, issued.campaign_id)]
    due = DeadlineSet(now, EXPIRY, issued.voucher_id, issued.valid_until)
    return [VoucherReinstated(now, redemption_id), due]


def evolve(voucher: Voucher, event: VoucherEvent) -> Voucher:
    replace = msgspec.structs.replace
    match event:
        case VoucherIssued():
            return Voucher(event, "issued")
        case VoucherReserved(holder=holder, ref=ref, place_id=place_id, until=until):
            return replace(voucher, stage="reserved", hold=Hold(holder, ref, place_id, until))
        case CollectionPermitted():
            hold = replace(voucher.hold, permitted=True) if voucher.hold else None
            return replace(voucher, hold=hold, permit=hold)
        case VoucherReleased():
            return replace(voucher, stage="issued", hold=None)
        case VoucherRedeemed(redemption_id=redemption_id):
            return replace(voucher, stage="redeemed", hold=None, redemption_id=redemption_id)
        case VoucherReinstated():
            return replace(voucher, stage="issued", redemption_id=None)
        case VoucherExpired(at=at):
            return replace(voucher, stage="expired", hold=None, ended_at=at)
        case VoucherRevoked(at=at):
            return replace(voucher, stage="revoked", hold=None, ended_at=at)
        case DeadlineSet() | DeadlineCleared():
            return voucher
        case _:
            assert_never(event)


VOUCHER: Decider[VoucherCommand, VoucherEvent, Voucher] = Decider(
    "voucher", Voucher(), decide, evolve, get_args(VoucherEvent)
)
