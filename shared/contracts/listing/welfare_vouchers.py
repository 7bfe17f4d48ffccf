"""The events of vouchers at tills."""

from __future__ import annotations

from shared.contracts import welfare_vouchers as contracts
from shared.contracts.event_type import EventType

_HOLD = {
    "voucher_id": "VC-1",
    "member_id": "W06",
    "merchant_id": "M2",
    "terminal_id": "M2-till",
    "reservation_ref": "M2-till-000042",
}

EVENTS: tuple[EventType, ...] = (
    EventType(
        contracts.VoucherHoldRequested,
        "welfare",
        "intake",
        "A till keeps a voucher for the customer who is paying: no other till and no booking gets it meanwhile.",
        "member_id",
        _HOLD,
    ),
    EventType(
        contracts.VoucherHoldReleased,
        "welfare",
        "intake",
        "A till lets go of a voucher that it kept.",
        "member_id",
        _HOLD,
    ),
)
