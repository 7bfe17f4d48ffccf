"""Gates: only known stations have any."""

from __future__ import annotations

from shared.decider import Change, Changes, Handlers, Read
from shared.errors import NotFound

from ..domain.gates import GATES, RegisterGate, RemoveGate
from ..domain.refusals import StationSuspended
from ..domain.station import STATION

HANDLERS = Handlers(STATION, GATES)
HANDLERS.each(GATES, "station_id", RemoveGate)


@HANDLERS.on(RegisterGate)
def register_gate(command: RegisterGate, read: Read) -> Changes:
    station, gates = read(STATION, command.station_id), read(GATES, command.station_id)
    if station.registered is None:
        raise NotFound(f"no station is registered as {command.station_id}", field="station_id")
    if station.retired:
        raise StationSuspended("the station is retired for good: name another one", field="station_id")
    return [Change(GATES, command.station_id, GATES.decide(command, gates))]
