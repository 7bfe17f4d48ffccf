"""A member's bookings 我的预约, one live one for each campaign (CK9), and the vouchers that give the right to book."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias, assert_never, get_args

import msgspec

from shared.decider import Command, Decider, DomainEvent

from .booking import SlotPoolOpened
from .device_time import Moment
from .member_code import ShownCode
from .refusals import BookingDuplicate, BookingNotEntitled
from .values import BOOKING_GRACE, LATENESS_WINDOW

Outcome: TypeAlias = Literal["attended", "cancelled", "lapsed", "no_show"]


class BeginRight(Command, frozen=True):
    """Welfare has issued a voucher that is collected in a slot."""

    member_id: str
    voucher_id: str
    campaign_id: str
    valid_until: datetime
    now: datetime


class EndRight(Command, frozen=True):
    """The voucher is of no use any more."""

    member_id: str
    voucher_id: str
    campaign_id: str
    now: datetime


class ReleaseBookings(Command, frozen=True):
    """The member may not come to any of his bookings."""

    member_id: str
    reason: str
    now: datetime


class PresentMember(Command, frozen=True):
    """A member's code was read at a place where he may have booked."""

    member_id: str
    place_id: str
    device_id: str
    moment: Moment
    code: ShownCode | None = None  # without one, the member is known by the number on his card


class TakeSlot(Command, frozen=True):
    booking_id: str
    slot: SlotPoolOpened
    now: datetime


class LeaveSlot(Command, frozen=True):
    booking_id: str
    outcome: Outcome
    now: datetime


class BookingRightBegun(DomainEvent, frozen=True):
    voucher_id: str
    campaign_id: str
    valid_until: datetime


class BookingRightEnded(DomainEvent, frozen=True):
    voucher_id: str
    campaign_id: str


class SlotTaken(DomainEvent, frozen=True):
    """The member has a live booking, with a place or in the waiting list: the pool knows which."""

    booking_id: str
    pool_id: str
    place_id: str
    starts_at: datetime
    ends_at: datetime
    campaign_id: str | None = None


class SlotLeft(DomainEvent, frozen=True):
    """The booking does not count any more."""

    booking_id: str
    outcome: Outcome


BookingsCommand: TypeAlias = BeginRight | EndRight | TakeSlot | LeaveSlot
BookingsEvent: TypeAlias = BookingRightBegun | BookingRightEnded | SlotTaken | SlotLeft


class Right(msgspec.Struct, frozen=True):
    """The right to book in a campaign, by a voucher, until it is valid no more (exclusive)."""

    voucher_id: str
    campaign_id: str
    valid_until: datetime


class Held(msgspec.Struct, frozen=True):
    """A booking that counts; or that ended by coming or not coming, for who shows the code again."""

    booking_id: str
    pool_id: str
    place_id: str
    starts_at: datetime
    ends_at: datetime
    campaign_id: str | None
    taken_at: datetime
    live: bool = True

    def covers(self, moment: datetime) -> bool:
        return self.starts_at <= moment < self.ends_at + BOOKING_GRACE


class Bookings(msgspec.Struct, frozen=True):
    rights: tuple[Right, ...] = ()
    held: tuple[Held, ...] = ()

    def entitled(self, campaign_id: str | None, starts_at: datetime, now: datetime) -> bool:
        """Whether some voucher lasts into the slot. A pool without a campaign is for everybody."""
        needed = max(now, starts_at)
        return campaign_id is None or any(r.campaign_id == campaign_id and needed < r.valid_until for r in self.rights)

    @property
    def live(self) -> tuple[Held, ...]:
        return tuple(held for held in self.held if held.live)

    def check(self, slot: SlotPoolOpened, now: datetime) -> None:
        """CK9: entitled, and no other live booking of this campaign, or of this pool where there is none."""
        if not self.entitled(slot.campaign_id, slot.starts_at, now):
            raise BookingNotEntitled(field="pool_id")
        for held in self.live:
            if held.pool_id == slot.pool_id or (slot.campaign_id and held.campaign_id == slot.campaign_id):
                raise BookingDuplicate(f"booking {held.booking_id} is live", field="pool_id")

    def meant_at(self, place_id: str, moment: datetime) -> Held | None:
        """Which booking somebody means who shows his code at this place: the live one whose time it is, if there is.

        Else one whose time it is and that has ended, else a live one of another time, else the last of all: to be
        told why not. Of equals it is the one that ends first.
        """
        here = [held for held in self.held if held.place_id == place_id]
        live = sorted((held for held in here if held.live), key=lambda held: held.ends_at)
        ended = sorted((held for held in here if not held.live), key=lambda held: held.ends_at, reverse=True)
        timely = [held for held in (*live, *ended) if held.covers(moment)]
        return next(iter((*timely, *live, *ended)), None)


def decide(command: BookingsCommand, bookings: Bookings) -> list[BookingsEvent]:
    match command:
        case BeginRight(_, voucher_id, campaign_id, valid_until, now):
            right = Right(voucher_id, campaign_id, valid_until)
            return [] if right in bookings.rights else [BookingRightBegun(now, voucher_id, campaign_id, valid_until)]
        case EndRight(_, voucher_id, campaign_id, now):
            known = any(right.voucher_id == voucher_id for right in bookings.rights)
            return [BookingRightEnded(now, voucher_id, campaign_id)] if known else []
        case TakeSlot(booking_id, slot, now):
            where = (slot.pool_id, slot.place_id, slot.starts_at, slot.ends_at, slot.campaign_id)
            return [SlotTaken(now, booking_id, *where)]
        case LeaveSlot(booking_id, outcome, now):
            known = any(held.booking_id == booking_id for held in bookings.live)
            return [SlotLeft(now, booking_id, outcome)] if known else []
        case _:
            assert_never(command)


def evolve(bookings: Bookings, event: BookingsEvent) -> Bookings:
    match event:
        case BookingRightBegun(at, voucher_id, campaign_id, valid_until):
            others = (r for r in bookings.rights if r.voucher_id != voucher_id and r.valid_until > at)
            return Bookings((*others, Right(voucher_id, campaign_id, valid_until)), bookings.held)
        case BookingRightEnded(voucher_id=voucher_id):
            return Bookings(tuple(r for r in bookings.rights if r.voucher_id != voucher_id), bookings.held)
        case SlotTaken():
            when = (event.starts_at, event.ends_at)
            taken = Held(event.booking_id, event.pool_id, event.place_id, *when, event.campaign_id, event.at)
            remembered = (h for h in bookings.held if h.live or h.ends_at + LATENESS_WINDOW > event.at)
            return Bookings(bookings.rights, (*remembered, taken))
        case SlotLeft(booking_id=booking_id, outcome="attended" | "no_show"):
            held = (msgspec.structs.replace(h, live=h.live and h.booking_id != booking_id) for h in bookings.held)
            return Bookings(bookings.rights, tuple(held))
        case SlotLeft(booking_id=booking_id):
            return Bookings(bookings.rights, tuple(h for h in bookings.held if h.booking_id != booking_id))
        case _:
            assert_never(event)


BOOKINGS: Decider[BookingsCommand, BookingsEvent, Bookings] = Decider(
    "bookings", Bookings(), decide, evolve, get_args(BookingsEvent)
)
