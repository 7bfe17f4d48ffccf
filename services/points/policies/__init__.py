"""Which event asks points for what. Rules are in `domain/`; here is only who tells whom."""

from __future__ import annotations

from shared.policies import Intake, Policies, Timers

from . import accounts, duties, goods, hazards, reports

INTAKE = Intake().including(goods.INTAKE, hazards.INTAKE, reports.INTAKE)
POLICIES = Policies().including(goods.POLICIES, hazards.POLICIES, reports.POLICIES, duties.POLICIES)
TIMERS: Timers = {**reports.TIMERS, **accounts.TIMERS, **goods.TIMERS}
