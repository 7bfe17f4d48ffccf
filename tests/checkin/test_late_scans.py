"""Scans that an offline gate uploads later: never refused, never overlapping, put in their place (E1, E3, CK5)."""

from __future__ import annotations

import pytest

from services.checkin.domain import refusals
from services.checkin.domain.device_time import moment_of
from services.checkin.domain.member import MEMBER, MemberReinstated, MemberSuspended
from services.checkin.domain.occupancy import Entered, Left
from services.checkin.domain.station import STATION, StationSuspended
from services.checkin.domain.visits import VISITS, DuplicateScanIgnored, EndStay, ScanRefused
from shared.decider import DeadlineSet
from shared.errors import NotFound
from shared.testing.given import Given, Scenario, on
from tests.checkin.town import HOUR, MINUTE, SECOND, TOWN, at, end_of, entry, leaving, offline, only, visit_of

UPLOAD = at("09:10")
TEN_PAST_SEVEN = offline(at("07:10"), UPLOAD)


def moved_on(given: Given, station: str = "S2") -> Scenario:
    """W1 is at another station since 08:00, online; then the gate of S1 uploads what it saw."""
    return given(*TOWN).when(entry("W1", station, at("08:00"), "later"))


def test_k4_a_pair_of_an_offline_gate_becomes_one_visit_with_its_own_times(given: Given) -> None:
    """W16 in step 4 of the day: device 06:57 in, 07:15 out, sent at its 09:17, received 09:10."""
    enters, leaves = (moment_of(at(clock), at("09:17"), UPLOAD) for clock in ("06:57", "07:15"))
    scenario = given(*TOWN).when(entry("W1", "S1", enters))
    visit = visit_of(scenario)
    assert (visit.at, visit.offline, visit.clock_corrected, visit.flags) == (at("06:50"), True, True, ())
    ended = end_of(scenario.when(leaving("W1", "S1", leaves)))
    assert (ended.at, ended.exit_kind, ended.clock_corrected) == (at("07:08"), "scanned", True)


def test_ck5_e1_what_would_be_refused_online_is_flagged_offline(given: Given) -> None:
    early = offline(at("04:00"), UPLOAD)
    member = on(MEMBER, "W1", MemberSuspended(at("03:00"), "W1", "left_trade"))
    station = on(STATION, "S1", StationSuspended(at("03:00"), "S1", "heating"))
    visit = visit_of(given(*TOWN, member, station).when(entry("W1", "S1", early)))
    assert visit.flags == ("member_suspended", "station_suspended", "out_of_hours")


@pytest.mark.parametrize("since,flags", [("07:10", ("member_suspended", "station_suspended")), ("07:10:01", ())])
def test_e1_a_suspension_counts_from_its_own_time_on(given: Given, since: str, flags: tuple[str, ...]) -> None:
    member = on(MEMBER, "W1", MemberSuspended(at(since), "W1", "left_trade"))
    station = on(STATION, "S1", StationSuspended(at(since), "S1", "heating"))
    assert visit_of(given(*TOWN, member, station).when(entry("W1", "S1", TEN_PAST_SEVEN))).flags == flags


def test_e1_who_was_reinstated_before_the_upload_is_not_flagged(given: Given) -> None:
    suspended, back = MemberSuspended(at("07:00"), "W1", "left_trade"), MemberReinstated(at("07:30"), "W1")
    scenario = given(*TOWN, on(MEMBER, "W1", suspended, back))
    assert visit_of(scenario.when(entry("W1", "S1", TEN_PAST_SEVEN))).flags == ()


def test_nobody_and_nowhere_cannot_be_recorded_even_offline(given: Given) -> None:
    given(*TOWN).when(entry("W9", "S1", TEN_PAST_SEVEN)).then_refused(refusals.CodeUnknown)
    given(*TOWN).when(entry("W1", "S9", TEN_PAST_SEVEN)).then_refused(
        NotFound, on(VISITS, "W1", ScanRefused(at("07:10"), "v1", "S9", "NOT_FOUND", "g1"))
    )


def test_ck5_e3_one_too_many_is_found_on_upload_though_all_have_left_since(given: Given) -> None:
    scenario = given(*TOWN).when(entry("W2", "S2", at("07:00"))).when(leaving("W2", "S2", at("08:00")))
    assert visit_of(scenario.when(entry("W1", "S2", TEN_PAST_SEVEN, "v2"))).flags == ("over_capacity",)


def test_ck5_who_had_left_before_took_no_place(given: Given) -> None:
    scenario = given(*TOWN).when(entry("W2", "S2", at("06:00"))).when(leaving("W2", "S2", at("07:10")))
    assert visit_of(scenario.when(entry("W1", "S2", TEN_PAST_SEVEN, "v2"))).flags == ()


def test_k5_later_than_72_hours_is_flagged(given: Given) -> None:
    in_time, late = offline(at("09:10", 20), UPLOAD), offline(at("09:09:59", 20), UPLOAD)
    assert visit_of(given(*TOWN).when(entry("W1", "S1", in_time))).flags == ()
    assert visit_of(given(*TOWN).when(entry("W1", "S1", late))).flags == ("late_beyond_window",)


def test_k5_a_late_exit_is_flagged_too(given: Given) -> None:
    begun = given(*TOWN).when(entry("W1", "S1", offline(UPLOAD - 73 * HOUR, UPLOAD)))
    ended = end_of(begun.when(leaving("W1", "S1", offline(UPLOAD - 73 * HOUR + MINUTE, UPLOAD))))
    assert ended.flags == ("late_beyond_window",)


def test_an_offline_entry_that_is_over_waits_ten_minutes_for_its_exit(given: Given) -> None:
    at_noon = at("12:00")
    scenario = given(*TOWN).when(entry("W1", "S1", offline(at("06:00"), at_noon)))
    assert visit_of(scenario).ends_at == at("10:00")
    assert only(DeadlineSet, scenario.events, "visits-W1").due_at == at_noon + 10 * MINUTE
    assert end_of(scenario.when(EndStay("W1", "v1", at("12:10")))).at == at("10:00")


def test_ck1_a_past_visit_ends_at_the_latest_where_the_next_one_began(given: Given) -> None:
    scenario = moved_on(given).when(entry("W1", "S1", TEN_PAST_SEVEN))
    assert visit_of(scenario).ends_at == at("08:00")
    assert scenario.events["occupancy-S1_2026-01"][-1] == Entered(at("07:10"), "v1", "W1", at("08:00"))
    ended = end_of(scenario.when(EndStay("W1", "v1", at("09:20"))))
    assert (ended.at, ended.exit_kind) == (at("08:00"), "superseded")


def test_e1_a_past_visit_keeps_the_exit_that_comes_with_the_same_upload(given: Given) -> None:
    out = offline(at("07:28"), UPLOAD)
    scenario = moved_on(given).when(entry("W1", "S1", TEN_PAST_SEVEN)).when(leaving("W1", "S1", out))
    ended = end_of(scenario)
    assert (ended.visit_id, ended.at, ended.exit_kind) == ("v1", at("07:28"), "scanned")
    assert scenario.events["occupancy-S1_2026-01"] == [Left(at("07:28"), "v1")]
    assert end_of(scenario.when(leaving("W1", "S2", at("09:30"), "x2"))).visit_id == "later"


def test_ck4_two_visits_at_one_station_told_in_the_wrong_order_both_stand(given: Given) -> None:
    scenario = moved_on(given, "S1").when(entry("W1", "S1", TEN_PAST_SEVEN))
    assert (visit_of(scenario).counted, visit_of(scenario).ends_at) == (True, at("08:00"))


def test_an_exit_before_the_open_visit_began_finds_nothing_open(given: Given) -> None:
    moved_on(given).when(leaving("W1", "S2", offline(at("07:59"), UPLOAD))).then_refused(
        refusals.VisitNotOpen, on(VISITS, "W1", ScanRefused(at("07:59"), "x1", "S2", "VISIT_NOT_OPEN", "g2"))
    )


def test_ck2_a_late_entry_elsewhere_ends_the_open_visit_at_its_own_time(given: Given) -> None:
    scenario = given(*TOWN).when(entry("W1", "S1", at("06:00"), "v0")).when(entry("W1", "S2", TEN_PAST_SEVEN))
    ended = end_of(scenario)
    assert (ended.visit_id, ended.at, ended.exit_kind) == ("v0", at("07:10"), "superseded")
    assert scenario.events["occupancy-S1_2026-01"] == [Left(at("07:10"), "v0")]


def test_ck1_a_late_entry_inside_a_visit_at_the_same_station_is_a_duplicate_even_if_it_has_ended(given: Given) -> None:
    scenario = given(*TOWN).when(entry("W1", "S1", at("07:00"), "v0")).when(leaving("W1", "S1", at("07:30")))
    scenario.when(entry("W1", "S1", TEN_PAST_SEVEN))
    scenario.then(on(VISITS, "W1", DuplicateScanIgnored(at("07:10"), "v1", "v0", "S1", "g1")))


def test_an_end_once_told_is_not_taken_back_and_the_overlap_is_flagged(given: Given) -> None:
    scenario = given(*TOWN).when(entry("W1", "S1", at("07:00"), "v0")).when(leaving("W1", "S1", at("07:30")))
    visit = visit_of(scenario.when(entry("W1", "S2", TEN_PAST_SEVEN)))
    assert (visit.at, visit.flags) == (at("07:10"), ("overlapping_visit",))


def test_ck2_the_way_to_the_next_station_is_measured_too(given: Given) -> None:
    soon = offline(at("07:53"), UPLOAD)
    assert visit_of(moved_on(given).when(entry("W1", "S1", soon))).flags == ("impossible_travel",)
    sooner = offline(at("07:52"), UPLOAD)
    assert visit_of(moved_on(given).when(entry("W1", "S1", sooner))).flags == ()


def test_ck5_the_exit_of_a_stay_that_was_shown_out_already_is_put_right(given: Given) -> None:
    """W1's stay 06:00-10:00 at S2 is over when W2 enters at 10:30; then W1's exit of 07:00 is told; W3's scan of 08:00
    finds the place free, and one of 06:30 finds it taken."""
    noon = at("12:00")
    scenario = given(*TOWN).when(entry("W1", "S2", offline(at("06:00"), at("10:29")), "v1"))
    scenario.when(entry("W2", "S2", at("10:30"), "v2")).when(leaving("W1", "S2", offline(at("07:00"), noon)))
    assert scenario.events["occupancy-S2_2026-01"] == [Left(at("07:00"), "v1")]
    assert visit_of(scenario.when(entry("W3", "S2", offline(at("08:00"), noon), "v3")), "W3").flags == ()
    taken = scenario.when(entry("W4", "S2", offline(at("06:59:59"), noon), "v4"))
    assert visit_of(taken, "W4").flags == ("over_capacity",)


def test_ck3_an_offline_stay_ends_at_the_hours_of_its_own_day(given: Given) -> None:
    night = offline(at("21:00", 22), UPLOAD)
    assert visit_of(given(*TOWN).when(entry("W1", "S1", night))).ends_at == at("22:00", 22)
    assert visit_of(given(*TOWN).when(entry("W1", "S1", offline(at("22:00", 22) - SECOND, UPLOAD)))).flags == ()
