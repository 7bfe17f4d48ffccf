"""What can be asked of a slot pool 时段 and its bookings 预约, and what happens to them."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias

from shared.decider import Command, DeadlineCleared, DeadlineSet, DomainEvent

from .device_time import Moment
from .values import BOOKING_GRACE

CodeFault: TypeAlias = Literal["code_unknown", "code_revoked", "code_expired"]


class OpenPool(Command, frozen=True):
    pool_id: str
    purpose: str  # a code: collection, course, service ...
    place_id: str  # a merchant or a station
    starts_at: datetime
    ends_at: datetime
    capacity: int
    now: datetime
    campaign_id: str | None = None  # booking then needs the right that a voucher of the campaign gives
    course_id: str | None = None
    ballot_id: str | None = None  # of a course that was voted for


class ClosePool(Command, frozen=True):
    pool_id: str
    reason: str  # a code
    now: datetime


class Book(Command, frozen=True):
    booking_id: str
    pool_id: str
    member_id: str
    now: datetime
    waitlist: bool = False


class CancelBooking(Command, frozen=True):
    """The member does not come."""

    booking_id: str
    pool_id: str
    member_id: str
    reason: str
    now: datetime


class RevokeBooking(Command, frozen=True):
    """The booking cannot stand, whatever the member wants and whenever it is."""

    booking_id: str
    pool_id: str
    reason: str
    now: datetime


class AttendBooking(Command, frozen=True):
    """The member has come; which booking is meant was found by his own."""

    booking_id: str
    pool_id: str
    device_id: str
    moment: Moment
    code_fault: CodeFault | None = None  # of a code that a desk without network took (E1)


class EndWaiting(Command, frozen=True):
    """The slot is over."""

    pool_id: str
    now: datetime


class EndCollection(Command, frozen=True):
    """Nobody comes any more."""

    pool_id: str
    now: datetime


class SlotPoolOpened(DomainEvent, frozen=True):
    pool_id: str
    purpose: str
    place_id: str
    starts_at: datetime
    ends_at: datetime
    capacity: int
    campaign_id: str | None = None
    course_id: str | None = None

    @property
    def over_at(self) -> datetime:
        """From when on nobody who has not come can come."""
        return self.ends_at + BOOKING_GRACE


class SlotPoolClosed(DomainEvent, frozen=True):
    pool_id: str
    place_id: str
    reason: str


class BookingEvent(DomainEvent, frozen=True, kw_only=True):
    """What every event of a booking says, as others must understand it without knowing the pool."""

    booking_id: str
    pool_id: str
    member_id: str
    purpose: str
    place_id: str
    starts_at: datetime
    ends_at: datetime
    campaign_id: str | None = None
    course_id: str | None = None


class BookingConfirmed(BookingEvent, frozen=True, kw_only=True):
    pass


class BookingWaitlisted(BookingEvent, frozen=True, kw_only=True):
    position: int  # in the waiting list, from 1


class BookingPromoted(BookingEvent, frozen=True, kw_only=True):
    """It waited, and has a place now."""


class BookingCancelled(BookingEvent, frozen=True, kw_only=True):
    """It had a place."""

    reason: str


class BookingLapsed(BookingEvent, frozen=True, kw_only=True):
    """It waited, and never had a place."""

    reason: str


class BookingAttended(BookingEvent, frozen=True, kw_only=True):
    device_id: str
    offline: bool = False
    clock_corrected: bool = False
    code_fault: CodeFault | None = None


class BookingNoShow(BookingEvent, frozen=True, kw_only=True):
    pass


PoolCommand: TypeAlias = (
    OpenPool | ClosePool | Book | CancelBooking | RevokeBooking | AttendBooking | EndWaiting | EndCollection
)
PoolEvent: TypeAlias = (
    SlotPoolOpened
    | SlotPoolClosed
    | BookingConfirmed
    | BookingWaitlisted
    | BookingPromoted
    | BookingCancelled
    | BookingLapsed
    | BookingAttended
    | BookingNoShow
    | DeadlineSet
    | DeadlineCleared
)
