"""What is told of a visit after it began: services, its rating, a chief's end, and that it was none (C7, K4, K5)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.checkin.domain import refusals
from services.checkin.domain.aftermath import RateVisit, UseService, VoidVisit
from services.checkin.domain.device_time import Moment
from services.checkin.domain.leaving import EndVisit
from services.checkin.domain.occupancy import OCCUPANCY, Left, OccupancyCarriedOver, OccupancyClosed
from services.checkin.domain.values import MOST_SERVICES, RATING_WINDOW, SERVICES
from services.checkin.domain.visits import (
    VISITS,
    DuplicateScanIgnored,
    EndStay,
    ServiceUsed,
    VisitEnded,
    VisitRated,
    VisitVoided,
)
from shared.decider import DeadlineCleared
from shared.errors import NotFound, ValidationFailed
from shared.testing.given import Given, Scenario, on
from tests.checkin.town import HOUR, MINUTE, SECOND, TOWN, at, end_of, entry, leaving, offline, online, visit_of

SIX = at("06:00")


def inside(given: Given) -> Scenario:
    """W1 is in S1 since six, as v1."""
    return given(*TOWN).when(entry("W1", "S1", SIX))


def after_a_visit(given: Given) -> Scenario:
    """W1 was in S1 from six to 6:18."""
    return inside(given).when(leaving("W1", "S1", at("06:18")))


def using(moment: Moment, service: str = "charge", qty: int = 1, station: str = "S1") -> UseService:
    return UseService("W1", station, service, qty, "u1", moment)


# Services


def test_c7_a_service_belongs_to_the_visit_during_which_it_was_used(given: Given) -> None:
    now = at("06:10")
    used = ServiceUsed(now, "u1", "v1", "W1", "S1", "charge", 2, False, False, ())
    inside(given).when(using(online(now), qty=2)).then(on(VISITS, "W1", used))


@pytest.mark.parametrize(
    "clock,is_inside", [("05:59:59", False), ("06:00", True), ("06:18", True), ("06:18:01", False)]
)
def test_c7_from_the_entry_up_to_the_end(given: Given, clock: str, is_inside: bool) -> None:
    scenario = after_a_visit(given).when(using(offline(at(clock), at("09:00"))))
    if is_inside:
        assert [event for event in scenario.events["visits-W1"] if isinstance(event, ServiceUsed)]
    else:
        scenario.then_refused(refusals.VisitNotOpen)


def test_c7_up_to_the_end_by_ck3_when_nobody_scanned_out(given: Given) -> None:
    assert inside(given).when(using(online(at("10:00")))).events
    inside(given).when(using(online(at("10:00") + SECOND))).then_refused(refusals.VisitNotOpen)


def test_c7_at_another_station_no_visit_is_open(given: Given) -> None:
    inside(given).when(using(online(at("06:10")), station="S2")).then_refused(refusals.VisitNotOpen)


def test_c7_only_what_is_in_the_list_is_a_service(given: Given) -> None:
    inside(given).when(using(online(SIX), service="massage")).then_refused(refusals.CategoryUnknown)
    for service in SERVICES:
        assert inside(given).when(using(online(SIX), service=service)).events


@pytest.mark.parametrize("qty", [0, MOST_SERVICES + 1])
def test_a_service_is_used_a_sensible_number_of_times(given: Given, qty: int) -> None:
    inside(given).when(using(online(SIX), qty=qty)).then_refused(ValidationFailed)


def test_k10_who_and_where_go_before_what(given: Given) -> None:
    who = UseService("W9", "S9", "massage", 1, "u1", online(SIX))
    given(*TOWN).when(who).then_refused(refusals.CodeUnknown)
    given(*TOWN).when(using(online(SIX), "massage", station="S9")).then_refused(NotFound)


@pytest.mark.parametrize("late,flags", [(72 * HOUR, ()), (72 * HOUR + SECOND, ("late_beyond_window",))])
def test_k5_a_use_told_too_late_is_recorded_in_its_own_day_and_flagged(
    given: Given, late: timedelta, flags: tuple[str, ...]
) -> None:
    moment = Moment(at("06:10"), at("06:10") + late, offline=True, clock_corrected=True)
    used = ServiceUsed(at("06:10"), "u1", "v1", "W1", "S1", "charge", 1, True, True, flags)  # type: ignore[arg-type]
    after_a_visit(given).when(using(moment)).then(on(VISITS, "W1", used))


# Ratings


def test_c7_the_visitor_rates_his_visit_once(given: Given) -> None:
    scenario = after_a_visit(given).when(RateVisit("W1", "v1", 5, at("07:00")))
    scenario.then(on(VISITS, "W1", VisitRated(at("07:00"), "v1", "W1", "S1", 5)))
    scenario.when(RateVisit("W1", "v1", 1, at("08:00"))).then_refused(refusals.AlreadyRated)


def test_c7_nobody_rates_anothers_visit(given: Given) -> None:
    after_a_visit(given).when(RateVisit("W2", "v1", 1, at("07:00"))).then_refused(NotFound)


@pytest.mark.parametrize("stars", [0, 6, -1])
def test_c7_a_rating_has_one_to_five_stars(given: Given, stars: int) -> None:
    after_a_visit(given).when(RateVisit("W1", "v1", stars, at("07:00"))).then_refused(ValidationFailed)


def test_c7_for_seven_days_after_the_end(given: Given) -> None:
    over = at("06:18") + RATING_WINDOW
    after_a_visit(given).when(RateVisit("W1", "v1", 4, over)).then_refused(refusals.VisitNotOpen)
    assert after_a_visit(given).when(RateVisit("W1", "v1", 4, over - SECOND)).events


def test_c7_who_is_still_inside_may_rate_too(given: Given) -> None:
    assert inside(given).when(RateVisit("W1", "v1", 4, at("06:10"))).events


def test_c7_who_comes_twice_a_day_can_still_rate_the_visit_of_a_week_ago(given: Given) -> None:
    scenario = after_a_visit(given)
    for number in range(1, 13):
        scenario.when(entry("W1", "S1", SIX + number * 12 * HOUR + 30 * MINUTE, f"later{number}"))
    assert scenario.when(RateVisit("W1", "v1", 4, at("06:00", 30))).events


# A chief ends a visit


def ending(minutes: int = 30, station: str = "S1", visit: str = "v1") -> EndVisit:
    return EndVisit("W1", visit, station, "C1", "gone_home", SIX + minutes * MINUTE)


def test_a_chief_ends_a_visit_and_its_place_is_free(given: Given) -> None:
    now = SIX + 30 * MINUTE
    inside(given).when(ending()).then(
        on(
            VISITS,
            "W1",
            VisitEnded(now, "v1", "W1", "S1", SIX, "chief", ended_by="C1", reason="gone_home"),
            DeadlineCleared(now, "stay", "v1", "chief"),
        ),
        on(OCCUPANCY, "S1_2026-01", Left(now, "v1")),
    )


def test_a_chief_ends_no_visit_that_is_over(given: Given) -> None:
    after_a_visit(given).when(ending()).then_refused(refusals.VisitNotOpen)
    inside(given).when(ending(240)).then_refused(refusals.VisitNotOpen)


def test_a_chief_ends_visits_at_his_own_station_only(given: Given) -> None:
    inside(given).when(ending(station="S2")).then_refused(NotFound)
    inside(given).when(ending(visit="v9")).then_refused(NotFound)


# A visit that was none


def voiding(clock: str = "06:30", station: str = "S1", month: int = 1) -> VoidVisit:
    return VoidVisit("W1", "v1", station, "C1", "gate_fault", at(clock, month=month))


def test_a_voided_visit_gives_back_its_place_and_its_timer(given: Given) -> None:
    now = at("06:30")
    inside(given).when(voiding()).then(
        on(
            VISITS,
            "W1",
            VisitVoided(now, "v1", "W1", "S1", SIX, "C1", "gate_fault"),
            DeadlineCleared(now, "stay", "v1", "voided"),
        ),
        on(OCCUPANCY, "S1_2026-01", Left(SIX, "v1")),
    )


def test_a_visit_that_has_ended_is_voided_too_and_once(given: Given) -> None:
    scenario = after_a_visit(given).when(voiding())
    scenario.then(
        on(VISITS, "W1", VisitVoided(at("06:30"), "v1", "W1", "S1", SIX, "C1", "gate_fault")),
        on(OCCUPANCY, "S1_2026-01", Left(SIX, "v1")),
    )
    scenario.when(voiding("06:31")).then_nothing()


def test_only_a_visit_that_is_known_at_that_station_is_voided(given: Given) -> None:
    inside(given).when(voiding(station="S2")).then_refused(NotFound)
    given(*TOWN).when(voiding()).then_refused(NotFound)


def test_ck1_after_a_voided_visit_the_next_scan_is_a_new_one(given: Given) -> None:
    scenario = inside(given).when(voiding()).when(entry("W1", "S1", at("06:31"), "v2"))
    assert visit_of(scenario).visit_id == "v2"


def test_ck4_a_voided_visit_does_not_keep_the_next_from_counting(given: Given) -> None:
    scenario = after_a_visit(given).when(voiding()).when(entry("W1", "S1", at("06:31"), "v2"))
    assert visit_of(scenario).counted


def test_ck5_a_voided_visit_has_never_filled_the_station(given: Given) -> None:
    """Neither now nor, for what an offline gate uploads later, then."""
    scenario = given(*TOWN).when(entry("W1", "S2", SIX)).when(voiding(station="S2"))
    assert visit_of(scenario.when(entry("W2", "S2", at("06:31"), "v2")), "W2").flags == ()
    left = given(*TOWN).when(entry("W1", "S2", SIX)).when(leaving("W1", "S2", at("06:18")))
    left.when(voiding(station="S2")).when(entry("W2", "S2", offline(at("06:10"), at("09:00")), "v2"))
    assert visit_of(left, "W2").flags == ()


def test_k2_the_scan_of_a_voided_visit_does_not_start_it_again(given: Given) -> None:
    inside(given).when(voiding()).when(entry("W1", "S1", SIX)).then_nothing()


def test_a_timer_that_is_late_for_a_voided_visit_only_clears_itself(given: Given) -> None:
    scenario = inside(given).when(voiding()).when(EndStay("W1", "v1", at("10:00")))
    scenario.then(on(VISITS, "W1", DeadlineCleared(at("10:00"), "stay", "v1", "ended")))


def test_a_voided_visit_is_not_rated_and_no_service_was_used_in_it(given: Given) -> None:
    after_a_visit(given).when(voiding()).when(RateVisit("W1", "v1", 5, at("07:00"))).then_refused(NotFound)
    after_a_visit(given).when(voiding()).when(using(offline(at("06:10"), at("07:00")))).then_refused(
        refusals.VisitNotOpen
    )


def test_a_visit_is_voided_in_the_books_of_the_month_in_which_it_is(given: Given) -> None:
    """The books of January are closed by then; those of February never held the visit."""
    now = at("06:30", month=2)
    after_a_visit(given).when(voiding(month=2)).then(
        on(VISITS, "W1", VisitVoided(now, "v1", "W1", "S1", SIX, "C1", "gate_fault")),
        on(OCCUPANCY, "S1_2026-01", OccupancyClosed(now)),
        on(OCCUPANCY, "S1_2026-02", OccupancyCarriedOver(now, ())),
    )


# E14


def test_e14_tags_carried_together_are_one_visit_each_and_flagged(given: Given) -> None:
    """One hand shows the tags of two posts at one desk: two stations 11 km apart within seconds."""
    scenario = given(*TOWN).when(entry("W1", "S1", SIX)).when(entry("W1", "S2", SIX + 3 * SECOND, "v2"))
    assert visit_of(scenario).flags == ("impossible_travel",)
    assert end_of(scenario).exit_kind == "superseded"


def test_e2_a_retry_that_finds_its_own_visit_is_not_a_second_scan(given: Given) -> None:
    """Nor does another, online scan hide the offline one that failed before it: both are remembered."""
    scenario = inside(given).when(entry("W1", "S1", SIX)).then_nothing()
    scenario.when(entry("W1", "S1", SIX + SECOND, "v2"))
    scenario.then(on(VISITS, "W1", DuplicateScanIgnored(SIX + SECOND, "v2", "v1", "S1", "g1")))
