"""What others are told about the rota."""

from __future__ import annotations

from shared.contracts import checkin as contracts
from shared.publishing import Publishing

from ..domain.duty import DutyAssigned

PUBLISHING = Publishing()


@PUBLISHING.on(DutyAssigned)
def duty_assigned(event: DutyAssigned, entity: str) -> contracts.DutyAssigned:
    return contracts.DutyAssigned(
        duty_id=entity,
        kind=event.kind,
        station_id=event.station_id,
        window_from=event.window_from,
        window_to=event.window_to,
        people=list(event.people),
        theme=event.theme,
    )
