"""An entry scan at a gate that is online: K10, CK1 to CK6."""

from __future__ import annotations

import msgspec
import pytest

from services.checkin.domain import refusals
from services.checkin.domain.member import MEMBER, MemberSuspended
from services.checkin.domain.occupancy import OCCUPANCY, Entered, Left, OccupancyCarriedOver, OccupancyClosed
from services.checkin.domain.station import STATION, StationRetired, StationSuspended
from services.checkin.domain.visits import VISITS, DuplicateScanIgnored, ScanRefused, VisitEnded, VisitStarted
from shared.decider import Change, DeadlineCleared, DeadlineSet
from shared.errors import NotFound, Refused, ValidationFailed
from shared.testing.given import Given, on
from tests.checkin.town import MINUTE, S1, SECOND, TOWN, at, end_of, entry, leaving, visit_of

SIX = at("06:00")
w1_suspended = on(MEMBER, "W1", MemberSuspended(at("05:00"), "W1", "left_trade"))
s1_suspended = on(STATION, "S1", StationSuspended(at("05:00"), "S1", "heating"))
s1_retired = on(STATION, "S1", StationRetired(at("05:00"), "S1"))
s1_books = on(OCCUPANCY, "S1_2026-01", OccupancyCarriedOver(at("05:30", 2), ()))
s2_books = on(OCCUPANCY, "S2_2026-01", OccupancyCarriedOver(at("05:30", 2), ()))
OPEN_BOOKS = (*TOWN, s1_books, s2_books)


def refused(scan_id: str, station: str, code: str) -> Change:
    return on(VISITS, "W1", ScanRefused(SIX, scan_id, station, code, "g1"))


def test_ck3_an_entry_starts_a_visit_takes_a_place_and_sets_the_end_of_the_stay(given: Given) -> None:
    given(*OPEN_BOOKS).when(entry("W1", "S1", SIX)).then(
        on(
            VISITS,
            "W1",
            VisitStarted(SIX, "v1", "W1", "S1", "g1", at("10:00"), False, False, True, ()),
            DeadlineSet(SIX, "stay", "v1", at("10:00")),
        ),
        on(OCCUPANCY, "S1_2026-01", Entered(SIX, "v1", "W1", at("10:00"))),
    )


def test_k2_the_same_scan_again_changes_nothing(given: Given) -> None:
    given(*OPEN_BOOKS).when(entry("W1", "S1", SIX)).when(entry("W1", "S1", SIX)).then_nothing()


# K10: the order of checks


def test_k10_a_code_nobody_owns_is_refused_and_creates_no_stream(given: Given) -> None:
    given(*TOWN).when(entry("W9", "S1", SIX)).then_refused(refusals.CodeUnknown)


def test_k10_identity_goes_before_place(given: Given) -> None:
    given(*TOWN).when(entry("W9", "S9", SIX)).then_refused(refusals.CodeUnknown)
    given(*TOWN, w1_suspended).when(entry("W1", "S9", SIX)).then_refused(
        refusals.MemberSuspended, refused("v1", "S9", "MEMBER_SUSPENDED")
    )


def test_k10_place_goes_before_window(given: Given) -> None:
    early = at("05:00")
    given(*TOWN, s1_suspended).when(entry("W1", "S1", early)).then_refused(
        refusals.StationSuspended, on(VISITS, "W1", ScanRefused(early, "v1", "S1", "STATION_SUSPENDED", "g1"))
    )


@pytest.mark.parametrize(
    "past,station,refusal",
    [
        ((), "S9", NotFound),
        ((s1_suspended,), "S1", refusals.StationSuspended),
        ((s1_retired,), "S1", refusals.StationSuspended),
    ],
)
def test_k10_a_scan_refused_for_its_place_is_remembered(
    given: Given, past: tuple[Change, ...], station: str, refusal: type[Refused]
) -> None:
    given(*TOWN, *past).when(entry("W1", station, SIX)).then_refused(refusal, refused("v1", station, refusal.code))


def test_k10_a_member_inside_a_full_station_scans_again_and_the_door_opens(given: Given) -> None:
    """State goes before limit."""
    scenario = given(*TOWN).when(entry("W1", "S1", SIX)).when(entry("W2", "S1", SIX, "v2"))
    scenario.when(entry("W1", "S1", SIX + MINUTE, "v3"))
    scenario.then(on(VISITS, "W1", DuplicateScanIgnored(SIX + MINUTE, "v3", "v1", "S1", "g1")))


# CK6: the window


@pytest.mark.parametrize("clock,is_open", [("05:29:59", False), ("05:30", True), ("21:59:59", True), ("22:00", False)])
def test_ck6_a_closed_station_lets_nobody_in(given: Given, clock: str, is_open: bool) -> None:
    scenario = given(*TOWN).when(entry("W1", "S1", at(clock)))
    if is_open:
        assert visit_of(scenario).flags == ()
    else:
        scenario.then_refused(
            refusals.StationClosed, on(VISITS, "W1", ScanRefused(at(clock), "v1", "S1", "STATION_CLOSED", "g1"))
        )


def test_ck6_an_always_open_station_lets_in_at_night(given: Given) -> None:
    assert visit_of(given(*TOWN).when(entry("W1", "S2", at("03:00")))).ends_at == at("07:00")


def test_ck6_a_station_without_hours_is_a_draft_and_closed(given: Given) -> None:
    draft = on(STATION, "S1", S1.events[0])
    given(*TOWN[1:], draft).when(entry("W1", "S1", SIX)).then_refused(
        refusals.StationClosed, refused("v1", "S1", "STATION_CLOSED")
    )


# CK1: one open visit


def test_ck1_e7_two_taps_two_seconds_apart_are_one_visit(given: Given) -> None:
    """E7, and W03 in step 2 of the day."""
    scenario = given(*TOWN).when(entry("W1", "S1", SIX)).when(entry("W1", "S1", SIX + 2 * SECOND, "v2"))
    scenario.then(on(VISITS, "W1", DuplicateScanIgnored(SIX + 2 * SECOND, "v2", "v1", "S1", "g1")))


def test_ck1_up_to_its_end_by_ck3_a_visit_swallows_entries_and_from_then_on_it_does_not(given: Given) -> None:
    scenario = given(*TOWN).when(entry("W1", "S1", SIX))
    scenario.when(entry("W1", "S1", at("09:59:59"), "v2"))
    scenario.then(on(VISITS, "W1", DuplicateScanIgnored(at("09:59:59"), "v2", "v1", "S1", "g1")))
    scenario.when(entry("W1", "S1", at("10:00"), "v3"))
    ended = end_of(scenario)
    assert (ended.visit_id, ended.at, ended.exit_kind) == ("v1", at("10:00"), "auto")
    assert visit_of(scenario).visit_id == "v3"


def test_ck3_an_entry_after_the_end_first_ends_the_old_visit_where_it_ended(given: Given) -> None:
    """The sweeper has not run; the answer is as if it had."""
    scenario = given(*OPEN_BOOKS).when(entry("W1", "S1", SIX)).when(entry("W1", "S2", at("12:00"), "v2"))
    scenario.then(
        on(
            VISITS,
            "W1",
            VisitEnded(at("10:00"), "v1", "W1", "S1", SIX, "auto"),
            DeadlineCleared(at("10:00"), "stay", "v1", "auto"),
            VisitStarted(at("12:00"), "v2", "W1", "S2", "g1", at("16:00"), False, False, True, ()),
            DeadlineSet(at("12:00"), "stay", "v2", at("16:00")),
        ),
        on(OCCUPANCY, "S2_2026-01", Entered(at("12:00"), "v2", "W1", at("16:00"))),
    )


# CK2: superseding


def test_ck2_e6_an_entry_elsewhere_ends_the_open_visit_and_frees_its_place(given: Given) -> None:
    """E6."""
    noon = at("07:00")
    scenario = given(*OPEN_BOOKS).when(entry("W1", "S1", SIX)).when(entry("W1", "S2", noon, "v2"))
    scenario.then(
        on(
            VISITS,
            "W1",
            VisitEnded(noon, "v1", "W1", "S1", SIX, "superseded"),
            DeadlineCleared(noon, "stay", "v1", "superseded"),
            VisitStarted(noon, "v2", "W1", "S2", "g1", at("11:00"), False, False, True, ()),
            DeadlineSet(noon, "stay", "v2", at("11:00")),
        ),
        on(OCCUPANCY, "S1_2026-01", Left(noon, "v1")),
        on(OCCUPANCY, "S2_2026-01", Entered(noon, "v2", "W1", at("11:00"))),
    )


def test_ck2_an_entry_elsewhere_at_the_same_instant_ends_the_first_at_its_start_not_before(given: Given) -> None:
    scenario = given(*TOWN).when(entry("W1", "S1", SIX)).when(entry("W1", "S2", SIX, "v2"))
    assert (end_of(scenario).at, visit_of(scenario).flags) == (SIX, ("impossible_travel",))


def test_ck2_a_member_refused_elsewhere_stays_where_he_is(given: Given) -> None:
    scenario = given(*TOWN).when(entry("W2", "S2", SIX, "v2")).when(entry("W1", "S1", SIX))
    scenario.when(entry("W1", "S2", at("07:00"), "v3")).then_refused(
        refusals.StationFull, on(VISITS, "W1", ScanRefused(at("07:00"), "v3", "S2", "STATION_FULL", "g1"))
    )


@pytest.mark.parametrize("minutes,flags", [(7, ("impossible_travel",)), (8, ())])
def test_ck2_faster_than_90_km_an_hour_is_flagged_and_both_visits_stand(
    given: Given, minutes: int, flags: tuple[str, ...]
) -> None:
    """11.12 km in 7 or 8 minutes."""
    scenario = given(*TOWN).when(entry("W1", "S1", SIX)).when(entry("W1", "S2", SIX + minutes * MINUTE, "v2"))
    assert visit_of(scenario).flags == flags
    assert end_of(scenario).exit_kind == "superseded"


def test_ck2_the_way_is_measured_from_the_last_scan_there_which_may_be_the_exit_or_a_second_tap(given: Given) -> None:
    left = given(*TOWN).when(entry("W1", "S1", SIX)).when(leaving("W1", "S1", at("06:30")))
    assert visit_of(left.when(entry("W1", "S2", at("06:35"), "v2"))).flags == ("impossible_travel",)
    tapped = given(*TOWN).when(entry("W1", "S1", SIX)).when(entry("W1", "S1", at("06:30"), "v2"))
    assert visit_of(tapped.when(entry("W1", "S2", at("06:35"), "v3"))).flags == ("impossible_travel",)


def test_ck2_an_end_by_time_is_no_scan_and_says_nothing_of_where_the_member_was(given: Given) -> None:
    scenario = given(*TOWN).when(entry("W1", "S1", SIX)).when(entry("W1", "S2", at("10:01"), "v2"))
    assert visit_of(scenario).flags == ()


# CK4: counting


@pytest.mark.parametrize("minutes,seconds,counted", [(29, 59, False), (30, 0, True)])
def test_ck4_who_comes_back_within_half_an_hour_is_not_counted_again(
    given: Given, minutes: int, seconds: int, counted: bool
) -> None:
    back = at("06:18") + minutes * MINUTE + seconds * SECOND
    scenario = given(*TOWN).when(entry("W1", "S1", SIX)).when(leaving("W1", "S1", at("06:18")))
    scenario.when(entry("W1", "S1", back, "v2"))
    assert visit_of(scenario).counted is counted
    assert "occupancy-S1_2026-01" in scenario.events


def test_ck4_another_station_counts_at_once_and_coming_back_from_it_soon_does_not(given: Given) -> None:
    scenario = given(*TOWN).when(entry("W1", "S1", SIX)).when(entry("W1", "S2", at("06:10"), "v2"))
    assert visit_of(scenario).counted
    assert not visit_of(scenario.when(entry("W1", "S1", at("06:39"), "v3"))).counted


def test_ck4_after_an_end_by_time_the_half_hour_runs_from_that_end(given: Given) -> None:
    for clock, counted in (("10:29:59", False), ("10:30", True)):
        scenario = given(*TOWN).when(entry("W1", "S1", SIX)).when(entry("W1", "S1", at(clock), "v2"))
        assert visit_of(scenario).counted is counted


# CK5: capacity


def test_ck5_e10_the_last_place_is_given_and_the_next_is_refused(given: Given) -> None:
    """E10: two places, the third person stays outside."""
    scenario = given(*TOWN).when(entry("W1", "S1", SIX, "v1")).when(entry("W2", "S1", SIX, "v2"))
    assert visit_of(scenario, "W2").flags == ()
    scenario.when(entry("W3", "S1", SIX, "v3")).then_refused(
        refusals.StationFull, on(VISITS, "W3", ScanRefused(SIX, "v3", "S1", "STATION_FULL", "g1"))
    )


def test_ck5_a_place_left_is_a_place_free(given: Given) -> None:
    scenario = given(*TOWN).when(entry("W1", "S2", SIX)).when(leaving("W1", "S2", at("06:30")))
    assert visit_of(scenario.when(entry("W2", "S2", at("06:30"), "v2")), "W2").flags == ()


def test_ck3_ck5_e8_a_stay_that_is_over_holds_no_place_however_late_the_sweeper(given: Given) -> None:
    """E8: no ghosts."""
    scenario = given(*TOWN).when(entry("W1", "S2", SIX))
    scenario.when(entry("W2", "S2", at("09:59:59"), "v2"))
    scenario.then_refused(
        refusals.StationFull, on(VISITS, "W2", ScanRefused(at("09:59:59"), "v2", "S2", "STATION_FULL", "g1"))
    )
    assert visit_of(scenario.when(entry("W2", "S2", at("10:00"), "v3")), "W2").flags == ()


def test_ck5_e9_a_chief_lets_someone_into_a_full_station_with_a_reason_and_it_is_recorded(given: Given) -> None:
    """E9."""
    scenario = given(*TOWN).when(entry("W1", "S2", SIX))
    override = msgspec.structs.replace(entry("W2", "S2", SIX, "v2"), override_by="C1", override_reason="heat")
    visit = visit_of(scenario.when(override), "W2")
    assert (visit.flags, visit.override_by, visit.override_reason) == (("capacity_override",), "C1", "heat")


def test_ck5_an_override_that_was_not_needed_leaves_no_trace(given: Given) -> None:
    override = msgspec.structs.replace(entry("W1", "S2", SIX), override_by="C1", override_reason="heat")
    visit = visit_of(given(*TOWN).when(override))
    assert (visit.flags, visit.override_by, visit.override_reason) == ((), None, None)


def test_ck5_an_override_without_a_reason_is_invalid(given: Given) -> None:
    half = msgspec.structs.replace(entry("W1", "S2", SIX), override_by="C1")
    given(*TOWN).when(half).then_refused(ValidationFailed)


def test_ck5_the_first_entry_of_a_month_opens_its_books(given: Given) -> None:
    scenario = given(*TOWN).when(entry("W1", "S1", SIX))
    assert scenario.events["occupancy-S1_2025-12"] == [OccupancyClosed(SIX)]
    assert scenario.events["occupancy-S1_2026-01"] == [
        OccupancyCarriedOver(SIX, ()),
        Entered(SIX, "v1", "W1", at("10:00")),
    ]
