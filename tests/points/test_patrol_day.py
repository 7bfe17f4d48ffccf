"""PT2 by the volunteer's day: no two patrols at once (E21), and no more than three that are paid."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from services.points.domain.patrol_day import OverlappingPatrol, days_of
from services.points.domain.presence import PRESENCE, NotePresence
from services.points.domain.report_commands import EndDutyWait, SubmitReport
from services.points.domain.report_events import PatrolReportAccepted, PatrolReportRejected
from services.points.domain.rights import RIGHTS, OpenRight
from shared.decider import Change, Command
from shared.errors import ValidationFailed
from shared.testing.given import Given, on

from .play import play
from .the_day import INSTANT, MINUTE, TO, at, duty, entered, rules_known, submit, v1_inside

HOUR = timedelta(hours=1)


def all_day(number: int) -> Change:
    """A duty of V1's of its own, whose window is the whole day."""
    window = {"window_from": at("00:00"), "window_to": at("00:00", "2026-01-25")}
    return on(RIGHTS, f"D{number}", msgspec.structs.replace(duty("patrol_special"), **window))


def patrol(number: int, since: datetime, until: datetime) -> SubmitReport:
    return submit(
        report_id=f"R{number}", duty_id=f"D{number}", performed_from=since, performed_to=until, now=until + MINUTE
    )


def hourly(number: int) -> SubmitReport:
    return patrol(number, at("07:00") + number * HOUR, at("07:20") + number * HOUR)


DUTIES = [all_day(number) for number in range(1, 7)]
inside = on(PRESENCE, "V1", entered(at("00:10")))


def acceptances(scenario_events: dict[str, list[object]]) -> list[PatrolReportAccepted]:
    return [e for events in scenario_events.values() for e in events if isinstance(e, PatrolReportAccepted)]


@pytest.mark.parametrize(
    "since, until",
    [("08:19:59", "08:40"), ("07:40", "08:00:01"), ("08:05", "08:10"), ("07:00", "09:00"), ("08:00", "08:20")],
)
def test_pt2_patrols_of_one_volunteer_do_not_overlap(given: Given, since: str, until: str) -> None:
    past = given(rules_known, *DUTIES, v1_inside).when(patrol(1, at("08:00"), TO))
    past.when(patrol(2, at(since), at(until))).then_refused(OverlappingPatrol)


@pytest.mark.parametrize("since, until", [("08:20", "08:40"), ("07:40", "08:00")])
def test_k1_patrols_that_touch_do_not_overlap(given: Given, since: str, until: str) -> None:
    past = given(rules_known, *DUTIES, inside).when(patrol(1, at("08:00"), TO))
    assert "report-R2" in past.when(patrol(2, at(since), at(until))).events


def test_pt2_another_volunteer_may_patrol_at_the_same_time(given: Given) -> None:
    past = given(rules_known, *DUTIES).when(patrol(1, at("08:00"), TO))
    other = msgspec.structs.replace(patrol(2, at("08:00"), TO), volunteer_id="V2")
    assert "report-R2" in past.when(other).events


def test_pt2_of_two_that_overlap_the_later_submitted_is_refused_also_while_the_first_waits(given: Given) -> None:
    past = given(rules_known, *DUTIES).when(patrol(1, at("08:00"), TO))
    past.when(patrol(2, at("08:10"), at("08:30"))).then_refused(OverlappingPatrol)


def test_pt2_patrols_across_midnight_overlap_those_of_both_days(given: Given) -> None:
    across = patrol(1, at("23:50"), at("00:10", "2026-01-24"))
    past = given(rules_known, *DUTIES).when(across)
    past.when(patrol(2, at("23:40"), at("23:51"))).then_refused(OverlappingPatrol)
    past.when(patrol(2, at("00:09", "2026-01-24"), at("00:20", "2026-01-24"))).then_refused(OverlappingPatrol)


def test_a_patrol_is_in_the_days_that_it_touches_that_of_its_beginning_first() -> None:
    assert days_of("V1", at("23:50"), at("00:00", "2026-01-24")) == ["V1:2026-01-23"]
    assert days_of("V1", at("23:50"), at("00:00", "2026-01-24") + INSTANT) == ["V1:2026-01-23", "V1:2026-01-24"]


def test_a_patrol_lasts_no_longer_than_a_day(given: Given) -> None:
    whole = patrol(1, at("08:00"), at("08:00", "2026-01-24"))
    assert "report-R1" in given(rules_known, *DUTIES).when(whole).events
    longer = patrol(1, at("08:00") - INSTANT, at("08:00", "2026-01-24"))
    given(rules_known, *DUTIES).when(longer).then_refused(ValidationFailed)


def test_pt2_the_fourth_paid_patrol_of_a_day_is_accepted_with_0_points(given: Given) -> None:
    scenario = given(rules_known, *DUTIES, inside)
    found = [acceptances(scenario.when(hourly(number)).events)[0] for number in range(1, 6)]  # type: ignore[arg-type]
    assert [(event.points, event.note) for event in found] == [(4, None)] * 3 + [(0, "DAILY_CAP_REACHED")] * 2


def test_pt2_the_day_is_that_of_the_beginning_in_china(given: Given) -> None:
    scenario = given(rules_known, *DUTIES, inside)
    for number in range(1, 4):
        scenario.when(hourly(number))
    across = patrol(4, at("00:00", "2026-01-24"), at("00:10", "2026-01-24"))
    (event,) = acceptances(scenario.when(across).events)  # type: ignore[arg-type]
    assert event.points == 4


def test_pt2_a_patrol_worth_nothing_by_the_rules_takes_no_place_of_the_three(given: Given) -> None:
    free = on(rules_known.decider, rules_known.entity, msgspec.structs.replace(rules_known.events[0], special=0))
    scenario = given(free, *DUTIES, inside)
    notes = [acceptances(scenario.when(hourly(number)).events)[0].note for number in range(1, 6)]  # type: ignore[arg-type]
    assert notes == [None] * 5


def test_pt2_several_that_one_visit_proves_at_once_are_counted_one_by_one(given: Given) -> None:
    scenario = given(rules_known, *DUTIES)
    for number in range(1, 6):
        scenario.when(hourly(number))
    found = acceptances(scenario.when(NotePresence("V1", "visit-1", "S1", at("00:10"))).events)  # type: ignore[arg-type]
    assert [event.points for event in found] == [4, 4, 4, 0, 0]


def test_what_was_set_aside_and_comes_back_loses_its_time_to_one_filed_meanwhile(given: Given) -> None:
    waited = (
        given(rules_known, *DUTIES[1:], inside).when(patrol(1, at("08:00"), TO)).when(EndDutyWait("R1", at("08:36")))
    )
    waited.when(patrol(2, at("08:10"), at("08:30")))
    waited.when(OpenRight("D1", "patrol_special", "S1", at("07:30"), at("09:30"), ("V1",)))
    events = waited.when(EndDutyWait("R1", at("09:00"))).events["report-R1"]
    assert [event.code for event in events if isinstance(event, PatrolReportRejected)] == ["OVERLAPPING_PATROL"]


MOMENTS = st.integers(0, 47).map(lambda halves: at("00:00") + halves * 30 * MINUTE)


@st.composite
def patrols(draw: st.DrawFn) -> Command:
    number, since = draw(st.integers(1, 6)), draw(MOMENTS)
    return patrol(number, since, since + draw(st.integers(1, 4)) * 20 * MINUTE)


@for_all(st.lists(st.one_of(patrols(), st.just(NotePresence("V1", "visit-1", "S1", at("00:00")))), max_size=15))
def test_pt2_whatever_comes_no_two_accepted_overlap_and_no_more_than_three_are_paid(causes: list[Command]) -> None:
    streams = play(causes, rules_known, *DUTIES)
    found = acceptances(streams)  # type: ignore[arg-type]
    assert sum(event.points > 0 for event in found) <= 3
    assert len({event.report_id for event in found}) == len(found)
    spans = sorted(
        (e.performed_from, e.performed_to)  # type: ignore[attr-defined]
        for event in found
        for e in streams[f"report-{event.report_id}"][:1]
    )
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
