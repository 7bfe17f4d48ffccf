"""PT1-PT3: which reports are accepted at once, what they pay, and whose claim comes first."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from services.points.domain.checklist import CheckedItem
from services.points.domain.presence import PRESENCE, PatrolAwaitsPresence
from services.points.domain.report import REPORT
from services.points.domain.report_commands import SendToReview, SubmitReport
from services.points.domain.report_events import PatrolReportAccepted
from services.points.domain.rights import (
    RIGHTS,
    ClaimReleased,
    DutySlotFilled,
    PatrolKind,
    RightOpened,
)
from shared.decider import DeadlineSet
from shared.testing.given import Given, on

from .the_day import (
    DUE,
    FROM,
    INSTANT,
    MINUTE,
    RECEIVED,
    TO,
    accepted,
    accepted_event,
    at,
    book,
    booked,
    claimed,
    deadline,
    duty,
    duty_known,
    entered,
    key_period_s2,
    left,
    on_day,
    paid,
    paid_for,
    rules_known,
    rules_v1,
    submit,
    submitted,
    under_review,
    v1_inside,
    waits,
)


def test_pt3_a_report_with_duty_and_presence_is_accepted_at_once(given: Given) -> None:
    given(rules_known, duty_known, v1_inside).when(submit()).then(
        on(REPORT, "R1", submitted(), accepted()), on(RIGHTS, "D1", claimed(), paid()), on_day(booked(), paid_for())
    )


@pytest.mark.parametrize("minutes, proven", [(4, False), (5, True)])
def test_pt3_a_visit_overlaps_the_patrol_by_5_minutes(given: Given, minutes: int, proven: bool) -> None:
    visit = left(at("07:50"), FROM + minutes * MINUTE)
    scenario = given(rules_known, duty_known, on(PRESENCE, "V1", visit)).when(submit())
    assert isinstance(scenario.events["report-R1"][1], PatrolReportAccepted) is proven


def test_pt3_an_overlap_an_instant_short_proves_nothing(given: Given) -> None:
    visit = entered(TO - 5 * MINUTE + INSTANT)
    scenario = given(rules_known, duty_known, on(PRESENCE, "V1", visit)).when(submit())
    assert scenario.events["report-R1"] == [submitted(), deadline]


def test_pt3_two_short_visits_do_not_add_up(given: Given) -> None:
    visits = left(at("07:50"), FROM + 3 * MINUTE), entered(TO - 3 * MINUTE, "visit-2")
    scenario = given(rules_known, duty_known, on(PRESENCE, "V1", *visits)).when(submit())
    assert scenario.events["report-R1"] == [submitted(), deadline]


def test_pt3_e14_a_visit_at_another_station_proves_nothing(given: Given) -> None:
    elsewhere = on(PRESENCE, "V1", entered(at("07:58"), station="S2"))
    scenario = given(rules_known, duty_known, elsewhere).when(submit())
    assert scenario.events["report-R1"] == [submitted(), deadline]


@pytest.mark.parametrize("since, until", [("09:30", "09:50"), ("07:10", "07:30")])
def test_pt3_a_patrol_wholly_outside_the_window_of_the_duty_waits_for_the_leader(
    given: Given, since: str, until: str
) -> None:
    outside = submit(performed_from=at(since), performed_to=at(until), now=at(until))
    inside_all_day = on(PRESENCE, "V1", entered(at("06:00")))
    scenario = given(rules_known, duty_known, inside_all_day).when(outside)
    assert not any(isinstance(event, PatrolReportAccepted) for event in scenario.events["report-R1"])


def test_pt3_a_patrol_that_reaches_into_the_window_of_the_duty_is_of_that_duty(given: Given) -> None:
    edge = submit(performed_from=at("09:29"), performed_to=at("09:50"), now=at("09:51"))
    assert accepted_event(given(rules_known, duty_known, v1_inside).when(edge)).points == 2


def test_e22_who_was_on_the_duty_but_never_came_is_not_paid(given: Given) -> None:
    past = given(rules_known, duty_known).when(submit())
    past.when(SendToReview("R1", DUE)).then(on(REPORT, "R1", *under_review))


def test_pt3_a_failed_item_is_an_answer_and_is_told_with_the_acceptance(given: Given) -> None:
    answers = (CheckedItem("water", False), CheckedItem("table_chairs", True), CheckedItem("toilet", False))
    scenario = given(rules_known, duty_known, v1_inside).when(submit(checklist=answers))
    assert accepted_event(scenario).failed_items == ("water", "toilet")


def test_pt3_a_checklist_with_a_line_unanswered_waits_for_the_leader(given: Given) -> None:
    answers = (CheckedItem("water", True), CheckedItem("toilet", None))
    scenario = given(rules_known, duty_known, v1_inside).when(submit(checklist=answers))
    assert scenario.events["report-R1"] == [submitted(checklist=answers), deadline]


KINDS: list[tuple[PatrolKind, str, int]] = [
    ("patrol_daily", "daily", 2),
    ("patrol_weekly", "weekly", 2),
    ("patrol_special", "special", 4),
]


@pytest.mark.parametrize("kind, kind_paid, points", KINDS)
def test_pt1_the_kind_of_the_duty_sets_the_points(given: Given, kind: PatrolKind, kind_paid: str, points: int) -> None:
    scenario = given(rules_known, on(RIGHTS, "D1", duty(kind)), v1_inside).when(submit())
    assert (accepted_event(scenario).kind_paid, accepted_event(scenario).points) == (kind_paid, points)


IN_KEY_PERIOD: list[tuple[PatrolKind, str, int]] = [
    ("patrol_daily", "key_period", 3),
    ("patrol_weekly", "key_period", 3),
    ("patrol_special", "special", 4),
]


@pytest.mark.parametrize("kind, kind_paid, points", IN_KEY_PERIOD)
def test_pt1_a_key_period_replaces_all_but_the_special_value(
    given: Given, kind: PatrolKind, kind_paid: str, points: int
) -> None:
    at_s2 = on(RIGHTS, "D1", _evening_duty(kind)), on(PRESENCE, "V1", entered(at("16:50"), station="S2"))
    scenario = given(book(rules_v1, key_period_s2), *at_s2).when(_evening_report("17:30"))
    assert (accepted_event(scenario).kind_paid, accepted_event(scenario).points) == (kind_paid, points)


@pytest.mark.parametrize("begun, points", [("16:59:59", 2), ("17:00", 3), ("18:59:59", 3), ("19:00", 2)])
def test_pt1_a_key_period_counts_from_its_start_until_before_its_end(given: Given, begun: str, points: int) -> None:
    at_s2 = on(RIGHTS, "D1", _evening_duty()), on(PRESENCE, "V1", entered(at("16:50"), station="S2"))
    scenario = given(book(rules_v1, key_period_s2), *at_s2).when(_evening_report(begun))
    assert accepted_event(scenario).points == points


def test_pt1_the_key_period_of_another_station_changes_nothing(given: Given) -> None:
    elsewhere = msgspec.structs.replace(key_period_s2, window_from=at("07:00"), window_to=at("09:00"))
    assert accepted_event(given(book(rules_v1, elsewhere), duty_known, v1_inside).when(submit())).points == 2


@pytest.mark.parametrize("begun_after, version", [(-INSTANT, 1), (timedelta(0), 2)])
def test_pt1_the_rules_in_force_when_the_patrol_began_pay_it(
    given: Given, begun_after: timedelta, version: int
) -> None:
    new_rules = msgspec.structs.replace(rules_v1, version=2, effective_from=FROM, daily=5)
    scenario = given(book(rules_v1, new_rules), duty_known, v1_inside).when(submit(performed_from=FROM + begun_after))
    assert accepted_event(scenario).rules_version == version
    assert accepted_event(scenario).points == {1: 2, 2: 5}[version]


def test_pt2_one_paid_report_for_each_volunteer_and_duty(given: Given) -> None:
    past = given(rules_known, duty_known, v1_inside).when(submit())
    past.when(submit(report_id="R2")).then_refused(DutySlotFilled)


def test_pt2_two_reports_of_a_daily_duty_claim_its_pay_and_a_third_does_not(given: Given) -> None:
    three_people = on(RIGHTS, "D1", duty(people=("V1", "V2", "V3")))
    past = given(rules_known, three_people).when(submit())
    past.when(submit(report_id="R2", volunteer_id="V2")).then(
        on(REPORT, "R2", submitted(report_id="R2", volunteer_id="V2"), _deadline("R2")),
        on(RIGHTS, "D1", claimed("R2", "V2")),
        on(PRESENCE, "V2", _waits("R2")),
        on_day(booked("R2"), volunteer="V2"),
    )
    past.when(submit(report_id="R3", volunteer_id="V3")).then_refused(DutySlotFilled)


def test_pt2_a_weekly_duty_pays_each_of_its_people(given: Given) -> None:
    weekly = on(RIGHTS, "D1", duty("patrol_weekly", ("V1", "V2", "V3")), claimed("R2", "V2"), claimed("R3", "V3"))
    assert accepted_event(given(rules_known, weekly, v1_inside).when(submit())).points == 2


def test_pt2_a_rejected_report_frees_its_place(given: Given) -> None:
    freed = on(RIGHTS, "D1", duty(), claimed("R0"), ClaimReleased(at=RECEIVED, report_id="R0"))
    assert accepted_event(given(rules_known, freed, v1_inside).when(submit())).points == 2


def _evening_duty(kind: PatrolKind = "patrol_daily") -> RightOpened:
    return msgspec.structs.replace(duty(kind, station="S2"), window_from=at("16:00"), window_to=at("20:00"))


def _evening_report(begun: str) -> SubmitReport:
    begins = at(begun)
    ends = begins + 25 * MINUTE
    return submit(station_id="S2", performed_from=begins, performed_to=ends, now=ends)


def _deadline(report: str) -> DeadlineSet:
    return msgspec.structs.replace(deadline, ref=report)


def _waits(report: str) -> PatrolAwaitsPresence:
    return msgspec.structs.replace(waits, report_id=report)
