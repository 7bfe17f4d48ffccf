"""Voucher 代金券: a promise of money to one member, good for one purchase (WF4) until a time (WF6)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import assert_never, get_args

from shared.decider import DeadlineCleared, DeadlineSet, Decider

from . import refusals
from .voucher_commands import (
    EndHold,
    ExpireVoucher,
    HoldVoucher,
    IssueVoucher,
    PermitCollection,
    RedeemVoucher,
    ReinstateVoucher,
    ReleaseHold,
    RevokeVoucher,
    VoucherCommand,
)
from .voucher_events import (
    EXPIRY,
    RESERVATION,
    CollectionPermitted,
    VoucherEvent,
    VoucherExpired,
    VoucherIssued,
    VoucherRedeemed,
    VoucherReinstated,
    VoucherReleased,
    VoucherReserved,
    VoucherRevoked,
)
from .voucher_state import Hold, Voucher, evolve

OVER = "hold_over"  # why a hold ended by itself


def decide(command: VoucherCommand, voucher: Voucher) -> Sequence[VoucherEvent]:
    match command:
        case IssueVoucher(voucher_id=voucher_id, valid_until=valid_until, now=now):
            if voucher.issued is not None:
                return []
            facts = {name: getattr(command, name) for name in VoucherIssued.__struct_fields__ if name != "at"}
            return [VoucherIssued(at=now, **facts), DeadlineSet(now, EXPIRY, voucher_id, valid_until)]
        case HoldVoucher():
            return _held(command, voucher)
        case PermitCollection(ref, now):
            booked = voucher.booked
            if booked is None or booked.ref != ref or booked.permitted:
                return []
            return [CollectionPermitted(now, ref, booked.place_id)]
        case ReleaseHold(ref, why, now):
            return _released(voucher, why, now) if voucher.hold is not None and voucher.hold.ref == ref else []
        case RedeemVoucher():
            return _redeemed(command, voucher)
        case ReinstateVoucher(redemption_id, promised, now):
            return _reinstated(redemption_id, promised, now, voucher)
        case ExpireVoucher() | EndHold() | RevokeVoucher():
            return _ended(command, voucher)
        case _:
            assert_never(command)


def _held(command: HoldVoucher, voucher: Voucher) -> Sequence[VoucherEvent]:
    """WF5, E39. What a hold was taken for in time stays usable until that ends, also past `valid_until`."""
    now, issued = command.now, voucher.check_own(command.member_id)
    voucher.check_not_ended()
    hold = voucher.held(now)
    if hold is not None and not _mine(command, hold):
        raise refusals.VoucherReservedElsewhere(field="voucher_id")
    if hold is not None and _same(command, hold):
        return []
    if max(now, command.needed_at) >= issued.valid_until:
        raise refusals.VoucherExpired(field="voucher_id")
    if issued.collect and command.holder == "till":
        raise refusals.ReservationExpired("It is collected in a booked slot, and none holds it now.")
    freed = _freed(voucher, "replaced" if hold is not None else OVER, now)
    reserved = VoucherReserved(
        now, command.holder, command.ref, command.place_id, command.until, terminal_id=command.terminal_id
    )
    return [*freed, reserved, DeadlineSet(now, RESERVATION, command.ref, command.until)]


def _mine(command: HoldVoucher, hold: Hold) -> bool:
    """A booking may move. A till may begin anew, and need not hold what its customer has come to collect here."""
    if command.holder == "collection":
        return hold.holder == "collection" and hold.ref == command.ref
    if hold.holder == "collection":
        return hold.permitted and hold.place_id == command.place_id
    return (hold.place_id, hold.terminal_id) == (command.place_id, command.terminal_id)


def _same(command: HoldVoucher, hold: Hold) -> bool:
    """Nothing new: no repeat makes a till's hold longer."""
    if command.holder == "till":
        return hold.holder == "collection" or hold.ref == command.ref
    return (hold.place_id, hold.until) == (command.place_id, command.until)


def _freed(voucher: Voucher, why: str, now: datetime) -> list[VoucherEvent]:
    """Of the hold, if there is one."""
    if voucher.hold is None:
        return []
    ref = voucher.hold.ref
    return [VoucherReleased(now, ref, why), DeadlineCleared(now, RESERVATION, ref, why)]


def _released(voucher: Voucher, why: str, now: datetime) -> list[VoucherEvent]:
    """WF5: to issued, or to expired when its end has passed meanwhile."""
    issued = voucher.known
    released = _freed(voucher, why, now)
    if now >= issued.valid_until:
        released.append(VoucherExpired(now, issued.member_id, issued.campaign_id))
    elif voucher.overdue:  # its timer came while it was held, and only now we are told that the hold had ended before
        released.append(DeadlineSet(now, EXPIRY, issued.voucher_id, issued.valid_until))
    return released


def _redeemed(command: RedeemVoucher, voucher: Voucher) -> Sequence[VoucherEvent]:
    """WF4: once. The rest of its face is released by the same decision."""
    issued, now = voucher.check_own(command.member_id), command.now
    if not (command.offline and voucher.ended_at is not None and command.redeemed_at < voucher.ended_at):
        voucher.check_not_ended()  # what ended after an offline terminal had taken it was good then (WF3)
    check_hold(command, voucher)
    who = (command.redemption_id, command.merchant_id, command.terminal_id)
    events: list[VoucherEvent] = [VoucherRedeemed(command.redeemed_at, *who, command.fen, command.offline)]
    if voucher.promised:
        events.append(DeadlineCleared(now, EXPIRY, issued.voucher_id, "redeemed"))
    if voucher.hold is not None:
        events.append(DeadlineCleared(now, RESERVATION, voucher.hold.ref, "redeemed"))
    return events


def check_hold(command: RedeemVoucher, voucher: Voucher) -> None:
    """E39. Who holds it redeems it; what is collected in a slot is redeemed where its member came for it (row 14)."""
    issued, permit, moment = voucher.known, voucher.permit, command.redeemed_at
    hold = voucher.held(moment)
    if hold is not None and command.offline and moment < hold.since:
        hold = None  # it was taken afterwards
    if hold is None and permit is not None and moment < permit.until:
        hold = permit  # an offline till tells it after the hold has ended, or a reversal is put right at once
    if hold is None:
        if moment >= issued.valid_until:
            raise refusals.VoucherExpired(field="voucher_id")
        if issued.collect:
            raise refusals.ReservationExpired("It is collected in a booked slot, and none holds it now.")
        return
    here = hold.place_id == command.merchant_id
    mine = hold.permitted if hold.holder == "collection" else hold.ref == command.reservation_ref
    if here and not mine and hold.holder == "till" and hold.terminal_id == command.terminal_id:
        why = "This till holds it for another purchase: name that one's reservation_ref, or release it."
        raise refusals.VoucherReservedElsewhere(why, field="reservation_ref")
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


def _ended(command: ExpireVoucher | EndHold | RevokeVoucher, voucher: Voucher) -> Sequence[VoucherEvent]:
    """By time or by hand. The two timers of one moment end alike, whichever comes first."""
    issued = voucher.known
    match command:
        case ExpireVoucher(_, now):
            done = DeadlineCleared(now, EXPIRY, issued.voucher_id, "over")
            if not voucher.promised or voucher.held(now) is not None:
                return [done]  # a hold that lasts is released later, and then it expires (WF5)
            expired = VoucherExpired(now, issued.member_id, issued.campaign_id)
            return [*_freed(voucher, OVER, now), expired, done]
        case EndHold(_, ref, now):
            if voucher.hold is None or voucher.hold.ref != ref:
                return [DeadlineCleared(now, RESERVATION, ref, "over")]
            return [] if voucher.held(now) else _released(voucher, OVER, now)  # a till may have begun anew meanwhile
        case RevokeVoucher(_, reason, now):
            if voucher.stage == "revoked":
                return []
            voucher.check_own(issued.member_id)
            voucher.check_not_ended()
            revoked = VoucherRevoked(now, reason, issued.member_id, issued.campaign_id)
            done = DeadlineCleared(now, EXPIRY, issued.voucher_id, "revoked")
            return [*_freed(voucher, "revoked", now), revoked, done]
        case _:
            assert_never(command)


VOUCHER: Decider[VoucherCommand, VoucherEvent, Voucher] = Decider(
    "voucher", Voucher(), decide, evolve, get_args(VoucherEvent)
)
