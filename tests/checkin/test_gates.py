"""Which devices a station takes scans of."""

from __future__ import annotations

import pytest

from services.checkin.domain import refusals
from services.checkin.domain.gates import GATES, GateRegistered, GateRemoved, RegisterGate, RemoveGate
from services.checkin.domain.station import STATION, StationRetired, StationSuspended
from services.checkin.domain.visits import VISITS, ScanRefused
from shared.decider import Change
from shared.errors import NotFound
from shared.testing.given import Given, on
from tests.checkin.town import LONG_AGO, TOWN, at, end_of, entry, leaving, offline, visit_of

SIX = at("06:00")
other_gate = on(GATES, "S1", GateRegistered(LONG_AGO, "S1", "g9", None))
only_out = on(GATES, "S1", GateRegistered(LONG_AGO, "S1", "g1", "exit"))
both_ways = on(GATES, "S1", GateRegistered(LONG_AGO, "S1", "g1", None))
removed = on(GATES, "S1", GateRemoved(LONG_AGO, "S1", "g1"))


def test_a_gate_is_registered_once_and_its_direction_may_change(given: Given) -> None:
    scenario = given(*TOWN).when(RegisterGate("S1", "g1", SIX, "entry"))
    scenario.then(on(GATES, "S1", GateRegistered(SIX, "S1", "g1", "entry")))
    scenario.when(RegisterGate("S1", "g1", SIX, "entry")).then_nothing()
    scenario.when(RegisterGate("S1", "g1", SIX)).then(on(GATES, "S1", GateRegistered(SIX, "S1", "g1", None)))


def test_a_gate_is_removed_once(given: Given) -> None:
    scenario = given(*TOWN, both_ways).when(RemoveGate("S1", "g1", SIX))
    scenario.then(on(GATES, "S1", GateRemoved(SIX, "S1", "g1"))).when(RemoveGate("S1", "g1", SIX)).then_nothing()


def test_only_a_station_that_is_there_has_gates(given: Given) -> None:
    given(*TOWN).when(RegisterGate("S9", "g1", SIX)).then_refused(NotFound)
    retired = on(STATION, "S1", StationRetired(LONG_AGO, "S1"))
    given(*TOWN, retired).when(RegisterGate("S1", "g1", SIX)).then_refused(refusals.StationSuspended)


def test_a_station_without_registered_gates_takes_scans_of_all(given: Given) -> None:
    assert visit_of(given(*TOWN).when(entry("W1", "S1", SIX))).gate_id == "g1"


@pytest.mark.parametrize("past", [(other_gate,), (only_out,), (both_ways, removed)])
def test_a_station_that_has_registered_gates_takes_scans_of_those_only(given: Given, past: tuple[Change, ...]) -> None:
    """Also when all are removed again: a stolen gate is not trusted because it was the only one."""
    refused = ScanRefused(SIX, "v1", "S1", "DEVICE_UNREGISTERED", "g1")
    given(*TOWN, *past).when(entry("W1", "S1", SIX)).then_refused(
        refusals.DeviceUnregistered, on(VISITS, "W1", refused)
    )
    late = given(*TOWN, *past).when(entry("W1", "S1", offline(SIX, at("09:00"))))
    assert visit_of(late).flags == ("device_unregistered",)


def test_a_registered_gate_opens_its_way(given: Given) -> None:
    assert visit_of(given(*TOWN, both_ways).when(entry("W1", "S1", SIX))).flags == ()


def test_an_exit_is_asked_for_its_gate_too(given: Given) -> None:
    scenario = given(*TOWN, both_ways).when(entry("W1", "S1", SIX))
    scenario.when(leaving("W1", "S1", at("06:18"))).then_refused(
        refusals.DeviceUnregistered,
        on(VISITS, "W1", ScanRefused(at("06:18"), "x1", "S1", "DEVICE_UNREGISTERED", "g2")),
    )
    scenario.when(leaving("W1", "S1", offline(at("06:18"), at("09:00")), "x2"))
    assert end_of(scenario).flags == ("device_unregistered",)


def test_k10_the_device_is_part_of_the_place_and_goes_before_its_state(given: Given) -> None:
    suspended = on(STATION, "S1", StationSuspended(LONG_AGO, "S1", "heating"))
    given(*TOWN, other_gate, suspended).when(entry("W1", "S1", SIX)).then_refused(
        refusals.DeviceUnregistered, on(VISITS, "W1", ScanRefused(SIX, "v1", "S1", "DEVICE_UNREGISTERED", "g1"))
    )
