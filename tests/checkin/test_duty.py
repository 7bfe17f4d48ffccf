"""CK10 and CK11: who is put on a duty."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest

from services.checkin.domain.duty import DUTY
from services.checkin.domain.duty_commands import AssignDuty
from services.checkin.domain.duty_events import DutyAssigned, DutyKind
from services.checkin.domain.duty_state import MISS
from services.checkin.domain.refusals import RotaConflict, StationSuspended
from services.checkin.domain.rota import ROTA, DutyEntered
from services.checkin.domain.station import STATION, StationRetired
from services.checkin.domain.station import StationSuspended as SuspendedEvent
from shared.decider import DeadlineSet
from shared.errors import NotFound, ValidationFailed
from shared.testing.given import Given, on
from tests.checkin.town import S1, at

FRIDAY = date(2026, 1, 23)
NOON, FROM, TO = at("12:00", 22), at("07:30"), at("09:30")


def assign(kind: DutyKind, *people: str, theme: str | None = None) -> AssignDuty:
    return AssignDuty("D1", kind, "S1", FROM, TO, people, NOON, theme)


def test_ck11_two_volunteers_are_put_on_a_daily_patrol(given: Given) -> None:
    """The deadline of its report is 24 hours after the window."""
    given(S1).when(assign("patrol_daily", "V1", "V2")).then(
        on(
            DUTY,
            "D1",
            DutyAssigned(NOON, "D1", "patrol_daily", "S1", FROM, TO, ("V1", "V2")),
            DeadlineSet(NOON, MISS, "D1", at("09:30", 24)),
        ),
        on(ROTA, "S1_2026-01", DutyEntered(NOON, "D1", "patrol_daily", FRIDAY, TO)),
    )


@pytest.mark.parametrize(
    "kind,people,theme,fits",
    [
        ("chief", 0, None, False),
        ("chief", 1, None, True),
        ("chief", 2, None, False),
        ("patrol_daily", 0, None, False),
        ("patrol_daily", 2, None, True),
        ("patrol_daily", 3, None, False),
        ("patrol_weekly", 0, None, False),
        ("patrol_weekly", 1, None, True),
        ("patrol_weekly", 5, None, True),
        ("patrol_special", 0, "heating", False),
        ("patrol_special", 1, "heating", True),
        ("patrol_special", 1, None, False),
        ("patrol_daily", 1, "heating", False),
    ],
)
def test_ck10_ck11_each_kind_of_duty_has_its_people_and_theme(
    given: Given, kind: DutyKind, people: int, theme: str | None, fits: bool
) -> None:
    scenario = given(S1).when(assign(kind, *(f"V{n}" for n in range(people)), theme=theme))
    if fits:
        assert "duty-D1" in scenario.events
    else:
        scenario.then_refused(ValidationFailed)


def test_ck11_nobody_is_named_twice_for_one_duty(given: Given) -> None:
    given(S1).when(assign("patrol_daily", "V1", "V1")).then_refused(ValidationFailed)


def test_k1_a_window_ends_after_it_begins(given: Given) -> None:
    given(S1).when(msgspec.structs.replace(assign("chief", "C1"), window_to=FROM)).then_refused(ValidationFailed)


def test_the_same_assignment_again_changes_nothing(given: Given) -> None:
    again = msgspec.structs.replace(assign("chief", "C1"), now=at("13:00", 22))
    given(S1).when(assign("chief", "C1")).when(again).then_nothing()


def test_ck10_another_person_for_a_given_duty_is_a_conflict(given: Given) -> None:
    given(S1).when(assign("chief", "C1")).when(assign("chief", "C2")).then_refused(RotaConflict)


def test_a_duty_needs_a_station_that_exists_and_is_not_retired(given: Given) -> None:
    given().when(assign("chief", "C1")).then_refused(NotFound)
    retired = on(STATION, "S1", StationRetired(NOON, "S1"))
    given(S1, retired).when(assign("chief", "C1")).then_refused(StationSuspended)


def test_ck10_a_suspended_station_has_no_duties(given: Given) -> None:
    closed = on(STATION, "S1", SuspendedEvent(NOON, "S1", "repair"))
    given(S1, closed).when(assign("chief", "C1")).then_refused(StationSuspended)


def test_a_rota_is_for_what_is_still_to_come_and_three_months_ahead(given: Given) -> None:
    over = msgspec.structs.replace(assign("chief", "C1"), now=TO)
    given(S1).when(over).then_refused(ValidationFailed)
    far = msgspec.structs.replace(assign("chief", "C1"), window_from=at("07:30", 1, 5), window_to=at("09:30", 1, 5))
    given(S1).when(far).then_refused(ValidationFailed)
    assert "duty-D1" in given(S1).when(msgspec.structs.replace(far, window_from=at("23:59", 30, 4))).events


def test_a_chiefs_duty_may_run_past_midnight_but_not_past_the_next_day(given: Given) -> None:
    night = msgspec.structs.replace(assign("chief", "C1"), window_from=at("20:00"), window_to=at("00:00", 25))
    assert "duty-D1" in given(S1).when(night).events
    given(S1).when(msgspec.structs.replace(night, window_to=at("00:01", 25))).then_refused(ValidationFailed)
