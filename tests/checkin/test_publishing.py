"""What other services are told, and under which key."""

from __future__ import annotations

from typing import Any

from services.checkin.domain.duty_events import DutyAssigned, DutyCancelled, DutyMissed, DutySwapped
from services.checkin.domain.member import MemberCodeIssued, MemberLeft, MemberReinstated, MemberSuspended
from services.checkin.domain.visits import (
    DuplicateScanIgnored,
    ServiceUsed,
    VisitEnded,
    VisitRated,
    VisitStarted,
    VisitVoided,
)
from services.checkin.publishing import PUBLISHING
from shared.contracts import checkin as contracts
from shared.contracts import checkin_rota as rota
from tests.checkin.town import at

SIX, TEN = at("06:00"), at("10:00")


def test_a_visit_started_is_published_under_its_member_without_what_is_private() -> None:
    event = VisitStarted(SIX, "v1", "W1", "S1", "g1", TEN, True, True, False, ("over_capacity",), "C1", "heat")
    published = PUBLISHING.publish(event, "W1")
    assert published is not None
    assert published.key == "W1"
    assert published.data == contracts.VisitStarted(
        visit_id="v1",
        member_id="W1",
        station_id="S1",
        gate_id="g1",
        started_at=SIX,
        offline=True,
        clock_corrected=True,
        counted=False,
        flags=["over_capacity"],
    )


def test_a_visit_ended_is_published_under_its_member() -> None:
    published = PUBLISHING.publish(VisitEnded(TEN, "v1", "W1", "S1", SIX, "auto"), "W1")
    assert published is not None
    assert published.key == "W1"
    assert published.data == contracts.VisitEnded(
        visit_id="v1", member_id="W1", station_id="S1", started_at=SIX, ended_at=TEN, exit_kind="auto"
    )


def test_a_duty_assigned_is_published_under_the_duty() -> None:
    event = DutyAssigned(SIX, "D1", "patrol_special", "S2", SIX, TEN, ("V3",), "heating")
    published = PUBLISHING.publish(event, "D1")
    assert published is not None
    assert published.key == "D1"
    assert published.data == contracts.DutyAssigned(
        duty_id="D1",
        kind="patrol_special",
        station_id="S2",
        window_from=SIX,
        window_to=TEN,
        people=["V3"],
        theme="heating",
    )


def test_a_swap_a_miss_and_a_cancellation_are_published_under_the_duty() -> None:
    duty: dict[str, Any] = {"duty_id": "D1", "kind": "patrol_daily", "station_id": "S1"}
    told = {
        DutySwapped(SIX, "D1", "patrol_daily", "S1", "V1", "V3", ("V3", "V2")): rota.DutySwapped(
            **duty, from_person="V1", to_person="V3", people=["V3", "V2"]
        ),
        DutyMissed(TEN, "D1", "patrol_daily", "S1", SIX, ("V1", "V2")): rota.DutyMissed(
            **duty, people=["V1", "V2"], missed_at=TEN
        ),
        DutyCancelled(TEN, "D1", "patrol_daily", "S1", SIX, "rain"): rota.DutyCancelled(**duty, reason="rain"),
    }
    for event, contract in told.items():
        published = PUBLISHING.publish(event, "D1")
        assert published is not None
        assert (published.key, published.data) == ("D1", contract)


def test_what_is_not_named_stays_private() -> None:
    assert PUBLISHING.publish(DuplicateScanIgnored(SIX, "v2", "v1", "S1", "g1"), "W1") is None


def test_others_are_told_whom_they_may_no_longer_serve() -> None:
    sent = [
        PUBLISHING.publish(event, "W1")
        for event in (MemberSuspended(SIX, "W1", "left_trade"), MemberReinstated(SIX, "W1"), MemberLeft(SIX, "W1"))
    ]
    assert [(one.key, one.data) for one in sent if one] == [
        ("W1", contracts.MemberSuspended(member_id="W1", reason="left_trade", suspended_at=SIX)),
        ("W1", contracts.MemberReinstated(member_id="W1", reinstated_at=SIX)),
        ("W1", contracts.MemberLeft(member_id="W1", left_at=SIX)),
    ]


def test_others_are_told_that_a_visit_was_none() -> None:
    published = PUBLISHING.publish(VisitVoided(at("09:00"), "v1", "W1", "S1", SIX, "C1", "gate_fault"), "W1")
    assert published == (
        "W1",
        contracts.VisitVoided(
            visit_id="v1", member_id="W1", station_id="S1", started_at=SIX, voided_at=at("09:00"), reason="gate_fault"
        ),
    )


def test_codes_and_services_and_ratings_are_nobody_elses_business() -> None:
    for event in (
        MemberCodeIssued(SIX, "W1", "k1"),
        VisitRated(SIX, "v1", "W1", "S1", 5),
        ServiceUsed(SIX, "u1", "v1", "W1", "S1", "meal", 1, False, False, ()),
    ):
        assert PUBLISHING.publish(event, "W1") is None
