"""CK11: a patrol is fulfilled by an accepted report, or missed 24 hours after its window."""

from __future__ import annotations

from datetime import datetime

import pytest

from services.checkin.domain.duty import DUTY
from services.checkin.domain.duty_commands import CancelDuty, FulfilDuty, MissDuty
from services.checkin.domain.duty_events import DutyFulfilled, DutyMissed
from services.checkin.domain.duty_state import MISS
from shared.decider import DeadlineCleared
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


@pytest.mark.parametrize("report", ["PR-1", "PR-2", "PR-3"])
def test_e15_more_rounds_change_nothing(given: Given, report: str) -> None:
    given(*DONE).when(FulfilDuty("morning", report, at("08:30"))).then_nothing()


def test_ck11_without_a_report_it_is_missed_a_day_after_its_window(given: Given) -> None:
    """E22: the miss names who was on it, so that whoever pays for shifts knows."""
    given(*SET).when(MissDuty("morning", UNTIL)).then(on(DUTY, "morning", missed))
    given(*DONE).when(MissDuty("morning", UNTIL)).then_nothing()


def test_ck11_a_report_accepted_too_late_is_recorded_and_the_miss_stands(given: Given) -> None:
    late = at("12:00", 25)
    scenario = given(*MISSED).when(FulfilDuty("morning", "PR-1", late))
    scenario.then(on(DUTY, "morning", fulfilled("PR-1", late, in_time=False)))
    scenario.when(FulfilDuty("morning", "PR-2", late)).then_nothing()


def test_ck11_a_report_accepted_in_time_but_told_late_takes_the_miss_back(given: Given) -> None:
    """Points was away for a day: nobody on the patrol is at fault."""
    scenario = given(*MISSED).when(FULFIL).then(on(DUTY, "morning", fulfilled("PR-1", ACCEPTED)))
    scenario.when(FulfilDuty("morning", "PR-2", at("12:00", 25))).then_nothing()


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
