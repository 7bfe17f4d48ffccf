"""Hazards: who tells points what, which command each asks for, and what points tells others (rows 5, 6 and 27)."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import msgspec
import pytest

from services.points.domain.account import EarnPoints, ReversePoints
from services.points.domain.hazard import HazardAcceptanceRevoked, HazardReportAccepted, ReportHazard
from services.points.domain.rectification import DismissHazard, LinkDuplicate, RevokeVerification, VerifyHazard
from services.points.policies import INTAKE, POLICIES
from services.points.policies.hazards import when_hazard_acceptance_revoked, when_hazard_report_accepted
from services.points.publishing import PUBLISHING
from shared.contracts import grievance
from shared.contracts import points as contracts
from shared.contracts.model import Contract
from shared.decider import Command
from shared.policies import Receipt

from .test_hazards import SEEN, VERIFIED, accepted, reported
from .the_day import RECEIVED

RECEIPT = Receipt("command-1", RECEIVED.astimezone(UTC), "patrol-app", "1", "S1")
SPOTTED: dict[str, Any] = {
    "hazard_id": "HZ1",
    "station_id": "S1",
    "category": "extinguisher",
    "suspected_severity": "major",
}
BOTH = {"rectification_id": "RC1", "hazard_id": "HZ1"}
TOLD: list[tuple[Contract, Command]] = [
    (grievance.HazardVerified(**BOTH, station_id="S1", severity="general"), VerifyHazard("RC1", "HZ1", VERIFIED)),
    (grievance.HazardDismissed(**BOTH), DismissHazard("RC1", "HZ1", VERIFIED)),
    (grievance.HazardDuplicateLinked(**BOTH), LinkDuplicate("RC1", "HZ1", VERIFIED)),
    (grievance.HazardVerificationRevoked(**BOTH), RevokeVerification("RC1", "HZ1", VERIFIED)),
]


def test_a_hazard_is_reported_at_its_receipt() -> None:
    event = contracts.HazardSpotted(**SPOTTED, reporter_id="V2", asset_id="EXT-01", content_ref="c1")
    assert INTAKE.command(event, RECEIPT) == ReportHazard(
        "HZ1", "V2", "S1", "EXT-01", "extinguisher", "major", "c1", None, None, RECEIVED
    )


def test_who_is_not_named_is_anonymous() -> None:
    command = INTAKE.command(contracts.HazardSpotted(**SPOTTED), RECEIPT)
    assert isinstance(command, ReportHazard)
    assert command.reporter_id is None


@pytest.mark.parametrize("event, command", TOLD, ids=[type(event).__name__ for event, _ in TOLD])
def test_row_6_what_grievance_tells_is_taken_at_the_time_of_its_envelope(event: Contract, command: Command) -> None:
    (reaction,) = POLICIES.reactions[type(event)]
    assert POLICIES.ask(reaction, event, VERIFIED) == [command]


def test_pt5_a_hazard_is_earned_when_it_was_seen() -> None:
    assert when_hazard_report_accepted(accepted()) == [EarnPoints("V2", 2, "hazard", "HZ1", SEEN, VERIFIED)]


@pytest.mark.parametrize("event", [accepted(reporter=None, points=0), accepted(points=0)], ids=["anonymous", "late"])
def test_what_is_worth_nothing_makes_no_lot(event: HazardReportAccepted) -> None:
    assert when_hazard_report_accepted(event) == []


def test_row_27_a_revoked_verification_reverses_its_points() -> None:
    revoked = HazardAcceptanceRevoked(VERIFIED, "HZ1", "RC1", "V2", 2, "HZ1~2")
    assert when_hazard_acceptance_revoked(revoked) == [ReversePoints("V2", "hazard", "HZ1~2", VERIFIED)]
    nobody = msgspec.structs.replace(revoked, reporter_id=None, points=0)
    assert when_hazard_acceptance_revoked(nobody) == []


def test_row_5_a_hazard_is_told_under_its_id_with_when_it_was_seen() -> None:
    published = PUBLISHING.publish(reported(content_ref="c1"), "HZ1")
    assert published is not None
    assert published.key == "HZ1"
    assert published.data == contracts.HazardReported(
        hazard_id="HZ1",
        station_id="S1",
        asset_id="EXT-01",
        category="extinguisher",
        suspected_severity="general",
        reporter_id="V2",
        content_ref="c1",
        reported_at=SEEN,
    )


def test_k5_a_hazard_that_comes_too_late_to_earn_is_still_told() -> None:
    assert PUBLISHING.publish(reported(late=True), "HZ1") is not None


def test_pt4_of_an_anonymous_hazard_nobody_is_told_who_saw_it() -> None:
    published = PUBLISHING.publish(reported(reporter=None), "HZ1")
    assert published is not None
    assert b"reporter" not in published.data.canonical()
