"""What others are told about goods."""

from __future__ import annotations

from shared.contracts import points_goods as contracts
from shared.publishing import Publishing

from ..domain.redemption import DispenseFailed, GoodsDispensed, LateDispenseConfirmed, Order

PUBLISHING = Publishing()


@PUBLISHING.on(GoodsDispensed)
def goods_dispensed(event: GoodsDispensed, redemption_id: str) -> contracts.GoodsDispensed:
    return _dispensed(redemption_id, event.order, late=False)


@PUBLISHING.on(LateDispenseConfirmed)
def late_dispense_confirmed(event: LateDispenseConfirmed, redemption_id: str) -> contracts.GoodsDispensed:
    return _dispensed(redemption_id, event.order, late=True)


def _dispensed(redemption_id: str, order: Order, *, late: bool) -> contracts.GoodsDispensed:
    return contracts.GoodsDispensed(
        redemption_id=redemption_id,
        member_id=order.member_id,
        machine_id=order.machine_id,
        station_id=order.station_id,
        item_id=order.item_id,
        points=order.points,
        late=late,
    )


@PUBLISHING.on(DispenseFailed)
def dispense_failed(event: DispenseFailed, redemption_id: str) -> contracts.DispenseFailed:
    order = event.order
    return contracts.DispenseFailed(
        redemption_id=redemption_id,
        member_id=order.member_id,
        machine_id=order.machine_id,
        station_id=order.station_id,
        item_id=order.item_id,
        reason=event.reason,
    )
