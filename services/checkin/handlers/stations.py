"""Stations: each command concerns one of them alone."""

from __future__ import annotations

from shared.decider import Handlers

from ..domain.station import STATION, RegisterStation, ResumeStation, RetireStation, SetHours, SuspendStation

HANDLERS = Handlers(STATION)
HANDLERS.each(STATION, "station_id", RegisterStation, SetHours, SuspendStation, ResumeStation, RetireStation)
