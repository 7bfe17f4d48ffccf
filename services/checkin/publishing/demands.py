"""What others are told about demands 诉求: ids, codes and a reference to the words."""

from __future__ import annotations

from shared.contracts import checkin_rota as contracts
from shared.publishing import Publishing

from ..domain.demand import DemandRecorded

PUBLISHING = Publishing()


@PUBLISHING.on(DemandRecorded)
def demand_recorded(event: DemandRecorded, entity: str) -> contracts.DemandRecorded:
    return contracts.DemandRecorded(
        demand_id=entity,
        duty_id=event.duty_id,
        station_id=event.station_id,
        category=event.category,
        deadline=event.deadline,
        member_id=event.member_id,
        content_ref=event.content_ref,
        content_hmac=event.content_hmac,
        heard_at=event.at,
        flags=list(event.flags),
    )
