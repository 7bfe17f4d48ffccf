"""What others are told about patrol reports."""

from __future__ import annotations

from shared.contracts import points as contracts
from shared.publishing import Publishing

from ..domain.report_events import PatrolReportAccepted, PatrolReportVoided

PUBLISHING = Publishing()


@PUBLISHING.on(PatrolReportAccepted)
def patrol_report_accepted(event: PatrolReportAccepted, report_id: str) -> contracts.PatrolReportAccepted:
    return contracts.PatrolReportAccepted(
        report_id=report_id,
        duty_id=event.duty_id,
        station_id=event.station_id,
        volunteer_id=event.volunteer_id,
        kind_paid=event.kind_paid,
        points=event.points,
        rules_version=event.rules_version,
        performed_from=event.performed_from,
        accepted_by=event.by,
        failed_items=list(event.failed_items),
        accepted_at=event.at,
    )


@PUBLISHING.on(PatrolReportVoided)
def patrol_report_voided(event: PatrolReportVoided, report_id: str) -> contracts.PatrolReportVoided:
    return contracts.PatrolReportVoided(
        report_id=report_id,
        duty_id=event.duty_id,
        station_id=event.station_id,
        volunteer_id=event.volunteer_id,
        points=event.points,
        reason=event.code,
        voided_at=event.at,
    )
