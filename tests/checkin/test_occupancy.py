"""The books of a station: a month each, carried over, never reopened."""

from __future__ import annotations

from services.checkin.domain.occupancy import (
    OCCUPANCY,
    Entered,
    Left,
    Occupancy,
    OccupancyCarriedOver,
    OccupancyClosed,
    Stay,
    month_after,
    month_of,
)
from services.checkin.domain.refusals import StationFull
from services.checkin.domain.values import DEPARTURES_KEPT
from services.checkin.domain.visits import VISITS, ScanRefused
from shared.testing.given import Given, Scenario, on
from tests.checkin.town import HOUR, MINUTE, SECOND, TOWN, at, entry, leaving, offline, visit_of

LATE, MIDNIGHT = at("23:30", 31), at("00:00", 1, month=2)


def inside_at_new_month(given: Given) -> Scenario:
    """W1 enters S2, which holds one, half an hour before the month ends."""
    return given(*TOWN).when(entry("W1", "S2", LATE))


def test_k1_a_month_begins_at_midnight_in_china() -> None:
    assert [month_of(MIDNIGHT - SECOND), month_of(MIDNIGHT)] == ["2026-01", "2026-02"]
    assert [month_after("2025-12"), month_after("2026-01", -1), month_after("2026-09")] == [
        "2026-01",
        "2025-12",
        "2026-10",
    ]


def test_ck5_who_is_inside_at_the_end_of_a_month_is_carried_over(given: Given) -> None:
    soon = MIDNIGHT + MINUTE
    scenario = inside_at_new_month(given).when(leaving("W1", "S2", soon))
    assert scenario.events["occupancy-S2_2026-01"] == [OccupancyClosed(soon)]
    assert scenario.events["occupancy-S2_2026-02"] == [
        OccupancyCarriedOver(soon, (Stay("v1", "W1", LATE, at("03:30", 1, month=2)),)),
        Left(soon, "v1"),
    ]


def test_ck5_who_was_carried_over_still_holds_a_place(given: Given) -> None:
    soon = MIDNIGHT + MINUTE
    inside_at_new_month(given).when(entry("W2", "S2", soon, "v2")).then_refused(
        StationFull, on(VISITS, "W2", ScanRefused(soon, "v2", "S2", "STATION_FULL", "g1"))
    )


def test_ck3_a_stay_that_was_over_is_not_carried_over(given: Given) -> None:
    scenario = inside_at_new_month(given).when(entry("W2", "S2", at("03:30", 1, month=2), "v2"))
    assert scenario.events["occupancy-S2_2026-02"][0] == OccupancyCarriedOver(at("03:30", 1, month=2), ())


def test_a_command_of_the_old_month_that_is_decided_later_goes_into_the_new_books(given: Given) -> None:
    """Two processes, or a queue: the receipt of 23:59:59 is decided after that of 00:01."""
    scenario = inside_at_new_month(given).when(leaving("W1", "S2", MIDNIGHT + MINUTE))
    scenario.when(entry("W2", "S2", MIDNIGHT - SECOND, "v2"))
    assert "occupancy-S2_2026-01" not in scenario.events
    entered = Entered(MIDNIGHT - SECOND, "v2", "W2", at("03:59:59", 1, month=2))
    assert scenario.events["occupancy-S2_2026-02"] == [entered]


def test_books_go_by_receipt_so_an_old_scan_never_reopens_a_month(given: Given) -> None:
    scenario = given(*TOWN).when(entry("W1", "S2", offline(LATE, at("09:00", 1, month=2))))
    assert [type(event) for event in scenario.events["occupancy-S2_2026-02"]] == [OccupancyCarriedOver, Entered]
    assert visit_of(scenario).at == LATE


def test_ck2_superseding_opens_the_books_of_the_station_that_is_left_too(given: Given) -> None:
    soon = MIDNIGHT + HOUR
    scenario = inside_at_new_month(given).when(entry("W1", "S1", offline(soon, soon), "v2"))
    assert [type(event) for event in scenario.events["occupancy-S1_2026-02"]] == [OccupancyCarriedOver, Entered]
    assert scenario.events["occupancy-S2_2026-02"][-1] == Left(soon, "v1")


def test_departures_are_remembered_up_to_a_bound() -> None:
    events: list[Entered | Left] = []
    for number in range(DEPARTURES_KEPT + 10):
        start = at("06:00") + number * MINUTE
        events += [Entered(start, f"v{number}", "W1", start + MINUTE), Left(start + SECOND, f"v{number}")]
    books = OCCUPANCY.fold(events)
    assert (len(books.inside), len(books.departed)) == (0, DEPARTURES_KEPT)
    assert books.departed[-1].visit_id == f"v{DEPARTURES_KEPT + 9}"


def test_states_are_shared_and_never_changed_in_place() -> None:
    before = OCCUPANCY.fold([Entered(at("06:00"), "v1", "W1", at("10:00"))])
    OCCUPANCY.evolve(before, Entered(at("11:00"), "v2", "W2", at("12:00")))
    OCCUPANCY.evolve(before, Left(at("07:00"), "v1"))
    assert before.inside == {"v1": Stay("v1", "W1", at("06:00"), at("10:00"))}
    assert Occupancy() == OCCUPANCY.initial
