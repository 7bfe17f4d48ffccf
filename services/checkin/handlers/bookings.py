"""Slot pools and bookings: which streams an opening, a booking and its end read and change."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from shared.decider import Change, Changes, Handlers, Read, decided
from shared.errors import NotFound, Refused

from ..domain import refusals
from ..domain.booking import (
    AttendBooking,
    Book,
    BookingAttended,
    BookingCancelled,
    BookingLapsed,
    BookingNoShow,
    CancelBooking,
    ClosePool,
    CodeFault,
    EndCollection,
    EndWaiting,
    OpenPool,
    PoolEvent,
    RevokeBooking,
)
from ..domain.bookings import (
    BOOKINGS,
    BeginRight,
    Bookings,
    EndRight,
    Held,
    LeaveSlot,
    Outcome,
    PresentMember,
    ReleaseBookings,
    TakeSlot,
)
from ..domain.member import MEMBER, Member
from ..domain.place import PLACE, PlacePool, RefusePool, RemovePool, VacatePlace
from ..domain.pool import POOL
from ..domain.station import STATION

HANDLERS = Handlers(MEMBER, STATION, POOL, BOOKINGS, PLACE)
HANDLERS.each(BOOKINGS, "member_id", BeginRight)

OUTCOMES: dict[type[PoolEvent], Outcome] = {
    BookingAttended: "attended",
    BookingCancelled: "cancelled",
    BookingLapsed: "lapsed",
    BookingNoShow: "no_show",
}


@HANDLERS.on(OpenPool)
def open_pool(command: OpenPool, read: Read) -> Changes:
    """A place that is one of our stations must be in service; merchants are known to welfare alone.

    In service now, whenever it was asked: a ballot may be told a day late, and what is opened then nobody would vacate.
    """
    station, place, pool = read(STATION, command.place_id), read(PLACE, command.place_id), read(POOL, command.pool_id)
    try:
        if station.out_of_service_from is not None:
            raise refusals.StationSuspended(field="place_id")
        opened = POOL.decide(command, pool)
        placed = PLACE.decide(PlacePool(command), place) if opened else []
    except Refused as refusal:
        if command.ballot_id is None or pool.opened is not None:
            raise
        remembered = PLACE.decide(RefusePool(command, refusal.code), place)
        raise refusal.recording(Change(PLACE, command.place_id, remembered)) from None
    return [Change(POOL, command.pool_id, opened), Change(PLACE, command.place_id, placed)]


@HANDLERS.on(ClosePool)
def close_pool(command: ClosePool, read: Read) -> Changes:
    """The place has its time back, and the members may book elsewhere."""
    pool = read(POOL, command.pool_id)
    place_id = pool.slot(command.pool_id).place_id
    place = read(PLACE, place_id)
    closed = POOL.decide(command, pool)
    removed = PLACE.decide(RemovePool(place_id, command.pool_id, command.now), place) if closed else []
    return [*ended(command.pool_id, closed, read), Change(PLACE, place_id, removed)]


@HANDLERS.on(VacatePlace)
def vacate_place(command: VacatePlace, read: Read) -> Changes:
    """A station that is out of service opens nothing; what a place has opened since it serves again stays."""
    still = read(STATION, command.place_id).out_of_service_from is not None
    return [decided(PLACE, command.place_id, msgspec.structs.replace(command, still=still), read)]


@HANDLERS.on(Book)
def book(command: Book, read: Read) -> Changes:
    """CK9 in the order of K10. The pool and the member's bookings change together, so neither is ever exceeded."""
    member, pool = read(MEMBER, command.member_id), read(POOL, command.pool_id)
    bookings = read(BOOKINGS, command.member_id)
    if command.booking_id in pool.bookings:
        return []
    check_member(member, command.member_id, command.now)
    slot = pool.bookable(command.pool_id, command.now)
    bookings.check(slot, command.now)
    booked = POOL.decide(command, pool)
    taken = BOOKINGS.decide(TakeSlot(command.booking_id, slot, command.now), bookings)
    return [Change(POOL, command.pool_id, booked), Change(BOOKINGS, command.member_id, taken)]


@HANDLERS.on(PresentMember)
def present_member(command: PresentMember, read: Read) -> Changes:
    """The device knows who and where; which booking that is, the member's own stream knows."""
    member, bookings = read(MEMBER, command.member_id), read(BOOKINGS, command.member_id)
    check_member(member, command.member_id, command.moment.at)
    fault = code_fault(command, member)
    held = bookings.meant_at(command.place_id, command.moment.at)
    if held is None:
        raise NotFound("the member has no booking at this place", field="member_id")
    attend = AttendBooking(held.booking_id, held.pool_id, command.device_id, command.moment, fault)
    return ended(held.pool_id, POOL.decide(attend, read(POOL, held.pool_id)), read)


def end_bookings(command: CancelBooking | RevokeBooking | EndWaiting | EndCollection, read: Read) -> Changes:
    """Whoever moves up stays where he is in his own stream: waiting or not, his booking counts."""
    return ended(command.pool_id, POOL.decide(command, read(POOL, command.pool_id)), read)


HANDLERS.on(CancelBooking)(end_bookings)
HANDLERS.on(RevokeBooking)(end_bookings)
HANDLERS.on(EndWaiting)(end_bookings)
HANDLERS.on(EndCollection)(end_bookings)


@HANDLERS.on(EndRight)
def end_right(command: EndRight, read: Read) -> Changes:
    """Row 11: without any voucher left for them, bookings of the campaign do not stand."""
    bookings = read(BOOKINGS, command.member_id)
    right = BOOKINGS.decide(command, bookings)
    left = BOOKINGS.fold(right, bookings)
    lost = [
        held
        for held in left.live
        if held.campaign_id == command.campaign_id and not left.entitled(held.campaign_id, held.starts_at, command.now)
    ]
    if not right:
        return []
    return [Change(BOOKINGS, command.member_id, right), *revoked(lost, "right_ended", command, read)]


@HANDLERS.on(ReleaseBookings)
def release_bookings(command: ReleaseBookings, read: Read) -> Changes:
    """A suspended member's places are for others. If he was reinstated before this is read, those taken since stay."""
    member, live = read(MEMBER, command.member_id), read(BOOKINGS, command.member_id).live
    still = member.suspended_from is not None or member.left_at is not None
    return revoked([held for held in live if still or held.taken_at <= command.now], command.reason, command, read)


def revoked(bookings: Sequence[Held], reason: str, command: EndRight | ReleaseBookings, read: Read) -> list[Change]:
    changes: list[Change] = []
    for held in bookings:
        revoke = RevokeBooking(held.booking_id, held.pool_id, reason, command.now)
        changes += ended(held.pool_id, POOL.decide(revoke, read(POOL, held.pool_id)), read)
    return changes


def ended(pool_id: str, events: Sequence[PoolEvent], read: Read) -> list[Change]:
    """The pool's events, and for each booking that ended with them that its member is free to book again."""
    changes = [Change(POOL, pool_id, events)]
    for event in events:
        if isinstance(event, BookingAttended | BookingCancelled | BookingLapsed | BookingNoShow):
            bookings: Bookings = read(BOOKINGS, event.member_id)
            left = BOOKINGS.decide(LeaveSlot(event.booking_id, OUTCOMES[type(event)], event.at), bookings)
            changes.append(Change(BOOKINGS, event.member_id, left))
    return changes


def check_member(member: Member, member_id: str, moment: datetime) -> None:
    if member.registered is None or member.has_left(moment):
        raise NotFound(f"no member is registered as {member_id}, or not any more", field="member_id")
    if member.is_suspended(moment):
        raise refusals.MemberSuspended(field="member_id")


def code_fault(command: PresentMember, member: Member) -> CodeFault | None:
    """CK7, where a code was shown. E1: what a desk without network has taken is not refused afterwards, but marked."""
    code, moment = command.code, command.moment
    if code is None:
        return None
    fault: tuple[CodeFault, type[Refused]] | None = None
    if code.fault == "unknown":
        fault = "code_unknown", refusals.CodeUnknown
    elif member.is_revoked(code.key_id, moment.at):
        fault = "code_revoked", refusals.CodeRevoked
    elif code.fault == "expired":
        fault = "code_expired", refusals.CodeExpired
    if fault is not None and not moment.offline:
        raise fault[1](field="code")
    return fault[0] if fault else None
