"""Which streams each command reads and changes; the rules are in `domain/`."""

from __future__ import annotations

from shared.decider import Handlers

from . import bookings, duties, equipment, gates, members, rota, stations, visits

HANDLERS = Handlers().including(
    members.HANDLERS,
    stations.HANDLERS,
    equipment.HANDLERS,
    gates.HANDLERS,
    visits.HANDLERS,
    duties.HANDLERS,
    rota.HANDLERS,
    bookings.HANDLERS,
)
