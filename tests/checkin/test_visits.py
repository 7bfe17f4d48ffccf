"""How a visit ends: by a scan, by time, and only once (CK3, E11)."""

from __future__ import annotations

from services.checkin.domain import refusals
from services.checkin.domain.member import MEMBER, MemberSuspended
from services.checkin.domain.occupancy import OCCUPANCY, Left
from services.checkin.domain.station import STATION, StationHoursSet, StationSuspended
from services.checkin.domain.values import MOST_VISITS, RECENT_VISITS
from services.checkin.domain.visits import VISITS, EndStay, ScanRefused, VisitEnded, Visits, VisitStarted
from shared.decider import DeadlineCleared
from shared.errors import NotFound
from shared.testing.given import Given, Scenario, on
from tests.checkin.town import MINUTE, TOWN, at, end_of, entry, leaving, visit_of

SIX = at("06:00")


def inside(given: Given) -> Scenario:
    return given(*TOWN).when(entry("W1", "S1", SIX))


def refused(clock: str, station: str = "S1", code: str = "VISIT_NOT_OPEN") -> ScanRefused:
    return ScanRefused(at(clock), "x1", station, code, "g2")


def test_an_exit_ends_the_visit_clears_the_timer_and_frees_the_place(given: Given) -> None:
    out = at("06:18")
    inside(given).when(leaving("W1", "S1", out)).then(
        on(
            VISITS,
            "W1",
            VisitEnded(out, "v1", "W1", "S1", SIX, "scanned", "x1", "g2"),
            DeadlineCleared(out, "stay", "v1", "scanned"),
        ),
        on(OCCUPANCY, "S1_2026-01", Left(out, "v1")),
    )


def test_k2_the_same_exit_again_changes_nothing(given: Given) -> None:
    out = leaving("W1", "S1", at("06:18"))
    inside(given).when(out).when(out).then_nothing()


def test_an_exit_without_an_open_visit_is_refused_and_remembered(given: Given) -> None:
    given(*TOWN).when(leaving("W1", "S1", SIX)).then_refused(refusals.VisitNotOpen, on(VISITS, "W1", refused("06:00")))


def test_an_exit_at_another_station_leaves_the_visit_open(given: Given) -> None:
    scenario = inside(given).when(leaving("W1", "S2", at("06:18")))
    scenario.then_refused(refusals.VisitNotOpen, on(VISITS, "W1", refused("06:18", "S2")))
    assert end_of(scenario.when(leaving("W1", "S1", at("06:19")))).exit_kind == "scanned"


def test_ck3_an_exit_before_the_end_counts_and_at_the_end_it_is_too_late(given: Given) -> None:
    """Whether the sweeper has run or not makes no difference."""
    assert end_of(inside(given).when(leaving("W1", "S1", at("09:59:59")))).exit_kind == "scanned"
    too_late = on(VISITS, "W1", refused("10:00"))
    inside(given).when(leaving("W1", "S1", at("10:00"))).then_refused(refusals.VisitNotOpen, too_late)
    swept = inside(given).when(EndStay("W1", "v1", at("10:00")))
    swept.when(leaving("W1", "S1", at("10:00"))).then_refused(refusals.VisitNotOpen, too_late)


def test_an_exit_goes_by_the_checks_of_identity_and_place_first(given: Given) -> None:
    given(*TOWN).when(leaving("W9", "S9", SIX)).then_refused(refusals.CodeUnknown)
    given(*TOWN).when(leaving("W1", "S9", SIX)).then_refused(
        NotFound, on(VISITS, "W1", refused("06:00", "S9", "NOT_FOUND"))
    )


def test_nobody_is_kept_inside_for_being_suspended(given: Given) -> None:
    member = on(MEMBER, "W1", MemberSuspended(at("06:10"), "W1", "left_trade"))
    station = on(STATION, "S1", StationSuspended(at("06:10"), "S1", "heating"))
    scenario = given(*TOWN, member, station)
    scenario.when(leaving("W1", "S1", at("05:00"))).then_refused(
        refusals.VisitNotOpen, on(VISITS, "W1", refused("05:00"))
    )
    scenario.when(entry("W1", "S1", SIX)).when(leaving("W1", "S1", at("06:18")))
    assert end_of(scenario).exit_kind == "scanned"


def test_ck3_the_timer_ends_a_visit_at_the_longest_stay(given: Given) -> None:
    inside(given).when(EndStay("W1", "v1", at("10:00"))).then(
        on(
            VISITS,
            "W1",
            VisitEnded(at("10:00"), "v1", "W1", "S1", SIX, "auto"),
            DeadlineCleared(at("10:00"), "stay", "v1", "auto"),
        )
    )


def test_ck3_a_visit_ends_at_closing_if_that_comes_first(given: Given) -> None:
    """W17 in step 26 of the day: in at 20:30, never out, ended at 22:00."""
    scenario = given(*TOWN).when(entry("W1", "S1", at("20:30")))
    assert visit_of(scenario).ends_at == at("22:00")
    assert end_of(scenario.when(EndStay("W1", "v1", at("22:00")))).at == at("22:00")


def test_ck3_an_always_open_station_goes_by_the_longest_stay_alone(given: Given) -> None:
    assert visit_of(given(*TOWN).when(entry("W1", "S2", at("20:30")))).ends_at == at("00:30", 24)


def test_ck3_hours_that_change_later_do_not_move_the_end(given: Given) -> None:
    shut = on(STATION, "S1", StationHoursSet(at("07:00"), "S1", (), ()))
    begun = inside(given)
    (*events,) = begun.events["visits-W1"]
    later = given(*TOWN, shut, on(VISITS, "W1", *events))
    assert end_of(later.when(EndStay("W1", "v1", at("10:00")))).at == at("10:00")


def test_e11_a_timer_that_is_late_for_an_ended_visit_only_clears_itself(given: Given) -> None:
    scenario = inside(given).when(leaving("W1", "S1", at("06:18"))).when(EndStay("W1", "v1", at("10:00")))
    scenario.then(on(VISITS, "W1", DeadlineCleared(at("10:00"), "stay", "v1", "ended")))


def test_a_timer_for_a_visit_nobody_knows_clears_itself(given: Given) -> None:
    given(*TOWN).when(EndStay("W1", "v9", SIX)).then(on(VISITS, "W1", DeadlineCleared(SIX, "stay", "v9", "ended")))


DAY = 24 * 60  # minutes


def visits_every(minutes: float, count: int, *, first_stays_open: bool = False) -> Visits:
    """Visits of one minute each, begun so many minutes apart."""
    events: list[VisitStarted | VisitEnded] = []
    for number in range(count):
        start, name = SIX + number * minutes * MINUTE, f"v{number}"
        end = start + MINUTE
        events.append(VisitStarted(start, name, "W1", "S1", "g1", end, False, False, True, ()))
        if number or not first_stays_open:
            events.append(VisitEnded(end, name, "W1", "S1", start, "auto"))
    return VISITS.fold(events)


def test_only_the_last_visits_are_remembered() -> None:
    remembered = visits_every(DAY, 20).recent
    assert [visit.visit_id for visit in remembered] == [f"v{number}" for number in range(20 - RECENT_VISITS, 20)]


def test_what_may_still_be_rated_is_remembered_up_to_a_bound() -> None:
    """Two visits a day: seven days hold fourteen before the last. Who comes every few minutes has the last ones."""
    assert len(visits_every(DAY // 2, 40).recent) == 15
    assert len(visits_every(5, 200).recent) == MOST_VISITS


def test_ck4_what_ended_within_half_an_hour_is_remembered_however_much_came_after_it() -> None:
    assert len(visits_every(0.25, 100).recent) == 100
    assert len(visits_every(0.5, 100).recent) == MOST_VISITS


def test_an_open_visit_is_never_forgotten() -> None:
    assert visits_every(DAY, 12, first_stays_open=True).recent[0].open
