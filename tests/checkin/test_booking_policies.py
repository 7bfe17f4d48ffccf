"""Rows 11, 17, 21, 24 and amendment 6: what events mean for bookings; what devices and timers ask for; what is told."""

from __future__ import annotations

from typing import Any

import pytest

from services.checkin.domain.booking import (
    BookingEvent,
    ClosePool,
    EndCollection,
    EndWaiting,
    OpenPool,
    RevokeBooking,
    SlotPoolClosed,
)
from services.checkin.domain.bookings import BeginRight, EndRight, PresentMember, ReleaseBookings
from services.checkin.domain.member import MemberLeft, MemberSuspended
from services.checkin.domain.member_code import ShownCode, make
from services.checkin.domain.place import PlaceVacated, VacatePlace
from services.checkin.domain.refusals import ScanInFuture
from services.checkin.domain.station import StationRetired, StationSuspended
from services.checkin.handlers import HANDLERS
from services.checkin.policies import INTAKE, POLICIES, TIMERS
from services.checkin.publishing import PUBLISHING
from shared.contracts import checkin_bookings as contracts
from shared.contracts import welfare
from shared.contracts.checkin_bookings import BookingPresented
from shared.decider import Command
from shared.policies import Receipt
from tests.checkin import slots
from tests.checkin.slots import ELEVEN, EVE, FIRST, SPRING, TEN
from tests.checkin.town import at, offline, online

RECEIPT: dict[str, Any] = {
    "command_id": "c1",
    "received_at": at("11:10"),
    "source": "desk/M1",
    "id": "1",
    "subject": "W1",
}
VOUCHER = {"voucher_id": "VC-1", "member_id": "W1", "campaign_id": "gift"}


def asked(event: Any) -> list[Command]:
    """What all reactions to an event of yesterday evening ask for."""
    return [command for reaction in POLICIES.reactions[type(event)] for command in POLICIES.ask(reaction, event, EVE)]


def issued(*, collect: bool) -> welfare.VoucherIssued:
    return welfare.VoucherIssued(**VOUCHER, kind="list_gift", collect=collect, face_fen=2000, valid_until=SPRING)


def test_row11_only_a_voucher_that_is_collected_gives_the_right() -> None:
    assert asked(issued(collect=True)) == [BeginRight("W1", "VC-1", "gift", SPRING, EVE)]
    assert asked(issued(collect=False)) == []


def test_row11_a_voucher_that_is_gone_takes_the_right_away() -> None:
    assert asked(welfare.VoucherExpired(**VOUCHER)) == [EndRight("W1", "VC-1", "gift", EVE)]


def test_amendment_6_a_reservation_that_is_refused_revokes_the_booking() -> None:
    who = {"booking_id": "b1", "pool_id": "P1", "member_id": "W1", "campaign_id": "gift"}
    event = welfare.VoucherReservationRefused(**who, code="VOUCHER_EXPIRED")
    assert asked(event) == [RevokeBooking("b1", "P1", "reservation_refused", EVE)]


@pytest.mark.parametrize(
    "event,reason",
    [
        (welfare.MerchantSuspended(merchant_id="X1", reason="licence_expired"), "merchant_suspended"),
        (StationSuspended(EVE, "X1", "repairs"), "station_suspended"),
        (StationRetired(EVE, "X1"), "station_retired"),
    ],
)
def test_row17_row21_a_place_that_serves_nobody_is_vacated(event: Any, reason: str) -> None:
    assert VacatePlace("X1", reason, EVE) in asked(event)


def test_row17_row21_each_pool_of_a_vacated_place_is_closed_by_itself() -> None:
    event = PlaceVacated(EVE, "M1", "merchant_suspended", ("P1", "P2"))
    assert asked(event) == [ClosePool(pool, "merchant_suspended", EVE) for pool in ("P1", "P2")]


def test_a_suspended_members_bookings_are_released() -> None:
    event = MemberSuspended(EVE, "W1", "left_trade")
    assert ReleaseBookings("W1", "member_suspended", EVE) in asked(event)
    assert ReleaseBookings("W1", "member_left", EVE) in asked(MemberLeft(EVE, "W1"))


def ballot(*courses: str) -> welfare.BallotClosed:
    times = {"starts_at": TEN, "ends_at": ELEVEN}
    won = [welfare.Course(course_id=course, place_id="S1", capacity=20, **times) for course in courses]
    return welfare.BallotClosed(ballot_id="BL-1", winners=won)


def test_row24_each_winning_course_gets_a_pool_with_the_same_id_each_time() -> None:
    first, second = asked(ballot("first_aid", "cooking"))
    assert isinstance(first, OpenPool)
    assert isinstance(second, OpenPool)
    assert first.pool_id != second.pool_id
    assert [first, second] == asked(ballot("first_aid", "cooking"))
    wanted = (first.purpose, first.place_id, first.course_id, first.ballot_id, first.capacity, first.now)
    assert wanted == ("course", "S1", "first_aid", "BL-1", 20, EVE)


def test_k4_a_desk_asks_for_an_attendance_now_or_at_its_own_time() -> None:
    who: dict[str, Any] = {"member_id": "W1", "place_id": "M1", "device_id": "desk"}
    now = INTAKE.command(BookingPresented(**who), Receipt(**RECEIPT))
    assert now == PresentMember("W1", "M1", "desk", online(at("11:10")))
    upload = BookingPresented(**who, scanned_at=at("10:05"), sent_at=at("11:10"))
    assert INTAKE.command(upload, Receipt(**RECEIPT)) == PresentMember(
        "W1", "M1", "desk", offline(at("10:05"), at("11:10"))
    )
    receipt = Receipt(**{**RECEIPT, "code_secrets": (b"secret",)})
    mine = BookingPresented(**who, code=make("W1", "key1", receipt.code_secrets, at("11:10")))
    read = INTAKE.command(mine, receipt)
    assert isinstance(read, PresentMember)
    assert read.code is not None
    assert (read.code.key_id, read.code.fault) == ("key1", None)
    foreign = BookingPresented(**{**who, "code": make("W2", "key1", receipt.code_secrets, at("11:10"))})
    assert getattr(INTAKE.command(foreign, receipt), "code", None) == ShownCode(fault="unknown")
    with pytest.raises(ScanInFuture):
        INTAKE.command(BookingPresented(**who, scanned_at=at("11:12"), sent_at=at("11:11")), Receipt(**RECEIPT))


def test_ck9_the_timers_of_a_pool_end_waiting_and_collecting() -> None:
    assert TIMERS["pool", "slot_end"]("P1", "P1", ELEVEN) == EndWaiting("P1", ELEVEN)
    assert TIMERS["pool", "collection_end"]("P1", "P1", ELEVEN) == EndCollection("P1", ELEVEN)


def test_what_policies_and_timers_ask_for_has_a_handler() -> None:
    wished = {BeginRight, EndRight, RevokeBooking, VacatePlace, ClosePool, ReleaseBookings, OpenPool, PresentMember}
    assert wished | {EndWaiting, EndCollection} <= HANDLERS.commands.keys()


# --- what others are told --------------------------------------------------------------------------------------------

KNOWN: dict[str, Any] = {
    "booking_id": "bW1",
    "pool_id": "P1",
    "member_id": "W1",
    "purpose": "collection",
    "place_id": "M1",
    "campaign_id": "gift",
}
SLOT: dict[str, Any] = {"starts_at": TEN, "ends_at": ELEVEN}


@pytest.mark.parametrize(
    "event,told",
    [
        (slots.confirmed(), contracts.BookingConfirmed(**KNOWN, **SLOT)),
        (slots.promoted("W1"), contracts.BookingConfirmed(**KNOWN, **SLOT)),
        (slots.cancelled(), contracts.BookingCancelled(**KNOWN, reason="by_member")),
        (slots.attended(), contracts.BookingAttended(**KNOWN, attended_at=TEN)),
        (slots.no_show("W1", ELEVEN), contracts.BookingNoShow(**KNOWN)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_row12_row13_row14_a_booking_is_told_under_its_own_key(event: BookingEvent, told: Any) -> None:
    """Who moves up is told as who has a place at once."""
    published = PUBLISHING.publish(event, "P1")
    assert published is not None
    assert (published.key, published.data) == ("bW1", told)


def test_row25_who_came_to_a_course_is_told_with_the_course() -> None:
    event = slots.attended()
    facts = {name: getattr(event, name) for name in event.__struct_fields__ if name not in ("purpose", "course_id")}
    course = type(event)(**facts, purpose="course", course_id="first_aid")
    published = PUBLISHING.publish(course, "P1")
    assert published is not None
    assert isinstance(published.data, contracts.BookingAttended)
    assert (published.data.purpose, published.data.course_id) == ("course", "first_aid")


def test_the_waiting_list_is_not_told() -> None:
    assert PUBLISHING.publish(slots.waitlisted("W1", 1), "P1") is None
    assert PUBLISHING.publish(slots.lapsed("W1", ELEVEN, "slot_over"), "P1") is None


def test_a_pool_is_told_under_its_key() -> None:
    opened, closed = PUBLISHING.publish(FIRST, "P1"), PUBLISHING.publish(SlotPoolClosed(EVE, "P1", "M1", "x"), "P1")
    assert opened is not None
    assert closed is not None
    where: dict[str, Any] = {"pool_id": "P1", "place_id": "M1"}
    assert opened == (
        "P1",
        contracts.SlotPoolOpened(**where, **SLOT, purpose="collection", capacity=2, campaign_id="gift"),
    )
    assert closed == ("P1", contracts.SlotPoolClosed(**where, reason="x"))
