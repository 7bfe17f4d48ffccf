"""What others are told about the rota."""

from __future__ import annotations

from shared.contracts import checkin as contracts
from shared.contracts import checkin_rota as rota
from shared.publishing import Publishing

from ..domain.duty_events import DutyAssigned, DutyCancelled, DutyMissed, DutySwapped

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


@PUBLISHING.on(DutySwapped)
def duty_swapped(event: DutySwapped, entity: str) -> rota.DutySwapped:
    return rota.DutySwapped(
        duty_id=entity,
        kind=event.kind,
        station_id=event.station_id,
        from_person=event.from_person,
        to_person=event.to_person,
        people=list(event.people),
    )


@PUBLISHING.on(DutyMissed)
def duty_missed(event: DutyMissed, entity: str) -> rota.DutyMissed:
    return rota.DutyMissed(
        duty_id=entity,
        kind=event.kind,
        station_id=event.station_id,
        people=list(event.people),
        missed_at=event.at,
    )


@PUBLISHING.on(DutyCancelled)
def duty_cancelled(event: DutyCancelled, entity: str) -> rota.DutyCancelled:
    return rota.DutyCancelled(duty_id=entity, kind=event.kind, station_id=event.station_id, reason=event.reason)
