"""Settlements: the cut-off of each day, and cases that find a merchant at fault."""

from __future__ import annotations

from datetime import datetime

from shared.contracts.grievance import CaseClosed
from shared.decider import Command
from shared.policies import Policies, Timers

from ..domain.dispute import DisputeLine
from ..domain.takings import CUT_OFF_TIMER, SettleTakings, whose

POLICIES = Policies()

MERCHANT_FAULT = "merchant_fault"  # the outcome of a case, and the reason of the dispute


def _settle(entity: str, _ref: str, due_at: datetime) -> Command:
    return SettleTakings(*whose(entity), due_at)


TIMERS: Timers = {("takings", CUT_OFF_TIMER): _settle}


@POLICIES.on(CaseClosed)
def when_case_closed(event: CaseClosed) -> list[Command]:
    """Row 18. A case that names no redemption is about something else."""
    if event.outcome != MERCHANT_FAULT or event.redemption_id is None:
        return []
    return [DisputeLine(event.redemption_id, MERCHANT_FAULT, "", event.closed_at, case_id=event.case_id)]
