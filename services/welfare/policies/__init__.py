"""Which event asks welfare for what. Rules are in `domain/`; here is only who tells whom."""

from __future__ import annotations

from shared.policies import Intake, Policies, Timers

from . import campaigns, courses, issuing, ledgers, lists, redemptions, settlements, vouchers

INTAKE = Intake().including(
    courses.INTAKE,
    ledgers.INTAKE,
    redemptions.INTAKE,
    vouchers.INTAKE,
)
POLICIES = Policies().including(
    campaigns.POLICIES,
    courses.POLICIES,
    issuing.POLICIES,
    lists.POLICIES,
    settlements.POLICIES,
    vouchers.POLICIES,
)
TIMERS: Timers = {
    **campaigns.TIMERS,
    **courses.TIMERS,
    **settlements.TIMERS,
    **vouchers.TIMERS,
}
