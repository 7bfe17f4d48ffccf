"""Demands 诉求 that chiefs' apps tell, and cases of them that grievance closes."""

from __future__ import annotations

from shared.contracts.checkin_rota import DemandHeard
from shared.contracts.grievance import CaseClosed
from shared.decider import Command
from shared.policies import Intake, Policies, Receipt

from ..domain.demand import CloseDemand, RecordDemand
from ..domain.device_time import moment_of

INTAKE = Intake()
POLICIES = Policies()


@INTAKE.on(DemandHeard)
def record_demand(event: DemandHeard, received: Receipt) -> Command:
    return RecordDemand(
        event.demand_id,
        event.duty_id,
        event.station_id,
        event.chief_id,
        event.category,
        event.deadline,
        event.content_ref,
        moment_of(event.heard_at, event.sent_at, received.received_at),
        event.member_id,
        event.content_hmac,
    )


@POLICIES.on(CaseClosed)
def close_demand_of_closed_case(event: CaseClosed) -> list[Command]:
    """Row 19. Cases that no chief's demand opened are none of the rota's."""
    if event.demand_id is None:
        return []
    return [CloseDemand(event.demand_id, event.case_id, event.outcome, event.closed_at)]
