"""PT3: what nothing proves is for the leader of the team, after 48 hours for a union officer; E34: what is voided."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from services.points.domain.acceptance import NoRulesInForce
from services.points.domain.account import ReversePoints
from services.points.domain.membership import MEMBERSHIP, MembershipBegun
from services.points.domain.presence import PRESENCE, NotePresence, PatrolWaitEnded
from services.points.domain.report import REPORT, ReportNotReviewable
from services.points.domain.report_commands import EndCorrection, EscalateReport, VoidReport
from services.points.domain.report_events import (
    PatrolReportAccepted,
    PatrolReportRejected,
    PatrolReportReturned,
    PatrolReportSubmitted,
    PatrolReportVoided,
    ReportEscalated,
)
from services.points.domain.review import Reviewer, ReviewReport, SelfReview, Verdict
from services.points.domain.rights import RIGHTS, ClaimReleased, DutyNotAssigned, DutySlotFilled
from services.points.domain.team import TEAM, LeaderAppointed, TeamFormed, VolunteerJoined
from services.points.policies import TIMERS
from services.points.policies.reports import when_patrol_report_voided
from shared.decider import Change, DeadlineCleared, DeadlineSet
from shared.errors import Forbidden, IdempotencyKeyReused, NotFound
from shared.testing.given import Given, on

from .the_day import (
    DONE,
    DUE,
    FROM,
    MINUTE,
    RECEIVED,
    TO,
    a_report_under_review,
    a_waiting_report,
    accepted,
    at,
    book,
    booked,
    claimed,
    duty,
    duty_known,
    freed,
    on_day,
    paid,
    paid_for,
    rules_known,
    submit,
    submitted,
    v1_inside,
    wait_over,
)

NOW = at("10:00")
WHOSE = {"report_id": "R1", "duty_id": "D1", "station_id": "S1", "volunteer_id": "V1"}
LEADER, OFFICER = Reviewer("L1", officer=False), Reviewer("P1", officer=True)

team_of_v1 = (
    on(TEAM, "T1", TeamFormed(RECEIVED, "T1", "xintu", "L1"), VolunteerJoined(RECEIVED, "T1", "V1")),
    on(MEMBERSHIP, "V1", MembershipBegun(RECEIVED, "T1")),
)
to_review: tuple[Change, ...] = (rules_known, duty_known, *a_report_under_review, *team_of_v1)
returned = PatrolReportReturned(NOW, **WHOSE, code="photos_missing", by="L1")
correction_due = DeadlineSet(at=NOW, name="correction", ref="R1", due_at=NOW + timedelta(hours=48))
with_the_volunteer = (*to_review, on(REPORT, "R1", returned, wait_over(NOW, "returned", "review"), correction_due))
an_accepted_report = (
    rules_known,
    on(REPORT, "R1", submitted(), accepted()),
    on(RIGHTS, "D1", duty(), claimed(), paid()),
    on_day(paid_for()),
)


booked_again = booked(since=FROM + 5 * MINUTE)


def review(verdict: Verdict = "accept", by: Reviewer = LEADER, **changed: Any) -> ReviewReport:
    return msgspec.structs.replace(ReviewReport("R1", by, verdict, "photos_missing", NOW), **changed)


@pytest.mark.parametrize("by", [LEADER, OFFICER], ids=["leader", "officer"])
def test_pt3_the_leader_or_an_officer_accepts_and_it_pays(given: Given, by: Reviewer) -> None:
    given(*to_review).when(review(by=by)).then(
        on(REPORT, "R1", accepted(at=NOW, by=by.id), wait_over(NOW, "accepted", "review")),
        on(RIGHTS, "D1", paid(now=NOW)),
        on(PRESENCE, "V1", PatrolWaitEnded(at=NOW, report_id="R1")),
        on_day(paid_for(now=NOW)),
    )


def test_pt3_a_rejected_report_frees_its_place_and_its_time(given: Given) -> None:
    rejected = PatrolReportRejected(NOW, **WHOSE, code="photos_missing", by="L1")
    given(*to_review).when(review("reject")).then(
        on(REPORT, "R1", rejected, wait_over(NOW, "rejected", "review")),
        on(RIGHTS, "D1", ClaimReleased(at=NOW, report_id="R1")),
        on(PRESENCE, "V1", PatrolWaitEnded(at=NOW, report_id="R1")),
        on_day(freed(now=NOW)),
    )


@pytest.mark.parametrize("by", [Reviewer("V1", officer=False), Reviewer("V1", officer=True)], ids=["self", "officer"])
def test_pt3_nobody_reviews_his_own(given: Given, by: Reviewer) -> None:
    given(*to_review).when(review(by=by)).then_refused(SelfReview)


def test_pt3_a_leader_who_leads_himself_still_does_not_review_his_own(given: Given) -> None:
    leads_himself = on(TEAM, "T1", LeaderAppointed(NOW, "T1", "V1"))
    given(*to_review, leads_himself).when(review(by=Reviewer("V1", officer=False))).then_refused(SelfReview)


def test_pt3_the_leader_of_another_team_may_not(given: Given) -> None:
    given(*to_review).when(review(by=Reviewer("L2", officer=False))).then_refused(Forbidden)


def test_pt3_a_volunteer_without_a_team_is_for_an_officer(given: Given) -> None:
    alone = (rules_known, duty_known, *a_report_under_review)
    given(*alone).when(review()).then_refused(Forbidden)
    assert "report-R1" in given(*alone).when(review(by=OFFICER)).events


def test_pt3_a_new_leader_reviews_and_the_old_one_no_more(given: Given) -> None:
    replaced = on(TEAM, "T1", LeaderAppointed(NOW, "T1", "L2"))
    given(*to_review, replaced).when(review()).then_refused(Forbidden)
    assert "report-R1" in given(*to_review, replaced).when(review(by=Reviewer("L2", officer=False))).events


@pytest.mark.parametrize("verdict", ["accept", "reject", "return"])
def test_what_is_not_under_review_cannot_be_reviewed(given: Given, verdict: Verdict) -> None:
    for past in (an_accepted_report, (rules_known, duty_known, *a_waiting_report)):
        given(*past).when(review(verdict, OFFICER)).then_refused(ReportNotReviewable)


def test_what_was_never_filed_is_not_found(given: Given) -> None:
    given().when(review()).then_refused(NotFound)
    given().when(VoidReport("R1", "mistake", "P1", NOW)).then_refused(NotFound)


def test_a_reviewer_stands_for_presence_and_window_but_not_for_the_duty_or_its_places(given: Given) -> None:
    moved = (rules_known, on(RIGHTS, "D1", duty(people=("V2",))), *a_report_under_review)
    given(*moved).when(review(by=OFFICER)).then_refused(DutyNotAssigned)
    two_paid = [event for n in (8, 9) for event in (claimed(f"R{n}", f"V{n}"), paid(f"R{n}"))]
    full = (rules_known, on(RIGHTS, "D1", *two_paid), duty_known, *a_report_under_review)
    given(*full).when(review(by=OFFICER)).then_refused(DutySlotFilled)


def test_what_no_rules_give_a_value_cannot_be_accepted(given: Given) -> None:
    given(book(), duty_known, *a_report_under_review).when(review(by=OFFICER)).then_refused(NoRulesInForce)


def test_pt3_after_48_hours_without_review_a_union_officer_is_asked(given: Given) -> None:
    due = DUE + timedelta(hours=48)
    past = given(*to_review).when(TIMERS["report", "review"]("R1", "R1", due))
    past.then(on(REPORT, "R1", ReportEscalated(due, **WHOSE), wait_over(due, "escalated", "review")))
    (event, *_) = past.when(review(by=OFFICER, now=due + MINUTE)).events["report-R1"]
    assert isinstance(event, PatrolReportAccepted)


def test_pt3_a_report_is_never_accepted_by_time(given: Given) -> None:
    past = given(*to_review)
    for days in range(1, 30):
        events = past.when(EscalateReport("R1", DUE + timedelta(days=days))).events["report-R1"]
        assert not any(isinstance(event, PatrolReportAccepted) for event in events)


def test_the_timer_of_a_reviewed_report_only_clears_itself(given: Given) -> None:
    given(*an_accepted_report).when(EscalateReport("R1", NOW)).then(
        on(REPORT, "R1", wait_over(NOW, "answered", "review"))
    )


def test_pt3_a_returned_report_is_with_its_volunteer_for_48_hours(given: Given) -> None:
    given(*to_review).when(review("return")).then(
        on(REPORT, "R1", returned, wait_over(NOW, "returned", "review"), correction_due)
    )


CORRECTED = submit(performed_from=FROM + 5 * MINUTE, now=NOW + MINUTE)


def test_pt3_a_correction_is_the_same_report_weighed_anew(given: Given) -> None:
    given(*with_the_volunteer, v1_inside).when(CORRECTED).then(
        on(
            REPORT,
            "R1",
            wait_over(NOW + MINUTE, "corrected", "correction"),
            submitted(performed_from=FROM + 5 * MINUTE, received_at=NOW + MINUTE),
            accepted(at=NOW + MINUTE, performed_from=FROM + 5 * MINUTE),
        ),
        on_day(
            freed(now=NOW + MINUTE),
            msgspec.structs.replace(booked_again, at=NOW + MINUTE),
            paid_for(now=NOW + MINUTE),
        ),
        on(RIGHTS, "D1", paid(now=NOW + MINUTE)),
        on(PRESENCE, "V1", PatrolWaitEnded(at=NOW + MINUTE, report_id="R1")),
    )


def test_a_correction_that_nothing_proves_waits_and_goes_to_review_again(given: Given) -> None:
    past = given(*with_the_volunteer).when(CORRECTED)
    (*_, deadline) = past.events["report-R1"]
    assert deadline == DeadlineSet(at=NOW + MINUTE, name="presence", ref="R1", due_at=NOW + 16 * MINUTE)


def test_a_visit_told_after_a_correction_proves_the_corrected_times(given: Given) -> None:
    """Whichever comes last, the same is weighed: he had mistaken the hour, and was there at the right one."""
    corrected = submit(performed_from=at("09:00"), performed_to=at("09:20"), now=NOW + MINUTE)
    past = given(*with_the_volunteer).when(corrected)
    events = past.when(NotePresence("V1", "visit-1", "S1", at("08:55"))).events
    assert [event.points for event in events["report-R1"] if isinstance(event, PatrolReportAccepted)] == [2]


def test_the_first_sending_told_again_corrects_nothing(given: Given) -> None:
    given(*with_the_volunteer).when(submit(now=NOW + MINUTE)).then_nothing()


def test_k5_a_correction_has_its_own_deadline_and_is_never_late(given: Given) -> None:
    late = msgspec.structs.replace(CORRECTED, now=TO + timedelta(hours=80))
    events = given(*with_the_volunteer).when(late).events["report-R1"]
    assert [event.late for event in events if isinstance(event, PatrolReportSubmitted)] == [False]


@pytest.mark.parametrize("changed", [{"volunteer_id": "V2"}, {"duty_id": "D2"}], ids=str)
def test_a_correction_is_of_the_same_duty_by_the_same_volunteer(given: Given, changed: dict[str, str]) -> None:
    corrected = msgspec.structs.replace(CORRECTED, **changed)
    given(*with_the_volunteer).when(corrected).then_refused(IdempotencyKeyReused)


def test_a_report_that_is_not_corrected_in_time_is_rejected(given: Given) -> None:
    due = NOW + timedelta(hours=48)
    given(*with_the_volunteer).when(TIMERS["report", "correction"]("R1", "R1", due)).then(
        on(
            REPORT,
            "R1",
            PatrolReportRejected(due, **WHOSE, code="NOT_CORRECTED", by="automatic"),
            wait_over(due, "rejected", "correction"),
        ),
        on(RIGHTS, "D1", ClaimReleased(at=due, report_id="R1")),
        on(PRESENCE, "V1", PatrolWaitEnded(at=due, report_id="R1")),
        on_day(freed(now=due)),
    )


def test_the_timer_of_a_corrected_report_only_clears_itself(given: Given) -> None:
    past = given(*with_the_volunteer).when(CORRECTED)
    past.when(EndCorrection("R1", NOW + timedelta(hours=48))).then(
        on(REPORT, "R1", DeadlineCleared(NOW + timedelta(hours=48), "correction", "R1", "corrected"))
    )


def test_a_visit_told_while_the_volunteer_corrects_accepts_nothing(given: Given) -> None:
    visit = NotePresence("V1", "visit-1", "S1", at("07:58"))
    assert set(given(*with_the_volunteer).when(visit).events) == {"presence-V1"}


VOID = VoidReport("R1", "photos_of_another_day", "P1", NOW)
voided = PatrolReportVoided(NOW, **WHOSE, points=2, code="photos_of_another_day", by="P1")


def test_e34_a_voided_report_frees_its_place_and_its_time(given: Given) -> None:
    given(*an_accepted_report, on_day(booked_again)).when(VOID).then(
        on(REPORT, "R1", voided),
        on(RIGHTS, "D1", ClaimReleased(at=NOW, report_id="R1")),
        on_day(freed(now=NOW)),
    )


def test_e34_a_voided_report_is_paid_back_once_and_another_may_be_filed(given: Given) -> None:
    past = given(*an_accepted_report, v1_inside, on_day(booked_again)).when(VOID)
    assert when_patrol_report_voided(voided) == [ReversePoints("V1", "patrol", "R1", NOW)]
    past.when(VOID).then_nothing()
    again = past.when(submit(report_id="R2")).events["report-R2"]
    assert [event.points for event in again if isinstance(event, PatrolReportAccepted)] == [2]


def test_what_paid_nothing_reverses_nothing() -> None:
    assert when_patrol_report_voided(msgspec.structs.replace(voided, points=0)) == []


def test_only_what_was_accepted_can_be_voided_and_not_by_its_volunteer(given: Given) -> None:
    given(*to_review).when(VOID).then_refused(ReportNotReviewable)
    given(*an_accepted_report).when(msgspec.structs.replace(VOID, by="V1")).then_refused(SelfReview)


def test_a_voided_report_stays_voided(given: Given) -> None:
    gone = (*an_accepted_report, on(REPORT, "R1", voided))
    given(*gone).when(review(by=OFFICER)).then_refused(ReportNotReviewable)
    given(*gone, v1_inside).when(submit(checklist=DONE, now=NOW)).then_nothing()
