"""PT2 and PT4 from several processes at once: exact under contention, and nobody is told VERSION_CONFLICT (K7)."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest

from services.points.domain.checklist import CheckedItem
from services.points.domain.hazard import HazardReportAccepted, ReportHazard
from services.points.domain.presence import NotePresence
from services.points.domain.rectification import LinkDuplicate, VerifyHazard
from services.points.domain.report_commands import SubmitReport
from services.points.domain.report_events import PatrolReportAccepted
from services.points.domain.rights import OpenRight
from services.points.domain.rules import PublishRules
from services.points.domain.team import FormTeam, JoinTeam
from services.points.main import SERVICE
from shared.decider import Command, IntakeRef
from shared.outcomes import Answer
from shared.testing.infrastructure import Databases
from shared.testing.processes import NOON
from tests.journeys.racing import Racers, codes, racing
from tests.running import migrated

pytestmark = pytest.mark.load

MORNING = NOON - timedelta(hours=10)
MANY = 24


@pytest.fixture(scope="module")
async def racers(databases: Databases) -> AsyncIterator[Racers]:
    async with racing(SERVICE, migrated(databases, SERVICE)) as racers:
        yield racers


def duty(who: str, number: int) -> OpenRight:
    return OpenRight(f"D-{who}-{number}", "patrol_special", "S1", MORNING, NOON, (who,))


def patrol(who: str, number: int, since: datetime) -> SubmitReport:
    until = since + timedelta(minutes=15)
    checklist = (CheckedItem("water", True),)
    intake = IntakeRef("app", f"R-{who}-{number}", who)
    ids = f"R-{who}-{number}", f"D-{who}-{number}"
    return SubmitReport(*ids, "S1", who, since, until, checklist, False, NOON, intake)


async def begun(racers: Racers, who: str) -> None:
    """He is inside, and on as many duties as there are reports."""
    first: list[Command] = [PublishRules(1, MORNING, MORNING), NotePresence(who, f"visit-{who}", "S1", MORNING)]
    set_up = [*first, *(duty(who, number) for number in range(MANY))]
    assert set(codes(await racers.race(set_up))) <= {"accepted", "unchanged"}


def accepted(answers: list[Answer]) -> list[PatrolReportAccepted]:
    return [d.event for one in answers for d in one.events if isinstance(d.event, PatrolReportAccepted)]


async def test_pt2_of_many_patrols_at_one_time_exactly_one_is_taken(racers: Racers) -> None:
    await begun(racers, "V1")
    answers = await racers.race([patrol("V1", number, MORNING) for number in range(MANY)])
    assert Counter(codes(answers)) == {"accepted": 1, "OVERLAPPING_PATROL": MANY - 1}
    assert [event.points for event in accepted(answers)] == [4]


async def test_pt2_of_many_patrols_of_a_day_exactly_three_are_paid(racers: Racers) -> None:
    await begun(racers, "V2")
    times = [MORNING + number * timedelta(minutes=20) for number in range(MANY)]
    answers = await racers.race([patrol("V2", number, since) for number, since in enumerate(times)])
    assert Counter(codes(answers)) == {"accepted": MANY}
    paid = Counter((event.points, event.note) for event in accepted(answers))
    assert paid == {(4, None): 3, (0, "DAILY_CAP_REACHED"): MANY - 3}


async def test_pt4_however_many_links_and_verifications_come_at_once_one_report_is_paid(racers: Racers) -> None:
    hazards = [
        ReportHazard(f"HZ{n}", f"V{n}", "S1", None, "noise", "general", None, None, None, NOON + timedelta(seconds=n))
        for n in range(MANY)
    ]
    assert set(codes(await racers.race([PublishRules(1, MORNING, MORNING), *hazards]))) <= {"accepted", "unchanged"}
    told: list[Command] = [LinkDuplicate("RC1", f"HZ{n}", NOON) for n in range(MANY)]
    told += [VerifyHazard("RC1", f"HZ{n}", NOON) for n in range(MANY)]
    answers = await racers.race(told)
    assert set(codes(answers)) <= {"accepted", "unchanged"}
    events = [d.event for one in answers for d in one.events]
    last = [event for event in events if isinstance(event, HazardReportAccepted)]
    net = len(last) - sum(type(event).__name__ == "HazardAcceptanceRevoked" for event in events)
    assert net == 1
    assert min(event.spotted_at for event in last) == NOON


async def test_p3_of_many_teams_that_want_one_volunteer_exactly_one_gets_him(racers: Racers) -> None:
    formed = [FormTeam(f"T{n}", "code", f"L{n}", NOON) for n in range(MANY)]
    assert set(codes(await racers.race(formed))) == {"accepted"}
    answers = await racers.race([JoinTeam(f"T{n}", "V3", NOON) for n in range(MANY)])
    assert Counter(codes(answers)) == {"accepted": 1, "IN_ANOTHER_TEAM": MANY - 1}
