"""What others are told about hazards."""

from __future__ import annotations

from shared.contracts import points as contracts
from shared.publishing import Publishing

from ..domain.hazard import HazardReported

PUBLISHING = Publishing()


@PUBLISHING.on(HazardReported)
def hazard_reported(event: HazardReported, hazard_id: str) -> contracts.HazardReported:
    """Also of a report that comes too late to earn anything (K5): a danger is no smaller for that."""
    return contracts.HazardReported(
        hazard_id=hazard_id,
        station_id=event.station_id,
        asset_id=event.asset_id,
        category=event.category,
        suspected_severity=event.suspected_severity,
        reporter_id=event.reporter_id,
        content_ref=event.content_ref,
        reported_at=event.at,
    )
