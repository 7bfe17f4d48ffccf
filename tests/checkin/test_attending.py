"""CK9: coming, not coming, and the end of the waiting list; what other services' events do to bookings."""

from __future__ import annotations

from datetime import datetime

import msgspec
import pytest

from services.checkin.domain.booking import (
    BookingAttended,
    ClosePool,
    EndCollection,
    EndWaiting,
    SlotPoolOpened,
)
from services.checkin.domain.bookings import (
    BOOKINGS,
    BeginRight,
    BookingRightBegun,
    BookingRightEnded,
    EndRight,
    ReleaseBookings,
)
from services.checkin.domain.member import (
    MEMBER,
    MemberCodeIssued,
    MemberCodeRevoked,
    MemberReinstated,
    MemberSuspended,
    SuspendMember,
)
from services.checkin.domain.member_code import ShownCode
from services.checkin.domain.place import PLACE, PlaceVacated, PoolPlaced, SlotPoolRefused, VacatePlace
from services.checkin.domain.pool import COLLECTION_END, POOL, SLOT_END
from services.checkin.domain.refusals import (
    AlreadyRegistered,
    BookingNoShow,
    BookingNotCancellable,
    BookingNotEntitled,
    CodeExpired,
    CodeRevoked,
    CodeUnknown,
    PlaceTaken,
    SlotFull,
    SlotNotStarted,
)
from services.checkin.domain.refusals import MemberSuspended as MemberIsSuspended
from services.checkin.domain.refusals import StationSuspended as StationIsSuspended
from services.checkin.domain.station import STATION, StationSuspended
from shared.decider import DeadlineCleared
from shared.errors import NotFound, Refused
from shared.testing.given import Given, on
from tests.checkin.slots import (
    COUNTER,
    ELEVEN,
    EVE,
    NOON,
    SPRING,
    TEN,
    attended,
    booked,
    booking,
    cancelled,
    cancelling,
    coming,
    lapsed,
    left,
    no_show,
    opening,
    promoted,
)
from tests.checkin.town import HOUR, LONG_AGO, MINUTE, SECOND, TOWN, at, offline, only

QUARTER_PAST = ELEVEN + 15 * MINUTE
WAITING_OVER = DeadlineCleared(ELEVEN, SLOT_END, "P1", "over")
COLLECTED = DeadlineCleared(QUARTER_PAST, COLLECTION_END, "P1", "over")

# --- coming ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "now,refused",
    [
        (TEN - SECOND, SlotNotStarted),
        (TEN, None),
        (ELEVEN, None),
        (QUARTER_PAST - SECOND, None),
        (QUARTER_PAST, BookingNoShow),
    ],
    ids=str,
)
def test_ck9_a_booking_is_attended_within_the_slot_and_a_quarter_of_an_hour(
    given: Given, now: datetime, refused: type[Refused] | None
) -> None:
    """Whether the timer has run or not."""
    scenario = booked(given(*COUNTER), "W1").when(coming(now=now))
    if refused is None:
        scenario.then(on(POOL, "P1", attended(when=now)), left("W1", "attended", now))
    else:
        scenario.then_refused(refused)


def test_e2_a_code_shown_twice_is_one_attendance(given: Given) -> None:
    booked(given(*COUNTER), "W1").when(coming()).when(coming(now=TEN + 2 * SECOND)).then_nothing()


def test_who_has_no_booking_at_the_place_is_told_so(given: Given) -> None:
    given(*COUNTER).when(coming()).then_refused(NotFound)
    booked(given(*COUNTER), "W1").when(coming(place="M2")).then_refused(NotFound)
    booked(given(*COUNTER), "W1").when(cancelling()).when(coming()).then_refused(NotFound)
    given(*COUNTER).when(coming("W9")).then_refused(NotFound)


def test_who_waits_is_told_that_the_slot_is_full(given: Given) -> None:
    booked(given(*COUNTER), "W1", "W2", waiting=("W3",)).when(coming("W3")).then_refused(SlotFull)


def test_k10_a_suspended_member_does_not_attend(given: Given) -> None:
    suspended = on(MEMBER, "W1", MemberSuspended(TEN, "W1", "left_trade"))
    booked(given(*COUNTER, suspended), "W1").when(coming()).then_refused(MemberIsSuspended)


VALID, KEY = ShownCode("key1.58971360", "key1"), on(MEMBER, "W1", MemberCodeIssued(LONG_AGO, "W1", "key1"))


@pytest.mark.parametrize(
    "code,refused,fault",
    [
        (VALID, None, None),
        (ShownCode(fault="unknown"), CodeUnknown, "code_unknown"),
        (ShownCode("key1.1", "key1", "expired"), CodeExpired, "code_expired"),
        (ShownCode("key0.58971360", "key0"), CodeRevoked, "code_revoked"),
    ],
)
def test_ck7_a_code_that_is_shown_must_be_right_and_is_marked_when_it_was_taken_offline(
    given: Given, code: ShownCode, refused: type[Refused] | None, fault: str | None
) -> None:
    """E1: what was handed out without network has been handed out."""
    withdrawn = on(MEMBER, "W1", MemberCodeIssued(LONG_AGO, "W1", "key0"), MemberCodeRevoked(LONG_AGO, "W1", "key0"))
    live = msgspec.structs.replace(coming(), code=code)
    scenario = booked(given(*COUNTER, withdrawn, KEY), "W1").when(live)
    if refused is None:
        scenario.then(on(POOL, "P1", attended()), left("W1", "attended", TEN))
    else:
        scenario.then_refused(refused)
    upload = msgspec.structs.replace(live, moment=offline(TEN, ELEVEN))
    later = booked(given(*COUNTER, withdrawn, KEY), "W1").when(upload)
    assert only(BookingAttended, later.events, "pool-P1").code_fault == fault


def test_k4_a_desk_without_network_tells_later_when_it_was(given: Given) -> None:
    upload = msgspec.structs.replace(coming(), moment=offline(TEN + MINUTE, ELEVEN + 10 * MINUTE))
    scenario = booked(given(*COUNTER), "W1").when(upload)
    event = only(BookingAttended, scenario.events, "pool-P1")
    assert (event.at, event.offline) == (TEN + MINUTE, True)


def test_between_two_slots_the_one_that_ends_first_is_meant(given: Given) -> None:
    """At 11:05 the first slot can still be attended, the second has begun."""
    other = on(POOL, "P3", SlotPoolOpened(LONG_AGO, "P3", "service", "M1", ELEVEN, NOON, 2))
    scenario = booked(given(*COUNTER, other), "W1").when(msgspec.structs.replace(booking("W1", "P3"), booking_id="b3"))
    scenario.when(coming(now=ELEVEN + 5 * MINUTE)).then(
        on(POOL, "P1", attended(when=ELEVEN + 5 * MINUTE)), left("W1", "attended", ELEVEN + 5 * MINUTE)
    )
    assert only(BookingAttended, scenario.when(coming(now=ELEVEN + 6 * MINUTE)).events, "pool-P3").booking_id == "b3"


def test_who_comes_too_early_for_a_second_booking_is_told_when(given: Given) -> None:
    other = on(POOL, "P3", SlotPoolOpened(LONG_AGO, "P3", "service", "M1", at("15:00"), at("16:00"), 2))
    scenario = booked(given(*COUNTER, other), "W1").when(coming())
    scenario.when(msgspec.structs.replace(booking("W1", "P3", NOON), booking_id="b3"))
    scenario.when(coming(now=NOON + MINUTE)).then_refused(SlotNotStarted)


# --- not coming ------------------------------------------------------------------------------------------------------


def test_ck9_who_has_not_come_by_a_quarter_past_is_a_no_show(given: Given) -> None:
    scenario = booked(given(*COUNTER), "W1", "W2").when(coming("W1")).when(EndCollection("P1", QUARTER_PAST))
    scenario.then(on(POOL, "P1", no_show("W2", QUARTER_PAST), COLLECTED), left("W2", "no_show", QUARTER_PAST))


def test_ck9_afterwards_the_answer_is_booking_no_show(given: Given) -> None:
    scenario = booked(given(*COUNTER), "W1").when(EndCollection("P1", QUARTER_PAST))
    scenario.when(coming(now=QUARTER_PAST + MINUTE)).then_refused(BookingNoShow)
    scenario.when(cancelling(now=QUARTER_PAST + MINUTE)).then_refused(BookingNotCancellable)


def test_an_upload_after_the_no_show_changes_nothing_any_more(given: Given) -> None:
    upload = msgspec.structs.replace(coming(), moment=offline(TEN, NOON))
    scenario = booked(given(*COUNTER), "W1").when(EndCollection("P1", QUARTER_PAST))
    scenario.when(upload).then_refused(BookingNoShow)


def test_ck9_the_waiting_list_dies_with_the_slot(given: Given) -> None:
    scenario = booked(given(*COUNTER), "W1", "W2", waiting=("W3", "W4")).when(EndWaiting("P1", ELEVEN))
    scenario.then(
        on(POOL, "P1", lapsed("W3", ELEVEN, "slot_over"), lapsed("W4", ELEVEN, "slot_over"), WAITING_OVER),
        left("W3", "lapsed", ELEVEN),
        left("W4", "lapsed", ELEVEN),
    )


def test_timers_of_an_empty_pool_say_that_they_have_run(given: Given) -> None:
    given(*COUNTER).when(EndWaiting("P1", ELEVEN)).then(on(POOL, "P1", WAITING_OVER))
    given(*COUNTER).when(EndCollection("P1", QUARTER_PAST)).then(on(POOL, "P1", COLLECTED))


def test_a_pool_that_is_over_is_not_closed_by_what_happened_before(given: Given) -> None:
    """Row 17 told a day later: whoever had come had come, whoever had not is a no-show."""
    scenario = booked(given(*COUNTER), "W1").when(EndCollection("P1", QUARTER_PAST))
    scenario.when(ClosePool("P1", "merchant_suspended", ELEVEN)).then_nothing()


def test_who_did_not_come_may_book_again(given: Given) -> None:
    scenario = booked(given(*COUNTER), "W1").when(EndCollection("P1", QUARTER_PAST))
    again = msgspec.structs.replace(booking("W1", "P2", QUARTER_PAST), booking_id="b2")
    assert "pool-P2" in scenario.when(again).events


# --- rights ----------------------------------------------------------------------------------------------------------


def test_row11_a_right_begins_once(given: Given) -> None:
    begin = BeginRight("W1", "VC-1", "gift", SPRING, EVE)
    scenario = given(*TOWN).when(begin).then(on(BOOKINGS, "W1", BookingRightBegun(EVE, "VC-1", "gift", SPRING)))
    scenario.when(begin).then_nothing()


def test_row11_with_the_voucher_the_right_and_what_rests_on_it_end(given: Given) -> None:
    scenario = booked(given(*COUNTER), "W1", "W2", waiting=("W3",)).when(EndRight("W1", "VC-W1", "gift", EVE))
    scenario.then(
        on(BOOKINGS, "W1", BookingRightEnded(EVE, "VC-W1", "gift")),
        on(POOL, "P1", cancelled("W1", reason="right_ended"), promoted("W3")),
        left("W1", "cancelled"),
    )
    again = msgspec.structs.replace(booking("W1", "P2"), booking_id="b2")
    scenario.when(again).then_refused(BookingNotEntitled)


def test_row11_another_voucher_of_the_campaign_keeps_the_booking(given: Given) -> None:
    second = BeginRight("W1", "VC-2", "gift", SPRING, EVE)
    scenario = booked(given(*COUNTER), "W1").when(second).when(EndRight("W1", "VC-W1", "gift", EVE))
    scenario.then(on(BOOKINGS, "W1", BookingRightEnded(EVE, "VC-W1", "gift")))


def test_row11_the_end_of_a_voucher_that_is_not_known_changes_nothing(given: Given) -> None:
    given(*TOWN).when(EndRight("W1", "VC-1", "gift", EVE)).then_nothing()


def test_row11_who_has_come_has_come(given: Given) -> None:
    scenario = booked(given(*COUNTER), "W1").when(coming()).when(EndRight("W1", "VC-W1", "gift", TEN + MINUTE))
    scenario.then(on(BOOKINGS, "W1", BookingRightEnded(TEN + MINUTE, "VC-W1", "gift")))


# --- members and places that are suspended ---------------------------------------------------------------------------


def test_a_suspended_members_places_are_for_others(given: Given) -> None:
    scenario = booked(given(*COUNTER), "W1", "W2", waiting=("W3",))
    scenario.when(ReleaseBookings("W1", "member_suspended", EVE)).then(
        on(POOL, "P1", cancelled("W1", reason="member_suspended"), promoted("W3")), left("W1", "cancelled")
    )
    scenario.when(ReleaseBookings("W1", "member_suspended", EVE)).then_nothing()


def test_a_suspended_member_who_waits_is_not_moved_up(given: Given) -> None:
    scenario = booked(given(*COUNTER), "W1", "W2", waiting=("W3", "W4"))
    scenario.when(ReleaseBookings("W3", "member_suspended", EVE))
    scenario.when(cancelling("W1")).then(on(POOL, "P1", cancelled("W1"), promoted("W4")), left("W1", "cancelled"))


@pytest.mark.parametrize("now,pools", [(EVE, ("P1", "P2")), (QUARTER_PAST, ("P2",)), (NOON + 15 * MINUTE, ())], ids=str)
def test_row17_row21_pools_that_are_not_over_are_to_be_closed(
    given: Given, now: datetime, pools: tuple[str, ...]
) -> None:
    scenario = given(*COUNTER).when(VacatePlace("M1", "merchant_suspended", now))
    scenario.then(*[on(PLACE, "M1", PlaceVacated(now, "M1", "merchant_suspended", pools))] if pools else [])


def test_row17_told_twice_is_done_once_and_leaves_the_time_free(given: Given) -> None:
    vacate = VacatePlace("M1", "merchant_suspended", EVE)
    scenario = given(*COUNTER).when(vacate).when(vacate).then_nothing()
    assert "place-M1" in scenario.when(opening(place="M1")).events


def test_row17_what_is_opened_after_the_suspension_stays_also_when_we_are_told_of_it_a_day_late(given: Given) -> None:
    """We have been down: the merchant serves again, and somebody has opened a new slot there meanwhile."""
    past = given(*COUNTER).when(opening("P9", "M1", starts_at=NOON, ends_at=NOON + HOUR, now=EVE + HOUR))
    past.when(VacatePlace("M1", "merchant_suspended", EVE)).then(
        on(PLACE, "M1", PlaceVacated(EVE, "M1", "merchant_suspended", ("P1", "P2")))
    )


def test_row21_a_station_that_is_still_closed_is_vacated_whole_whichever_clock_is_ahead(given: Given) -> None:
    suspended = on(STATION, "S1", StationSuspended(EVE, "S1", "heating"))
    placed = on(PLACE, "S1", PoolPlaced(EVE + SECOND, "P9", TEN, ELEVEN))
    given(*TOWN, placed, suspended).when(VacatePlace("S1", "station_suspended", EVE)).then(
        on(PLACE, "S1", PlaceVacated(EVE, "S1", "station_suspended", ("P9",)))
    )


def test_row22_who_books_after_he_was_reinstated_keeps_his_place_however_late_the_suspension_is_read(
    given: Given,
) -> None:
    suspended = MemberSuspended(EVE - HOUR, "W1", "left_trade")
    again = on(MEMBER, "W1", suspended, MemberReinstated(EVE - MINUTE, "W1"))
    past = booked(given(*COUNTER, again), "W1")
    past.when(ReleaseBookings("W1", "member_suspended", EVE - HOUR)).then_nothing()


def test_row22_who_is_still_suspended_keeps_no_place_whichever_clock_is_ahead(given: Given) -> None:
    past = booked(given(*COUNTER), "W1").when(SuspendMember("W1", "left_trade", EVE - SECOND))
    gone = cancelled("W1", EVE - SECOND, "member_suspended")
    past.when(ReleaseBookings("W1", "member_suspended", EVE - SECOND)).then(
        on(POOL, "P1", gone), left("W1", "cancelled", EVE - SECOND)
    )


# --- ballots ---------------------------------------------------------------------------------------------------------


def test_row24_a_course_that_cannot_be_opened_is_remembered(given: Given) -> None:
    course = msgspec.structs.replace(opening(place="M1"), purpose="course", course_id="first_aid", ballot_id="BL-1")
    refused = SlotPoolRefused(EVE, "P9", "course", "M1", TEN, ELEVEN, 2, "first_aid", "BL-1", "PLACE_TAKEN")
    given(*COUNTER).when(course).then_refused(PlaceTaken, on(PLACE, "M1", refused))


def test_row24_no_course_opens_at_a_station_that_was_suspended_before_the_ballot_was_told_here(given: Given) -> None:
    """Our consumer was down for a day: the ballot closed at 20:00, and at 21:00 the station did. We read it now."""
    course = msgspec.structs.replace(opening(place="S1"), purpose="course", course_id="first_aid", ballot_id="BL-1")
    suspended = on(STATION, "S1", StationSuspended(EVE + HOUR, "S1", "heating"))
    refused = SlotPoolRefused(EVE, "P9", "course", "S1", TEN, ELEVEN, 2, "first_aid", "BL-1", "STATION_SUSPENDED")
    given(*TOWN, suspended).when(course).then_refused(StationIsSuspended, on(PLACE, "S1", refused))


def test_row24_a_ballot_told_with_other_facts_does_not_undo_an_open_pool(given: Given) -> None:
    course = msgspec.structs.replace(opening(), purpose="course", course_id="first_aid", ballot_id="BL-1")
    given().when(course).when(msgspec.structs.replace(course, capacity=9)).then_refused(AlreadyRegistered)
