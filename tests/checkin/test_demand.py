"""C3: demands that the chief of the day hears, each with a category and a deadline."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
import pytest

from services.checkin.domain.demand import DEMAND, CloseDemand, DemandClosed, DemandRecorded, RecordDemand
from services.checkin.domain.device_time import Moment
from services.checkin.domain.duty_commands import EndDuty, MissDuty, NameDeputy, StartDuty
from services.checkin.domain.refusals import AlreadyRegistered, CategoryUnknown, DeadlineRequired, DutyNotAssigned
from services.checkin.domain.values import DEMAND_CATEGORIES
from services.checkin.policies import INTAKE, POLICIES
from services.checkin.publishing import PUBLISHING
from shared.contracts import checkin_rota as contracts
from shared.contracts.grievance import CaseClosed
from shared.errors import NotFound
from shared.policies import Receipt
from shared.testing.given import Given, on
from tests.checkin.rota import CHIEF_OF_S1, CHIEF_OF_S2, EVE, MORNING, TOWN, told
from tests.checkin.town import HOUR, MINUTE, SECOND, at, offline, online

NINE, DUE = at("09:00"), at("18:00")
ON_DUTY = told(*TOWN, CHIEF_OF_S1, StartDuty("chief-S1", "C1", at("05:25")))
OVER = told(*ON_DUTY, EndDuty("chief-S1", "C1", at("22:00")))


def record(moment: Moment | datetime = NINE, **changes: Any) -> RecordDemand:
    moment = moment if isinstance(moment, Moment) else online(moment)
    command = RecordDemand("DM-1", "chief-S1", "S1", "C1", "charging", DUE, "ref-1", moment, "W11", "ab" * 16)
    return msgspec.structs.replace(command, **changes)


recorded = DemandRecorded(NINE, "DM-1", "chief-S1", "S1", "C1", "charging", DUE, "ref-1", "W11", "ab" * 16, ())
RECORDED = [*ON_DUTY, on(DEMAND, "DM-1", recorded)]


def test_the_chief_on_duty_records_a_demand(given: Given) -> None:
    given(*ON_DUTY).when(record()).then(on(DEMAND, "DM-1", recorded))


def test_a_demand_may_be_nobodys_in_particular(given: Given) -> None:
    unnamed = msgspec.structs.replace(recorded, member_id=None, content_hmac=None)
    given(*ON_DUTY).when(record(member_id=None, content_hmac=None)).then(on(DEMAND, "DM-1", unnamed))


def test_the_same_demand_again_changes_nothing_also_after_the_duty(given: Given) -> None:
    given(*RECORDED).when(record(at("09:01"))).then_nothing()
    given(*OVER, on(DEMAND, "DM-1", recorded)).when(record(at("22:30"))).then_nothing()
    given(*RECORDED).when(record(category="meals")).then_refused(AlreadyRegistered)


@pytest.mark.parametrize("moment", ["05:24", "22:00"])
def test_only_while_on_duty(given: Given, moment: str) -> None:
    given(*OVER).when(record(at(moment), deadline=at("18:00", 24))).then_refused(DutyNotAssigned)


def test_only_by_the_chief_of_that_duty(given: Given) -> None:
    others = told(*ON_DUTY, CHIEF_OF_S2, MORNING, StartDuty("chief-S2", "C2", at("08:55")))
    given(*others).when(record(chief_id="C2")).then_refused(DutyNotAssigned)
    given(*others).when(record(duty_id="morning", chief_id="V1")).then_refused(DutyNotAssigned)
    given(*others).when(record(station_id="S2")).then_refused(NotFound)
    given(*others).when(record(duty_id="unknown")).then_refused(NotFound)
    given(*told(*TOWN, CHIEF_OF_S1)).when(record()).then_refused(DutyNotAssigned)


def test_the_deputy_on_duty_records_and_the_missed_chief_does_not(given: Given) -> None:
    deputy = NameDeputy("chief-S1", "S1", "C9", EVE)
    past = told(*TOWN, CHIEF_OF_S1, deputy, MissDuty("chief-S1", at("06:00")), StartDuty("chief-S1", "C9", at("06:20")))
    assert "demand-DM-1" in given(*past).when(record(chief_id="C9")).events
    given(*past).when(record()).then_refused(DutyNotAssigned)


@pytest.mark.parametrize("deadline", [None, NINE - SECOND, NINE], ids=["none", "past", "now"])
def test_a_deadline_is_needed_and_still_to_come(given: Given, deadline: datetime | None) -> None:
    given(*ON_DUTY).when(record(deadline=deadline)).then_refused(DeadlineRequired)


def test_a_category_is_one_of_the_list(given: Given) -> None:
    given(*ON_DUTY).when(record(category="weather")).then_refused(CategoryUnknown)
    for category in DEMAND_CATEGORIES:
        assert "demand-DM-1" in given(*ON_DUTY).when(record(category=category)).events


def test_k10_whose_duty_it_is_comes_before_what_is_wrong_with_the_demand(given: Given) -> None:
    given(*ON_DUTY).when(record(chief_id="C2", category="weather", deadline=None)).then_refused(DutyNotAssigned)
    given(*ON_DUTY).when(record(category="weather", deadline=None)).then_refused(CategoryUnknown)


def test_k4_an_upload_after_the_duty_tells_what_was_heard_during_it(given: Given) -> None:
    later = at("18:00", 24)
    moment = Moment(NINE, at("22:30"), offline=True, clock_corrected=True)
    scenario = given(*OVER).when(record(moment, deadline=later))
    scenario.then(on(DEMAND, "DM-1", msgspec.structs.replace(recorded, deadline=later, flags=("clock_corrected",))))
    given(*OVER).when(record(offline(at("22:10"), at("22:30")), deadline=later)).then_refused(DutyNotAssigned)


def test_k5_told_after_three_days_it_is_recorded_and_says_so(given: Given) -> None:
    february = at("18:00", 6, 2)
    scenario = given(*OVER).when(record(offline(NINE, NINE + 72 * HOUR + MINUTE), deadline=february))
    late = msgspec.structs.replace(recorded, deadline=february, flags=("late_beyond_window",))
    scenario.then(on(DEMAND, "DM-1", late))


# Closing.


@pytest.mark.parametrize("moment,in_time", [(DUE - SECOND, True), (DUE, True), (DUE + SECOND, False)])
def test_row_19_a_closed_case_closes_its_demand_in_time_or_not(given: Given, moment: datetime, in_time: bool) -> None:
    closed = DemandClosed(moment, "DM-1", "chief-S1", "S1", "charging", DUE, "CS-1", "done", in_time)
    scenario = given(*RECORDED).when(CloseDemand("DM-1", "CS-1", "done", moment)).then(on(DEMAND, "DM-1", closed))
    scenario.when(CloseDemand("DM-1", "CS-1", "done", moment + HOUR)).then_nothing()


def test_a_demand_that_was_never_recorded_is_not_closed(given: Given) -> None:
    given(*ON_DUTY).when(CloseDemand("DM-1", "CS-1", "done", DUE)).then_refused(NotFound)


def case(demand_id: str | None) -> CaseClosed:
    return CaseClosed(
        case_id="CS-1",
        kind="request",
        category="charging",
        demand_id=demand_id,
        outcome="done",
        round=1,
        closed_at=DUE,
        in_time=False,
    )


def test_row_19_only_cases_of_demands_matter_here() -> None:
    answers = [command for reaction in POLICIES.reactions[CaseClosed] for command in reaction(case("DM-1"))]
    assert CloseDemand("DM-1", "CS-1", "done", DUE) in answers
    none = [command for reaction in POLICIES.reactions[CaseClosed] for command in reaction(case(None))]
    assert not any(isinstance(command, CloseDemand) for command in none)


# At the doors.


def test_what_a_chiefs_app_tells_is_recorded_as_heard() -> None:
    event = contracts.DemandHeard(
        demand_id="DM-1",
        duty_id="chief-S1",
        station_id="S1",
        chief_id="C1",
        category="charging",
        deadline=DUE,
        content_ref="ref-1",
        member_id="W11",
        content_hmac="ab" * 16,
    )
    receipt = Receipt("c1", NINE, "chief-app", "1", "DM1")
    assert INTAKE.command(event, receipt) == record()
    uploaded = event.model_copy(update={"heard_at": NINE, "sent_at": at("22:30")})
    later = Receipt("c2", at("22:30"), "chief-app", "2", "DM1")
    assert INTAKE.command(uploaded, later) == record(offline(NINE, at("22:30")))


def test_row_9_a_demand_is_published_with_a_reference_to_its_words() -> None:
    published = PUBLISHING.publish(recorded, "DM-1")
    assert published is not None
    assert published.key == "DM-1"
    assert published.data == contracts.DemandRecorded(
        demand_id="DM-1",
        duty_id="chief-S1",
        station_id="S1",
        category="charging",
        deadline=DUE,
        member_id="W11",
        content_ref="ref-1",
        content_hmac="ab" * 16,
        heard_at=NINE,
        flags=[],
    )
