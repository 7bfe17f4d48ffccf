"""What bookings, merchants, tills and time ask of vouchers, and what others are told of these."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from services.welfare.domain.collection import (
    AttendCollection,
    Booked,
    CancelCollection,
    MissCollection,
    ReserveForBooking,
    VoucherReservationRefused,
)
from services.welfare.domain.holds import FreeHolds, HoldsFreed
from services.welfare.domain.merchant import MerchantLeft, MerchantSuspended
from services.welfare.domain.voucher_commands import EndHold, ExpireVoucher, HoldAtTill, ReleaseAtTill
from services.welfare.domain.voucher_events import VoucherExpired, VoucherIssued, VoucherRevoked
from services.welfare.policies import INTAKE, POLICIES, TIMERS
from services.welfare.publishing import PUBLISHING
from shared.contracts import checkin_bookings as bookings
from shared.contracts import welfare as contracts
from shared.contracts.model import Contract
from shared.contracts.welfare_vouchers import VoucherHoldReleased, VoucherHoldRequested
from shared.decider import Command, DomainEvent
from shared.policies import Receipt

from .shop import at

NOON = at("12:00")
TEN, ELEVEN = at("10:00"), at("11:00")
FACTS: dict[str, Any] = {
    "booking_id": "BK1", "pool_id": "M1-10", "member_id": "W06", "purpose": "collection", "place_id": "M1",
    "campaign_id": "gifts",
}  # fmt: skip
SLOT: dict[str, Any] = {"starts_at": TEN.isoformat(), "ends_at": ELEVEN.isoformat()}
BOOKED = Booked("M1-10", "W06", "gifts", "M1")


def asked(event: Any, moment: datetime = NOON) -> list[Command]:
    return [command for rule in POLICIES.reactions[type(event)] for command in POLICIES.ask(rule, event, moment)]


def booking(kind: type[Contract], **more: Any) -> Any:
    return kind.model_validate({**FACTS, **more})


CONFIRMED = booking(bookings.BookingConfirmed, **SLOT)
CANCELLED = booking(bookings.BookingCancelled, reason="by_member")
ATTENDED = booking(bookings.BookingAttended, attended_at=TEN.isoformat())
MISSED = booking(bookings.BookingNoShow)
ASKED: list[tuple[Any, Command]] = [
    (CONFIRMED, ReserveForBooking("BK1", BOOKED, TEN, ELEVEN, NOON)),
    (CANCELLED, CancelCollection("BK1", BOOKED, "by_member", NOON)),
    (ATTENDED, AttendCollection("BK1", BOOKED, TEN)),
    (MISSED, MissCollection("BK1", BOOKED, NOON)),
    (MerchantSuspended(NOON, "M1", "hygiene"), FreeHolds("M1", NOON, NOON)),
    (MerchantLeft(NOON, "M1"), FreeHolds("M1", NOON, NOON)),
    (HoldsFreed(NOON, "M1", TEN, 100, 1), FreeHolds("M1", TEN, NOON)),
]


@pytest.mark.parametrize("event,command", ASKED, ids=[type(event).__name__ for event, _ in ASKED])
def test_rows_12_to_14_and_17_ask_for_this(event: Any, command: Command) -> None:
    assert command in asked(event)


@pytest.mark.parametrize("event", [CONFIRMED, CANCELLED, ATTENDED, MISSED], ids=lambda event: type(event).__name__)
def test_row_12_a_booking_that_needs_no_voucher_is_none_of_ours(event: Any) -> None:
    of_vouchers = (ReserveForBooking, CancelCollection, AttendCollection, MissCollection)
    free = event.model_copy(update={"campaign_id": None})
    assert not [command for command in asked(free) if isinstance(command, of_vouchers)]


def test_wf13_when_all_are_freed_nothing_is_left_to_do() -> None:
    assert asked(HoldsFreed(NOON, "M1", TEN, 7, 0)) == []


def test_wf5_wf6_the_timers_of_a_voucher() -> None:
    assert TIMERS["voucher", "expiry"]("V1", "V1", NOON) == ExpireVoucher("V1", NOON)
    assert TIMERS["voucher", "reservation"]("V1", "T-1", NOON) == EndHold("V1", "T-1", NOON)


def test_wf5_what_a_till_tells_counts_from_its_receipt() -> None:
    receipt = Receipt("c1", NOON, "/tills", "e1", "W06")
    till: dict[str, Any] = {"voucher_id": "V1", "member_id": "W06", "merchant_id": "M1", "terminal_id": "M1-till"}
    facts = ("V1", "W06", "M1", "M1-till")
    asked_for = VoucherHoldRequested(**till, reservation_ref="T-1")
    assert INTAKE.command(asked_for, receipt) == HoldAtTill(*facts, "T-1", NOON)
    assert INTAKE.command(VoucherHoldReleased(**till), receipt) == ReleaseAtTill(*facts, None, NOON)


ISSUED = VoucherIssued(NOON, "V1", "W06", "gifts", "B-GIFT", "list_gift", "once", 2000, True, ELEVEN)
WHO: dict[str, Any] = {"voucher_id": "V1", "member_id": "W06", "campaign_id": "gifts"}
TOLD: list[tuple[str, DomainEvent, Contract]] = [
    (
        "V1",
        ISSUED,
        contracts.VoucherIssued(**WHO, kind="list_gift", collect=True, face_fen=2000, valid_until=ELEVEN),
    ),
    ("V1", VoucherExpired(NOON, "W06", "gifts"), contracts.VoucherExpired(**WHO)),
    ("V1", VoucherRevoked(NOON, "fraud", "W06", "gifts"), contracts.VoucherExpired(**WHO)),
    (
        "BK1",
        VoucherReservationRefused(NOON, BOOKED, TEN, ELEVEN, "VOUCHER_EXPIRED"),
        contracts.VoucherReservationRefused(
            booking_id="BK1", pool_id="M1-10", member_id="W06", campaign_id="gifts", code="VOUCHER_EXPIRED"
        ),
    ),
]


@pytest.mark.parametrize("key,event,told", TOLD, ids=[type(event).__name__ for _, event, _ in TOLD])
def test_row_11_and_amendment_6_others_are_told_this(key: str, event: DomainEvent, told: Contract) -> None:
    published = PUBLISHING.publish(event, key)
    assert published is not None
    assert (published.key, published.data) == (key, told)
