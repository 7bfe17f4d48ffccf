"""The events of welfare."""

from __future__ import annotations

from shared.contracts import welfare
from shared.contracts.event_type import EventType
from shared.contracts.listing import (
    welfare_campaigns,
    welfare_courses,
    welfare_ledger,
    welfare_redemptions,
    welfare_settlements,
    welfare_vouchers,
)

_VOUCHER = {"voucher_id": "VC-1", "member_id": "W06", "campaign_id": "winter_gift"}

EVENTS: tuple[EventType, ...] = (
    EventType(
        welfare.VoucherIssued,
        "welfare",
        "published",
        "A member holds a voucher; one that is collected in a slot gives the right to book.",
        "voucher_id",
        {
            **_VOUCHER,
            "kind": "list_gift",
            "collect": True,
            "face_fen": 2000,
            "valid_until": "2026-02-28T16:00:00Z",
        },
        consumers=("checkin",),
    ),
    EventType(
        welfare.VoucherExpired,
        "welfare",
        "published",
        "A voucher is of no use any more: the right to book ends.",
        "voucher_id",
        _VOUCHER,
        consumers=("checkin",),
    ),
    EventType(
        welfare.VoucherReservationRefused,
        "welfare",
        "published",
        "No voucher could be reserved for a booking: it is cancelled, and the next in line has the place.",
        "booking_id",
        {
            "booking_id": "BK-1",
            "pool_id": "M1-10",
            "member_id": "W06",
            "campaign_id": "winter_gift",
            "code": "VOUCHER_EXPIRED",
        },
        consumers=("checkin",),
    ),
    EventType(
        welfare.MerchantSuspended,
        "welfare",
        "published",
        "A merchant serves nobody for now: bookings at that place are cancelled.",
        "merchant_id",
        {"merchant_id": "M1", "reason": "licence_expired"},
        consumers=("checkin",),
    ),
    EventType(
        welfare.BallotClosed,
        "welfare",
        "published",
        "A course vote is over: places are opened for the winning courses.",
        "ballot_id",
        {
            "ballot_id": "BL-1",
            "winners": [
                {
                    "course_id": "first_aid",
                    "place_id": "S1",
                    "starts_at": "2026-02-01T06:00:00Z",
                    "ends_at": "2026-02-01T07:30:00Z",
                    "capacity": 20,
                }
            ],
        },
        consumers=("checkin",),
        data_class="none",
    ),
    *welfare_campaigns.EVENTS,
    *welfare_courses.EVENTS,
    *welfare_ledger.EVENTS,
    *welfare_redemptions.EVENTS,
    *welfare_settlements.EVENTS,
    *welfare_vouchers.EVENTS,
)
