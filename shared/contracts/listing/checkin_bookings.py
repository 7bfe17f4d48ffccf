"""The events of checkin about slot pools and bookings."""

from __future__ import annotations

from shared.contracts import checkin_bookings as bookings
from shared.contracts.event_type import EventType

_SLOT = {"starts_at": "2026-01-23T02:00:00Z", "ends_at": "2026-01-23T03:00:00Z"}
_BOOKING = {
    "booking_id": "0b6f2a5e-6d5b-5c6e-9d5c-0d6f3f1f7a22",
    "pool_id": "M1-10",
    "member_id": "W06",
    "purpose": "collection",
    "place_id": "M1",
    "campaign_id": "winter_gift",
}

EVENTS: tuple[EventType, ...] = (
    EventType(
        bookings.BookingPresented,
        "checkin",
        "intake",
        "A desk or a machine read a member code; the booking of that place and time is attended.",
        "member_id",
        {"member_id": "W06", "place_id": "M1", "device_id": "M1-desk"},
    ),
    EventType(
        bookings.SlotPoolOpened,
        "checkin",
        "published",
        "So many places can be booked, at one place and time.",
        "pool_id",
        {
            "pool_id": "M1-10",
            "purpose": "collection",
            "place_id": "M1",
            **_SLOT,
            "capacity": 3,
            "campaign_id": "winter_gift",
        },
        consumers=("welfare",),
        data_class="none",
    ),
    EventType(
        bookings.SlotPoolClosed,
        "checkin",
        "published",
        "A slot was called off, by hand or because its place serves nobody for now.",
        "pool_id",
        {"pool_id": "M1-10", "place_id": "M1", "reason": "merchant_suspended"},
        consumers=("welfare",),
        data_class="none",
    ),
    EventType(
        bookings.BookingConfirmed,
        "checkin",
        "published",
        "A member has a place: a voucher is reserved for it until 15 minutes after the slot's end.",
        "booking_id",
        {**_BOOKING, **_SLOT},
        consumers=("welfare",),
    ),
    EventType(
        bookings.BookingCancelled,
        "checkin",
        "published",
        "A place is given up or taken back: its voucher is released.",
        "booking_id",
        {**_BOOKING, "reason": "by_member"},
        consumers=("welfare",),
    ),
    EventType(
        bookings.BookingAttended,
        "checkin",
        "published",
        "A member has come: the voucher may be redeemed at this place; who came to a course may rate it.",
        "booking_id",
        {**_BOOKING, "attended_at": "2026-01-23T02:05:00Z"},
        consumers=("welfare",),
    ),
    EventType(
        bookings.BookingNoShow,
        "checkin",
        "published",
        "A member did not come: the voucher is released.",
        "booking_id",
        _BOOKING,
        consumers=("welfare",),
    ),
)
