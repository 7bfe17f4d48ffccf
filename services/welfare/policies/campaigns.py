"""What stations and time do to campaigns."""

from __future__ import annotations

from shared.contracts.checkin_stations import StationRegistered, StationResumed, StationSuspended
from shared.decider import Command
from shared.policies import Policies, Timers

from ..domain.campaign import END, PHASE_CLOSES, PHASE_OPENS, START, CloseCampaign, StartCampaign, TurnPhase
from ..domain.station import NoteStation, NoteStationResumed, NoteStationSuspended

POLICIES = Policies()
TIMERS: Timers = {
    ("campaign", START): lambda entity, ref, due_at: StartCampaign(entity, due_at),
    ("campaign", END): lambda entity, ref, due_at: CloseCampaign(entity, due_at),
    ("campaign", PHASE_OPENS): lambda entity, ref, due_at: TurnPhase(entity, ref, True, due_at),
    ("campaign", PHASE_CLOSES): lambda entity, ref, due_at: TurnPhase(entity, ref, False, due_at),
}


@POLICIES.on(StationRegistered)
def when_station_registered(event: StationRegistered) -> list[Command]:
    return [NoteStation(event.station_id, event.county, event.registered_at)]


@POLICIES.on(StationSuspended)
def when_station_suspended(event: StationSuspended) -> list[Command]:
    """Row 21."""
    return [NoteStationSuspended(event.station_id, event.suspended_at)]


@POLICIES.on(StationResumed)
def when_station_resumed(event: StationResumed) -> list[Command]:
    return [NoteStationResumed(event.station_id, event.resumed_at)]
