"""What others are told about points."""

from __future__ import annotations

from shared.contracts import points as contracts
from shared.contracts import points_goods as goods_contracts
from shared.publishing import Publishing

from ..domain.ledger import LevelReached, PointsEarned, PointsExpired, PointsRefunded, PointsReversed, PointsSpent
from ..domain.lots import total

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


@PUBLISHING.on(PointsSpent)
def points_spent(event: PointsSpent, member_id: str) -> goods_contracts.PointsSpent:
    points = total(event.allocations) + event.debt
    return goods_contracts.PointsSpent(
        member_id=member_id, redemption_id=event.redemption_id, points=points, debt=event.debt
    )


@PUBLISHING.on(PointsRefunded)
def points_refunded(event: PointsRefunded, member_id: str) -> goods_contracts.PointsRefunded:
    points = total(event.lots) + event.forgiven
    return goods_contracts.PointsRefunded(member_id=member_id, redemption_id=event.redemption_id, points=points)


@PUBLISHING.on(PointsExpired)
def points_expired(event: PointsExpired, member_id: str) -> goods_contracts.PointsExpired:
    return goods_contracts.PointsExpired(member_id=member_id, lot_id=event.lot_id, points=event.points)


@PUBLISHING.on(PointsReversed)
def points_reversed(event: PointsReversed, member_id: str) -> goods_contracts.PointsReversed:
    return goods_contracts.PointsReversed(
        member_id=member_id,
        reason=event.reason,
        source_ref=event.source_ref,
        points=event.points,
        debt=event.debt,
    )


@PUBLISHING.on(LevelReached)
def level_reached(event: LevelReached, member_id: str) -> goods_contracts.LevelReached:
    return goods_contracts.LevelReached(member_id=member_id, level=event.level, lifetime=event.lifetime)
