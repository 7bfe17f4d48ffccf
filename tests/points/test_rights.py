"""The right to file: duties that are told after the report, and whose claims are paid (PT2)."""

from __future__ import annotations

import msgspec
from hypothesis import given as for_all
from hypothesis import strategies as st

from services.points.domain.presence import PRESENCE, NotePresence, PatrolWaitEnded
from services.points.domain.report import REPORT
from services.points.domain.report_events import PatrolReportAccepted, PatrolReportRejected
from services.points.domain.rights import RIGHTS, ClaimReleased, OpenRight
from shared.decider import Command
from shared.testing.given import Given, on

from .play import play
from .the_day import (
    RECEIVED,
    a_waiting_report,
    accepted,
    at,
    claimed,
    duty,
    freed,
    on_day,
    paid,
    paid_for,
    rules_known,
    submit,
    v1_inside,
    wait_over,
)

OPEN = OpenRight("D1", "patrol_daily", "S1", at("07:30"), at("09:30"), ("V1", "V2"))
V2_ALONE = msgspec.structs.replace(OPEN, people=("V2",))
THREE = msgspec.structs.replace(OPEN, people=("V1", "V2", "V3"))


def test_a_duty_opens_the_right_of_its_people(given: Given) -> None:
    given().when(OPEN).then(on(RIGHTS, "D1", duty()))


def test_the_same_duty_told_twice_is_nothing(given: Given) -> None:
    given(on(RIGHTS, "D1", duty())).when(OPEN).then_nothing()


def test_of_a_duty_told_again_with_other_people_the_last_word_holds(given: Given) -> None:
    past = given(rules_known, on(RIGHTS, "D1", duty(people=("V2",))), v1_inside).when(OPEN)
    assert "report-R1" in past.when(submit()).events


def test_a_duty_that_arrives_after_the_report_accepts_it(given: Given) -> None:
    given(rules_known, *a_waiting_report, v1_inside).when(OPEN).then(
        on(RIGHTS, "D1", duty(), paid()),
        on(REPORT, "R1", accepted(), wait_over(RECEIVED, "accepted")),
        on(PRESENCE, "V1", PatrolWaitEnded(at=RECEIVED, report_id="R1")),
        on_day(paid_for()),
    )


def test_a_duty_that_arrives_without_its_reporter_rejects_the_report(given: Given) -> None:
    rejected = PatrolReportRejected(
        at=RECEIVED,
        report_id="R1",
        duty_id="D1",
        station_id="S1",
        volunteer_id="V1",
        code="DUTY_NOT_ASSIGNED",
        by="automatic",
    )
    given(rules_known, *a_waiting_report, v1_inside).when(V2_ALONE).then(
        on(RIGHTS, "D1", duty(people=("V2",)), ClaimReleased(at=RECEIVED, report_id="R1")),
        on(REPORT, "R1", rejected, wait_over(RECEIVED, "rejected")),
        on(PRESENCE, "V1", PatrolWaitEnded(at=RECEIVED, report_id="R1")),
        on_day(freed()),
    )


def test_pt2_of_three_reports_before_their_duty_the_first_two_submitted_keep_their_claim(given: Given) -> None:
    scenario = given(rules_known)
    for n in (3, 1, 2):
        scenario.when(submit(report_id=f"R{n}", volunteer_id=f"V{n}"))
    events = scenario.when(THREE).events
    assert events["rights-D1"] == [duty(people=("V1", "V2", "V3")), ClaimReleased(at=RECEIVED, report_id="R2")]
    assert [event.code for event in events["report-R2"] if isinstance(event, PatrolReportRejected)] == [
        "DUTY_SLOT_FILLED"
    ]


def test_pt2_a_report_of_someone_not_on_the_duty_takes_nobodys_place() -> None:
    right = RIGHTS.fold([claimed("R9", "V9"), claimed("R1", "V1"), claimed("R2", "V2"), duty()])
    assert [ref for ref in ("R9", "R1", "R2") if right.has_slot_for(ref)] == ["R1", "R2"]


def test_pt2_a_paid_place_stays_taken_when_the_duty_changes_hands() -> None:
    right = RIGHTS.fold([duty(), claimed("R1", "V1"), paid("R1"), duty(people=("V2", "V3"))])
    right = RIGHTS.fold([claimed("R2", "V2"), claimed("R3", "V3")], right)
    assert [ref for ref in ("R2", "R3") if right.has_slot_for(ref)] == ["R2"]


PEOPLE = ["V1", "V2", "V3", "V4"]
REPORTS = [submit(report_id=f"R{person}{n}", volunteer_id=person) for person in PEOPLE for n in range(2)]
VISITS = [NotePresence(person, f"visit-{person}", "S1", at("07:58")) for person in PEOPLE]
DUTIES = [OPEN, V2_ALONE, THREE]


@for_all(st.lists(st.sampled_from([*REPORTS, *VISITS, *DUTIES]), max_size=25))
def test_pt2_no_daily_duty_pays_more_than_two_reports_nor_one_person_twice(causes: list[Command]) -> None:
    streams = play(causes, rules_known)
    pays = [e for events in streams.values() for e in events if isinstance(e, PatrolReportAccepted)]
    assert len(pays) <= 2
    assert len({event.volunteer_id for event in pays}) == len(pays)
