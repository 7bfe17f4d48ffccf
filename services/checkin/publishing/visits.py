"""What others are told about visits."""

from __future__ import annotations

from shared.contracts import checkin as contracts
from shared.publishing import Publishing

from ..domain.visits import VisitEnded, VisitStarted, VisitVoided

PUBLISHING = Publishing()


@PUBLISHING.on(VisitStarted)
def visit_started(event: VisitStarted, entity: str) -> contracts.VisitStarted:
    return contracts.VisitStarted(
        visit_id=event.visit_id,
        member_id=entity,
        station_id=event.station_id,
        gate_id=event.gate_id,
        started_at=event.at,
        offline=event.offline,
        clock_corrected=event.clock_corrected,
        counted=event.counted,
        flags=list(event.flags),
    )


@PUBLISHING.on(VisitEnded)
def visit_ended(event: VisitEnded, entity: str) -> contracts.VisitEnded:
    return contracts.VisitEnded(
        visit_id=event.visit_id,
        member_id=entity,
        station_id=event.station_id,
        started_at=event.started_at,
        ended_at=event.at,
        exit_kind=event.exit_kind,
    )


@PUBLISHING.on(VisitVoided)
def visit_voided(event: VisitVoided, entity: str) -> contracts.VisitVoided:
    return contracts.VisitVoided(
        visit_id=event.visit_id,
        member_id=entity,
        station_id=event.station_id,
        started_at=event.started_at,
        voided_at=event.at,
        reason=event.reason,
    )
