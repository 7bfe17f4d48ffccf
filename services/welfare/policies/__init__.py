"""Which event asks welfare for what. Rules are in `domain/`; here is only who tells whom."""

from __future__ import annotations

from shared.policies import Intake, Policies, Timers

from . import campaigns, courses, issuing, ledgers, lists, redemptions, settlements

INTAKE = Intake().including(
    courses.INTAKE,
    ledgers.INTAKE,
    redemptions.INTAKE,
)
POLICIES = Policies().including(
    campaigns.POLICIES,
    courses.POLICIES,
    issuing.POLICIES,
    lists.POLICIES,
    settlements.POLICIES,
)
TIMERS: Timers = {
    **campaigns.TIMERS,
    **courses.TIMERS,
    **settlements.TIMERS,
}
