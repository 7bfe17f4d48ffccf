"""All visits 到站 of one member: at most one is open (CK1), and each ends once (E11)."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias, assert_never

import msgspec

from shared.decider import Command, DeadlineCleared, DeadlineSet, Decider, DomainEvent

from .device_time import Moment
from .refusals import VisitNotOpen
from .values import COUNTING_PAUSE, RECENT_VISITS

STAY = "stay"  # the timer that ends a visit nobody scans out of

VisitFlag: TypeAlias = Literal[
    "member_suspended",
    "station_suspended",
    "out_of_hours",
    "over_capacity",
    "capacity_override",
    "impossible_travel",
    "overlapping_visit",
    "late_beyond_window",
]
ExitKind: TypeAlias = Literal["scanned", "auto", "superseded", "chief"]


class ScanEntry(Command, frozen=True):
    """A gate read a member's code on the way in; decided in `entry.py`, over the station's states too."""

    member_id: str
    station_id: str
    gate_id: str
    scan_id: str  # becomes the id of the visit
    moment: Moment
    override_by: str | None = None  # CK5: the chief who lets someone into a full station
    override_reason: str | None = None  # a code


class ScanExit(Command, frozen=True):
    member_id: str
    station_id: str
    gate_id: str
    scan_id: str
    moment: Moment


class EndStay(Command, frozen=True):
    """The timer `stay` is due."""

    member_id: str
    visit_id: str
    now: datetime


class VisitStarted(DomainEvent, frozen=True):
    visit_id: str
    member_id: str
    station_id: str
    gate_id: str
    ends_at: datetime  # without an exit (CK3); hours that change later do not move it
    offline: bool
    clock_corrected: bool
    counted: bool
    flags: tuple[VisitFlag, ...]
    override_by: str | None = None
    override_reason: str | None = None


class VisitEnded(DomainEvent, frozen=True):
    """`at` is the end. The fields with defaults are those of the exit scan, when there was one."""

    visit_id: str
    member_id: str
    station_id: str
    started_at: datetime
    exit_kind: ExitKind
    scan_id: str | None = None
    gate_id: str | None = None
    offline: bool = False
    clock_corrected: bool = False
    flags: tuple[VisitFlag, ...] = ()


class DuplicateScanIgnored(DomainEvent, frozen=True):
    scan_id: str
    visit_id: str


class ScanRefused(DomainEvent, frozen=True):
    scan_id: str
    station_id: str
    code: str


VisitsCommand: TypeAlias = ScanExit | EndStay
VisitsEvent: TypeAlias = VisitStarted | VisitEnded | DuplicateScanIgnored | ScanRefused | DeadlineSet | DeadlineCleared


class Visit(msgspec.Struct, frozen=True):
    visit_id: str
    station_id: str
    started_at: datetime
    ends_at: datetime  # the end: decided, or what CK3 says while the visit is open
    scanned_at: datetime  # the last scan there (CK2)
    open: bool = True
    exit_scan_id: str | None = None

    def covers(self, moment: datetime) -> bool:
        return self.started_at <= moment < self.ends_at


class Visits(msgspec.Struct, frozen=True):
    """The last visits in the order they began: what is needed to place the next scan, and late ones."""

    recent: tuple[Visit, ...] = ()

    def find(self, visit_id: str) -> Visit | None:
        for visit in self.recent:
            if visit.visit_id == visit_id:
                return visit
        return None

    def covering(self, moment: datetime) -> list[Visit]:
        """The visits that hold this moment: as a rule none, or the open one."""
        return [visit for visit in self.recent if visit.started_at <= moment < visit.ends_at]

    def around(self, moment: datetime) -> tuple[Visit | None, Visit | None]:
        """The last visit that began by this moment, and the first that began after it."""
        after = None
        for visit in reversed(self.recent):
            if visit.started_at <= moment:
                return visit, after
            after = visit
        return None, after


def decide(command: VisitsCommand, visits: Visits) -> list[VisitsEvent]:
    match command:
        case ScanExit():
            return leave(command, visits)
        case EndStay(_, visit_id, now):
            visit = visits.find(visit_id)
            if visit is None or not visit.open:
                return [DeadlineCleared(now, STAY, visit_id, "ended")]
            return end(visit, command.member_id, visit.ends_at, unattended(visit, visits))
        case _:
            assert_never(command)


def leave(scan: ScanExit, visits: Visits) -> list[VisitsEvent]:
    """End the visit that is open here at the scan's time. A stay that CK3 has ended is over, however late the timer."""
    moment = scan.moment
    if any(visit.exit_scan_id == scan.scan_id for visit in visits.recent):
        return []
    for visit in visits.recent:
        if visit.open and visit.station_id == scan.station_id and visit.covers(moment.at):
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
                ("late_beyond_window",) if moment.late_beyond_window else (),
            )
            return [ended, DeadlineCleared(moment.at, STAY, visit.visit_id, "scanned")]
    raise VisitNotOpen(field="station_id")


def end(visit: Visit, member_id: str, at: datetime, exit_kind: ExitKind) -> list[VisitsEvent]:
    """End a visit without an exit scan."""
    return [
        VisitEnded(at, visit.visit_id, member_id, visit.station_id, visit.started_at, exit_kind),
        DeadlineCleared(at, STAY, visit.visit_id, exit_kind),
    ]


def unattended(visit: Visit, visits: Visits) -> ExitKind:
    """A visit reported late may end where the next one began; then that one has superseded it."""
    return "superseded" if any(other.started_at == visit.ends_at for other in visits.recent) else "auto"


def evolve(visits: Visits, event: VisitsEvent) -> Visits:
    match event:
        case VisitStarted():
            return start(visits, event)
        case VisitEnded():
            return changed(visits, event.visit_id, event)
        case DuplicateScanIgnored(visit_id=visit_id):
            return changed(visits, visit_id, event)
        case ScanRefused() | DeadlineSet() | DeadlineCleared():
            return visits
        case _:
            assert_never(event)


def start(visits: Visits, event: VisitStarted) -> Visits:
    visit = Visit(event.visit_id, event.station_id, event.at, event.ends_at, event.at)
    recent = (*visits.recent, visit)
    if len(recent) > 1 and recent[-2].started_at > event.at:
        recent = tuple(sorted(recent, key=lambda known: known.started_at))
    return Visits(forget(recent))


def forget(recent: tuple[Visit, ...]) -> tuple[Visit, ...]:
    """Keep the last visits, all that CK4 may ask for, and all that are open."""
    while len(recent) > RECENT_VISITS:
        oldest = recent[0]
        if oldest.open or recent[-1].started_at - oldest.ends_at < COUNTING_PAUSE:
            break
        recent = recent[1:]
    return recent


def changed(visits: Visits, visit_id: str, event: VisitEnded | DuplicateScanIgnored) -> Visits:
    return Visits(tuple(with_scan(v, event) if v.visit_id == visit_id else v for v in visits.recent))


def with_scan(visit: Visit, event: VisitEnded | DuplicateScanIgnored) -> Visit:
    if isinstance(event, DuplicateScanIgnored):
        return msgspec.structs.replace(visit, scanned_at=max(visit.scanned_at, event.at))
    scanned_at = event.at if event.exit_kind == "scanned" else visit.scanned_at
    return msgspec.structs.replace(
        visit, open=False, ends_at=event.at, scanned_at=scanned_at, exit_scan_id=event.scan_id
    )


VISITS: Decider[VisitsCommand, VisitsEvent, Visits] = Decider(
    "visits",
    Visits(),
    decide,
    evolve,
    (VisitStarted, VisitEnded, DuplicateScanIgnored, ScanRefused, DeadlineSet, DeadlineCleared),
)
