"""Sessions of courses, who attends them, and how they are rated (WF12, rows 24 and 25)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from services.welfare.domain import refusals
from services.welfare.domain.attendance import (
    ATTENDANCE,
    EndRatingWait,
    NoteAttendance,
    RateSession,
    RatingWaits,
    SessionAttended,
    SessionRated,
)
from services.welfare.domain.session import (
    SESSION,
    CancelSession,
    ScheduleSession,
    SessionCancelled,
    SessionScheduled,
    Slot,
    SlotNoted,
)
from services.welfare.policies import courses as policies
from shared.contracts.checkin_bookings import BookingAttended, SlotPoolClosed, SlotPoolOpened
from shared.contracts.welfare_courses import SessionRated as Told
from shared.decider import DeadlineCleared, DeadlineSet, IntakeRef, WaitExpired
from shared.errors import IdempotencyKeyReused, NotFound, ValidationFailed
from shared.policies import Receipt
from shared.testing.given import Given, on
from tests.welfare.courses import NOON, STARTS

ENDS = STARTS + timedelta(minutes=90)
CAME = STARTS + timedelta(minutes=5)
WEEK = timedelta(days=7)
INTAKE = IntakeRef("/kiosks/1", "r-1", "W01")
COURSE = Slot("R2", STARTS, ENDS, 20)
HEALTH = Slot("VAN-1", STARTS, ENDS, 40, "care_200")
ATTENDED = SessionAttended(CAME, "P-1", "W01", "tea", "R2")

a_session = on(SESSION, "P-1", SessionScheduled(NOON, "tea", COURSE))
a_slot = on(SESSION, "P-2", SlotNoted(NOON, HEALTH))
attended = on(ATTENDANCE, "P-1/W01", ATTENDED)


def rate(at: datetime = ENDS, stars: int = 5, via: Any = "scan", intake: IntakeRef | None = None) -> RateSession:
    return RateSession("P-1", "W01", stars, via, at, at, (), intake)


def rated(at: datetime = ENDS, stars: int = 5, via: Any = "scan") -> SessionRated:
    return SessionRated(at, "P-1", "W01", "tea", stars, via)


def opened(**more: Any) -> SlotPoolOpened:
    facts = {"pool_id": "P-1", "purpose": "course", "place_id": "R2", "capacity": 20}
    return SlotPoolOpened(**{**facts, "starts_at": STARTS, "ends_at": ENDS, **more})


def booked(**more: Any) -> BookingAttended:
    facts = {"booking_id": "B-1", "pool_id": "P-1", "member_id": "W01", "purpose": "course", "place_id": "R2"}
    return BookingAttended(**{**facts, "attended_at": CAME, **more})


def test_row24_a_pool_for_a_course_is_a_session(given: Given) -> None:
    (note,) = policies.when_slot_pool_opened(opened(course_id="tea"), NOON)
    scenario = given().when(note).then(a_session)
    scenario.when(note).then_nothing()


def test_w6_a_campaigns_slot_becomes_a_session_when_staff_say_so(given: Given) -> None:
    """A mobile health check for the members of a list: whoever has its voucher may book."""
    pool = opened(pool_id="P-2", purpose="service", place_id="VAN-1", capacity=40, campaign_id="care_200")
    (note,) = policies.when_slot_pool_opened(pool, NOON)
    scenario = given().when(note).then(a_slot)
    scheduled = SessionScheduled(NOON, "health_check", HEALTH)
    scenario.when(ScheduleSession("P-2", "health_check", NOON)).then(on(SESSION, "P-2", scheduled))
    scenario.when(ScheduleSession("P-2", "health_check", NOON)).then_nothing()
    scenario.when(ScheduleSession("P-2", "haircut", NOON)).then_refused(IdempotencyKeyReused)


def test_w6_a_slot_is_made_a_session_before_it_begins(given: Given) -> None:
    last = STARTS - timedelta(microseconds=1)
    made = SessionScheduled(last, "health_check", HEALTH)
    given(a_slot).when(ScheduleSession("P-2", "health_check", last)).then(on(SESSION, "P-2", made))
    given(a_slot).when(ScheduleSession("P-2", "health_check", STARTS)).then_refused(ValidationFailed)
    called_off = on(SESSION, "P-2", SessionCancelled(NOON, "rain"))
    given(a_slot, called_off).when(ScheduleSession("P-2", "health_check", last)).then_refused(ValidationFailed)
    given().when(ScheduleSession("P-2", "health_check", NOON)).then_refused(NotFound)


def test_pools_for_neither_a_course_nor_a_campaign_are_no_concern_of_welfare() -> None:
    assert policies.when_slot_pool_opened(opened(purpose="haircut"), NOON) == []
    assert policies.when_booking_attended(booked(purpose="haircut")) == []


def test_row17_row21_a_session_is_cancelled_with_its_pool(given: Given) -> None:
    closed = SlotPoolClosed(pool_id="P-1", place_id="R2", reason="station_suspended")
    (cancel,) = policies.when_slot_pool_closed(closed, NOON)
    cancelled = on(SESSION, "P-1", SessionCancelled(NOON, "station_suspended"))
    given(a_session).when(cancel).then(cancelled).when(cancel).then_nothing()
    given().when(CancelSession("unknown", "rain", NOON)).then_nothing()


def test_row25_who_has_come_to_a_course_has_attended_it(given: Given) -> None:
    (note,) = policies.when_booking_attended(booked(course_id="tea"))
    given(a_session).when(note).then(attended).when(note).then_nothing()


def test_row25_the_attendance_stands_when_it_is_told_before_the_session(given: Given) -> None:
    (note,) = policies.when_booking_attended(booked(course_id="tea"))
    given().when(note).then(attended)


def test_row25_who_comes_to_a_campaigns_slot_attends_only_what_is_a_session(given: Given) -> None:
    (note,) = policies.when_booking_attended(booked(pool_id="P-2", campaign_id="care_200", place_id="VAN-1"))
    assert isinstance(note, NoteAttendance)
    given(a_slot).when(note).then_nothing()
    session = on(SESSION, "P-2", SessionScheduled(NOON, "health_check", HEALTH))
    came = SessionAttended(CAME, "P-2", "W01", "health_check", "VAN-1")
    given(a_slot, session).when(note).then(on(ATTENDANCE, "P-2/W01", came))


@pytest.mark.parametrize("via", ["scan", "callback"])
def test_wf12_who_has_attended_rates_by_scan_or_is_called_back(given: Given, via: str) -> None:
    given(a_session, attended).when(rate(via=via)).then(on(ATTENDANCE, "P-1/W01", rated(via=via)))


def test_wf12_one_rating_for_each_attendance(given: Given) -> None:
    once = given(a_session, attended).when(rate(stars=5))
    once.when(rate(stars=3, via="callback")).then_refused(refusals.RatingAlreadyGiven)
    once.when(rate(stars=5)).then_refused(refusals.RatingAlreadyGiven)


def test_wf12_within_seven_days(given: Given) -> None:
    last = CAME + WEEK - timedelta(microseconds=1)
    given(a_session, attended).when(rate(last)).then(on(ATTENDANCE, "P-1/W01", rated(last)))
    given(a_session, attended).when(rate(CAME + WEEK)).then_refused(refusals.RatingWindowClosed)
    done = on(ATTENDANCE, "P-1/W01", ATTENDED, rated())
    given(a_session, done).when(rate(CAME + WEEK)).then_refused(refusals.RatingWindowClosed)  # K10: the window first


def test_wf12_who_has_not_attended_does_not_rate(given: Given) -> None:
    given(a_session).when(rate()).then_refused(NotFound)
    given().when(rate(intake=INTAKE)).then_refused(NotFound)
    given(a_session).when(rate(STARTS - timedelta(seconds=1), intake=INTAKE)).then_refused(NotFound)


WAITS = RatingWaits(ENDS, "P-1", "W01", 4, "scan", (), INTAKE)
DEADLINE = DeadlineSet(ENDS, "rating", "", ENDS + timedelta(hours=72))
CLEARED = DeadlineCleared(CAME, "rating", "", "attended")
waiting = on(ATTENDANCE, "P-1/W01", WAITS, DEADLINE)
NOTE = NoteAttendance("P-1", "W01", "tea", "R2", CAME)


def test_wf12_a_rating_that_is_told_before_the_attendance_waits_for_it(given: Given) -> None:
    """The desk had no network and tells in the evening who has come."""
    scenario = given(a_session).when(rate(stars=4, intake=INTAKE)).then(waiting)
    scenario.when(rate(stars=1, intake=INTAKE)).then_refused(refusals.RatingAlreadyGiven)
    scenario.when(NOTE).then(on(ATTENDANCE, "P-1/W01", ATTENDED, rated(stars=4), CLEARED))
    scenario.when(rate(stars=1)).then_refused(refusals.RatingAlreadyGiven)


def test_wf12_a_rating_that_waited_is_none_beyond_the_seven_days(given: Given) -> None:
    late = RatingWaits(CAME + WEEK, "P-1", "W01", 4, "callback", (), INTAKE)
    given(a_session, on(ATTENDANCE, "P-1/W01", late)).when(NOTE).then(on(ATTENDANCE, "P-1/W01", ATTENDED, CLEARED))


def test_wf12_a_rating_of_what_was_not_attended_is_set_aside_and_can_be_looked_at_again(given: Given) -> None:
    over, later = ENDS + timedelta(hours=72), ENDS + timedelta(hours=80)
    expired = on(
        ATTENDANCE,
        "P-1/W01",
        WaitExpired(over, INTAKE, "session_id", "rating", ""),
        DeadlineCleared(over, "rating", "", "in_vain"),
    )
    scenario = given(a_session, waiting).when(EndRatingWait("P-1/W01", over)).then(expired)
    scenario.when(NOTE).then(attended)  # told at last
    cleared = DeadlineCleared(later, "rating", "", "attended")
    scenario.when(EndRatingWait("P-1/W01", later)).then(on(ATTENDANCE, "P-1/W01", rated(stars=4), cleared))
    scenario.when(EndRatingWait("P-1/W01", later)).then_nothing()


def test_wf12_what_the_member_gave_meanwhile_holds(given: Given) -> None:
    over = ENDS + timedelta(hours=72)
    scenario = given(a_session, waiting).when(EndRatingWait("P-1/W01", over)).when(NOTE).when(rate(over, stars=2))
    scenario.then(on(ATTENDANCE, "P-1/W01", rated(over, stars=2)))
    scenario.when(EndRatingWait("P-1/W01", over)).then_nothing()


def test_k4_an_offline_device_tells_its_own_times() -> None:
    sent = ENDS + timedelta(hours=2)
    event = Told(session_id="P-1", member_id="W01", stars=3, rated_at=ENDS, sent_at=sent)
    command = policies.rate_session(event, Receipt("c", sent + timedelta(minutes=5), "/kiosks/1", "r-1", "W01"))
    assert isinstance(command, RateSession)
    assert (command.at, command.flags) == (ENDS + timedelta(minutes=5), ("clock_corrected",))
    assert command.intake == INTAKE
