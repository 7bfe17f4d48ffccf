"""CK11: a patrol is fulfilled by an accepted report, or missed 24 hours after its window."""

from __future__ import annotations

from datetime import datetime

import pytest

from services.checkin.domain.duty import DUTY
from services.checkin.domain.duty_commands import CancelDuty, FulfilDuty, MissDuty, OfferSwap, VoidDutyReport
from services.checkin.domain.duty_events import (
    DutyEvent,
    DutyFulfilled,
    DutyFulfilmentRevoked,
    DutyMissed,
    DutyReportAdded,
    DutyReportVoided,
    SwapOffered,
)
from services.checkin.domain.duty_state import MISS
from shared.decider import Change, DeadlineCleared, DeadlineSet
from shared.errors import NotFound
from shared.testing.given import Given, on
from tests.checkin.rota import CHIEF_OF_S1, EVE, MORNING, TOWN, told
from tests.checkin.town import SECOND, at

FROM, ACCEPTED, UNTIL = at("07:30"), at("08:21"), at("09:30", 24)
SET = told(*TOWN, MORNING)
FULFIL = FulfilDuty("morning", "PR-1", ACCEPTED)
DONE = told(*SET, FULFIL)
MISSED = told(*SET, MissDuty("morning", UNTIL))
missed = DutyMissed(UNTIL, "morning", "patrol_daily", "S1", FROM, ("V1", "V2"))


def morning(*events: DutyEvent) -> Change:
    return on(DUTY, "morning", *events)


def fulfilled(report: str, at_: datetime, in_time: bool = True) -> DutyFulfilled:
    return DutyFulfilled(at_, "morning", "patrol_daily", "S1", FROM, report, in_time)


def test_ck11_one_accepted_report_fulfils_the_duty(given: Given) -> None:
    given(*SET).when(FULFIL).then(
        on(
            DUTY,
            "morning",
            fulfilled("PR-1", ACCEPTED),
            DeadlineCleared(ACCEPTED, MISS, "morning", "fulfilled"),
        )
    )


@pytest.mark.parametrize("report", ["PR-2", "PR-3"])
def test_e15_more_rounds_neither_raise_nor_lower_the_quota(given: Given, report: str) -> None:
    """They are remembered, once, in case that the first is voided."""
    again = FulfilDuty("morning", report, at("08:30"))
    scenario = given(*DONE).when(again).then(morning(DutyReportAdded(at("08:30"), "morning", report, True)))
    scenario.when(again).then_nothing()
    scenario.when(MissDuty("morning", UNTIL)).then_nothing()


def test_k3_the_same_acceptance_told_again_changes_nothing(given: Given) -> None:
    given(*DONE).when(FULFIL).then_nothing()


def test_ck11_without_a_report_it_is_missed_a_day_after_its_window(given: Given) -> None:
    """E22: the miss names who was on it, so that whoever pays for shifts knows."""
    given(*SET).when(MissDuty("morning", UNTIL)).then(on(DUTY, "morning", missed))
    given(*DONE).when(MissDuty("morning", UNTIL)).then_nothing()


def test_ck11_a_report_accepted_too_late_is_recorded_and_the_miss_stands(given: Given) -> None:
    late = at("12:00", 25)
    scenario = given(*MISSED).when(FulfilDuty("morning", "PR-1", late))
    scenario.then(on(DUTY, "morning", fulfilled("PR-1", late, in_time=False)))
    scenario.when(FulfilDuty("morning", "PR-2", late)).then(morning(DutyReportAdded(late, "morning", "PR-2", False)))


def test_ck11_a_report_accepted_in_time_but_told_late_takes_the_miss_back(given: Given) -> None:
    """Points was away for a day: nobody on the patrol is at fault."""
    scenario = given(*MISSED).when(FULFIL).then(on(DUTY, "morning", fulfilled("PR-1", ACCEPTED)))
    late = at("12:00", 25)
    scenario.when(FulfilDuty("morning", "PR-2", late)).then(morning(DutyReportAdded(late, "morning", "PR-2", False)))


def test_ck11_the_last_moment_is_half_open(given: Given) -> None:
    just = UNTIL - SECOND
    assert given(*MISSED).when(FulfilDuty("morning", "PR-1", just)).events["duty-morning"] == [fulfilled("PR-1", just)]
    late = given(*MISSED).when(FulfilDuty("morning", "PR-1", UNTIL)).events["duty-morning"]
    assert late == [fulfilled("PR-1", UNTIL, in_time=False)]


def test_ck11_a_late_report_before_the_timer_tells_the_miss_first(given: Given) -> None:
    late = at("12:00", 25)
    given(*SET).when(FulfilDuty("morning", "PR-1", late)).then(
        on(
            DUTY,
            "morning",
            missed,
            fulfilled("PR-1", late, in_time=False),
            DeadlineCleared(late, MISS, "morning", "fulfilled"),
        )
    ).when(MissDuty("morning", UNTIL)).then_nothing()


def test_a_cancelled_duty_and_a_chiefs_are_not_fulfilled_by_reports(given: Given) -> None:
    given(*told(*SET, CancelDuty("morning", "S1", "rain", EVE))).when(FULFIL).then_nothing()
    given(*told(*TOWN, CHIEF_OF_S1)).when(FulfilDuty("chief-S1", "PR-1", ACCEPTED)).then_nothing()
    given(*TOWN).when(FULFIL).then_refused(NotFound)


# Reports that points voids (E34)

SAME_DAY, NEXT_WEEK = at("20:00"), at("09:00", 30)


def void(report: str = "PR-1", when: datetime = SAME_DAY) -> VoidDutyReport:
    return VoidDutyReport("morning", report, when)


def voided(report: str, when: datetime, left: str | None = None) -> DutyReportVoided:
    return DutyReportVoided(when, "morning", report, left)


def revoked(report: str, when: datetime) -> DutyFulfilmentRevoked:
    return DutyFulfilmentRevoked(when, "morning", "patrol_daily", "S1", FROM, report)


def test_ck11_e34_a_duty_whose_only_report_is_voided_in_time_waits_for_a_report_again(given: Given) -> None:
    scenario = (
        given(*DONE)
        .when(void())
        .then(
            morning(voided("PR-1", SAME_DAY), revoked("PR-1", SAME_DAY), DeadlineSet(SAME_DAY, MISS, "morning", UNTIL))
        )
    )
    again = at("21:00")
    scenario.when(FulfilDuty("morning", "PR-5", again)).then(
        morning(fulfilled("PR-5", again), DeadlineCleared(again, MISS, "morning", "fulfilled"))
    )


def test_ck11_e34_without_another_report_it_is_missed_by_its_timer(given: Given) -> None:
    given(*told(*DONE, void())).when(MissDuty("morning", UNTIL)).then(morning(missed))


def test_ck11_e34_people_may_swap_a_patrol_that_is_to_be_reported_again(given: Given) -> None:
    now = at("09:00")
    given(*told(*DONE, void(when=at("08:40")))).when(OfferSwap("morning", "V1", "V7", now)).then(
        morning(SwapOffered(now, "morning", "V1", "V7"))
    )


def test_ck11_e34_voided_after_the_deadline_it_was_missed_after_all(given: Given) -> None:
    """As of the deadline, which is half-open."""
    for when in (UNTIL, NEXT_WEEK):
        given(*DONE).when(void(when=when)).then(morning(voided("PR-1", when), revoked("PR-1", when), missed))
    just = UNTIL - SECOND
    assert given(*DONE).when(void(when=just)).events["duty-morning"][-1] == DeadlineSet(just, MISS, "morning", UNTIL)


def test_ck11_e34_another_report_in_time_stands_for_the_voided_one(given: Given) -> None:
    two = told(*DONE, FulfilDuty("morning", "PR-2", at("08:30")))
    one_left = given(*two).when(void()).then(morning(voided("PR-1", SAME_DAY, "PR-2")))
    one_left.when(MissDuty("morning", UNTIL)).then_nothing()
    one_left.when(void("PR-2", NEXT_WEEK)).then(morning(voided("PR-2", NEXT_WEEK), revoked("PR-2", NEXT_WEEK), missed))
    given(*two).when(void("PR-2")).then(morning(voided("PR-2", SAME_DAY, "PR-1")))


def test_ck11_e34_a_report_that_was_too_late_does_not_stand_for_the_voided_one(given: Given) -> None:
    late = at("12:00", 25)
    past = told(*DONE, FulfilDuty("morning", "PR-2", late))
    given(*past).when(void(when=NEXT_WEEK)).then(
        morning(voided("PR-1", NEXT_WEEK, "PR-2"), revoked("PR-1", NEXT_WEEK), missed)
    )


def test_ck11_e34_a_voided_report_beside_a_miss_changes_nothing_but_that(given: Given) -> None:
    past = told(*MISSED, FulfilDuty("morning", "PR-1", at("12:00", 25)))
    given(*past).when(void(when=NEXT_WEEK)).then(morning(voided("PR-1", NEXT_WEEK)))


def test_ck11_k3_a_voided_report_is_voided_once_and_does_not_come_back(given: Given) -> None:
    """Also when its acceptance is told only afterwards, as a replay from the quarantine may do."""
    given(*told(*DONE, void())).when(void()).then_nothing()
    given(*told(*DONE, void())).when(FULFIL).then_nothing()
    given(*SET).when(void()).then(morning(voided("PR-1", SAME_DAY))).when(FULFIL).then_nothing()


def test_ck11_what_is_voided_of_a_cancelled_duty_or_a_chiefs_changes_nothing(given: Given) -> None:
    given(*told(*SET, CancelDuty("morning", "S1", "rain", EVE))).when(void()).then_nothing()
    given(*told(*TOWN, CHIEF_OF_S1)).when(VoidDutyReport("chief-S1", "PR-1", SAME_DAY)).then_nothing()
    given(*TOWN).when(void()).then_refused(NotFound)
