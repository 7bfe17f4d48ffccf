"""The rota: which streams its commands read and change."""

from __future__ import annotations

from shared.decider import Change, Changes, Handlers, Read
from shared.errors import NotFound

from ..domain.duty import DUTY, AssignDuty
from ..domain.refusals import StationSuspended
from ..domain.station import STATION

HANDLERS = Handlers(STATION, DUTY)


@HANDLERS.on(AssignDuty)
def assign_duty(command: AssignDuty, read: Read) -> Changes:
    """The rota names known stations only."""
    station, duty = read(STATION, command.station_id), read(DUTY, command.duty_id)
    if station.registered is None:
        raise NotFound(f"no station is registered as {command.station_id}", field="station_id")
    if station.retired:
        raise StationSuspended("the station is retired for good: name another one", field="station_id")
    return [Change(DUTY, command.duty_id, DUTY.decide(command, duty))]
