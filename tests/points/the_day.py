"""Named pasts: day D of the scenario as points knows it, with V1 on the morning's daily patrol at S1."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec

from services.points.domain.checklist import CheckedItem
from services.points.domain.patrol_day import PATROL_DAY, DayEvent, PatrolBooked, PatrolFreed, PatrolPaid
from services.points.domain.presence import PRESENCE, DepartureNoted, PatrolAwaitsPresence, PresenceNoted
from services.points.domain.report import REPORT
from services.points.domain.report_commands import SubmitReport
from services.points.domain.report_events import PatrolReportAccepted, PatrolReportSubmitted, ReportSentToReview
from services.points.domain.rights import RIGHTS, ClaimPaid, PatrolKind, RightOpened, SlotClaimed
from services.points.domain.rules import RULE_BOOK, RULES, KeyPeriodDeclared, PointsRulesPublished
from shared.clock import CHINA
from shared.decider import Change, DeadlineCleared, DeadlineSet, IntakeRef
from shared.testing.given import Scenario, on

MINUTE = timedelta(minutes=1)
INSTANT = timedelta(microseconds=1)


def at(time: str, day: str = "2026-01-23") -> datetime:
    """A moment in China."""
    return datetime.fromisoformat(f"{day}T{time}").replace(tzinfo=CHINA)


FROM, TO, RECEIVED = at("08:00"), at("08:20"), at("08:21")
DUE = at("08:36")  # amendment 5: 15 minutes after the receipt
DONE = (CheckedItem("table_chairs", True), CheckedItem("water", True))

INTAKE = IntakeRef("patrol-app", "report-1", "V1")

rules_v1 = PointsRulesPublished(
    at=at("00:00", "2026-01-22"),
    version=1,
    effective_from=at("00:00", "2026-01-22"),
    daily=2,
    weekly=2,
    key_period=3,
    special=4,
    hazard=2,
    lot_months=12,
)
key_period_s2 = KeyPeriodDeclared(
    at=at("00:00", "2026-01-22"),
    stations=("S2",),
    window_from=at("17:00"),
    window_to=at("19:00"),
    code="evening_rush",
)


def book(*events: PointsRulesPublished | KeyPeriodDeclared) -> Change:
    return on(RULES, RULE_BOOK, *events)


def duty(kind: PatrolKind = "patrol_daily", people: tuple[str, ...] = ("V1", "V2"), station: str = "S1") -> RightOpened:
    window_from = at("07:30")
    return RightOpened(
        at=window_from,
        kind=kind,
        station_id=station,
        window_from=window_from,
        window_to=at("09:30"),
        people=people,
        theme=None,
    )


def submit(**changed: Any) -> SubmitReport:
    """V1's report of 08:00-08:20, filed a minute later, unless told otherwise."""
    command = SubmitReport("R1", "D1", "S1", "V1", FROM, TO, DONE, offline=False, now=RECEIVED, intake=INTAKE)
    return msgspec.structs.replace(command, **changed)


def submitted(**changed: Any) -> PatrolReportSubmitted:
    event = PatrolReportSubmitted(
        at=TO,
        report_id="R1",
        duty_id="D1",
        station_id="S1",
        volunteer_id="V1",
        performed_from=FROM,
        performed_to=TO,
        checklist=DONE,
        offline=False,
        received_at=RECEIVED,
        late=False,
    )
    return msgspec.structs.replace(event, **changed)


def accepted(**changed: Any) -> PatrolReportAccepted:
    event = PatrolReportAccepted(
        at=RECEIVED,
        report_id="R1",
        duty_id="D1",
        station_id="S1",
        volunteer_id="V1",
        kind_paid="daily",
        points=2,
        rules_version=1,
        by="automatic",
        performed_from=FROM,
        failed_items=(),
        note=None,
    )
    return msgspec.structs.replace(event, **changed)


def entered(time: datetime, visit: str = "visit-1", station: str = "S1") -> PresenceNoted:
    return PresenceNoted(at=time, visit_id=visit, station_id=station, late=False)


def left(since: datetime, until: datetime, visit: str = "visit-1", station: str = "S1") -> DepartureNoted:
    return DepartureNoted(at=until, visit_id=visit, station_id=station, started_at=since)


def claimed(report: str = "R1", volunteer: str = "V1", now: datetime = RECEIVED) -> SlotClaimed:
    return SlotClaimed(at=now, report_id=report, volunteer_id=volunteer, station_id="S1")


def booked(report: str = "R1", since: datetime = FROM, until: datetime = TO, now: datetime = RECEIVED) -> PatrolBooked:
    return PatrolBooked(at=now, report_id=report, performed_from=since, performed_to=until)


def on_day(*events: DayEvent, volunteer: str = "V1") -> Change:
    """On the day of D of a volunteer."""
    return on(PATROL_DAY, f"{volunteer}:2026-01-23", *events)


def paid_for(report: str = "R1", now: datetime = RECEIVED) -> PatrolPaid:
    return PatrolPaid(at=now, report_id=report)


def freed(report: str = "R1", now: datetime = RECEIVED) -> PatrolFreed:
    return PatrolFreed(at=now, report_id=report)


def paid(report: str = "R1", now: datetime = RECEIVED) -> ClaimPaid:
    return ClaimPaid(at=now, report_id=report)


waits = PatrolAwaitsPresence(
    at=RECEIVED, report_id="R1", duty_id="D1", station_id="S1", performed_from=FROM, performed_to=TO
)
deadline = DeadlineSet(at=RECEIVED, name="presence", ref="R1", due_at=DUE)
sent_to_review = ReportSentToReview(at=DUE, report_id="R1", duty_id="D1", station_id="S1", volunteer_id="V1")


review_due = DeadlineSet(at=DUE, name="review", ref="R1", due_at=DUE + timedelta(hours=48))


def wait_over(now: datetime, reason: str, timer: str = "presence") -> DeadlineCleared:
    return DeadlineCleared(at=now, name=timer, ref="R1", reason=reason)


rules_known = book(rules_v1)
duty_known = on(RIGHTS, "D1", duty())
v1_inside = on(PRESENCE, "V1", entered(at("07:58")))

a_waiting_report = (
    on(REPORT, "R1", submitted(), deadline),
    on(RIGHTS, "D1", claimed()),
    on(PRESENCE, "V1", waits),
    on_day(booked()),
)
under_review = (sent_to_review, wait_over(DUE, "sent_to_review"), review_due)
a_report_under_review = (*a_waiting_report, on(REPORT, "R1", *under_review))


def accepted_event(scenario: Scenario) -> PatrolReportAccepted:
    """How the last step accepted R1."""
    (event,) = (e for e in scenario.events["report-R1"] if isinstance(e, PatrolReportAccepted))
    return event
