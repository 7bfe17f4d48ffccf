"""Bookings reserve vouchers, and what becomes of them (rows 12-14, 17, 22; amendment 6; WF5, WF13)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
import pytest

from services.welfare.domain import refusals
from services.welfare.domain.collection import (
    COLLECTION,
    AttendCollection,
    Booked,
    CancelCollection,
    CollectionAttended,
    CollectionCancelled,
    CollectionMissed,
    CollectionReserved,
    MissCollection,
    ReserveForBooking,
    VoucherReservationRefused,
)
from services.welfare.domain.entitlement import ENTITLEMENT, EntitlementDeclined, EntitlementExpired, EntitlementUsed
from services.welfare.domain.holds import HOLDS, FreeHolds, HoldPlaced, HoldRemoved, HoldsFreed
from services.welfare.domain.member import MEMBER, SuspensionNoted
from services.welfare.domain.merchant import MerchantLeft, MerchantSuspended
from services.welfare.domain.values import FREED_AT_ONCE
from services.welfare.domain.voucher import VOUCHER
from services.welfare.domain.voucher_commands import EndHold, HoldAtTill
from services.welfare.domain.voucher_events import (
    RESERVATION,
    CollectionPermitted,
    VoucherExpired,
    VoucherRedeemed,
    VoucherReleased,
    VoucherReserved,
    VoucherRevoked,
)
from shared.decider import Change, Command, DeadlineCleared, DeadlineSet
from shared.testing.given import Given, on

from .shop import EVE, at, budget, campaign, merchant, redeem, voucher

BOOKING_DAY = at("20:00", "2026-01-22")
TEN, ELEVEN, OVER = at("10:00"), at("11:00"), at("11:15")
GIFT, GIFT_ISSUED = voucher("gifts", "W06")
BOOKED = Booked("M1-10", "W06", "gifts", "M1")
SHOP = (merchant("M1"), campaign("gifts"), budget("B-GIFT", 10_000))
PAST: tuple[Change, ...] = (*SHOP, *GIFT_ISSUED)
CAME = at("10:05")


def confirm(
    booking_id: str = "BK1", booked: Booked = BOOKED, slot: tuple[datetime, datetime] = (TEN, ELEVEN)
) -> ReserveForBooking:
    return ReserveForBooking(booking_id, booked, *slot, BOOKING_DAY)


CANCEL = CancelCollection("BK1", BOOKED, "by_member", at("21:00", "2026-01-22"))
MISS = MissCollection("BK1", BOOKED, OVER)
ATTEND = AttendCollection("BK1", BOOKED, CAME)
RESERVED = VoucherReserved(BOOKING_DAY, "collection", "BK1", "M1", OVER)
NOTED = CollectionReserved(BOOKING_DAY, BOOKED, TEN, ELEVEN, GIFT)
DONE: tuple[Change, ...] = (
    *PAST,
    on(VOUCHER, GIFT, RESERVED),
    on(HOLDS, "M1", HoldPlaced(BOOKING_DAY, GIFT)),
    on(COLLECTION, "BK1", NOTED),
)


def refused(code: str, booked: Booked = BOOKED, slot: tuple[datetime, datetime] = (TEN, ELEVEN)) -> Change:
    return on(COLLECTION, "BK1", VoucherReservationRefused(BOOKING_DAY, booked, *slot, code))


def freed(moment: datetime, why: str, *more: Any) -> list[Change]:
    cleared = DeadlineCleared(moment, RESERVATION, "BK1", why)
    return [
        on(VOUCHER, GIFT, VoucherReleased(moment, "BK1", why), cleared, *more),
        on(HOLDS, "M1", HoldRemoved(moment, GIFT)),
    ]


def reserves(events: dict[str, list[Any]], ref: str) -> bool:
    return any(isinstance(event, VoucherReserved) and event.ref == ref for event in events[f"voucher-{GIFT}"])


def test_row_12_a_booking_reserves_the_voucher_until_fifteen_minutes_after_the_slot(given: Given) -> None:
    scenario = given(*PAST).when(confirm())
    scenario.then(
        on(VOUCHER, GIFT, RESERVED, DeadlineSet(BOOKING_DAY, RESERVATION, "BK1", OVER)),
        on(HOLDS, "M1", HoldPlaced(BOOKING_DAY, GIFT)),
        on(COLLECTION, "BK1", NOTED),
    )
    scenario.when(confirm()).then_nothing()


def test_row_12_of_several_vouchers_the_free_one_that_ends_first_is_reserved(given: Given) -> None:
    later, second = voucher("gifts", "W06", period="2", until=at("00:00", "2026-02-10"))
    sooner, third = voucher("gifts", "W06", period="3", until=at("00:00", "2026-02-01"))
    ended, fourth = voucher("gifts", "W06", period="4", until=TEN)
    taken = on(VOUCHER, sooner, VoucherReserved(EVE, "collection", "BK0", "M1", OVER))
    events = given(*PAST, *second, *third, *fourth, taken).when(confirm()).events
    assert f"voucher-{later}" in events
    assert not {f"voucher-{one}" for one in (GIFT, sooner, ended)} & set(events)


def _ended(*events: Any) -> Change:
    return on(VOUCHER, GIFT, *events)


USED = [
    _ended(VoucherRedeemed(EVE, "R1", "M1", "M1-till", 2000, False)),
    on(ENTITLEMENT, "gifts/W06", EntitlementUsed(EVE, "once", "R1")),
]
GONE = [_ended(VoucherExpired(EVE, "W06", "gifts")), on(ENTITLEMENT, "gifts/W06", EntitlementExpired(EVE, "once"))]
AT_TILL = VoucherReserved(EVE, "collection", "BK0", "M1", OVER)
NONE = Booked("M1-10", "W09", "gifts", "M1")
DECLINED = on(ENTITLEMENT, "gifts/W09", EntitlementDeclined(EVE, "gifts", "W09", "once", "NOT_ELIGIBLE"))
UNTIL = at("00:00", "2026-03-01")
AFTER_END = (UNTIL, at("01:00", "2026-03-01"))
CANNOT: list[tuple[str, ReserveForBooking, list[Change], str]] = [
    ("used meanwhile", confirm(), USED, "VOUCHER_ALREADY_REDEEMED"),
    ("expired meanwhile", confirm(), GONE, "VOUCHER_EXPIRED"),
    ("revoked", confirm(), [_ended(VoucherRevoked(EVE, "fraud", "W06", "gifts"))], "VOUCHER_REVOKED"),
    ("held for another booking", confirm(), [_ended(AT_TILL)], "VOUCHER_RESERVED_ELSEWHERE"),
    ("ends before the slot", confirm(slot=AFTER_END), [], "VOUCHER_EXPIRED"),
    ("never had one", confirm(booked=NONE), [DECLINED], "VOUCHER_NOT_FOUND"),
    ("the member is suspended", confirm(), [on(MEMBER, "W06", SuspensionNoted(EVE))], "MEMBER_SUSPENDED"),
    ("the merchant is suspended", confirm(), [merchant("M1", MerchantSuspended(EVE, "M1", "x"))], "MERCHANT_SUSPENDED"),
    ("the merchant is gone", confirm(), [merchant("M1", MerchantLeft(EVE, "M1"))], "MERCHANT_NOT_ACCEPTED"),
    ("no merchant", confirm(booked=Booked("S1-10", "W06", "gifts", "S1")), [], "MERCHANT_NOT_ACCEPTED"),
    ("not taken", confirm(booked=Booked("M2", "W06", "gifts", "M2")), [merchant("M2")], "MERCHANT_NOT_ACCEPTED"),
    ("no campaign", confirm(booked=Booked("M1-10", "W06", "none", "M1")), [], "NOT_FOUND"),
]


@pytest.mark.parametrize("wish,more,code", [one[1:] for one in CANNOT], ids=[one[0] for one in CANNOT])
def test_amendment_6_what_cannot_be_reserved_is_told(
    given: Given, wish: ReserveForBooking, more: list[Change], code: str
) -> None:
    scenario = given(*PAST, *more).when(wish)
    scenario.then(refused(code, wish.booked, (wish.starts_at, wish.ends_at)))
    scenario.when(wish).then_nothing()


def test_wf5_a_slot_that_begins_before_the_end_is_collected_after_it(given: Given) -> None:
    """Whoever comes to his slot gets it; whoever does not has lost it."""
    slot = (at("23:30", "2026-02-28"), at("00:30", "2026-03-01"))
    over = at("00:45", "2026-03-01")
    scenario = given(*PAST).when(confirm(slot=slot)).when(EndHold(GIFT, "BK1", over))
    assert VoucherExpired(over, "W06", "gifts") in scenario.events[f"voucher-{GIFT}"]
    came = AttendCollection("BK1", BOOKED, at("00:05", "2026-03-01"))
    buy = redeem("R1", "W06", "M1", at("00:06", "2026-03-01"), 2500, voucher_id=GIFT)
    assert "redemption-R1" in given(*PAST).when(confirm(slot=slot)).when(came).when(buy).events


def test_row_13_a_cancelled_booking_releases_its_voucher(given: Given) -> None:
    cancelled = on(COLLECTION, "BK1", CollectionCancelled(CANCEL.now, BOOKED, "by_member"))
    scenario = given(*DONE).when(CANCEL)
    scenario.then(*freed(CANCEL.now, "by_member"), cancelled)
    scenario.when(CANCEL).then_nothing()
    again = msgspec.structs.replace(confirm("BK2"), now=CANCEL.now)
    assert reserves(scenario.when(again).events, "BK2")


def test_row_13_a_no_show_releases_its_voucher_which_stays_issued(given: Given) -> None:
    scenario = given(*DONE).when(MISS)
    scenario.then(*freed(OVER, "no_show"), on(COLLECTION, "BK1", CollectionMissed(OVER, BOOKED, GIFT)))
    scenario.when(MISS).then_nothing()
    assert reserves(scenario.when(confirm("BK2", slot=(at("14:00"), at("15:00")))).events, "BK2")


@pytest.mark.parametrize("first", ["timer", "no_show"])
def test_wf5_the_hold_and_the_booking_end_at_one_moment_alike_in_either_order(given: Given, first: str) -> None:
    two: list[Command] = [EndHold(GIFT, "BK1", OVER), MISS]
    scenario = given(*DONE)
    done: dict[str, list[Any]] = {}
    for command in two if first == "timer" else reversed(two):
        for stream, events in scenario.when(command).events.items():
            done.setdefault(stream, []).extend(events)
    assert [type(event) for event in done[f"voucher-{GIFT}"] if not isinstance(event, DeadlineCleared)] == [
        VoucherReleased
    ]
    assert done["holds-M1"] == [HoldRemoved(OVER, GIFT)]
    assert done["collection-BK1"] == [CollectionMissed(OVER, BOOKED, GIFT)]


def test_row_14_who_has_come_may_redeem_there(given: Given) -> None:
    scenario = given(*DONE).when(ATTEND)
    scenario.then(
        on(VOUCHER, GIFT, CollectionPermitted(CAME, "BK1", "M1")),
        on(COLLECTION, "BK1", CollectionAttended(CAME, BOOKED)),
    )
    scenario.when(ATTEND).then_nothing()
    events = scenario.when(redeem("R1", "W06", "M1", at("10:06"), 2500, voucher_id=GIFT)).events
    assert events["holds-M1"] == [HoldRemoved(at("10:06"), GIFT)]


def test_row_14_attended_before_it_was_confirmed_waits_for_it(given: Given) -> None:
    scenario = given(*PAST).when(ATTEND)
    scenario.then(on(COLLECTION, "BK1", CollectionAttended(CAME, BOOKED)))
    events = scenario.when(confirm()).events
    assert CollectionPermitted(CAME, "BK1", "M1") in events[f"voucher-{GIFT}"]


@pytest.mark.parametrize("ending", [CANCEL, MISS])
def test_row_13_what_ended_before_it_was_confirmed_reserves_nothing(given: Given, ending: Command) -> None:
    scenario = given(*PAST).when(ending)
    assert set(scenario.events) == {"collection-BK1"}
    scenario.when(confirm()).then_nothing()


def test_row_14_a_desk_that_tells_late_corrects_the_no_show(given: Given) -> None:
    """An offline till that took it in the slot is paid; the no-show is none."""
    scenario = given(*DONE).when(EndHold(GIFT, "BK1", OVER)).when(MISS).when(ATTEND)
    scenario.then(
        on(VOUCHER, GIFT, CollectionPermitted(CAME, "BK1", "M1")),
        on(COLLECTION, "BK1", CollectionAttended(CAME, BOOKED)),
    )
    told = redeem("R1", "W06", "M1", at("15:00"), 2500, told=at("10:06"), voucher_id=GIFT)
    assert "redemption-R1" in scenario.when(told).events
    given(*DONE).when(ATTEND).when(MISS).then_nothing()


def test_row_12_a_booking_that_moves_takes_its_hold_along(given: Given) -> None:
    later = confirm(slot=(at("14:00"), at("15:00")))
    until = at("15:15")
    given(*DONE).when(later).then(
        on(
            VOUCHER,
            GIFT,
            VoucherReleased(BOOKING_DAY, "BK1", "replaced"),
            DeadlineCleared(BOOKING_DAY, RESERVATION, "BK1", "replaced"),
            VoucherReserved(BOOKING_DAY, "collection", "BK1", "M1", until),
            DeadlineSet(BOOKING_DAY, RESERVATION, "BK1", until),
        ),
        on(COLLECTION, "BK1", CollectionReserved(BOOKING_DAY, BOOKED, at("14:00"), at("15:00"), GIFT)),
    )


def test_row_12_a_booking_that_moves_past_the_end_has_no_voucher(given: Given) -> None:
    given(*DONE).when(confirm(slot=AFTER_END)).then(
        *freed(BOOKING_DAY, "moved"), refused("VOUCHER_EXPIRED", slot=AFTER_END)
    )


def test_e39_a_till_does_not_get_what_is_booked(given: Given) -> None:
    wish = HoldAtTill(GIFT, "W06", "M1", "M1-till", "T-1", at("10:01"))
    given(*DONE).when(wish).then_refused(refusals.VoucherReservedElsewhere)


def test_wf13_e43_what_is_held_at_a_suspended_merchant_is_freed(given: Given) -> None:
    free = FreeHolds("M1", at("09:00"), at("09:00"))
    scenario = given(*DONE).when(free)
    one, two = freed(at("09:00"), "merchant_suspended")
    scenario.then(one, on(HOLDS, "M1", *two.events, HoldsFreed(at("09:00"), "M1", at("09:00"), 1, 0)))
    scenario.when(free).then_nothing()
    assert reserves(scenario.when(confirm("BK2")).events, "BK2")


def test_wf13_a_merchant_that_serves_again_keeps_what_was_held_since(given: Given) -> None:
    given(*DONE).when(FreeHolds("M1", EVE, at("09:00"))).then_nothing()


def test_wf13_many_are_freed_a_number_at_a_time(given: Given) -> None:
    many = [voucher("gifts", f"W{number}") for number in range(FREED_AT_ONCE + 1)]
    past = [change for _, changes in many for change in changes]
    holds = [on(VOUCHER, one, VoucherReserved(BOOKING_DAY, "collection", f"BK-{one}", "M1", OVER)) for one, _ in many]
    placed = [HoldPlaced(BOOKING_DAY, one) for one, _ in many]
    free = FreeHolds("M1", at("09:00"), at("09:00"))
    scenario = given(*SHOP, *past, *holds, on(HOLDS, "M1", *placed)).when(free)
    assert scenario.events["holds-M1"][-1] == HoldsFreed(at("09:00"), "M1", at("09:00"), FREED_AT_ONCE, 1)
    assert scenario.when(free).events["holds-M1"][-1] == HoldsFreed(at("09:00"), "M1", at("09:00"), 1, 0)
