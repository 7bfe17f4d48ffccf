"""CK9: opening pools, booking, waiting, cancelling and moving up."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from services.checkin.domain.booking import BookingConfirmed, ClosePool, SlotPoolClosed, SlotPoolOpened
from services.checkin.domain.bookings import BOOKINGS, BookingRightBegun
from services.checkin.domain.member import MEMBER, MemberLeft, MemberSuspended
from services.checkin.domain.place import PLACE, Place, PoolPlaced, PoolRemoved
from services.checkin.domain.pool import COLLECTION_END, POOL, SLOT_END, with_booking
from services.checkin.domain.refusals import (
    AlreadyRegistered,
    BookingDuplicate,
    BookingNotCancellable,
    BookingNotEntitled,
    PlaceTaken,
    SlotClosed,
    SlotFull,
    SlotInPast,
)
from services.checkin.domain.refusals import MemberSuspended as MemberIsSuspended
from services.checkin.domain.refusals import StationSuspended as StationIsSuspended
from services.checkin.domain.station import STATION, StationSuspended
from services.checkin.domain.values import POOL_BOOKINGS_KEPT, POOL_CAPACITY_MOST, WAITING_LIST_MOST
from shared.decider import DeadlineCleared, DeadlineSet
from shared.errors import NotFound, Refused, ValidationFailed
from shared.testing.given import Given, on
from tests.checkin.slots import (
    COUNTER,
    ELEVEN,
    EVE,
    FIRST,
    SPRING,
    TEN,
    attended,
    booked,
    booking,
    cancelled,
    cancelling,
    coming,
    confirmed,
    lapsed,
    left,
    opening,
    promoted,
    revoking,
    taken,
    waitlisted,
)
from tests.checkin.town import LONG_AGO, MINUTE, SECOND, TOWN, at

QUARTER_PAST = ELEVEN + 15 * MINUTE

# --- opening and closing ---------------------------------------------------------------------------------------------


def test_ck9_a_pool_is_opened_at_a_place_with_the_times_at_which_it_ends(given: Given) -> None:
    given().when(opening()).then(
        on(
            POOL,
            "P9",
            SlotPoolOpened(EVE, "P9", "collection", "M9", TEN, ELEVEN, 2),
            DeadlineSet(EVE, SLOT_END, "P9", ELEVEN),
            DeadlineSet(EVE, COLLECTION_END, "P9", QUARTER_PAST),
        ),
        on(PLACE, "M9", PoolPlaced(EVE, "P9", TEN, ELEVEN)),
    )


def test_the_same_pool_again_is_nothing_new_and_other_facts_are_refused(given: Given) -> None:
    again = msgspec.structs.replace(opening(), now=EVE + MINUTE)
    given().when(opening()).when(again).then_nothing()
    given().when(opening()).when(opening(capacity=3)).then_refused(AlreadyRegistered)


@pytest.mark.parametrize(
    "wrong,field",
    [
        ({"ends_at": TEN}, "ends_at"),
        ({"ends_at": EVE + timedelta(days=367)}, "ends_at"),
        ({"capacity": 0}, "capacity"),
        ({"capacity": POOL_CAPACITY_MOST + 1}, "capacity"),
        ({"course_id": "first_aid"}, "course_id"),
        ({"purpose": "course"}, "course_id"),
    ],
    ids=str,
)
def test_a_pool_that_contradicts_itself_is_refused(given: Given, wrong: dict[str, Any], field: str) -> None:
    scenario = given().when(msgspec.structs.replace(opening(), **wrong)).then_refused(ValidationFailed)
    assert isinstance(scenario._outcome, Refused)
    assert scenario._outcome.field == field


def test_a_pool_whose_slot_is_over_is_refused(given: Given) -> None:
    given().when(opening(now=ELEVEN)).then_refused(SlotInPast)
    assert "pool-P9" in given().when(opening(now=ELEVEN - SECOND)).events


@pytest.mark.parametrize(
    "starts_at,ends_at,fits",
    [
        (TEN, ELEVEN, False),
        (at("09:00"), TEN, True),
        (at("09:00"), TEN + SECOND, False),
        (at("10:20"), at("10:40"), False),
        (at("09:00"), at("13:00"), False),
        (at("11:59"), at("13:00"), False),
        (at("12:00"), at("13:00"), True),
    ],
)
def test_e20_one_pool_at_a_place_and_time_whatever_it_is_for(
    given: Given, starts_at: datetime, ends_at: datetime, fits: bool
) -> None:
    asked = msgspec.structs.replace(
        opening(place="M1"), starts_at=starts_at, ends_at=ends_at, purpose="course", course_id="first_aid"
    )
    scenario = given(*COUNTER).when(asked)
    if fits:
        assert "place-M1" in scenario.events
    else:
        scenario.then_refused(PlaceTaken)


def test_e20_a_closed_pool_leaves_its_time_to_another(given: Given) -> None:
    given(*COUNTER).when(ClosePool("P1", "stocktaking", EVE)).when(opening(place="M1")).then(
        on(
            POOL,
            "P9",
            SlotPoolOpened(EVE, "P9", "collection", "M1", TEN, ELEVEN, 2),
            DeadlineSet(EVE, SLOT_END, "P9", ELEVEN),
            DeadlineSet(EVE, COLLECTION_END, "P9", QUARTER_PAST),
        ),
        on(PLACE, "M1", PoolPlaced(EVE, "P9", TEN, ELEVEN)),
    )


def test_a_place_remembers_only_pools_that_are_not_over() -> None:
    days = [PoolPlaced(at("08:00", day), f"P{day}", at("10:00", day), at("11:00", day)) for day in range(1, 29)]
    assert [pool.pool_id for pool in PLACE.fold(days, Place()).pools] == ["P28"]


def test_no_pool_is_opened_at_a_station_out_of_service(given: Given) -> None:
    suspended = on(STATION, "S1", StationSuspended(LONG_AGO, "S1", "repairs"))
    given(*TOWN, suspended).when(opening(place="S1")).then_refused(StationIsSuspended)
    assert "place-S2" in given(*TOWN).when(opening(place="S2")).events


def test_a_closed_pool_ends_every_live_booking_and_its_timers(given: Given) -> None:
    scenario = booked(given(*COUNTER), "W1", "W2", waiting=("W3",))
    scenario.when(ClosePool("P1", "stocktaking", EVE)).then(
        on(
            POOL,
            "P1",
            SlotPoolClosed(EVE, "P1", "M1", "stocktaking"),
            cancelled("W1", reason="stocktaking"),
            cancelled("W2", reason="stocktaking"),
            lapsed("W3", EVE, "stocktaking"),
            DeadlineCleared(EVE, SLOT_END, "P1", "closed"),
            DeadlineCleared(EVE, COLLECTION_END, "P1", "closed"),
        ),
        left("W1", "cancelled"),
        left("W2", "cancelled"),
        left("W3", "lapsed"),
        on(PLACE, "M1", PoolRemoved(EVE, "P1")),
    )


def test_a_pool_is_closed_once_and_not_when_it_is_over(given: Given) -> None:
    closing = ClosePool("P1", "stocktaking", EVE)
    given(*COUNTER).when(closing).when(closing).then_nothing()
    given(*COUNTER).when(ClosePool("P1", "stocktaking", QUARTER_PAST)).then_nothing()
    given().when(closing).then_refused(NotFound)


def test_who_was_in_a_closed_pool_may_book_elsewhere(given: Given) -> None:
    scenario = booked(given(*COUNTER), "W1").when(ClosePool("P1", "stocktaking", EVE))
    scenario.when(msgspec.structs.replace(booking("W1", "P2"), booking_id="b2"))
    assert isinstance(scenario.events["pool-P2"][0], BookingConfirmed)


# --- booking ---------------------------------------------------------------------------------------------------------


def test_ck9_a_member_with_the_right_gets_a_place(given: Given) -> None:
    given(*COUNTER).when(booking()).then(on(POOL, "P1", confirmed()), taken())


def test_e10_the_last_place_is_given_away_and_not_one_more(given: Given) -> None:
    booked(given(*COUNTER), "W1").when(booking("W2")).then(on(POOL, "P1", confirmed("W2")), taken("W2"))
    booked(given(*COUNTER), "W1", "W2").when(booking("W3")).then_refused(SlotFull)


def test_e10_who_has_come_keeps_the_place(given: Given) -> None:
    scenario = booked(given(*COUNTER), "W1", "W2").when(coming("W1"))
    scenario.when(booking("W3", now=TEN + MINUTE)).then_refused(SlotFull)


def test_ck9_who_asks_to_wait_waits_in_the_order_of_asking(given: Given) -> None:
    scenario = booked(given(*COUNTER), "W1", "W2").when(booking("W3", wait=True))
    scenario.then(on(POOL, "P1", waitlisted("W3", 1)), taken("W3"))
    scenario.when(booking("W4", wait=True)).then(on(POOL, "P1", waitlisted("W4", 2)), taken("W4"))


def test_ck9_who_asks_to_wait_while_there_is_a_place_has_it(given: Given) -> None:
    given(*COUNTER).when(booking("W1", wait=True)).then(on(POOL, "P1", confirmed()), taken())


def test_a_waiting_list_has_an_end(given: Given) -> None:
    waiting = [waitlisted("W2", n + 1) for n in range(WAITING_LIST_MOST)]
    many = [msgspec.structs.replace(event, booking_id=f"w{n}") for n, event in enumerate(waiting)]
    past = on(POOL, "P1", confirmed("W3"), confirmed("W4"), *many)
    given(*COUNTER, past).when(booking("W1", wait=True)).then_refused(SlotFull)


@pytest.mark.parametrize(
    "now,code", [(ELEVEN - SECOND, None), (ELEVEN, SlotInPast), (at("10:00", 24), SlotInPast)], ids=str
)
def test_ck9_a_slot_is_booked_until_it_ends(given: Given, now: datetime, code: type[Refused] | None) -> None:
    scenario = given(*COUNTER).when(booking(now=now))
    if code is None:
        scenario.then(on(POOL, "P1", confirmed(when=now)), taken(when=now))
    else:
        scenario.then_refused(code)


def test_a_closed_pool_is_not_booked(given: Given) -> None:
    given(*COUNTER).when(ClosePool("P1", "stocktaking", EVE)).when(booking()).then_refused(SlotClosed)


def test_a_pool_or_a_member_that_is_not_known_is_not_found(given: Given) -> None:
    given(*COUNTER).when(booking(pool="P7")).then_refused(NotFound)
    given(*COUNTER).when(booking("W9")).then_refused(NotFound)


def test_k10_a_suspended_member_is_told_so_first(given: Given) -> None:
    suspended = on(MEMBER, "W1", MemberSuspended(LONG_AGO, "W1", "left_trade"))
    given(*COUNTER, suspended).when(booking(pool="P7")).then_refused(MemberIsSuspended)


def test_a_member_who_has_left_books_nothing(given: Given) -> None:
    gone = on(MEMBER, "W1", MemberLeft(LONG_AGO, "W1"))
    given(*COUNTER, gone).when(booking()).then_refused(NotFound)


def test_ck9_one_live_booking_for_each_member_and_campaign(given: Given) -> None:
    other = msgspec.structs.replace(booking("W1", "P2"), booking_id="b2")
    booked(given(*COUNTER), "W1").when(other).then_refused(BookingDuplicate)
    waits = booked(given(*COUNTER), "W2", "W3", waiting=("W1",))
    waits.when(other).then_refused(BookingDuplicate)


def test_ck9_without_a_campaign_one_live_booking_for_each_member_and_pool(given: Given) -> None:
    here, there = opening(), opening("P8", "M8")
    again = msgspec.structs.replace(booking(pool="P9"), booking_id="b2")
    elsewhere = msgspec.structs.replace(booking(pool="P8"), booking_id="b3")
    scenario = given(*TOWN).when(here).when(there).when(booking(pool="P9"))
    scenario.when(again).then_refused(BookingDuplicate)
    assert isinstance(scenario.when(elsewhere).events["pool-P8"][0], BookingConfirmed)


def test_k10_a_duplicate_is_named_before_a_full_slot(given: Given) -> None:
    again = msgspec.structs.replace(booking("W1"), booking_id="b2")
    booked(given(*COUNTER), "W1", "W2").when(again).then_refused(BookingDuplicate)


def test_k2_the_same_booking_again_changes_nothing(given: Given) -> None:
    booked(given(*COUNTER), "W1", "W2").when(booking("W2", now=EVE + MINUTE)).then_nothing()


@pytest.mark.parametrize(
    "valid_until,right",
    [(TEN, False), (TEN + SECOND, True), (SPRING, True), (EVE, False)],
)
def test_row11_a_voucher_must_last_into_the_slot(given: Given, valid_until: datetime, right: bool) -> None:
    """WF6: its end is exclusive."""
    mine = on(BOOKINGS, "W1", BookingRightBegun(LONG_AGO, "VC-1", "gift", valid_until))
    scenario = given(*[change for change in COUNTER if change.entity != "W1"], *TOWN, mine).when(booking())
    if right:
        scenario.then(on(POOL, "P1", confirmed()), taken())
    else:
        scenario.then_refused(BookingNotEntitled)


def test_row11_a_voucher_of_another_campaign_gives_no_right(given: Given) -> None:
    given(*COUNTER, *given_pool("P9", "heating")).when(booking(pool="P9")).then_refused(BookingNotEntitled)


def given_pool(pool_id: str, campaign: str) -> tuple[Any, ...]:
    return (on(POOL, pool_id, SlotPoolOpened(LONG_AGO, pool_id, "collection", "M9", TEN, ELEVEN, 2, campaign)),)


# --- cancelling and moving up ----------------------------------------------------------------------------------------


def test_ck9_a_cancelled_place_goes_to_the_first_who_waits(given: Given) -> None:
    scenario = booked(given(*COUNTER), "W1", "W2", waiting=("W3", "W4"))
    scenario.when(cancelling("W1")).then(on(POOL, "P1", cancelled("W1"), promoted("W3")), left("W1", "cancelled"))
    scenario.when(cancelling("W2")).then(on(POOL, "P1", cancelled("W2"), promoted("W4")), left("W2", "cancelled"))


def test_ck9_with_nobody_waiting_the_place_is_free(given: Given) -> None:
    scenario = booked(given(*COUNTER), "W1", "W2").when(cancelling("W1"))
    scenario.then(on(POOL, "P1", cancelled("W1")), left("W1", "cancelled"))
    scenario.when(booking("W3")).then(on(POOL, "P1", confirmed("W3")), taken("W3"))


def test_ck9_who_leaves_the_waiting_list_lets_the_others_move_up(given: Given) -> None:
    scenario = booked(given(*COUNTER), "W1", "W2", waiting=("W3", "W4")).when(cancelling("W3"))
    scenario.then(on(POOL, "P1", lapsed("W3", EVE, "by_member")), left("W3", "lapsed"))
    scenario.when(cancelling("W1")).then(on(POOL, "P1", cancelled("W1"), promoted("W4")), left("W1", "cancelled"))


def test_e19_a_second_cancel_promotes_nobody(given: Given) -> None:
    scenario = booked(given(*COUNTER), "W1", "W2", waiting=("W3", "W4")).when(cancelling("W1"))
    scenario.when(cancelling("W1", now=EVE + MINUTE)).then_nothing()


@pytest.mark.parametrize("now,allowed", [(TEN - SECOND, True), (TEN, False), (ELEVEN, False)], ids=str)
def test_ck9_a_place_is_given_up_until_the_slot_starts(given: Given, now: datetime, allowed: bool) -> None:
    scenario = booked(given(*COUNTER), "W1").when(cancelling(now=now))
    if allowed:
        scenario.then(on(POOL, "P1", cancelled(when=now)), left("W1", "cancelled", now))
    else:
        scenario.then_refused(BookingNotCancellable)


def test_ck9_who_waits_may_leave_the_list_while_the_slot_runs(given: Given) -> None:
    now = TEN + MINUTE
    booked(given(*COUNTER), "W1", "W2", waiting=("W3",)).when(cancelling("W3", now=now)).then(
        on(POOL, "P1", lapsed("W3", now, "by_member")), left("W3", "lapsed", now)
    )


def test_a_booking_of_somebody_else_is_not_found(given: Given) -> None:
    foreign = msgspec.structs.replace(cancelling("W1"), member_id="W2")
    booked(given(*COUNTER), "W1").when(foreign).then_refused(NotFound)
    given(*COUNTER).when(cancelling("W1")).then_refused(NotFound)


@pytest.mark.parametrize("now,moves_up", [(EVE, True), (TEN + MINUTE, True), (ELEVEN, False)], ids=str)
def test_amendment_6_a_refused_reservation_gives_the_place_to_the_next(
    given: Given, now: datetime, moves_up: bool
) -> None:
    """Also while the slot runs, when nobody could give it up any more."""
    scenario = booked(given(*COUNTER), "W1", "W2", waiting=("W3",)).when(revoking("W1", now=now))
    gone = cancelled("W1", now, "reservation_refused")
    moved = [promoted("W3", now)] if moves_up else []
    scenario.then(on(POOL, "P1", gone, *moved), left("W1", "cancelled", now))


def test_amendment_6_a_refusal_told_twice_or_too_late_changes_nothing(given: Given) -> None:
    booked(given(*COUNTER), "W1").when(revoking()).when(revoking()).then_nothing()
    booked(given(*COUNTER), "W1").when(cancelling()).when(revoking()).then_nothing()


def test_who_cancelled_may_book_again(given: Given) -> None:
    again = msgspec.structs.replace(booking("W1"), booking_id="b2")
    scenario = booked(given(*COUNTER), "W1").when(cancelling()).when(again)
    assert isinstance(scenario.events["pool-P1"][0], BookingConfirmed)


def test_who_books_and_cancels_all_day_makes_no_pool_larger() -> None:
    """Every booking reads and writes the pool: what has ended long ago must not weigh on those that come."""
    pool = POOL.fold([FIRST])
    for number in range(POOL_BOOKINGS_KEPT + 100):
        gone = msgspec.structs.replace(cancelled() if number else attended("W2", EVE), booking_id=f"b{number}")
        pool = with_booking(pool, gone, "cancelled" if number else "attended")
    assert len(pool.bookings) == POOL_BOOKINGS_KEPT
    assert pool.bookings["b0"].status == "attended"
    assert pool.find(f"b{POOL_BOOKINGS_KEPT + 99}").status == "cancelled"
