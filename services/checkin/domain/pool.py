"""A slot pool 时段: so many places, at one place and time, and who has them (CK9).

A booking is confirmed or waits; a place that gets free goes to whoever waits longest, in the same decision. What
happens to a booking is on the stream of its pool, so that no concurrency can give away more places than there are.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal, TypeAlias, assert_never, get_args

import msgspec

from shared.decider import DeadlineCleared, DeadlineSet, Decider
from shared.errors import NotFound, ValidationFailed

from . import refusals
from .booking import (
    AttendBooking,
    Book,
    BookingAttended,
    BookingCancelled,
    BookingConfirmed,
    BookingEvent,
    BookingLapsed,
    BookingNoShow,
    BookingPromoted,
    BookingWaitlisted,
    CancelBooking,
    ClosePool,
    EndCollection,
    EndWaiting,
    OpenPool,
    PoolCommand,
    PoolEvent,
    RevokeBooking,
    SlotPoolClosed,
    SlotPoolOpened,
)
from .values import POOL_AHEAD, POOL_BOOKINGS_KEPT, POOL_CAPACITY_MOST, WAITING_LIST_MOST

SLOT_END = "slot_end"  # the timer with which the waiting list ends
COLLECTION_END = "collection_end"  # the timer after which nobody comes any more
COURSE = "course"  # the purpose that has a course

Status: TypeAlias = Literal["confirmed", "waiting", "attended", "cancelled", "lapsed", "no_show"]


class Booking(msgspec.Struct, frozen=True):
    booking_id: str
    member_id: str
    status: Status


class Pool(msgspec.Struct, frozen=True):
    opened: SlotPoolOpened | None = None
    closed: bool = False
    over: bool = False  # nobody comes any more, and that was noted
    bookings: dict[str, Booking] = {}  # in the order in which they were made, which is that of the waiting list

    def slot(self, pool_id: str) -> SlotPoolOpened:
        """What was opened. Raises `NotFound`."""
        if self.opened is None:
            raise NotFound(f"no slot pool was opened as {pool_id}", field="pool_id")
        return self.opened

    def bookable(self, pool_id: str, now: datetime) -> SlotPoolOpened:
        """The slot, while it can be booked: until it ends. Raises `NotFound`, `SlotClosed`, `SlotInPast`."""
        slot = self.slot(pool_id)
        if self.closed:
            raise refusals.SlotClosed(field="pool_id")
        if now >= slot.ends_at:
            raise refusals.SlotInPast(field="pool_id")
        return slot

    def with_status(self, *statuses: Status) -> list[Booking]:
        return [booking for booking in self.bookings.values() if booking.status in statuses]

    @property
    def full(self) -> bool:
        """Who has come keeps his place until the end (E10: as many as there are places, not one more)."""
        return self.opened is None or len(self.with_status("confirmed", "attended")) >= self.opened.capacity

    def find(self, booking_id: str) -> Booking:
        """Raises `NotFound`."""
        booking = self.bookings.get(booking_id)
        if booking is None:
            raise NotFound("this pool has no such booking", field="booking_id")
        return booking


def decide(command: PoolCommand, pool: Pool) -> list[PoolEvent]:
    match command:
        case OpenPool():
            return open_pool(command, pool)
        case ClosePool(pool_id, reason, now):
            return close(pool.slot(pool_id), pool, reason, now)
        case Book():
            return book(command, pool)
        case CancelBooking():
            return cancel(command, pool)
        case RevokeBooking(booking_id, pool_id, reason, now):
            return give_up(pool.slot(pool_id), pool, pool.find(booking_id), reason, now)
        case AttendBooking():
            return attend(command, pool)
        case EndWaiting(pool_id, now):
            slot = pool.slot(pool_id)
            lapsed = lapse(slot, pool.with_status("waiting"), "slot_over", now)
            return [*lapsed, DeadlineCleared(now, SLOT_END, pool_id, "over")]
        case EndCollection(pool_id, now):
            slot = pool.slot(pool_id)
            missing = [BookingNoShow(now, **facts(slot, booking)) for booking in pool.with_status("confirmed")]
            return [*missing, DeadlineCleared(now, COLLECTION_END, pool_id, "over")]
        case _:
            assert_never(command)


def open_pool(command: OpenPool, pool: Pool) -> list[PoolEvent]:
    """The same facts again are nothing new; other facts under a known id would move people's bookings."""
    check_facts(command)
    opened = SlotPoolOpened(
        command.now,
        command.pool_id,
        command.purpose,
        command.place_id,
        command.starts_at,
        command.ends_at,
        command.capacity,
        command.campaign_id,
        command.course_id,
    )
    if pool.opened is not None:
        if msgspec.structs.replace(opened, at=pool.opened.at) == pool.opened:
            return []
        raise refusals.AlreadyRegistered(field="pool_id")
    if command.now >= command.ends_at:
        raise refusals.SlotInPast(field="ends_at")
    return [
        opened,
        DeadlineSet(command.now, SLOT_END, command.pool_id, opened.ends_at),
        DeadlineSet(command.now, COLLECTION_END, command.pool_id, opened.over_at),
    ]


def check_facts(command: OpenPool) -> None:
    if command.starts_at >= command.ends_at:
        raise ValidationFailed("a slot ends after it begins", field="ends_at")
    if command.ends_at - command.now > POOL_AHEAD:
        raise ValidationFailed(f"a slot lies within the next {POOL_AHEAD.days} days", field="ends_at")
    if not 1 <= command.capacity <= POOL_CAPACITY_MOST:
        raise ValidationFailed(f"a pool has 1 to {POOL_CAPACITY_MOST} places", field="capacity")
    if (command.purpose == COURSE) != (command.course_id is not None):
        raise ValidationFailed("a pool for a course names the course, others name none", field="course_id")


def close(slot: SlotPoolOpened, pool: Pool, reason: str, now: datetime) -> list[PoolEvent]:
    """Whoever has come has come; everybody else's booking ends. What is over cannot be called off any more."""
    if pool.closed or pool.over or now >= slot.over_at:
        return []
    return [
        SlotPoolClosed(now, slot.pool_id, slot.place_id, reason),
        *[BookingCancelled(now, **facts(slot, one), reason=reason) for one in pool.with_status("confirmed")],
        *lapse(slot, pool.with_status("waiting"), reason, now),
        DeadlineCleared(now, SLOT_END, slot.pool_id, "closed"),
        DeadlineCleared(now, COLLECTION_END, slot.pool_id, "closed"),
    ]


def book(command: Book, pool: Pool) -> list[PoolEvent]:
    """CK9, E18, E19: a place, or a place in the waiting list for whoever asks to wait."""
    slot = pool.bookable(command.pool_id, command.now)
    known = facts(slot, Booking(command.booking_id, command.member_id, "confirmed"))
    if not pool.full:
        return [BookingConfirmed(command.now, **known)]
    position = len(pool.with_status("waiting")) + 1
    if not command.waitlist:
        raise refusals.SlotFull(field="pool_id")
    if position > WAITING_LIST_MOST:
        raise refusals.SlotFull("the waiting list is full too: choose another slot", field="pool_id")
    return [BookingWaitlisted(command.now, **known, position=position)]


def cancel(command: CancelBooking, pool: Pool) -> list[PoolEvent]:
    """CK9: until the slot starts. Who only waits may leave the list at any time. A second cancel changes nothing."""
    slot = pool.slot(command.pool_id)
    booking = pool.find(command.booking_id)
    if booking.member_id != command.member_id:
        raise NotFound("this member has no such booking", field="booking_id")
    match booking.status:
        case "cancelled" | "lapsed":
            return []
        case "attended" | "no_show":
            raise refusals.BookingNotCancellable(field="booking_id")
        case "confirmed" if command.now >= slot.starts_at:
            raise refusals.BookingNotCancellable(field="booking_id")
    return give_up(slot, pool, booking, command.reason, command.now)


def give_up(slot: SlotPoolOpened, pool: Pool, booking: Booking, reason: str, now: datetime) -> list[PoolEvent]:
    """CK9: end a booking that still counts; the place goes to the first of the waiting list while the slot lasts."""
    if booking.status == "waiting":
        return lapse(slot, [booking], reason, now)
    if booking.status != "confirmed":
        return []
    cancelled = BookingCancelled(now, **facts(slot, booking), reason=reason)
    waiting = pool.with_status("waiting") if now < slot.ends_at else []
    return [cancelled, *[BookingPromoted(now, **facts(slot, first)) for first in waiting[:1]]]


def lapse(slot: SlotPoolOpened, waiting: Iterable[Booking], reason: str, now: datetime) -> list[PoolEvent]:
    return [BookingLapsed(now, **facts(slot, booking), reason=reason) for booking in waiting]


def attend(command: AttendBooking, pool: Pool) -> list[PoolEvent]:
    """CK9: within the slot, up to 15 minutes after its end, whether the timer has run or not."""
    slot, moment = pool.slot(command.pool_id), command.moment
    booking = pool.find(command.booking_id)
    if booking.status == "attended":
        return []
    if booking.status == "no_show" or (booking.status == "confirmed" and moment.at >= slot.over_at):
        raise refusals.BookingNoShow(field="member_id")
    if moment.at < slot.starts_at:
        raise refusals.SlotNotStarted(field="member_id")
    if booking.status == "waiting":
        raise refusals.SlotFull("the booking is still on the waiting list", field="member_id")
    if booking.status != "confirmed":
        raise NotFound("the booking was cancelled", field="member_id")
    return [
        BookingAttended(
            moment.at,
            **facts(slot, booking),
            device_id=command.device_id,
            offline=moment.offline,
            clock_corrected=moment.clock_corrected,
            code_fault=command.code_fault,
        )
    ]


def facts(slot: SlotPoolOpened, booking: Booking) -> dict[str, Any]:
    """What every event of a booking says."""
    return {
        "booking_id": booking.booking_id,
        "pool_id": slot.pool_id,
        "member_id": booking.member_id,
        "purpose": slot.purpose,
        "place_id": slot.place_id,
        "starts_at": slot.starts_at,
        "ends_at": slot.ends_at,
        "campaign_id": slot.campaign_id,
        "course_id": slot.course_id,
    }


def evolve(pool: Pool, event: PoolEvent) -> Pool:
    match event:
        case SlotPoolOpened():
            return msgspec.structs.replace(pool, opened=event)
        case SlotPoolClosed():
            return msgspec.structs.replace(pool, closed=True)
        case BookingConfirmed() | BookingPromoted():
            return with_booking(pool, event, "confirmed")
        case BookingWaitlisted():
            return with_booking(pool, event, "waiting")
        case BookingCancelled():
            return with_booking(pool, event, "cancelled")
        case BookingLapsed():
            return with_booking(pool, event, "lapsed")
        case BookingAttended():
            return with_booking(pool, event, "attended")
        case BookingNoShow():
            return with_booking(pool, event, "no_show")
        case DeadlineCleared(name=name):
            return msgspec.structs.replace(pool, over=pool.over or name == COLLECTION_END)
        case DeadlineSet():
            return pool
        case _:
            assert_never(event)


def with_booking(pool: Pool, event: BookingEvent, status: Status) -> Pool:
    bookings = {**pool.bookings, event.booking_id: Booking(event.booking_id, event.member_id, status)}
    if len(bookings) > POOL_BOOKINGS_KEPT:  # somebody books and cancels all day
        del bookings[next(one.booking_id for one in bookings.values() if one.status in ("cancelled", "lapsed"))]
    return msgspec.structs.replace(pool, bookings=bookings)


POOL: Decider[PoolCommand, PoolEvent, Pool] = Decider("pool", Pool(), decide, evolve, get_args(PoolEvent))
