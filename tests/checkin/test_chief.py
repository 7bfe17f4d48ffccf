"""CK10: one chief for each station and date, who starts in time, or is missed and may be stood in for."""

from __future__ import annotations

from datetime import datetime

import msgspec
import pytest

from services.checkin.domain.chief_day import CHIEF_DAY, ChiefDayFreed, ChiefDayTaken
from services.checkin.domain.duty import DUTY
from services.checkin.domain.duty_commands import CancelDuty, EndDuty, MissDuty, NameDeputy, PlanDuty, StartDuty
from services.checkin.domain.duty_events import (
    DeputyNamed,
    DutyAssigned,
    DutyCancelled,
    DutyCompleted,
    DutyMissed,
    DutyPlanned,
    DutyStarted,
)
from services.checkin.domain.duty_state import END, MISS
from services.checkin.domain.hours import DateException, Interval
from services.checkin.domain.refusals import DutyNotAssigned, RotaConflict, StationSuspended
from services.checkin.domain.rota import ROTA, DutyEntered, DutyStruck
from services.checkin.domain.station import STATION, StationHoursSet
from services.checkin.domain.station import StationSuspended as SuspendedEvent
from shared.decider import Change, DeadlineCleared, DeadlineSet
from shared.errors import NotFound, ValidationFailed
from shared.testing.given import Given, Scenario, on
from tests.checkin.rota import CHIEF_OF_S1, CHIEF_OF_S2, EVE, EVENING, FRIDAY, MORNING, TOWN, assign, told
from tests.checkin.town import EVERY_DAY, MINUTE, S1, at, only

OPENS, CLOSES = at("05:30"), at("22:00")
NAMED = told(*TOWN, CHIEF_OF_S1)
started = DutyStarted(at("05:25"), "chief-S1", "S1", CLOSES, "C1", as_deputy=False)
missed = DutyMissed(at("06:00"), "chief-S1", "chief", "S1", OPENS, ("C1",))
ON_DUTY = told(*NAMED, StartDuty("chief-S1", "C1", at("05:25")))
DEPUTY = NameDeputy("chief-S1", "S1", "C9", EVE)
MISSED = told(*NAMED, DEPUTY, MissDuty("chief-S1", at("06:00")))


def due_of(scenario: Scenario, duty: str = "chief-S1") -> datetime:
    """To when the timer `miss` was set."""
    return only(DeadlineSet, scenario.events, f"duty-{duty}").due_at


def test_ck10_a_chief_takes_the_stations_date_and_his_own(given: Given) -> None:
    given(*TOWN).when(CHIEF_OF_S1).then(
        on(
            DUTY,
            "chief-S1",
            DutyAssigned(EVE, "chief-S1", "chief", "S1", OPENS, CLOSES, ("C1",)),
            DeadlineSet(EVE, MISS, "chief-S1", at("06:00")),
        ),
        on(ROTA, "S1_2026-01", DutyEntered(EVE, "chief-S1", "chief", FRIDAY, CLOSES)),
        on(CHIEF_DAY, "C1_2026-01-23", ChiefDayTaken(EVE, "S1", "chief-S1")),
    )


def test_ck10_a_station_has_one_chief_for_a_date(given: Given) -> None:
    """E21: a date shows one of one, never two."""
    second = assign("other", "chief", "S1", "12:00", "22:00", "C3")
    given(*NAMED).when(second).then_refused(RotaConflict)


def test_ck10_weekends_have_their_own_chief(given: Given) -> None:
    saturday = assign("saturday", "chief", "S1", "05:30", "22:00", "C3", day=24)
    assert "chiefday-C3_2026-01-24" in given(*NAMED).when(saturday).events


def test_ck10_one_person_is_chief_at_one_station_for_a_date(given: Given) -> None:
    elsewhere = assign("chief-S2", "chief", "S2", "08:00", "18:00", "C1")
    given(*NAMED).when(elsewhere).then_refused(RotaConflict)


def test_ck10_patrols_at_two_stations_on_one_date_are_no_conflict(given: Given) -> None:
    """The day has V1 at S1 in the morning and at S2 in the evening; a chief may patrol, too."""
    given(*told(*NAMED, MORNING)).when(EVENING).then(
        on(
            DUTY,
            "evening",
            DutyAssigned(EVE, "evening", "patrol_daily", "S2", at("17:00"), at("19:00"), ("V1",)),
            DeadlineSet(EVE, MISS, "evening", at("19:00", 24)),
        ),
        on(ROTA, "S2_2026-01", DutyEntered(EVE, "evening", "patrol_daily", FRIDAY, at("19:00"))),
    )


def test_a_date_may_be_planned_before_somebody_is_named(given: Given) -> None:
    plan = PlanDuty("chief-S1", "chief", "S1", OPENS, CLOSES, EVE)
    scenario = given(*TOWN).when(plan)
    planned = DutyPlanned(EVE, "chief-S1", "chief", "S1", OPENS, CLOSES)
    assert scenario.events["duty-chief-S1"][0] == planned
    scenario.when(msgspec.structs.replace(plan, duty_id="other")).then_refused(RotaConflict)
    scenario.when(plan).then_nothing()
    named = scenario.when(CHIEF_OF_S1).events
    assert set(named) == {"duty-chief-S1", "chiefday-C1_2026-01-23"}, "the sheet has it already"


def test_a_plan_of_other_facts_under_a_known_id_is_a_conflict(given: Given) -> None:
    given(*NAMED).when(PlanDuty("chief-S1", "chief", "S1", OPENS, at("21:00"), EVE)).then_refused(RotaConflict)
    given(*NAMED).when(PlanDuty("chief-S1", "chief", "S1", OPENS, CLOSES, EVE)).then_nothing()


# By when it is to be started.


def test_ck10_at_an_always_open_station_the_chief_starts_by_nine(given: Given) -> None:
    assert due_of(given(*TOWN).when(CHIEF_OF_S2), "chief-S2") == at("09:00")


@pytest.mark.parametrize(
    "begins,now,due",
    [
        ("04:00", EVE, "06:00"),  # whatever the window, the opening counts
        ("06:00", EVE, "06:30"),  # it begins when others have started: half an hour from there
        ("12:00", EVE, "12:30"),
        ("05:30", at("05:40"), "06:10"),  # told after the opening: half an hour from then
        ("05:30", at("13:00"), "13:30"),
    ],
)
def test_ck10_the_chief_has_half_an_hour(given: Given, begins: str, now: datetime, due: str) -> None:
    assert due_of(given(*TOWN).when(assign("chief-S1", "chief", "S1", begins, "22:00", "C1", now=now))) == at(due)


def test_ck10_ck6_the_hours_of_that_date_count(given: Given) -> None:
    holiday = StationHoursSet(
        EVE, "S1", EVERY_DAY, (DateException(FRIDAY, (Interval(600, 900), Interval(1000, 1100))),)
    )
    closed = StationHoursSet(EVE, "S1", EVERY_DAY, (DateException(FRIDAY, ()),))
    assert due_of(given(*TOWN, on(STATION, "S1", holiday)).when(CHIEF_OF_S1)) == at("10:30")
    assert due_of(given(*TOWN, on(STATION, "S1", closed)).when(CHIEF_OF_S1)) == at("06:00"), (
        "from the duty's own window"
    )


# Starting and ending.


def test_ck10_the_chief_starts_before_the_opening(given: Given) -> None:
    given(*NAMED).when(StartDuty("chief-S1", "C1", at("05:25"))).then(
        on(
            DUTY,
            "chief-S1",
            DeadlineCleared(at("05:25"), MISS, "chief-S1", "started"),
            started,
            DeadlineSet(at("05:25"), END, "chief-S1", at("23:00")),
        )
    )


def test_starting_twice_is_starting_once(given: Given) -> None:
    given(*ON_DUTY).when(StartDuty("chief-S1", "C1", at("05:26"))).then_nothing()


@pytest.mark.parametrize("person,time", [("C2", "05:25"), ("C1", "04:29"), ("C1", "22:00"), ("C9", "05:59")])
def test_ck10_only_who_is_named_starts_and_in_the_time_of_the_duty(given: Given, person: str, time: str) -> None:
    given(*told(*NAMED, DEPUTY)).when(StartDuty("chief-S1", person, at(time))).then_refused(DutyNotAssigned)


def test_a_duty_that_is_unknown_planned_or_cancelled_is_nobodys(given: Given) -> None:
    given(*TOWN).when(StartDuty("chief-S1", "C1", at("05:25"))).then_refused(NotFound)
    planned = told(*TOWN, PlanDuty("chief-S1", "chief", "S1", OPENS, CLOSES, EVE))
    given(*planned).when(StartDuty("chief-S1", "C1", at("05:25"))).then_refused(DutyNotAssigned)
    cancelled = told(*NAMED, CancelDuty("chief-S1", "S1", "rain", EVE))
    given(*cancelled).when(StartDuty("chief-S1", "C1", at("05:25"))).then_refused(DutyNotAssigned)


def test_a_patrol_is_not_started(given: Given) -> None:
    given(*told(*TOWN, MORNING)).when(StartDuty("morning", "V1", at("07:30"))).then_refused(ValidationFailed)


def test_nobody_starts_at_a_suspended_station(given: Given) -> None:
    closed = on(STATION, "S1", SuspendedEvent(at("05:00"), "S1", "repair"))
    given(*NAMED, closed).when(StartDuty("chief-S1", "C1", at("05:25"))).then_refused(StationSuspended)


def test_the_chief_ends_his_duty(given: Given) -> None:
    given(*ON_DUTY).when(EndDuty("chief-S1", "C1", CLOSES)).then(
        on(
            DUTY,
            "chief-S1",
            DutyCompleted(CLOSES, "chief-S1", "S1", "C1", by_time=False),
            DeadlineCleared(CLOSES, END, "chief-S1", "ended"),
        )
    ).when(EndDuty("chief-S1", "C1", at("22:05"))).then_nothing()


def test_nobody_else_ends_it_and_nobody_before_it_has_begun(given: Given) -> None:
    given(*ON_DUTY).when(EndDuty("chief-S1", "C2", CLOSES)).then_refused(DutyNotAssigned)
    given(*NAMED).when(EndDuty("chief-S1", "C1", CLOSES)).then_refused(DutyNotAssigned)


def test_a_duty_that_nobody_ends_is_ended_an_hour_after_its_window(given: Given) -> None:
    """By the timer `end`, so that a forgotten duty gives nobody the chief's powers."""
    completed = DutyCompleted(at("23:00"), "chief-S1", "S1", "C1", by_time=True)
    given(*ON_DUTY).when(EndDuty("chief-S1", None, at("23:00"))).then(on(DUTY, "chief-S1", completed))
    ended = told(*ON_DUTY, EndDuty("chief-S1", "C1", CLOSES))
    given(*ended).when(EndDuty("chief-S1", None, at("23:00"))).then_nothing()


# Missing it, and standing in.


def test_ck10_a_duty_not_started_in_time_is_missed(given: Given) -> None:
    given(*NAMED).when(MissDuty("chief-S1", at("06:00"))).then(on(DUTY, "chief-S1", missed))
    given(*MISSED).when(MissDuty("chief-S1", at("06:00"))).then_nothing()
    given(*ON_DUTY).when(MissDuty("chief-S1", at("06:00"))).then_nothing()


def test_ck10_a_planned_duty_that_nobody_was_named_for_is_missed_by_nobody(given: Given) -> None:
    planned = told(*TOWN, PlanDuty("chief-S1", "chief", "S1", OPENS, CLOSES, EVE))
    nobody = msgspec.structs.replace(missed, people=())
    given(*planned).when(MissDuty("chief-S1", at("06:00"))).then(on(DUTY, "chief-S1", nobody))


def test_ck10_after_a_miss_the_deputy_starts_and_the_miss_stands(given: Given) -> None:
    now = at("06:20")
    given(*MISSED).when(StartDuty("chief-S1", "C9", now)).then(
        on(
            DUTY,
            "chief-S1",
            DutyStarted(now, "chief-S1", "S1", CLOSES, "C9", as_deputy=True),
            DeadlineSet(now, END, "chief-S1", at("23:00")),
        ),
        on(CHIEF_DAY, "C9_2026-01-23", ChiefDayTaken(now, "S1", "chief-S1")),
    ).when(EndDuty("chief-S1", "C9", CLOSES)).then(
        on(
            DUTY,
            "chief-S1",
            DutyCompleted(CLOSES, "chief-S1", "S1", "C9", by_time=False),
            DeadlineCleared(CLOSES, END, "chief-S1", "ended"),
        )
    )


def test_ck10_a_deputy_who_is_chief_elsewhere_does_not_start(given: Given) -> None:
    deputy = NameDeputy("chief-S1", "S1", "C2", EVE)
    past = told(*NAMED, CHIEF_OF_S2, deputy, MissDuty("chief-S1", at("06:00")))
    given(*past).when(StartDuty("chief-S1", "C2", at("06:20"))).then_refused(RotaConflict)


def test_ck10_a_chief_who_comes_late_may_start_beside_his_miss(given: Given) -> None:
    scenario = given(*MISSED).when(StartDuty("chief-S1", "C1", at("06:20")))
    assert only(DutyStarted, scenario.events, "duty-chief-S1").as_deputy is False


def test_ck10_a_start_after_the_deadline_is_a_miss_also_when_the_timer_is_late(given: Given) -> None:
    now = at("06:01")
    given(*NAMED).when(StartDuty("chief-S1", "C1", now)).then(
        on(
            DUTY,
            "chief-S1",
            missed,
            DeadlineCleared(now, MISS, "chief-S1", "missed"),
            DutyStarted(now, "chief-S1", "S1", CLOSES, "C1", as_deputy=False),
            DeadlineSet(now, END, "chief-S1", at("23:00")),
        )
    ).when(MissDuty("chief-S1", at("06:00"))).then_nothing()


def test_ck10_the_deadline_is_half_open(given: Given) -> None:
    just = given(*NAMED).when(StartDuty("chief-S1", "C1", at("06:00") - MINUTE / 60)).events["duty-chief-S1"]
    late = given(*NAMED).when(StartDuty("chief-S1", "C1", at("06:00"))).events["duty-chief-S1"]
    assert [any(isinstance(event, DutyMissed) for event in events) for events in (just, late)] == [False, True]


def test_a_deputy_is_named_for_a_chiefs_duty_that_has_not_begun(given: Given) -> None:
    given(*NAMED).when(DEPUTY).then(on(DUTY, "chief-S1", DeputyNamed(EVE, "chief-S1", "S1", "C9")))
    given(*told(*NAMED, DEPUTY)).when(DEPUTY).then_nothing()
    given(*NAMED).when(NameDeputy("chief-S1", "S1", "C1", EVE)).then_refused(RotaConflict)
    given(*ON_DUTY).when(NameDeputy("chief-S1", "S1", "C9", at("06:00"))).then_refused(RotaConflict)
    given(*NAMED).when(NameDeputy("chief-S1", "S2", "C9", EVE)).then_refused(NotFound)
    given(*told(*TOWN, MORNING)).when(NameDeputy("morning", "S1", "C9", EVE)).then_refused(ValidationFailed)
    after = NameDeputy("chief-S1", "S1", "C8", at("06:05"))
    given(*MISSED).when(after).then(on(DUTY, "chief-S1", DeputyNamed(at("06:05"), "chief-S1", "S1", "C8")))


# Cancelling.


def test_a_cancelled_duty_leaves_its_date_to_another(given: Given) -> None:
    """How a leader gives a duty to somebody else: cancel it, assign another."""
    cancelled: list[Change] = [
        on(
            DUTY,
            "chief-S1",
            DutyCancelled(EVE, "chief-S1", "chief", "S1", OPENS, "illness"),
            DeadlineCleared(EVE, MISS, "chief-S1", "cancelled"),
        ),
        on(ROTA, "S1_2026-01", DutyStruck(EVE, "chief-S1")),
        on(CHIEF_DAY, "C1_2026-01-23", ChiefDayFreed(EVE, "chief-S1")),
    ]
    cancel = CancelDuty("chief-S1", "S1", "illness", EVE)
    scenario = given(*NAMED).when(cancel).then(*cancelled)
    scenario.when(cancel).then_nothing()
    assert "duty-second" in scenario.when(assign("second", "chief", "S1", "05:30", "22:00", "C3")).events
    assert "duty-third" in scenario.when(assign("third", "chief", "S2", "08:00", "18:00", "C1")).events


def test_what_has_begun_or_was_missed_is_not_cancelled_by_a_leader(given: Given) -> None:
    cancel = CancelDuty("chief-S1", "S1", "illness", at("06:30"))
    given(*ON_DUTY).when(cancel).then_refused(RotaConflict)
    given(*MISSED).when(cancel).then_refused(RotaConflict)
    given(*NAMED).when(msgspec.structs.replace(cancel, station_id="S2")).then_refused(NotFound)
    given(S1).when(cancel).then_refused(NotFound)
