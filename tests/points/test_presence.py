"""Presence: visits may be told before or after the report they prove (PT3, amendment 5, K5)."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import permutations

import msgspec
import pytest

from services.points.domain.presence import PRESENCE, NoteDeparture, NotePresence, PatrolWaitEnded, Presence
from services.points.domain.report import REPORT
from services.points.domain.report_commands import SendToReview
from services.points.domain.report_events import PatrolReportAccepted
from services.points.domain.rights import RIGHTS, OpenRight
from shared.decider import Command
from shared.testing.given import Given, on

from .the_day import (
    DUE,
    FROM,
    INSTANT,
    MINUTE,
    RECEIVED,
    TO,
    a_report_under_review,
    a_waiting_report,
    accepted,
    at,
    duty,
    duty_known,
    entered,
    left,
    on_day,
    paid,
    paid_for,
    rules_known,
    submit,
    wait_over,
    waits,
)

ENTRY, EXIT = at("07:58"), at("08:30")
V1_ENTERS = NotePresence("V1", "visit-1", "S1", ENTRY)
V1_LEAVES = NoteDeparture("V1", "visit-1", "S1", ENTRY, EXIT)


def test_a_visit_that_proves_nothing_is_noted(given: Given) -> None:
    given().when(V1_ENTERS).then(on(PRESENCE, "V1", entered(ENTRY)))


def test_the_same_visit_is_noted_once(given: Given) -> None:
    given(on(PRESENCE, "V1", entered(ENTRY))).when(V1_ENTERS).then_nothing()


def test_the_same_departure_is_noted_once(given: Given) -> None:
    given(on(PRESENCE, "V1", entered(ENTRY), left(ENTRY, EXIT))).when(V1_LEAVES).then_nothing()


def test_the_start_of_a_visit_that_ended_already_is_nothing_new(given: Given) -> None:
    given(on(PRESENCE, "V1", left(ENTRY, EXIT))).when(V1_ENTERS).then_nothing()


def test_amendment_5_presence_told_later_accepts_the_waiting_report(given: Given) -> None:
    given(rules_known, duty_known, *a_waiting_report).when(V1_ENTERS).then(
        on(PRESENCE, "V1", entered(ENTRY), PatrolWaitEnded(at=RECEIVED, report_id="R1")),
        on(REPORT, "R1", accepted(), wait_over(RECEIVED, "accepted")),
        on(RIGHTS, "D1", paid()),
        on_day(paid_for()),
    )


def test_amendment_5_presence_after_the_deadline_accepts_a_report_under_review(given: Given) -> None:
    given(rules_known, duty_known, *a_report_under_review).when(V1_LEAVES).then(
        on(PRESENCE, "V1", left(ENTRY, EXIT), PatrolWaitEnded(at=EXIT, report_id="R1")),
        on(REPORT, "R1", accepted(at=EXIT), wait_over(EXIT, "accepted", "review")),
        on(RIGHTS, "D1", paid(now=EXIT)),
        on_day(paid_for(now=EXIT)),
    )


def test_presence_that_comes_after_the_acceptance_accepts_nothing_twice(given: Given) -> None:
    past = given(rules_known, duty_known, *a_waiting_report).when(V1_ENTERS)
    past.when(V1_LEAVES).then(on(PRESENCE, "V1", left(ENTRY, EXIT)))


def test_presence_elsewhere_leaves_the_report_waiting(given: Given) -> None:
    elsewhere = NotePresence("V1", "visit-1", "S2", ENTRY)
    given(rules_known, duty_known, *a_waiting_report).when(elsewhere).then(
        on(PRESENCE, "V1", entered(ENTRY, station="S2"))
    )


def test_presence_of_another_member_leaves_the_report_waiting(given: Given) -> None:
    v2_enters = NotePresence("V2", "visit-1", "S1", ENTRY)
    given(rules_known, duty_known, *a_waiting_report).when(v2_enters).then(on(PRESENCE, "V2", entered(ENTRY)))


def test_k5_a_visit_told_too_late_is_noted_and_proves_nothing(given: Given) -> None:
    late = given(rules_known, duty_known, *a_waiting_report).when(msgspec.structs.replace(V1_ENTERS, late=True))
    late.then(on(PRESENCE, "V1", msgspec.structs.replace(entered(ENTRY), late=True)))
    late.when(V1_LEAVES).then(on(PRESENCE, "V1", left(ENTRY, EXIT)))


def test_one_visit_may_prove_two_duties(given: Given) -> None:
    two = submit(report_id="R2", duty_id="D2", performed_from=at("08:20"), performed_to=at("08:40"), now=at("08:41"))
    other_duty = on(RIGHTS, "D2", duty("patrol_special"))
    past = given(rules_known, duty_known, other_duty).when(submit()).when(two)
    events = past.when(V1_ENTERS).events
    assert [e.points for r in ("report-R1", "report-R2") for e in events[r] if isinstance(e, PatrolReportAccepted)] == [
        2,
        4,
    ]


def test_visits_older_than_8_days_are_forgotten() -> None:
    first = entered(ENTRY)
    kept = PRESENCE.fold([first, entered(ENTRY + timedelta(days=8), "visit-2")])
    dropped = PRESENCE.fold([first, entered(ENTRY + timedelta(days=8) + INSTANT, "visit-2")])
    assert (set(kept.visits), set(dropped.visits)) == ({"visit-1", "visit-2"}, {"visit-2"})


def test_a_visit_older_than_what_is_remembered_is_not_noted_anew(given: Given) -> None:
    next_month = on(PRESENCE, "V1", entered(at("08:00", "2026-02-23"), "visit-9"))
    given(next_month).when(V1_ENTERS).then_nothing()
    given(next_month).when(V1_LEAVES).then_nothing()


def test_a_visit_as_old_as_the_oldest_remembered_is_noted(given: Given) -> None:
    eight_days_on = on(PRESENCE, "V1", entered(ENTRY + timedelta(days=8), "visit-9"))
    given(eight_days_on).when(V1_ENTERS).then(on(PRESENCE, "V1", entered(ENTRY)))


def test_reports_that_waited_for_8_days_are_no_longer_looked_for() -> None:
    presence = PRESENCE.fold([waits, entered(TO + timedelta(days=8) + INSTANT)])
    assert presence.waiting == {}


def test_a_visit_told_out_of_order_brings_nothing_forgotten_back() -> None:
    presence = PRESENCE.fold([entered(at("08:00", "2026-01-31"), "visit-9"), left(ENTRY, EXIT)])
    assert presence.forgotten_before == at("08:00", "2026-01-23")


@pytest.mark.parametrize("until, proven", [(FROM + 5 * MINUTE, True), (FROM + 5 * MINUTE - INSTANT, False)])
def test_pt3_the_overlap_is_exactly_5_minutes_or_more(until: datetime, proven: bool) -> None:
    presence: Presence = PRESENCE.fold([left(at("07:00"), until)])
    assert presence.proves("S1", FROM, TO) is proven


CAUSES: list[Command] = [
    submit(),
    OpenRight("D1", "patrol_daily", "S1", at("07:30"), at("09:30"), ("V1", "V2")),
    V1_ENTERS,
    V1_LEAVES,
    SendToReview("R1", DUE),
]


@pytest.mark.parametrize("order", list(permutations(range(5))), ids=lambda order: "".join(map(str, order)))
def test_in_whatever_order_the_causes_arrive_the_report_is_accepted_once(given: Given, order: tuple[int, ...]) -> None:
    scenario = given(rules_known)
    acceptances = []
    for step in order:
        for stream in scenario.when(CAUSES[step]).events.values():
            acceptances += [event for event in stream if isinstance(event, PatrolReportAccepted)]
    assert [event.points for event in acceptances] == [2]
