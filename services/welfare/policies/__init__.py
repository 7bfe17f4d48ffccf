"""Which event asks welfare for what. Rules are in `domain/`; here is only who tells whom."""

from __future__ import annotations

from shared.policies import Intake, Policies, Timers

INTAKE = Intake()
POLICIES = Policies()
TIMERS: Timers = {}
