"""What a station offers, and what holds it out of service (choreography, row 7)."""

from __future__ import annotations

import pytest

from services.checkin.domain.facilities import (
    FACILITIES,
    ChangeFacilities,
    FacilityHeld,
    FacilityReleased,
    HoldFacility,
    ReleaseFacility,
    StationFacilitiesChanged,
)
from services.checkin.domain.refusals import StationSuspended
from services.checkin.domain.station import STATION, StationRetired
from services.checkin.domain.station import StationSuspended as Suspended
from services.checkin.domain.values import FACILITIES_KEPT
from shared.decider import DomainEvent
from shared.errors import NotFound, ValidationFailed
from shared.testing.given import Given, on
from tests.checkin.town import S1, at

NOON, LATER = at("12:00"), at("13:00")
offers = StationFacilitiesChanged(NOON, "S1", ("microwave", "power_strips", "toilet"), ("toilet",))
held_by_1 = FacilityHeld(NOON, "S1", "power_strips", "RC-1")
held_by_2 = FacilityHeld(NOON, "S1", "power_strips", "RC-2")


def out_of_service(*events: DomainEvent) -> tuple[str, ...]:
    return FACILITIES.fold(events).out_of_service  # type: ignore[arg-type]


def test_facilities_are_told_in_any_order_and_kept_in_one(given: Given) -> None:
    given(S1).when(ChangeFacilities("S1", ("toilet", "power_strips", "microwave", "toilet"), ("toilet",), NOON)).then(
        on(FACILITIES, "S1", offers)
    )


def test_the_same_facilities_again_change_nothing(given: Given) -> None:
    again = ChangeFacilities("S1", ("microwave", "toilet", "power_strips"), ("toilet",), LATER)
    given(S1, on(FACILITIES, "S1", offers)).when(again).then_nothing()


def test_what_the_station_does_not_have_cannot_be_out_of_service(given: Given) -> None:
    given(S1).when(ChangeFacilities("S1", ("toilet",), ("sauna",), NOON)).then_refused(ValidationFailed)


def test_there_are_no_more_facilities_than_can_be_kept(given: Given) -> None:
    codes = tuple(f"f{number}" for number in range(FACILITIES_KEPT + 1))
    scenario = given(S1)
    scenario.when(ChangeFacilities("S1", codes, (), NOON)).then_refused(ValidationFailed)
    scenario.when(ChangeFacilities("S1", codes[1:], (), NOON))
    assert "facilities-S1" in scenario.events


def test_a_station_that_is_unknown_or_retired_has_no_facilities(given: Given) -> None:
    command = ChangeFacilities("S1", ("toilet",), (), NOON)
    given().when(command).then_refused(NotFound)
    given(S1, on(STATION, "S1", StationRetired(NOON, "S1"))).when(command).then_refused(StationSuspended)


def test_a_suspended_stations_facilities_may_change(given: Given) -> None:
    scenario = given(S1, on(STATION, "S1", Suspended(NOON, "S1", "heating")))
    scenario.when(ChangeFacilities("S1", ("toilet",), (), NOON))
    assert "facilities-S1" in scenario.events


def test_row_7_a_rectification_holds_its_facility_once(given: Given) -> None:
    hold = HoldFacility("S1", "power_strips", "RC-1", NOON)
    given(S1).when(hold).then(on(FACILITIES, "S1", held_by_1))
    given(S1, on(FACILITIES, "S1", held_by_1)).when(hold).then_nothing()


def test_row_7_its_closing_gives_the_facility_back(given: Given) -> None:
    given(S1, on(FACILITIES, "S1", held_by_1)).when(ReleaseFacility("S1", "RC-1", LATER)).then(
        on(FACILITIES, "S1", FacilityReleased(LATER, "S1", "power_strips", "RC-1"))
    )


def test_row_7_what_another_rectification_holds_stays_out_of_service() -> None:
    released = FacilityReleased(LATER, "S1", "power_strips", "RC-1")
    assert out_of_service(held_by_1, held_by_2) == ("power_strips",)
    assert out_of_service(held_by_1, held_by_2, released) == ("power_strips",)
    assert out_of_service(held_by_1, released) == ()


def test_row_7_the_closing_of_one_that_holds_nothing_is_harmless(given: Given) -> None:
    close = ReleaseFacility("S1", "RC-9", LATER)
    given(S1).when(close).then_nothing()
    given(S1, on(FACILITIES, "S1", held_by_1)).when(close).then_nothing()
    given(S1, on(FACILITIES, "S1", held_by_1, FacilityReleased(LATER, "S1", "power_strips", "RC-1"))).when(
        ReleaseFacility("S1", "RC-1", LATER)
    ).then_nothing()


def test_row_7_a_second_notice_may_name_another_facility_in_place_of_the_first(given: Given) -> None:
    moved = FacilityHeld(LATER, "S1", "microwave", "RC-1")
    given(S1, on(FACILITIES, "S1", held_by_1)).when(HoldFacility("S1", "microwave", "RC-1", LATER)).then(
        on(FACILITIES, "S1", moved)
    )
    assert out_of_service(held_by_1, moved) == ("microwave",)


def test_row_7_an_officer_does_not_put_back_what_is_held() -> None:
    put_back = StationFacilitiesChanged(LATER, "S1", ("power_strips", "toilet"), ())
    assert out_of_service(offers, held_by_1) == ("power_strips", "toilet")
    assert out_of_service(offers, held_by_1, put_back) == ("power_strips",)


@pytest.mark.parametrize("command", [HoldFacility("S9", "x", "RC-1", NOON), ReleaseFacility("S9", "RC-1", NOON)])
def test_row_7_of_a_station_that_nobody_knows_there_is_nothing_to_say(
    given: Given, command: HoldFacility | ReleaseFacility
) -> None:
    given().when(command).then_nothing()


def test_row_7_a_hazard_at_a_retired_station_is_remembered_too(given: Given) -> None:
    given(S1, on(STATION, "S1", StationRetired(NOON, "S1"))).when(
        HoldFacility("S1", "power_strips", "RC-1", NOON)
    ).then(on(FACILITIES, "S1", held_by_1))
