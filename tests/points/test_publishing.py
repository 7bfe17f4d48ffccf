"""What points tells others, and under which key."""

from __future__ import annotations

import msgspec
import pytest

from services.points.domain.ledger import PointsEarned
from services.points.domain.lots import lot_id_of
from services.points.handlers import HANDLERS
from services.points.publishing import PUBLISHING
from shared.contracts import points as contracts
from shared.decider import DomainEvent

from .the_day import FROM, RECEIVED, accepted, at, deadline, sent_to_review, submitted, waits


def test_an_acceptance_is_told_under_its_report() -> None:
    published = PUBLISHING.publish(msgspec.structs.replace(accepted(), failed_items=("water",)), "R1")
    assert published is not None
    assert published.key == "R1"
    assert published.data == contracts.PatrolReportAccepted(
        report_id="R1",
        duty_id="D1",
        station_id="S1",
        volunteer_id="V1",
        kind_paid="daily",
        points=2,
        rules_version=1,
        performed_from=FROM,
        accepted_by="automatic",
        failed_items=["water"],
        accepted_at=accepted().at,
    )


@pytest.mark.parametrize("report_id", ["R1", "R" * 96])
def test_an_earning_is_told_under_its_member(report_id: str) -> None:
    lot_id = lot_id_of("patrol", report_id)
    event = PointsEarned(RECEIVED, lot_id, 2, "patrol", report_id, FROM, at("00:00", "2027-02-01"))
    published = PUBLISHING.publish(event, "V1")
    assert published is not None
    assert published.key == "V1"
    assert published.data == contracts.PointsEarned(
        member_id="V1",
        lot_id=lot_id,
        points=2,
        reason="patrol",
        source_ref=report_id,
        earned_at=FROM,
        expires_at=at("00:00", "2027-02-01"),
    )


@pytest.mark.parametrize("private", [submitted(), sent_to_review, waits, deadline], ids=lambda e: type(e).__name__)
def test_what_others_need_not_know_stays_private(private: DomainEvent) -> None:
    assert PUBLISHING.publish(private, "R1") is None


def test_only_events_that_can_happen_are_published() -> None:
    assert PUBLISHING.events <= {event for decider in HANDLERS.deciders for event in decider.events}


@pytest.mark.parametrize("event", [submitted(), accepted(), waits, deadline], ids=lambda e: type(e).__name__)
def test_stored_events_are_read_back_as_they_were_written(event: DomainEvent) -> None:
    assert msgspec.json.decode(msgspec.json.encode(event), type=type(event)) == event
