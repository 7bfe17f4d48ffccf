"""What asks for hazards to be reported, and for their points to be paid and taken back."""

from __future__ import annotations

from datetime import datetime

from shared.contracts import grievance
from shared.contracts.points import HazardSpotted
from shared.decider import Command
from shared.policies import Intake, Policies, Receipt

from ..domain.account import EarnPoints, ReversePoints
from ..domain.hazard import HazardAcceptanceRevoked, HazardReportAccepted, ReportHazard
from ..domain.rectification import DismissHazard, LinkDuplicate, RevokeVerification, VerifyHazard

POLICIES = Policies()
INTAKE = Intake()

HAZARD = "hazard"  # the reason of points for a hazard


@INTAKE.on(HazardSpotted)
def report_hazard(event: HazardSpotted, received: Receipt) -> Command:
    return ReportHazard(
        hazard_id=event.hazard_id,
        reporter_id=event.reporter_id,
        station_id=event.station_id,
        asset_id=event.asset_id,
        category=event.category,
        suspected_severity=event.suspected_severity,
        content_ref=event.content_ref,
        spotted_at=event.spotted_at,
        sent_at=event.sent_at,
        now=received.received_at,
    )


@POLICIES.timed(grievance.HazardVerified)
def when_hazard_verified(event: grievance.HazardVerified, at: datetime) -> list[Command]:
    return [VerifyHazard(event.rectification_id, event.hazard_id, at)]


@POLICIES.timed(grievance.HazardDismissed)
def when_hazard_dismissed(event: grievance.HazardDismissed, at: datetime) -> list[Command]:
    return [DismissHazard(event.rectification_id, event.hazard_id, at)]


@POLICIES.timed(grievance.HazardDuplicateLinked)
def when_hazard_duplicate_linked(event: grievance.HazardDuplicateLinked, at: datetime) -> list[Command]:
    return [LinkDuplicate(event.rectification_id, event.hazard_id, at)]


@POLICIES.timed(grievance.HazardVerificationRevoked)
def when_hazard_verification_revoked(event: grievance.HazardVerificationRevoked, at: datetime) -> list[Command]:
    return [RevokeVerification(event.rectification_id, event.hazard_id, at)]


@POLICIES.on(HazardReportAccepted)
def when_hazard_report_accepted(event: HazardReportAccepted) -> list[Command]:
    """PT5: earned when the hazard was seen, however late it was verified. Anonymous reports earn nothing."""
    if event.reporter_id is None or event.points == 0:
        return []
    return [EarnPoints(event.reporter_id, event.points, HAZARD, event.source_ref, event.spotted_at, event.at)]


@POLICIES.on(HazardAcceptanceRevoked)
def when_hazard_acceptance_revoked(event: HazardAcceptanceRevoked) -> list[Command]:
    """Choreography 27."""
    if event.reporter_id is None or event.points == 0:
        return []
    return [ReversePoints(event.reporter_id, HAZARD, event.source_ref, event.at)]
