"""Which event asks points for what. Rules are in `domain/`; here is only who tells whom."""

from __future__ import annotations

from shared.policies import Intake, Policies, Timers

from . import accounts, reports

INTAKE = Intake().including(reports.INTAKE)
POLICIES = Policies().including(reports.POLICIES)
TIMERS: Timers = {**reports.TIMERS, **accounts.TIMERS}
