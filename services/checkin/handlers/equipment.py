"""What equipment reports: the station's equipment and the heartbeats of a day change together."""

from __future__ import annotations

from shared.decider import Change, Changes, Handlers, Read

from ..domain.equipment import EQUIPMENT, HEARTBEATS, ReportState, due, fresh
from .stations import kept

HANDLERS = Handlers(EQUIPMENT, HEARTBEATS)


@HANDLERS.on(ReportState)
def report_state(report: ReportState, read: Read) -> Changes:
    """A suspended station's equipment goes on reporting; a retired one's is not ours any more."""
    station_id = report.station_id
    kept(station_id, read)
    stored = read(EQUIPMENT, station_id)
    equipment = fresh(stored, read(HEARTBEATS, f"{station_id}_{stored.day}")) if stored.day else stored
    events = EQUIPMENT.decide(report, equipment)
    heartbeat = due(report, equipment)
    if heartbeat is None:
        return [Change(EQUIPMENT, station_id, events)]
    book = f"{station_id}_{EQUIPMENT.fold(events, equipment).day}"
    beats = HEARTBEATS.decide(heartbeat, read(HEARTBEATS, book))
    return [Change(EQUIPMENT, station_id, events), Change(HEARTBEATS, book, beats)]
