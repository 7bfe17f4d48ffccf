"""Effects of causes: what machines and other services tell us, and what timers do."""

from __future__ import annotations

from shared.policies import Intake, Policies, Timers

from . import bookings, demands, duties, reviews, stations, visits

INTAKE = Intake().including(
    bookings.INTAKE,
    visits.INTAKE,
    stations.INTAKE,
    demands.INTAKE,
)
POLICIES = Policies().including(
    bookings.POLICIES,
    duties.POLICIES,
    demands.POLICIES,
    stations.POLICIES,
    reviews.POLICIES,
)
TIMERS: Timers = {
    **bookings.TIMERS,
    **visits.TIMERS,
    **duties.TIMERS,
}
