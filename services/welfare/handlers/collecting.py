"""Collections: which voucher a booking reserves, and what becomes of it (rows 12-14, amendment 6)."""

from __future__ import annotations

from datetime import datetime

from shared.decider import Changes, Draft, Handlers, Read
from shared.errors import NotFound, Refused

from ..domain import refusals
from ..domain.campaign import CAMPAIGN
from ..domain.collection import (
    COLLECTION,
    AttendCollection,
    CancelCollection,
    MissCollection,
    NoteRefused,
    NoteReserved,
    ReserveForBooking,
    held_until,
)
from ..domain.entitlement import ENTITLEMENT, entitlement_id
from ..domain.member import MEMBER
from ..domain.merchant import MERCHANT
from ..domain.voucher import VOUCHER
from ..domain.voucher_commands import HoldVoucher, PermitCollection, ReleaseHold
from .issuing import voucher_id_of
from .vouchers import change

HANDLERS = Handlers(COLLECTION, VOUCHER, MEMBER, MERCHANT, CAMPAIGN, ENTITLEMENT)


@HANDLERS.on(ReserveForBooking)
def reserve_for_booking(command: ReserveForBooking, read: Read) -> Changes:
    """What came before it counts: a booking that was cancelled reserves nothing, one that was attended is collected."""
    draft, booking_id, now = Draft(read), command.booking_id, command.now
    before = draft.state(COLLECTION, booking_id)
    if before.answers(command):
        return []
    slot = (command.booked, command.starts_at, command.ends_at)
    try:
        voucher_id = _reserve(draft, command)
    except Refused as refusal:
        if before.voucher_id is not None:
            change(draft, before.voucher_id, ReleaseHold(booking_id, "moved", now))
        draft.decide(COLLECTION, booking_id, NoteRefused(*slot, refusal.code, now))
        return draft.changes
    draft.decide(COLLECTION, booking_id, NoteReserved(*slot, voucher_id, now))
    if before.attended_at is not None:
        change(draft, voucher_id, PermitCollection(booking_id, before.attended_at))
    return draft.changes


def _reserve(draft: Draft, command: ReserveForBooking) -> str:
    """Answers which voucher, in K10's order. Raises what speaks against it; then nothing is decided here.

    WF13: a merchant who was suspended after the booking was made, but before we are told of it, holds nothing.
    """
    booked, now = command.booked, command.now
    draft.state(MEMBER, booked.member_id).check(now)
    try:
        draft.state(MERCHANT, booked.place_id).check_serves()
    except NotFound:
        raise refusals.MerchantNotAccepted(field="place_id") from None
    if not draft.state(CAMPAIGN, booked.campaign_id).known.accepts(booked.place_id):
        raise refusals.MerchantNotAccepted(field="place_id")
    voucher_id = _meant(draft, command)
    until = held_until(command.ends_at)
    where = (command.booking_id, booked.place_id, "")
    change(draft, voucher_id, HoldVoucher(booked.member_id, "collection", *where, command.starts_at, until, now))
    return voucher_id


def _meant(draft: Draft, command: ReserveForBooking) -> str:
    """The one that the booking has, else of those that are free the one that ends first; else one to say why not.

    Raises VOUCHER_NOT_FOUND for who never had one of the campaign.
    """
    booked, now = command.booked, command.now
    campaign_id, member_id = booked.campaign_id, booked.member_id
    had = draft.state(ENTITLEMENT, entitlement_id(campaign_id, member_id)).periods
    periods = [period for period, how in had.items() if how == "granted"]
    if not periods:
        periods = [period for period, how in had.items() if how != "declined"][-1:]
    if not periods:
        raise refusals.VoucherNotFound("The member has no voucher of this campaign.", field="campaign_id")
    vouchers = {one: draft.state(VOUCHER, one) for one in (voucher_id_of(campaign_id, member_id, p) for p in periods)}
    needed = max(now, command.starts_at)

    def rank(voucher_id: str) -> tuple[bool, bool, bool, datetime]:
        voucher = vouchers[voucher_id]
        hold, until = voucher.held(now), voucher.known.valid_until
        mine = hold is not None and hold.ref == command.booking_id
        return not mine, hold is not None or needed >= until, needed >= until, until

    return min(vouchers, key=rank)


@HANDLERS.on(CancelCollection)
def cancel_collection(command: CancelCollection, read: Read) -> Changes:
    return _closed(command, command.reason, read)


@HANDLERS.on(MissCollection)
def miss_collection(command: MissCollection, read: Read) -> Changes:
    """Row 13. Its own timer may have released the voucher at the same moment: both orders end alike."""
    return _closed(command, "no_show", read)


def _closed(command: CancelCollection | MissCollection, why: str, read: Read) -> Changes:
    draft, booking_id = Draft(read), command.booking_id
    voucher_id = draft.state(COLLECTION, booking_id).voucher_id
    if draft.decide(COLLECTION, booking_id, command) and voucher_id is not None:
        change(draft, voucher_id, ReleaseHold(booking_id, why, command.now))
    return draft.changes


@HANDLERS.on(AttendCollection)
def attend_collection(command: AttendCollection, read: Read) -> Changes:
    """Row 14. Told after the hold was over, it still counts for what an offline till tells of that time."""
    draft, booking_id = Draft(read), command.booking_id
    voucher_id = draft.state(COLLECTION, booking_id).voucher_id
    if draft.decide(COLLECTION, booking_id, command) and voucher_id is not None:
        change(draft, voucher_id, PermitCollection(booking_id, command.now))
    return draft.changes
