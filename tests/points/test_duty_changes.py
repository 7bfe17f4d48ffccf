"""What the rota changes (choreography 3, 21, 23), and visits that were none."""

from __future__ import annotations

from typing import Any

import pytest

from services.points.domain.presence import PRESENCE, ForgetVisit, NoteDeparture, NotePresence, VisitForgotten
from services.points.domain.report import REPORT
from services.points.domain.report_commands import VoidReport
from services.points.domain.report_events import PatrolReportAccepted, PatrolReportRejected, PatrolReportReturned
from services.points.domain.review import Reviewer, ReviewReport
from services.points.domain.rights import (
    RIGHTS,
    CloseRight,
    DutyMissNoted,
    DutyMissWithdrawn,
    DutyNotAssigned,
    DutySlotFilled,
    MoveRight,
    NoteMissedDuty,
    OpenRight,
    RightClosed,
    RightMoved,
)
from services.points.policies.duties import when_duty_cancelled, when_duty_missed, when_duty_swapped
from services.points.policies.reports import when_visit_voided
from shared.contracts.checkin import VisitVoided
from shared.contracts.checkin_rota import DutyCancelled, DutyMissed, DutySwapped
from shared.testing.given import Given, on

from .the_day import (
    RECEIVED,
    a_report_under_review,
    a_waiting_report,
    at,
    claimed,
    duty,
    duty_known,
    entered,
    paid,
    rules_known,
    submit,
    v1_inside,
)

NOW = at("07:00")
TO_V3 = MoveRight("D1", ("V1", "V3"), NOW)
SWAPPED: dict[str, Any] = {"duty_id": "D1", "station_id": "S1", "from_person": "V2", "to_person": "V3"}
OPEN = OpenRight("D1", "patrol_daily", "S1", at("07:30"), at("09:30"), ("V1", "V2"))


def test_row_3_a_swap_moves_the_right_to_file(given: Given) -> None:
    past = given(rules_known, duty_known).when(TO_V3)
    past.then(on(RIGHTS, "D1", RightMoved(NOW, ("V1", "V3"))))
    past.when(submit(volunteer_id="V2")).then_refused(DutyNotAssigned)
    assert "report-R1" in past.when(submit(volunteer_id="V3")).events


def test_the_same_swap_is_told_once(given: Given) -> None:
    given(duty_known).when(TO_V3).when(TO_V3).then_nothing()


def test_a_swap_that_is_told_before_its_duty_holds_when_the_duty_comes(given: Given) -> None:
    past = given(rules_known).when(TO_V3).when(OPEN)
    past.when(submit(volunteer_id="V2")).then_refused(DutyNotAssigned)
    assert "report-R1" in past.when(submit(volunteer_id="V3")).events


def test_e21_what_was_paid_before_a_swap_is_not_paid_again_after_it(given: Given) -> None:
    alone = on(RIGHTS, "D1", duty(people=("V1",)), claimed(), paid())
    past = given(rules_known, alone).when(MoveRight("D1", ("V3",), NOW))
    past.when(submit(report_id="R3", volunteer_id="V3")).then_refused(DutySlotFilled)


@pytest.mark.parametrize("kind", ["patrol_weekly", "patrol_special"])
def test_e21_a_led_patrol_changes_hands_and_is_paid_once(given: Given, kind: Any) -> None:
    alone = on(RIGHTS, "D1", duty(kind, ("V1",)), claimed(), paid())
    past = given(rules_known, alone).when(MoveRight("D1", ("V3",), NOW))
    past.when(submit(report_id="R3", volunteer_id="V3")).then_refused(DutySlotFilled)


def test_a_report_of_who_gave_the_duty_away_is_rejected(given: Given) -> None:
    events = given(rules_known, duty_known, *a_waiting_report).when(MoveRight("D1", ("V2", "V3"), at("08:30"))).events
    assert [event.code for event in events["report-R1"] if isinstance(event, PatrolReportRejected)] == [
        "DUTY_NOT_ASSIGNED"
    ]


def test_a_returned_report_of_who_gave_the_duty_away_keeps_no_place_from_who_took_it(given: Given) -> None:
    returned = PatrolReportReturned(
        at("08:40"), report_id="R1", duty_id="D1", station_id="S1", volunteer_id="V1", code="photos_missing", by="L1"
    )
    alone = (rules_known, on(RIGHTS, "D1", duty("patrol_special", ("V1",))), *a_report_under_review)
    past = given(*alone, on(REPORT, "R1", returned)).when(MoveRight("D1", ("V3",), at("08:45")))
    assert "report-R3" in past.when(submit(report_id="R3", volunteer_id="V3", now=at("08:50"))).events


def test_a_cancelled_duty_takes_no_report_any_more(given: Given) -> None:
    past = given(rules_known, duty_known, v1_inside).when(CloseRight("D1", "station_suspended", NOW))
    past.then(on(RIGHTS, "D1", RightClosed(NOW, "station_suspended")))
    past.when(CloseRight("D1", "station_suspended", NOW)).then_nothing()
    past.when(submit()).then_refused(DutyNotAssigned)


def test_a_report_that_was_filed_before_the_duty_was_cancelled_is_still_answered(given: Given) -> None:
    past = given(rules_known, duty_known, *a_waiting_report).when(CloseRight("D1", "station_suspended", at("08:30")))
    events = past.when(NotePresence("V1", "visit-1", "S1", at("07:58"))).events["report-R1"]
    assert [event.points for event in events if isinstance(event, PatrolReportAccepted)] == [2]


def test_a_duty_that_is_assigned_anew_is_open_again(given: Given) -> None:
    past = given(rules_known, duty_known).when(CloseRight("D1", "station_suspended", NOW)).when(OPEN)
    assert "report-R1" in past.when(submit()).events


def test_row_23_a_missed_duty_is_noted_once(given: Given) -> None:
    missed = NoteMissedDuty("D1", "S1", ("V1", "V2"), at("09:30", "2026-01-24"))
    past = given(duty_known).when(missed)
    past.then(on(RIGHTS, "D1", DutyMissNoted(at("09:30", "2026-01-24"), "S1", ("V1", "V2"))))
    past.when(missed).then_nothing()


MISSED = NoteMissedDuty("D1", "S1", ("V1", "V2"), at("09:30", "2026-01-24"))
NOTED = DutyMissNoted(at("09:30", "2026-01-24"), "S1", ("V1", "V2"))


def test_row_23_checkin_did_not_know_of_a_report_that_was_accepted_in_time(given: Given) -> None:
    """Checkin's consumer was down for a day: it tells a miss that it takes back itself once it has read on (CK11)."""
    in_time = on(RIGHTS, "D1", duty(), claimed(), paid(now=at("09:29", "2026-01-24")))
    given(in_time).when(MISSED).then_nothing()
    too_late = on(RIGHTS, "D1", duty(), claimed(), paid(now=at("09:30", "2026-01-24")))
    given(too_late).when(MISSED).then(on(RIGHTS, "D1", NOTED))


def test_row_23_a_visit_that_is_told_after_the_miss_takes_it_back_as_in_checkin(given: Given) -> None:
    """The report was received in time, so it is accepted in time, however late its proof is told."""
    past = given(rules_known, duty_known, *a_report_under_review).when(MISSED)
    events = past.when(NotePresence("V1", "visit-1", "S1", at("07:58"))).events["rights-D1"]
    assert events == [paid(now=RECEIVED), DutyMissWithdrawn(RECEIVED, ("V1", "V2"))]
    past.when(VoidReport("R1", "wrong_photos", "P1", at("12:00", "2026-01-24")))
    past.when(MISSED).then(on(RIGHTS, "D1", NOTED))


def test_row_23_a_miss_stands_beside_a_report_that_is_accepted_too_late(given: Given) -> None:
    past = given(rules_known, duty_known, *a_report_under_review).when(MISSED)
    review = ReviewReport("R1", Reviewer("P1", officer=True), "accept", "accepted", at("10:00", "2026-01-24"))
    assert past.when(review).events["rights-D1"] == [paid(now=at("10:00", "2026-01-24"))]


def test_what_the_rota_tells_of_patrols_is_taken() -> None:
    swapped = DutySwapped(**SWAPPED, kind="patrol_daily", people=["V1", "V3"])
    assert when_duty_swapped(swapped, NOW) == [TO_V3]
    cancelled = DutyCancelled(duty_id="D1", kind="patrol_daily", station_id="S1", reason="station_suspended")
    assert when_duty_cancelled(cancelled, NOW) == [CloseRight("D1", "station_suspended", NOW)]
    missed = DutyMissed(duty_id="D1", kind="patrol_weekly", station_id="S1", people=["V1"], missed_at=NOW)
    assert when_duty_missed(missed) == [NoteMissedDuty("D1", "S1", ("V1",), NOW)]


def test_what_the_rota_tells_of_chiefs_is_not() -> None:
    assert when_duty_swapped(DutySwapped(**SWAPPED, kind="chief", people=["V3"]), NOW) == []
    assert when_duty_cancelled(DutyCancelled(duty_id="D1", kind="chief", station_id="S1", reason="x"), NOW) == []
    assert when_duty_missed(DutyMissed(duty_id="D1", kind="chief", station_id="S1", people=[], missed_at=NOW)) == []


FORGET = ForgetVisit("V1", "visit-1", "S1", at("08:25"))


def test_a_voided_visit_proves_nothing(given: Given) -> None:
    past = given(rules_known, duty_known, v1_inside).when(FORGET)
    past.then(on(PRESENCE, "V1", VisitForgotten(at("08:25"), "visit-1", "S1")))
    past.when(FORGET).then_nothing()
    assert not any(isinstance(event, PatrolReportAccepted) for event in past.when(submit()).events["report-R1"])


def test_a_voided_visit_is_not_brought_back_by_its_start_or_its_end(given: Given) -> None:
    past = given(rules_known, duty_known, *a_waiting_report).when(FORGET)
    past.when(NotePresence("V1", "visit-1", "S1", at("07:58"))).then_nothing()
    assert "report-R1" not in past.when(NoteDeparture("V1", "visit-1", "S1", at("07:58"), at("08:30"))).events


def test_another_visit_still_proves(given: Given) -> None:
    two = on(PRESENCE, "V1", entered(at("07:58")), entered(at("07:59"), "visit-2"))
    events = given(rules_known, duty_known, two).when(FORGET).when(submit()).events["report-R1"]
    assert any(isinstance(event, PatrolReportAccepted) for event in events)


def test_a_voided_visit_is_told_with_its_time() -> None:
    times = {"started_at": at("07:58"), "voided_at": at("08:25")}
    event = VisitVoided(visit_id="visit-1", member_id="V1", station_id="S1", **times, reason="gate_fault")
    assert when_visit_voided(event) == [FORGET]
