"""Which event asks points for what. Rules are in `domain/`; here is only who tells whom."""

from __future__ import annotations

from shared.policies import Intake, Policies, Timers

from . import accounts, duties, hazards, reports

INTAKE = Intake().including(hazards.INTAKE, reports.INTAKE)
POLICIES = Policies().including(hazards.POLICIES, reports.POLICIES, duties.POLICIES)
TIMERS: Timers = {**reports.TIMERS, **accounts.TIMERS}
