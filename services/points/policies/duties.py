"""What changes of the rota do to the right to file (choreography 3, 21 and 23)."""

from __future__ import annotations

from datetime import datetime

from shared.contracts.checkin_rota import DutyCancelled, DutyMissed, DutySwapped
from shared.decider import Command
from shared.policies import Policies

from ..domain.rights import CloseRight, MoveRight, NoteMissedDuty

POLICIES = Policies()

CHIEF = "chief"  # files no patrol reports, so none of this concerns him


@POLICIES.timed(DutySwapped)
def when_duty_swapped(event: DutySwapped, at: datetime) -> list[Command]:
    return [MoveRight(event.duty_id, tuple(event.people), at)] if event.kind != CHIEF else []


@POLICIES.timed(DutyCancelled)
def when_duty_cancelled(event: DutyCancelled, at: datetime) -> list[Command]:
    return [CloseRight(event.duty_id, event.reason, at)] if event.kind != CHIEF else []


@POLICIES.on(DutyMissed)
def when_duty_missed(event: DutyMissed) -> list[Command]:
    if event.kind == CHIEF:
        return []
    return [NoteMissedDuty(event.duty_id, event.station_id, tuple(event.people), event.missed_at)]
