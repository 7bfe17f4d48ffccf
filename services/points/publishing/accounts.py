"""What others are told about points."""

from __future__ import annotations

from shared.contracts import points as contracts
from shared.publishing import Publishing

from ..domain.ledger import PointsEarned

PUBLISHING = Publishing()


@PUBLISHING.on(PointsEarned)
def points_earned(event: PointsEarned, member_id: str) -> contracts.PointsEarned:
    return contracts.PointsEarned(
        member_id=member_id,
        lot_id=event.lot_id,
        points=event.points,
        reason=event.reason,
        source_ref=event.source_ref,
        earned_at=event.earned_at,
        expires_at=event.expires_at,
    )
