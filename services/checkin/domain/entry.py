"""An entry scan: checked in the order of K10, then placed among the member's other visits.

What a gate decided offline has happened and is recorded (E1): where an online scan is refused, it is flagged. Only
a member or a station that nobody knows cannot be recorded.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from shared.decider import DeadlineSet
from shared.errors import NotFound, Refused, ValidationFailed

from . import refusals
from .gates import Gates
from .identity import identified
from .member import Member
from .occupancy import Occupancy
from .scan import ScanEntry, code_ref
from .station import Station
from .travel import is_impossible
from .values import COUNTING_PAUSE, UPLOAD_GRACE
from .visits import STAY, DuplicateScanIgnored, Visit, VisitFlag, Visits, VisitsEvent, VisitStarted, end


class Scene(NamedTuple):
    """The states that an entry scan is decided over."""

    member: Member
    station: Station
    visits: Visits
    books: Occupancy
    others: Mapping[str, Station]  # where the visits before and after this scan were
    gates: Gates = Gates()


def decide(scan: ScanEntry, scene: Scene) -> list[VisitsEvent]:
    """In the order of K10: identity, place, window, state, limit."""
    if scene.visits.find(scan.scan_id) or scan.scan_id in scene.visits.voided:
        return []
    flags = identified(scan, scene.member, scene.visits)
    if scene.member.is_suspended(scan.moment.at):
        flags.append(refused_or(scan, "member_suspended", refusals.MemberSuspended))
    flags += placed(scan, scene.station, scene.gates)
    covering = scene.visits.covering(scan.moment.at)
    for visit in covering:
        if visit.station_id == scan.station_id:  # CK1: nothing changes, and the door opens
            about = (scan.scan_id, visit.visit_id, scan.station_id, scan.gate_id, code_ref(scan))
            return [DuplicateScanIgnored(scan.moment.at, *about)]
    flags += room(scan, scene.station, scene.books)
    return started(scan, scene, flags + lateness_flags(scan, covering))


def check_override(scan: ScanEntry) -> None:
    if (scan.override_by is None) != (scan.override_reason is None):
        raise ValidationFailed("an override names the chief and the reason", field="override_reason")


def placed(scan: ScanEntry, station: Station, gates: Gates) -> list[VisitFlag]:
    """Place, then window (CK6)."""
    flags: list[VisitFlag] = []
    if station.registered is None:
        raise NotFound(f"no station is registered as {scan.station_id}", field="station_id")
    if not gates.takes(scan.gate_id, "entry"):
        flags.append(refused_or(scan, "device_unregistered", refusals.DeviceUnregistered))
    if station.is_out_of_service(scan.moment.at):
        flags.append(refused_or(scan, "station_suspended", refusals.StationSuspended))
    if not station.is_open(scan.moment.at):
        flags.append(refused_or(scan, "out_of_hours", refusals.StationClosed))
    return flags


def refused_or(scan: ScanEntry, flag: VisitFlag, refusal: type[Refused]) -> VisitFlag:
    """CK5: at a gate that is online the scan is refused; one that was let in offline is only flagged."""
    if not scan.moment.offline:
        raise refusal()
    return flag


def room(scan: ScanEntry, station: Station, books: Occupancy) -> list[VisitFlag]:
    """CK5: the limit. A chief's override is noted only where it was needed."""
    if scan.moment.offline:
        return ["over_capacity"] if books.was_full(station.capacity, scan.moment.at) else []
    if not books.is_full(station.capacity, scan.moment.at):
        return []
    if scan.override_by is None:
        raise refusals.StationFull()
    return ["capacity_override"]


def superseded(scan: ScanEntry, before: Visit | None) -> Visit | None:
    """CK2: the open visit that this scan ends. One that is over by CK3 has ended by itself."""
    return before if before and before.open and before.covers(scan.moment.at) else None


def started(scan: ScanEntry, scene: Scene, flags: list[VisitFlag]) -> list[VisitsEvent]:
    """The new visit, and before it the end of the one that it finds open."""
    moment, visits = scan.moment, scene.visits
    before, after = visits.around(moment.at)
    ends_at = scene.station.end_of_stay(moment.at)
    if after is not None:
        ends_at = min(ends_at, after.started_at)  # a visit reported late never overlaps the next one
    overridden = "capacity_override" in flags
    visit = VisitStarted(
        moment.at,
        scan.scan_id,
        scan.member_id,
        scan.station_id,
        scan.gate_id,
        ends_at,
        moment.offline,
        moment.clock_corrected,
        is_counted(scan, visits),
        (*flags, *travel_flags(scan, scene, (before, after))),
        scan.override_by if overridden else None,
        scan.override_reason if overridden else None,
        code_ref(scan),
    )
    return [*ended_before(scan, before), visit, DeadlineSet(moment.at, STAY, scan.scan_id, due_at(scan, ends_at))]


def ended_before(scan: ScanEntry, before: Visit | None) -> list[VisitsEvent]:
    """CK2, CK3: an open visit ends by this scan, or had ended by itself."""
    if before is None or not before.open:
        return []
    if superseded(scan, before):
        return end(before, scan.member_id, scan.moment.at, "superseded")
    return end(before, scan.member_id, before.ends_at, "auto")


def due_at(scan: ScanEntry, ends_at: datetime) -> datetime:
    """An offline entry is often over when it arrives; its exit comes with the same upload and must not be too late."""
    return max(ends_at, scan.moment.received_at + UPLOAD_GRACE) if scan.moment.offline else ends_at


def is_counted(scan: ScanEntry, visits: Visits) -> bool:
    """CK4: not when it begins less than half an hour after the last visit at the same station ended."""
    start = scan.moment.at
    for visit in visits.recent:
        if visit.station_id == scan.station_id and visit.started_at <= start < visit.ends_at + COUNTING_PAUSE:
            return False
    return True


def travel_flags(scan: ScanEntry, scene: Scene, neighbours: tuple[Visit | None, ...]) -> tuple[VisitFlag, ...]:
    """CK2: both visits stand; the flag says that one person can hardly have made both."""
    at = scan.moment.at
    for visit in neighbours:
        other = scene.others.get(visit.station_id) if visit else None
        if visit and other and is_impossible(scene.station.place, other.place, scan_nearest(visit, at) - at):
            return ("impossible_travel",)
    return ()


def scan_nearest(visit: Visit, at: datetime) -> datetime:
    """Of the scans of that visit the one next to this moment. An end by CK3 is no scan: it says nothing of a place."""
    if visit.scanned_at <= at:
        return visit.scanned_at
    return min(visit.started_at, visit.scanned_at, key=lambda scan: abs(scan - at))


def lateness_flags(scan: ScanEntry, covering: list[Visit]) -> list[VisitFlag]:
    """What is only possible for scans that are told late. An end once told is never taken back."""
    flags: list[VisitFlag] = []
    if any(not visit.open for visit in covering):
        flags.append("overlapping_visit")
    if scan.moment.late_beyond_window:
        flags.append("late_beyond_window")
    return flags
