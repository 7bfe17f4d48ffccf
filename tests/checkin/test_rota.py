"""A station's rota as a whole: gaps (CK10), suspensions (row 21), hours that change (CK6)."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from services.checkin.domain.chief_day import CHIEF_DAY, ChiefDayFreed
from services.checkin.domain.duty import DUTY
from services.checkin.domain.duty_commands import (
    CancelDuty,
    EndDuty,
    FulfilDuty,
    MissDuty,
    PlanDuty,
    StartDuty,
    VoidDutyReport,
)
from services.checkin.domain.duty_events import DutyCancelled, DutyMissed
from services.checkin.domain.duty_state import END, MISS
from services.checkin.domain.hours import DateException, Interval
from services.checkin.domain.rota import (
    ROTA,
    UNASSIGNED,
    CancelDuties,
    CheckRota,
    DutyStruck,
    DutyUnassigned,
    OpenRota,
    ReviseStarts,
)
from services.checkin.domain.station import STATION, StationHoursSet, StationRetired
from services.checkin.domain.station import StationSuspended as SuspendedEvent
from services.checkin.policies import POLICIES, TIMERS
from shared.contracts.points import PatrolReportAccepted, PatrolReportVoided
from shared.decider import Change, Command, DeadlineCleared, DeadlineSet
from shared.testing.given import Given, on
from tests.checkin.rota import CHIEF_OF_S1, EVE, FRIDAY, MORNING, TOWN, assign, told
from tests.checkin.town import EVERY_DAY, S1, S2, at, s1_hours, s1_registered

EIGHT = at("20:00", 22)
SATURDAY = FRIDAY + timedelta(days=1)
NAMED = told(*TOWN, CHIEF_OF_S1)
CHECK = CheckRota("S1", FRIDAY, EIGHT)
AGAIN = DeadlineSet(EIGHT, UNASSIGNED, "2026-01-24", at("20:00", 23))
GAP = DutyUnassigned(EIGHT, "S1", FRIDAY)


# CK10: a gap is told at 20:00 the day before.


@pytest.mark.parametrize(
    "now,day,due",
    [
        (at("09:00", 22), "2026-01-23", at("20:00", 22)),
        (at("20:00", 22), "2026-01-23", at("20:00", 22)),
        (at("20:01", 22), "2026-01-24", at("20:00", 23)),
        (at("23:59", 31), "2026-02-02", at("20:00", 1, 2)),
    ],
)
def test_ck10_a_registered_station_is_looked_at_from_the_next_evening_on(
    given: Given, now: datetime, day: str, due: datetime
) -> None:
    (command,) = POLICIES.reactions[type(s1_registered)][0](s1_registered)
    assert command == OpenRota("S1", s1_registered.at)
    set_ = DeadlineSet(now, UNASSIGNED, day, due)
    given(S1).when(OpenRota("S1", now)).then(on(ROTA, f"S1_{day[:7]}", set_))


def test_ck10_a_date_without_a_chief_is_told_and_the_next_date_is_waited_for(given: Given) -> None:
    given(*TOWN).when(CHECK).then(on(ROTA, "S1_2026-01", GAP, AGAIN))


def test_ck10_a_date_with_a_chief_is_no_gap(given: Given) -> None:
    given(*NAMED).when(CHECK).then(on(ROTA, "S1_2026-01", AGAIN))


def test_ck10_a_planned_or_cancelled_duty_names_no_chief(given: Given) -> None:
    planned = told(*TOWN, PlanDuty("chief-S1", "chief", "S1", at("05:30"), at("22:00"), EVE))
    given(*planned).when(CHECK).then(on(ROTA, "S1_2026-01", GAP, AGAIN))
    cancelled = told(*NAMED, CancelDuty("chief-S1", "S1", "illness", EVE))
    given(*cancelled).when(CHECK).then(on(ROTA, "S1_2026-01", GAP, AGAIN))
    given(*told(*TOWN, MORNING)).when(CHECK).then(on(ROTA, "S1_2026-01", GAP, AGAIN))


def test_ck10_a_suspended_station_has_no_gaps_and_is_looked_at_again(given: Given) -> None:
    closed = on(STATION, "S1", SuspendedEvent(EVE, "S1", "repair"))
    given(*TOWN, closed).when(CHECK).then(on(ROTA, "S1_2026-01", AGAIN))


def test_ck10_a_draft_has_no_gaps_until_its_hours_are_set(given: Given) -> None:
    given(on(STATION, "S1", s1_registered)).when(CHECK).then(on(ROTA, "S1_2026-01", AGAIN))


def test_ck10_a_retired_station_is_looked_at_no_more(given: Given) -> None:
    retired = on(STATION, "S1", StationRetired(EVE, "S1"))
    given(*TOWN, retired).when(CHECK).then(
        on(ROTA, "S1_2026-01", DeadlineCleared(EIGHT, UNASSIGNED, "2026-01-23", "retired"))
    )


def test_ck10_at_the_end_of_a_month_the_next_sheet_waits(given: Given) -> None:
    last, now = date(2026, 1, 31), at("20:00", 30)
    given(*TOWN).when(CheckRota("S1", last, now)).then(
        on(ROTA, "S1_2026-01", DutyUnassigned(now, "S1", last)),
        on(ROTA, "S1_2026-02", DeadlineSet(now, UNASSIGNED, "2026-02-01", at("20:00", 31))),
    )


def test_the_timers_of_the_rota() -> None:
    assert TIMERS["rota", UNASSIGNED]("S_1_2026-01", "2026-01-23", EIGHT) == CheckRota("S_1", FRIDAY, EIGHT)
    assert TIMERS["duty", MISS]("D1", "D1", EIGHT) == MissDuty("D1", EIGHT)
    assert TIMERS["duty", END]("D1", "D1", EIGHT) == EndDuty("D1", None, EIGHT)


# Row 21: a suspended station's duties are cancelled, not missed.


def suspended(now: datetime) -> tuple[Change, CancelDuties]:
    return on(STATION, "S1", SuspendedEvent(now, "S1", "repair")), CancelDuties("S1", "2026-01", "closed", now)


def test_row_21_what_is_not_over_is_cancelled(given: Given) -> None:
    """The chief on duty, tomorrow's chief, and a patrol that has not begun; not the patrol whose window has passed."""
    now = at("10:00")
    tomorrow = assign("tomorrow", "chief", "S1", "05:30", "22:00", "C1", day=24)
    later = assign("later", "patrol_weekly", "S1", "13:30", "15:30", "L1")
    past = told(*NAMED, tomorrow, MORNING, later, StartDuty("chief-S1", "C1", at("05:25")))
    closed, command = suspended(now)
    events = given(*past, closed).when(command).events
    whole = on(
        DUTY,
        "chief-S1",
        DutyCancelled(now, "chief-S1", "chief", "S1", at("05:30"), "closed"),
        DeadlineCleared(now, END, "chief-S1", "cancelled"),
    )
    assert events["duty-chief-S1"] == whole.events
    assert [type(event) for event in events["duty-tomorrow"]] == [DutyCancelled, DeadlineCleared]
    assert [type(event) for event in events["duty-later"]] == [DutyCancelled, DeadlineCleared]
    assert "duty-morning" not in events
    assert events["rota-S1_2026-01"] == [DutyStruck(now, duty) for duty in ("chief-S1", "tomorrow", "later")]
    assert events["chiefday-C1_2026-01-23"] == [ChiefDayFreed(now, "chief-S1")]
    assert events["chiefday-C1_2026-01-24"] == [ChiefDayFreed(now, "tomorrow")]


def test_row_21_a_cancelled_duty_is_never_missed(given: Given) -> None:
    closed, command = suspended(EVE)
    past = told(*NAMED, MORNING, closed, command)
    for duty, due in (("chief-S1", at("06:00")), ("morning", at("09:30", 24))):
        given(*past).when(MissDuty(duty, due)).then_nothing()


def test_row_21_a_duty_whose_time_comes_before_the_policy_is_cancelled_too(given: Given) -> None:
    closed, _ = suspended(at("05:50"))
    events = given(*NAMED, closed).when(MissDuty("chief-S1", at("06:00"))).events
    assert [type(event) for event in events["duty-chief-S1"]] == [DutyCancelled, DeadlineCleared]


def test_row_21_what_was_over_fulfilled_or_missed_stays_so(given: Given) -> None:
    closed, command = suspended(at("10:00"))
    fulfilled = told(*NAMED, MORNING, FulfilDuty("morning", "PR-1", at("08:21")), MissDuty("chief-S1", at("06:00")))
    given(*fulfilled, closed).when(command).then_nothing()


def test_row_21_what_entered_the_rota_after_the_suspension_stays(given: Given) -> None:
    """Suspended at 10:00, resumed at 10:05, planned anew, and only then does the policy run."""
    _, command = suspended(at("10:00"))
    anew = assign("anew", "chief", "S1", "12:00", "22:00", "C3", now=at("10:10"))
    given(*told(*TOWN, anew)).when(command).then_nothing()


def test_row_21_what_was_assigned_at_the_same_moment_is_cancelled_whichever_clock_is_ahead(given: Given) -> None:
    """Asked a moment after the suspension, by the clock of another process, and decided before it."""
    closed, command = suspended(EVE)
    at_once = assign("at_once", "patrol_daily", "S1", "07:30", "09:30", "V1", now=EVE + timedelta(milliseconds=5))
    events = given(*told(*TOWN, at_once), closed).when(command).events
    assert [type(event) for event in events["duty-at_once"]] == [DutyCancelled, DeadlineCleared]


def test_row_21_every_month_that_may_hold_duties_is_cancelled_also_when_the_station_is_retired() -> None:
    for event in (SuspendedEvent(EVE, "S1", "repair"), StationRetired(EVE, "S1")):
        commands = [command for reaction in POLICIES.reactions[type(event)] for command in reaction(event)]
        cancelling = [command for command in commands if isinstance(command, CancelDuties)]
        assert [one.month for one in cancelling] == ["2025-12", "2026-01", "2026-02", "2026-03", "2026-04"]
        assert {one.now for one in cancelling} == {EVE}


# CK6: the deadline follows the hours.


def hours(*intervals: Interval, now: datetime = EVE) -> Change:
    return on(STATION, "S1", StationHoursSet(now, "S1", EVERY_DAY, (DateException(FRIDAY, intervals),)))


def revise(now: datetime) -> Command:
    return ReviseStarts("S1", "2026-01", now)


@pytest.mark.parametrize(
    "opens,now,due",
    [
        (600, EVE, at("10:30")),  # later
        (240, EVE, None),  # earlier than the duty itself, which then has half an hour from its own beginning
        (330, at("05:55"), None),  # the same
    ],
)
def test_ck10_ck6_when_hours_change_the_deadline_follows(
    given: Given, opens: int, now: datetime, due: datetime | None
) -> None:
    scenario = given(*NAMED, hours(Interval(opens, 1320))).when(revise(now))
    if due is None:
        scenario.then_nothing()
    else:
        scenario.then(on(DUTY, "chief-S1", DeadlineSet(now, MISS, "chief-S1", due)))


def test_ck10_an_opening_moved_forward_leaves_half_an_hour(given: Given) -> None:
    noon = told(S1, S2, hours(Interval(720, 1320)), CHIEF_OF_S1)
    now = at("06:00")
    given(*noon, on(STATION, "S1", s1_hours)).when(revise(now)).then(
        on(DUTY, "chief-S1", DeadlineSet(now, MISS, "chief-S1", at("06:30")))
    )


def test_ck10_a_timer_that_fires_before_the_deadline_was_revised_waits_on(given: Given) -> None:
    now = at("06:00")
    given(*NAMED, hours(Interval(600, 1320))).when(MissDuty("chief-S1", now)).then(
        on(DUTY, "chief-S1", DeadlineSet(now, MISS, "chief-S1", at("10:30")))
    )
    given(*NAMED).when(MissDuty("chief-S1", now)).then(
        on(DUTY, "chief-S1", DutyMissed(now, "chief-S1", "chief", "S1", at("05:30"), ("C1",)))
    )


def test_ck10_a_chief_on_duty_has_no_deadline_any_more(given: Given) -> None:
    past = told(*NAMED, StartDuty("chief-S1", "C1", at("05:25")), hours(Interval(600, 1320)))
    given(*past).when(revise(at("05:40"))).then_nothing()


def test_new_hours_revise_every_month_of_the_rota() -> None:
    commands = [command for reaction in POLICIES.reactions[StationHoursSet] for command in reaction(s1_hours)]
    months = [command.month for command in commands if isinstance(command, ReviseStarts)]
    assert months == ["2025-12", "2026-01", "2026-02", "2026-03", "2026-04"]


def test_row_4_an_accepted_report_fulfils_its_duty() -> None:
    accepted = PatrolReportAccepted(
        report_id="PR-1",
        duty_id="morning",
        station_id="S1",
        volunteer_id="V1",
        kind_paid="daily",
        points=2,
        rules_version=1,
        performed_from=at("08:00"),
        accepted_by="automatic",
        failed_items=[],
        accepted_at=at("08:21"),
    )
    (reaction,) = POLICIES.reactions[PatrolReportAccepted]
    assert reaction(accepted) == [FulfilDuty("morning", "PR-1", at("08:21"))]
    untold = accepted.model_copy(update={"accepted_at": None})
    assert reaction(untold) == [FulfilDuty("morning", "PR-1", at("08:00"))]


def test_row_27_a_voided_report_is_taken_from_its_duty() -> None:
    event = PatrolReportVoided(
        report_id="PR-1",
        duty_id="morning",
        station_id="S1",
        volunteer_id="V1",
        points=2,
        reason="photos_of_another_day",
        voided_at=at("20:00"),
    )
    (reaction,) = POLICIES.reactions[PatrolReportVoided]
    assert reaction(event) == [VoidDutyReport("morning", "PR-1", at("20:00"))]


def test_a_cancelled_chiefs_date_is_free(given: Given) -> None:
    closed, command = suspended(EVE)
    past = told(*NAMED, closed, command)
    assert {change.entity for change in past if change.decider is CHIEF_DAY} == {"C1_2026-01-23"}
    elsewhere = assign("elsewhere", "chief", "S2", "08:00", "18:00", "C1")
    assert "chiefday-C1_2026-01-23" in given(*past).when(elsewhere).events
