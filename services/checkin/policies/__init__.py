"""Effects of causes: what machines and other services tell us, and what timers do."""

from __future__ import annotations

from shared.policies import Intake, Policies, Timers

from . import duties, stations, visits

INTAKE = Intake().including(
    visits.INTAKE,
    stations.INTAKE,
)
POLICIES = Policies().including(
    duties.POLICIES,
    stations.POLICIES,
)
TIMERS: Timers = {
    **visits.TIMERS,
    **duties.TIMERS,
}
