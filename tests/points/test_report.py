"""PatrolReport: what gets in (K4, K5), what is answered at once (PT1-PT3), what waits (amendment 5)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from services.points.domain.checklist import CheckedItem, ChecklistIncomplete
from services.points.domain.presence import PRESENCE
from services.points.domain.report import REPORT
from services.points.domain.report_commands import RetryAcceptance, SendToReview
from services.points.domain.report_events import PatrolReportSubmitted
from services.points.domain.rights import (
    RIGHTS,
    DutyNotAssigned,
)
from services.points.domain.values import OLDEST_UPLOAD
from shared.errors import IdempotencyKeyReused, NotFound, Refused, ValidationFailed
from shared.testing.given import Given, on

from .the_day import (
    DUE,
    INSTANT,
    MINUTE,
    RECEIVED,
    TO,
    a_report_under_review,
    a_waiting_report,
    accepted,
    accepted_event,
    booked,
    claimed,
    deadline,
    duty_known,
    on_day,
    rules_known,
    submit,
    submitted,
    v1_inside,
    wait_over,
    waits,
)

BOOKED = on_day(booked())


def test_amendment_5_a_report_without_presence_waits_15_minutes_from_its_receipt(given: Given) -> None:
    given(rules_known, duty_known).when(submit()).then(
        on(REPORT, "R1", submitted(), deadline), on(RIGHTS, "D1", claimed()), on(PRESENCE, "V1", waits), BOOKED
    )


def test_a_report_from_before_the_first_rules_waits_for_the_leader(given: Given) -> None:
    given(duty_known, v1_inside).when(submit()).then(
        on(REPORT, "R1", submitted(), deadline), on(RIGHTS, "D1", claimed()), on(PRESENCE, "V1", waits), BOOKED
    )


def test_the_same_report_sent_twice_is_one_report(given: Given) -> None:
    past = given(rules_known, duty_known, v1_inside).when(submit())
    past.when(submit(now=RECEIVED + MINUTE)).then_nothing()


def test_a_report_id_of_another_patrol_is_refused(given: Given) -> None:
    given(*a_waiting_report).when(submit(volunteer_id="V2")).then_refused(IdempotencyKeyReused)


@pytest.mark.parametrize("changed", [{"volunteer_id": "V3"}, {"station_id": "S2"}])
def test_who_is_not_on_the_duty_at_that_station_cannot_report_it(given: Given, changed: dict[str, str]) -> None:
    given(rules_known, duty_known, v1_inside).when(submit(**changed)).then_refused(DutyNotAssigned)


def test_an_empty_checklist_is_refused_at_the_door(given: Given) -> None:
    given(rules_known, duty_known, v1_inside).when(submit(checklist=())).then_refused(ChecklistIncomplete)


def test_a_checklist_without_any_answer_is_refused_at_the_door(given: Given) -> None:
    nothing = (CheckedItem("water", None), CheckedItem("toilet", None))
    given(rules_known, duty_known, v1_inside).when(submit(checklist=nothing)).then_refused(ChecklistIncomplete)


def test_an_item_is_answered_once(given: Given) -> None:
    twice = (CheckedItem("water", True), CheckedItem("water", False))
    given(rules_known, duty_known).when(submit(checklist=twice)).then_refused(ValidationFailed)


def test_a_patrol_ends_after_it_begins(given: Given) -> None:
    given().when(submit(performed_from=TO)).then_refused(ValidationFailed)


@pytest.mark.parametrize("ahead", [timedelta(0), timedelta(seconds=120)])
def test_k4_a_device_a_little_ahead_is_believed_up_to_the_receipt(given: Given, ahead: timedelta) -> None:
    (event, *_) = given().when(submit(performed_to=RECEIVED + ahead)).events["report-R1"]
    assert isinstance(event, PatrolReportSubmitted)
    assert event.performed_to == event.at == RECEIVED


def test_k4_a_patrol_of_more_than_ten_years_ago_is_refused(given: Given) -> None:
    for end in (RECEIVED - OLDEST_UPLOAD - INSTANT, datetime.min.replace(tzinfo=UTC) + INSTANT):
        given().when(submit(performed_from=end - INSTANT, performed_to=end)).then_refused(ValidationFailed)


def test_k4_a_patrol_from_the_future_is_refused(given: Given) -> None:
    future = submit(performed_to=RECEIVED + timedelta(seconds=120) + INSTANT)
    given().when(future).then_refused(ValidationFailed)


def test_the_refused_field_of_a_wrong_time_is_named(given: Given) -> None:
    with pytest.raises(Refused) as refusal:
        REPORT.decide(submit(performed_from=TO), REPORT.initial)
    assert refusal.value.field == "performed_to"


def test_k5_a_report_72_hours_old_still_counts(given: Given) -> None:
    scenario = given(rules_known, duty_known, v1_inside).when(submit(now=TO + timedelta(hours=72)))
    assert accepted_event(scenario).at == TO + timedelta(hours=72)


def test_k5_a_later_report_is_recorded_on_its_own_day_and_pays_nothing(given: Given) -> None:
    received = TO + timedelta(hours=72) + INSTANT
    given(rules_known, duty_known, v1_inside).when(submit(now=received)).then(
        on(REPORT, "R1", submitted(received_at=received, late=True))
    )


def test_k5_a_late_report_is_never_accepted_afterwards(given: Given) -> None:
    received = TO + timedelta(hours=73)
    late = on(REPORT, "R1", submitted(received_at=received, late=True))
    given(rules_known, duty_known, v1_inside, late).when(RetryAcceptance("R1", received)).then_nothing()


def test_amendment_5_the_timer_of_an_answered_report_only_clears_itself(given: Given) -> None:
    answered = on(REPORT, "R1", submitted(), accepted())
    given(answered).when(SendToReview("R1", DUE)).then(on(REPORT, "R1", wait_over(DUE, "answered")))


def test_the_timer_accepts_a_report_whose_rules_came_while_it_waited(given: Given) -> None:
    scenario = given(rules_known, *a_waiting_report, duty_known, v1_inside).when(SendToReview("R1", DUE))
    assert scenario.events["report-R1"] == [accepted(at=DUE), wait_over(DUE, "accepted")]


def test_a_report_under_review_is_accepted_by_a_retry_after_its_rules_were_published(given: Given) -> None:
    later = DUE + MINUTE
    scenario = given(rules_known, *a_report_under_review, duty_known, v1_inside).when(RetryAcceptance("R1", later))
    assert scenario.events["report-R1"] == [accepted(at=later), wait_over(later, "accepted", "review")]


def test_a_retry_that_changes_nothing_is_nothing(given: Given) -> None:
    given(rules_known, duty_known, *a_waiting_report).when(RetryAcceptance("R1", DUE)).then_nothing()


def test_a_retry_needs_a_report(given: Given) -> None:
    given().when(RetryAcceptance("R1", DUE)).then_refused(NotFound)
