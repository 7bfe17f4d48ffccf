"""Which streams each command reads and changes; the rules are in `domain/`."""

from __future__ import annotations

from shared.decider import Handlers

from . import bookings, demands, duties, equipment, gates, members, reviews, rota, stations, visits, working_days

HANDLERS = Handlers().including(
    members.HANDLERS,
    stations.HANDLERS,
    equipment.HANDLERS,
    gates.HANDLERS,
    visits.HANDLERS,
    duties.HANDLERS,
    rota.HANDLERS,
    demands.HANDLERS,
    working_days.HANDLERS,
    bookings.HANDLERS,
    reviews.HANDLERS,
)
