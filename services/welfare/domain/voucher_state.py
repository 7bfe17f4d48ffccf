"""How things stand with a voucher 代金券: issued, held for somebody, used, ended."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias, assert_never

import msgspec

from shared.decider import DeadlineCleared, DeadlineSet

from . import refusals
from .voucher_events import (
    EXPIRY,
    CollectionPermitted,
    Holder,
    VoucherEvent,
    VoucherExpired,
    VoucherIssued,
    VoucherRedeemed,
    VoucherReinstated,
    VoucherReleased,
    VoucherReserved,
    VoucherRevoked,
)

Stage: TypeAlias = Literal["none", "issued", "reserved", "redeemed", "expired", "revoked"]


class Hold(msgspec.Struct, frozen=True):
    holder: Holder
    ref: str
    place_id: str
    until: datetime
    since: datetime
    permitted: bool = False
    terminal_id: str = ""


class Voucher(msgspec.Struct, frozen=True):
    """`issued` is None while nobody knows it. Money is promised for it in the stages issued and reserved.

    `ended_at` is when it expired or was revoked, which is what an offline terminal's later word is judged by; `booked`
    is the last hold for a collection, also when that is over, and `permit` the last one that its member came for.
    `overdue`: the timer of its end has come, and no other one is set.
    """

    issued: VoucherIssued | None = None
    stage: Stage = "none"
    hold: Hold | None = None
    redemption_id: str | None = None
    ended_at: datetime | None = None
    permit: Hold | None = None
    booked: Hold | None = None
    overdue: bool = False

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

    def held(self, moment: datetime) -> Hold | None:
        """The hold that lasts then; its end is exclusive, whether its timer has come or not."""
        return self.hold if self.hold is not None and moment < self.hold.until else None

    def check_own(self, member_id: str) -> VoucherIssued:
        """It is this member's, and was not used. Raises VOUCHER_NOT_YOURS, VOUCHER_ALREADY_REDEEMED."""
        issued = self.known
        if issued.member_id != member_id:
            raise refusals.VoucherNotYours(field="voucher_id")
        if self.stage == "redeemed":
            raise refusals.VoucherAlreadyRedeemed(field="voucher_id")
        return issued

    def check_not_ended(self) -> None:
        """Raises VOUCHER_REVOKED or VOUCHER_EXPIRED."""
        if self.ended_at is not None:
            raise (refusals.VoucherRevoked if self.stage == "revoked" else refusals.VoucherExpired)(field="voucher_id")


def evolve(voucher: Voucher, event: VoucherEvent) -> Voucher:
    replace = msgspec.structs.replace
    match event:
        case VoucherIssued():
            return Voucher(event, "issued")
        case VoucherReserved(at=at, holder=holder, ref=ref, place_id=place_id, until=until, terminal_id=terminal_id):
            hold = Hold(holder, ref, place_id, until, at, terminal_id=terminal_id)
            booked = hold if holder == "collection" else voucher.booked
            return replace(voucher, stage="reserved", hold=hold, booked=booked)
        case CollectionPermitted(ref=ref):
            return _permitted(voucher, ref)
        case VoucherReleased():
            return replace(voucher, stage="issued", hold=None)
        case VoucherRedeemed(redemption_id=redemption_id):
            return replace(voucher, stage="redeemed", hold=None, redemption_id=redemption_id)
        case VoucherReinstated():
            return replace(voucher, stage="issued", redemption_id=None)
        case VoucherExpired(at=at):  # one that had ended before its redemption was reversed has ended then
            return replace(voucher, stage="expired", hold=None, ended_at=voucher.ended_at or at)
        case VoucherRevoked(at=at):
            return replace(voucher, stage="revoked", hold=None, ended_at=at)
        case DeadlineSet(name=name) | DeadlineCleared(name=name):
            return replace(voucher, overdue=isinstance(event, DeadlineCleared)) if name == EXPIRY else voucher
        case _:
            assert_never(event)


def _permitted(voucher: Voucher, ref: str) -> Voucher:
    if voucher.booked is None:
        return voucher
    permit = msgspec.structs.replace(voucher.booked, permitted=True)
    lasts = voucher.hold is not None and voucher.hold.ref == ref
    return msgspec.structs.replace(voucher, hold=permit if lasts else voucher.hold, permit=permit, booked=permit)
