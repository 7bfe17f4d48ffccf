"""Who tells points what, and which command each asks for."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from services.points.domain.account import EarnPoints, ExpireLot
from services.points.domain.checklist import CheckedItem
from services.points.domain.presence import NoteDeparture, NotePresence
from services.points.domain.report_commands import EndDutyWait, SendToReview, SubmitReport
from services.points.domain.rights import OpenRight
from services.points.handlers import HANDLERS
from services.points.policies import INTAKE, TIMERS
from services.points.policies.reports import (
    when_duty_assigned,
    when_patrol_report_accepted,
    when_visit_ended,
    when_visit_started,
)
from shared.contracts.checkin import DutyAssigned, VisitEnded, VisitStarted
from shared.contracts.points import PatrolReported
from shared.policies import Receipt

from .the_day import FROM, RECEIVED, TO, accepted, at
from .the_day import INTAKE as REF

RECEIPT = Receipt("command-1", RECEIVED.astimezone(UTC), "patrol-app", "report-1", "V1")


def visit_started(flags: list[str]) -> VisitStarted:
    return VisitStarted(
        visit_id="visit-1",
        member_id="V1",
        station_id="S1",
        gate_id="G1",
        started_at=at("07:58"),
        offline=False,
        clock_corrected=False,
        counted=True,
        flags=flags,
    )


def duty_assigned(**changed: Any) -> DutyAssigned:
    duty: dict[str, Any] = {
        "duty_id": "D1",
        "kind": "patrol_special",
        "station_id": "S1",
        "window_from": at("07:30"),
        "window_to": at("09:30"),
        "people": ["V1", "V2"],
        "theme": "heating",
    }
    return DutyAssigned(**{**duty, **changed})


def test_a_patrol_report_is_submitted_at_its_receipt() -> None:
    reported = PatrolReported(
        report_id="R1",
        duty_id="D1",
        station_id="S1",
        volunteer_id="V1",
        performed_from=FROM,
        performed_to=TO,
        checklist=[{"item": "water", "ok": False}],  # type: ignore[list-item]
        offline=True,
    )
    expected = SubmitReport("R1", "D1", "S1", "V1", FROM, TO, (CheckedItem("water", False),), True, RECEIVED, REF)
    assert INTAKE.command(reported, RECEIPT) == expected


def test_pt3_visits_are_noted_as_presence() -> None:
    ended = VisitEnded(
        visit_id="visit-1",
        member_id="V1",
        station_id="S1",
        started_at=at("07:58"),
        ended_at=at("08:30"),
        exit_kind="scanned",
    )
    assert when_visit_started(visit_started([])) == [NotePresence("V1", "visit-1", "S1", at("07:58"))]
    assert when_visit_ended(ended) == [NoteDeparture("V1", "visit-1", "S1", at("07:58"), at("08:30"))]


def test_k5_a_visit_told_beyond_the_window_is_noted_as_late() -> None:
    late = visit_started(["over_capacity", "late_beyond_window"])
    assert when_visit_started(late) == [NotePresence("V1", "visit-1", "S1", at("07:58"), late=True)]


def test_a_patrol_duty_opens_the_right_to_file() -> None:
    people = ("V1", "V2")
    expected = OpenRight("D1", "patrol_special", "S1", at("07:30"), at("09:30"), people, "heating")
    assert when_duty_assigned(duty_assigned()) == [expected]


def test_a_chief_files_no_patrols() -> None:
    assert when_duty_assigned(duty_assigned(kind="chief")) == []


def test_pt5_an_accepted_patrol_is_earned_when_it_was_performed() -> None:
    assert when_patrol_report_accepted(accepted()) == [EarnPoints("V1", 2, "patrol", "R1", FROM, RECEIVED)]


def test_a_patrol_worth_nothing_makes_no_lot() -> None:
    assert when_patrol_report_accepted(msgspec.structs.replace(accepted(), points=0)) == []


def test_each_timer_asks_for_its_command_at_its_deadline() -> None:
    due = datetime(2026, 2, 1, tzinfo=UTC)
    assert TIMERS["report", "duty"]("R1", "R1", due) == EndDutyWait("R1", due)
    assert TIMERS["report", "presence"]("R1", "R1", due) == SendToReview("R1", due)
    assert TIMERS["account", "lot"]("V1", "patrol:R1", due) == ExpireLot("V1", "patrol:R1", due)


def test_every_timer_belongs_to_a_stream_of_this_service() -> None:
    assert {category for category, _ in TIMERS} <= {decider.category for decider in HANDLERS.deciders}


def test_every_command_that_is_asked_for_has_a_handler() -> None:
    asked = {SubmitReport, NotePresence, NoteDeparture, OpenRight, EarnPoints, EndDutyWait, SendToReview, ExpireLot}
    assert asked <= set(HANDLERS.commands)
