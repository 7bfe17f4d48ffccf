"""How somebody leaves: by an exit scan at a gate, or because the chief says so."""

from __future__ import annotations

from datetime import datetime

from shared.decider import Command, DeadlineCleared
from shared.errors import NotFound

from .gates import Gates
from .identity import identified
from .member import Member
from .refusals import DeviceUnregistered, VisitNotOpen
from .scan import ScanExit, code_ref
from .station import Station
from .visits import STAY, Visit, VisitEnded, VisitFlag, Visits, VisitsEvent


class EndVisit(Command, frozen=True):
    """A chief has seen that the member is gone, or sends him out."""

    member_id: str
    visit_id: str
    station_id: str
    by: str
    reason: str  # a code
    now: datetime


def leave(scan: ScanExit, member: Member, station: Station, gates: Gates, visits: Visits) -> list[VisitsEvent]:
    """K10: identity, place, state. Nobody is kept inside for more: not by a suspension, and not by hours.

    It ends the visit that is open here at the scan's time. A stay that CK3 has ended is over, however late the timer.
    """
    if any(visit.exit_scan_id == scan.scan_id for visit in visits.recent):
        return []
    flags = identified(scan, member, visits)
    if station.registered is None:
        raise NotFound(f"no station is registered as {scan.station_id}", field="station_id")
    if not gates.takes(scan.gate_id, "exit"):
        if not scan.moment.offline:
            raise DeviceUnregistered(field="gate_id")
        flags.append("device_unregistered")
    for visit in visits.recent:
        if visit.open and visit.station_id == scan.station_id and visit.covers(scan.moment.at):
            return left(scan, visit, flags)
    raise VisitNotOpen(field="station_id")


def left(scan: ScanExit, visit: Visit, flags: list[VisitFlag]) -> list[VisitsEvent]:
    moment = scan.moment
    if moment.late_beyond_window:
        flags.append("late_beyond_window")
    ended = VisitEnded(
        moment.at,
        visit.visit_id,
        scan.member_id,
        visit.station_id,
        visit.started_at,
        "scanned",
        scan.scan_id,
        scan.gate_id,
        moment.offline,
        moment.clock_corrected,
        tuple(flags),
        code_ref(scan),
    )
    return [ended, DeadlineCleared(moment.at, STAY, visit.visit_id, "scanned")]


def end_by_chief(command: EndVisit, visits: Visits) -> list[VisitsEvent]:
    """It ends now. A visit that is over by CK3 has ended by itself, whether the timer has run or not."""
    visit = visits.find(command.visit_id)
    if visit is None or visit.station_id != command.station_id:
        raise NotFound(f"{command.member_id} has no visit {command.visit_id} at {command.station_id}", field="visit_id")
    if not visit.open or command.now >= visit.ends_at:
        raise VisitNotOpen(field="visit_id")
    at = max(command.now, visit.started_at)
    about = (visit.visit_id, command.member_id, visit.station_id, visit.started_at)
    ended = VisitEnded(at, *about, "chief", ended_by=command.by, reason=command.reason)
    return [ended, DeadlineCleared(at, STAY, visit.visit_id, "chief")]
