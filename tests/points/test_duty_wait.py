"""A report that comes before its duty was told: it waits, is set aside when nobody tells, filed anew by a replay."""

from __future__ import annotations

from itertools import permutations

import msgspec
import pytest

from services.points.domain.patrol_day import PATROL_DAY, PatrolFreed
from services.points.domain.presence import PRESENCE, PatrolWaitEnded
from services.points.domain.report import REPORT
from services.points.domain.report_commands import EndDutyWait, RetryAcceptance, SendToReview
from services.points.domain.report_events import PatrolReportAccepted, PatrolReportRejected, ReportAwaitsDuty
from services.points.domain.rights import RIGHTS, ClaimReleased, DutyNotAssigned, OpenRight
from shared.decider import Command, DeadlineCleared, DeadlineSet, WaitExpired
from shared.errors import IdempotencyKeyReused
from shared.testing.given import Given, on

from .the_day import (
    DUE,
    INTAKE,
    MINUTE,
    RECEIVED,
    accepted,
    accepted_event,
    at,
    booked,
    claimed,
    deadline,
    duty,
    duty_known,
    entered,
    freed,
    on_day,
    paid,
    rules_known,
    submit,
    submitted,
    v1_inside,
    waits,
)

LATER = DUE + 60 * MINUTE
awaits_duty = ReportAwaitsDuty(at=RECEIVED, intake=INTAKE)
duty_deadline = DeadlineSet(at=RECEIVED, name="duty", ref="R1", due_at=DUE)
cause_missing = WaitExpired(at=DUE, intake=INTAKE, field="duty_id", timer="duty", ref="R1")

waiting_for_its_duty = (
    on(REPORT, "R1", submitted(), awaits_duty, duty_deadline),
    on(RIGHTS, "D1", claimed()),
    on(PRESENCE, "V1", waits),
    on_day(booked()),
)
set_aside = (
    on(REPORT, "R1", cause_missing, DeadlineCleared(at=DUE, name="duty", ref="R1", reason="cause_missing")),
    on(RIGHTS, "D1", ClaimReleased(at=DUE, report_id="R1")),
    on(PRESENCE, "V1", PatrolWaitEnded(at=DUE, report_id="R1")),
    on_day(freed(now=DUE)),
)
a_quarantined_report = (*waiting_for_its_duty, *set_aside)


def assigned(*people: str) -> OpenRight:
    return OpenRight("D1", "patrol_daily", "S1", at("07:30"), at("09:30"), people)


def test_a_report_whose_duty_is_not_known_yet_waits_15_minutes_for_it(given: Given) -> None:
    given(rules_known, v1_inside).when(submit()).then(*waiting_for_its_duty)


def test_it_is_accepted_when_the_duty_is_told(given: Given) -> None:
    scenario = given(rules_known, v1_inside, *waiting_for_its_duty).when(assigned("V1"))
    over = DeadlineCleared(at=RECEIVED, name="duty", ref="R1", reason="accepted")
    assert scenario.events["report-R1"] == [accepted(), over]


def test_without_presence_it_waits_for_that_once_the_duty_is_told(given: Given) -> None:
    told = DeadlineCleared(at=RECEIVED, name="duty", ref="R1", reason="duty_told")
    past = given(rules_known, *waiting_for_its_duty).when(assigned("V1"))
    assert past.events["report-R1"] == [told, deadline]
    past.when(EndDutyWait("R1", DUE)).then_nothing()


def test_a_duty_that_is_told_again_moves_no_deadline(given: Given) -> None:
    past = given(rules_known, *waiting_for_its_duty).when(assigned("V1"))
    assert "report-R1" not in past.when(assigned("V1", "V2")).events


def test_it_is_rejected_when_the_duty_is_told_without_this_volunteer(given: Given) -> None:
    (rejected, _) = given(rules_known, *waiting_for_its_duty).when(assigned("V2")).events["report-R1"]
    assert isinstance(rejected, PatrolReportRejected)
    assert rejected.code == DutyNotAssigned.code


def test_a_duty_that_is_never_told_sets_the_report_aside_with_whom_to_answer(given: Given) -> None:
    given(rules_known, v1_inside, *waiting_for_its_duty).when(EndDutyWait("R1", DUE)).then(*set_aside)


def test_what_is_set_aside_is_not_weighed_when_the_duty_comes_or_a_visit(given: Given) -> None:
    past = given(rules_known, v1_inside, *a_quarantined_report).when(assigned("V1"))
    assert set(past.events) == {"rights-D1"}
    past.when(RetryAcceptance("R1", LATER)).then_nothing()
    past.when(SendToReview("R1", LATER)).then(
        on(REPORT, "R1", DeadlineCleared(at=LATER, name="presence", ref="R1", reason="answered"))
    )


def test_a_replay_after_the_duty_came_accepts_it_once(given: Given) -> None:
    past = given(rules_known, v1_inside, *a_quarantined_report, duty_known).when(EndDutyWait("R1", LATER))
    assert past.events["report-R1"] == [submitted(), accepted(at=LATER)]
    assert past.events["rights-D1"] == [claimed(now=LATER), paid(now=LATER)]
    past.when(EndDutyWait("R1", LATER + MINUTE)).then_nothing()


def test_a_replay_before_the_duty_came_sets_it_aside_again(given: Given) -> None:
    again = msgspec.structs.replace(cause_missing, at=LATER)
    given(rules_known, v1_inside, *a_quarantined_report).when(EndDutyWait("R1", LATER)).then(on(REPORT, "R1", again))


def test_a_replay_without_presence_waits_for_it(given: Given) -> None:
    scenario = given(rules_known, *a_quarantined_report, duty_known).when(EndDutyWait("R1", LATER))
    waiting = msgspec.structs.replace(deadline, at=LATER, due_at=LATER + 15 * MINUTE)
    assert scenario.events["report-R1"] == [submitted(), waiting]
    assert scenario.events["presence-V1"] == [msgspec.structs.replace(waits, at=LATER)]


@pytest.mark.parametrize(
    "people, others, code",
    [(("V2", "V3"), (), "DUTY_NOT_ASSIGNED"), (("V1", "V2", "V3"), ("V2", "V3"), "DUTY_SLOT_FILLED")],
)
def test_a_replay_rejects_what_the_duty_excludes_or_can_no_longer_pay(
    given: Given, people: tuple[str, ...], others: tuple[str, ...], code: str
) -> None:
    claims = [claimed(f"R-{other}", other) for other in others]
    told = on(RIGHTS, "D1", duty(people=people), *claims)
    scenario = given(rules_known, v1_inside, *a_quarantined_report, told).when(EndDutyWait("R1", LATER))
    filed, rejected = scenario.events["report-R1"]
    assert filed == submitted()
    assert isinstance(rejected, PatrolReportRejected)
    assert rejected.code == code


def test_what_is_set_aside_may_be_sent_again_and_is_filed_anew(given: Given) -> None:
    resent = msgspec.structs.replace(INTAKE, id="report-2")
    scenario = given(rules_known, v1_inside, *a_quarantined_report, duty_known)
    scenario.when(submit(now=LATER, intake=resent))
    assert scenario.events["report-R1"] == [submitted(received_at=LATER), accepted(at=LATER)]
    assert accepted_event(scenario).points == 2


def test_another_patrol_under_its_id_is_refused(given: Given) -> None:
    given(*a_quarantined_report).when(submit(duty_id="D2")).then_refused(IdempotencyKeyReused)


CAUSES: list[Command] = [submit(), assigned("V1", "V2"), EndDutyWait("R1", DUE)]


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=lambda order: "".join(map(str, order)))
def test_in_whatever_order_they_come_the_last_replay_has_it_accepted_once(given: Given, order: tuple[int, ...]) -> None:
    scenario, seen = given(rules_known, v1_inside), []
    for command in [*(CAUSES[step] for step in order), EndDutyWait("R1", LATER), EndDutyWait("R1", LATER)]:
        for stream in scenario.when(command).events.values():
            seen += [event for event in stream if isinstance(event, PatrolReportAccepted)]
    assert [event.points for event in seen] == [2]


def test_pt2_a_replay_claims_the_time_of_both_days_or_of_none(given: Given) -> None:
    """Past midnight: the second day is taken by another patrol meanwhile, so nobody is paid for being at two places."""
    night, next_day = at("23:50"), at("00:20", "2026-01-24")
    late = {"performed_from": night, "performed_to": next_day, "at": next_day, "received_at": next_day}
    at_night = msgspec.structs.replace(duty(), window_from=at("23:00"), window_to=at("01:00", "2026-01-24"))
    known = on(RIGHTS, "D1", at_night)
    other = booked("R9", at("00:10", "2026-01-24"), at("00:40", "2026-01-24"))
    set_aside = on(REPORT, "R1", submitted(**late), awaits_duty, duty_deadline, cause_missing)
    inside = on(PRESENCE, "V1", entered(at("23:40")))
    past = given(rules_known, set_aside, known, inside, on(PATROL_DAY, "V1:2026-01-24", other))
    events = past.when(EndDutyWait("R1", next_day + 60 * MINUTE)).events
    assert [event.code for event in events["report-R1"] if isinstance(event, PatrolReportRejected)] == [
        "OVERLAPPING_PATROL"
    ]
    assert isinstance(events["patrolday-V1:2026-01-23"][-1], PatrolFreed)
