"""Vouchers: held at tills, released, revoked, expired; their money and entitlement end with them in one decision."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from shared.decider import Changes, Draft, Handlers, Read

from ..domain import refusals
from ..domain.budget import BUDGET, ReleaseMoney
from ..domain.campaign import CAMPAIGN
from ..domain.entitlement import ENTITLEMENT, End, entitlement_id
from ..domain.holds import HOLDS, FreeHolds, NoteFreed, PlaceHold, RemoveHold, held_before
from ..domain.member import MEMBER
from ..domain.merchant import MERCHANT
from ..domain.values import FREED_AT_ONCE, TILL_RESERVATION
from ..domain.voucher import VOUCHER
from ..domain.voucher_commands import (
    EndHold,
    ExpireVoucher,
    HoldAtTill,
    HoldVoucher,
    ReleaseAtTill,
    ReleaseHold,
    RevokeVoucher,
    VoucherCommand,
)
from ..domain.voucher_state import Hold, Voucher

HANDLERS = Handlers(VOUCHER, HOLDS, MEMBER, MERCHANT, CAMPAIGN, BUDGET, ENTITLEMENT)


def change(draft: Draft, voucher_id: str, command: VoucherCommand) -> None:
    """Decide over one voucher, and over all that goes with it: its place's holds and, when it ends, its money.

    What a redemption does with the money is its own matter.
    """
    before = draft.state(VOUCHER, voucher_id)
    decided = draft.decide(VOUCHER, voucher_id, command)
    after = draft.state(VOUCHER, voucher_id)
    if not decided:
        return
    _track(draft, voucher_id, before.hold, after.hold, decided[-1].at)
    if before.promised and not after.promised and after.ended_at is not None:
        _end(draft, after, decided[-1].at)


def _track(draft: Draft, voucher_id: str, before: Hold | None, after: Hold | None, now: datetime) -> None:
    left, taken = before.place_id if before else None, after.place_id if after else None
    if left == taken:
        return
    if left is not None:
        draft.decide(HOLDS, left, RemoveHold(voucher_id, now))
    if taken is not None:
        draft.decide(HOLDS, taken, PlaceHold(voucher_id, now))


def _end(draft: Draft, voucher: Voucher, now: datetime) -> None:
    """WF6: what was promised is released, and what its member was granted is over."""
    issued = voucher.known
    how: Literal["expired", "revoked"] = "revoked" if voucher.stage == "revoked" else "expired"
    money = ReleaseMoney(issued.voucher_id, issued.face_fen, now, issued.campaign_id)
    draft.decide(BUDGET, issued.budget_id, money)
    draft.decide(ENTITLEMENT, entitlement_id(issued.campaign_id, issued.member_id), End(issued.period, how, now))


def end(command: ExpireVoucher | EndHold | RevokeVoucher, read: Read) -> Changes:
    """By time or by hand."""
    draft = Draft(read)
    change(draft, command.voucher_id, command)
    return draft.changes


HANDLERS.on(ExpireVoucher)(end)
HANDLERS.on(EndHold)(end)
HANDLERS.on(RevokeVoucher)(end)


@HANDLERS.on(HoldAtTill)
def hold_at_till(command: HoldAtTill, read: Read) -> Changes:
    """WF5, in K10's order. The hold keeps other tills and bookings away while the customer pays (E39)."""
    draft, now, place = Draft(read), command.now, command.merchant_id
    draft.state(MEMBER, command.member_id).check()
    merchant = draft.state(MERCHANT, place)
    merchant.check_serves()
    merchant.check_terminal(command.terminal_id, now)
    issued = draft.state(VOUCHER, command.voucher_id).known
    if not draft.state(CAMPAIGN, issued.campaign_id).known.accepts(place):
        raise refusals.MerchantNotAccepted(field="merchant_id")
    until = now + TILL_RESERVATION
    hold = HoldVoucher(command.member_id, "till", command.ref, place, command.terminal_id, now, until, now)
    change(draft, command.voucher_id, hold)
    return draft.changes


@HANDLERS.on(ReleaseAtTill)
def release_at_till(command: ReleaseAtTill, read: Read) -> Changes:
    """By any till of the merchant, also one that is suspended. What is not held any more is nothing new."""
    draft, now = Draft(read), command.now
    merchant = draft.state(MERCHANT, command.merchant_id)
    merchant.check_known()
    merchant.check_terminal(command.terminal_id, now)
    voucher = draft.state(VOUCHER, command.voucher_id)
    if voucher.known.member_id != command.member_id:
        raise refusals.VoucherNotYours(field="voucher_id")
    hold = voucher.held(now)
    if hold is None or command.ref not in (None, hold.ref):
        return []
    if hold.holder != "till" or hold.place_id != command.merchant_id:
        raise refusals.VoucherReservedElsewhere(field="voucher_id")
    change(draft, command.voucher_id, ReleaseHold(hold.ref, "by_till", now))
    return draft.changes


@HANDLERS.on(FreeHolds)
def free_holds(command: FreeHolds, read: Read) -> Changes:
    """WF13, a number at a time: the event that tells of it asks for the next ones."""
    draft, place, now = Draft(read), command.place_id, command.now
    held = held_before(draft.state(HOLDS, place), command.since)[:FREED_AT_ONCE]
    for voucher_id in held:
        hold = draft.state(VOUCHER, voucher_id).hold
        if hold is not None:
            change(draft, voucher_id, ReleaseHold(hold.ref, "merchant_suspended", now))
    draft.decide(HOLDS, place, NoteFreed(place, command.since, len(held), now))
    return draft.changes
