"""All visits 到站 of one member: at most one is open (CK1), each ends once (E11), and what is told of one afterwards.

Commands that need more than these visits are decided beside: `entry.py`, `leaving.py`, `aftermath.py`.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal, TypeAlias, assert_never, get_args

import msgspec

from shared.decider import Command, DeadlineCleared, DeadlineSet, Decider, DomainEvent

from .gates import Direction
from .values import CODES_KEPT, COUNTING_PAUSE, MOST_VISITS, RATING_WINDOW, RECENT_VISITS

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
    "code_unverified",
    "code_expired",
    "code_revoked",
    "code_replayed",
    "device_unregistered",
]
ExitKind: TypeAlias = Literal["scanned", "auto", "superseded", "chief"]


class EndStay(Command, frozen=True):
    """The timer `stay` is due."""

    member_id: str
    visit_id: str
    now: datetime


class VisitStarted(DomainEvent, frozen=True):
    schema_version: ClassVar[int] = 2

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
    code: str | None = None  # key and step of the code that was shown (CK7)


class VisitEnded(DomainEvent, frozen=True):
    """`at` is the end. The fields with defaults are those of the exit scan, or of the chief, when there was one."""

    schema_version: ClassVar[int] = 2

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
    code: str | None = None
    ended_by: str | None = None
    reason: str | None = None


class DuplicateScanIgnored(DomainEvent, frozen=True):
    schema_version: ClassVar[int] = 2

    scan_id: str
    visit_id: str
    station_id: str | None = None
    gate_id: str | None = None
    code: str | None = None


class ScanRefused(DomainEvent, frozen=True):
    schema_version: ClassVar[int] = 2

    scan_id: str
    station_id: str
    code: str  # of the refusal
    gate_id: str | None = None


class ServiceUsed(DomainEvent, frozen=True):
    use_id: str
    visit_id: str
    member_id: str
    station_id: str
    service: str
    qty: int
    offline: bool
    clock_corrected: bool
    flags: tuple[VisitFlag, ...]


class VisitRated(DomainEvent, frozen=True):
    visit_id: str
    member_id: str
    station_id: str
    stars: int


class VisitVoided(DomainEvent, frozen=True, omit_defaults=True):
    """The visit is as if it had not been: its place, count and rating are given back. Ends of other visits stand."""

    visit_id: str
    member_id: str
    station_id: str
    started_at: datetime
    voided_by: str
    reason: str
    stars: int | None = None  # that it was rated with, if it was
    rated_at: datetime | None = None


VisitsCommand: TypeAlias = EndStay
VisitsEvent: TypeAlias = (
    VisitStarted
    | VisitEnded
    | DuplicateScanIgnored
    | ScanRefused
    | ServiceUsed
    | VisitRated
    | VisitVoided
    | DeadlineSet
    | DeadlineCleared
)


class Visit(msgspec.Struct, frozen=True):
    visit_id: str
    station_id: str
    started_at: datetime
    ends_at: datetime  # the end: decided, or what CK3 says while the visit is open
    scanned_at: datetime  # the last scan there (CK2)
    open: bool = True
    exit_scan_id: str | None = None
    stars: int | None = None
    rated_at: datetime | None = None

    def covers(self, moment: datetime) -> bool:
        return self.started_at <= moment < self.ends_at


class UsedCode(msgspec.Struct, frozen=True):
    """A code that has opened a gate."""

    ref: str
    direction: Direction
    visit_id: str
    gate_id: str | None
    at: datetime

    @property
    def step(self) -> int:
        return int(self.ref.rpartition(".")[2])


class Visits(msgspec.Struct, frozen=True):
    """The last visits in the order they began: to place the next scan and late ones, and to be rated or voided."""

    recent: tuple[Visit, ...] = ()
    used: tuple[UsedCode, ...] = ()
    voided: tuple[str, ...] = ()  # the last ones

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

    def first_use(self, ref: str, direction: Direction) -> UsedCode | None:
        """CK7: when, where and for which visit this code has opened a gate in this direction, if it has."""
        return next((code for code in self.used if code.ref == ref and code.direction == direction), None)


def decide(command: VisitsCommand, visits: Visits) -> list[VisitsEvent]:
    match command:
        case EndStay(_, visit_id, now):
            visit = visits.find(visit_id)
            if visit is None or not visit.open:
                return [DeadlineCleared(now, STAY, visit_id, "ended")]
            return end(visit, command.member_id, visit.ends_at, unattended(visit, visits))
        case _:
            assert_never(command)


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
            return with_code(start(visits, event), "entry", event)
        case VisitEnded(visit_id=visit_id):
            return with_code(changed(visits, visit_id, event), "exit", event)
        case DuplicateScanIgnored(visit_id=visit_id):
            return with_code(changed(visits, visit_id, event), "entry", event)
        case VisitRated(visit_id=visit_id):
            return changed(visits, visit_id, event)
        case VisitVoided(visit_id=visit_id):
            recent = tuple(visit for visit in visits.recent if visit.visit_id != visit_id)
            return Visits(recent, visits.used, (*visits.voided[1 - RECENT_VISITS :], visit_id))
        case ScanRefused() | ServiceUsed() | DeadlineSet() | DeadlineCleared():
            return visits
        case _:
            assert_never(event)


def start(visits: Visits, event: VisitStarted) -> Visits:
    visit = Visit(event.visit_id, event.station_id, event.at, event.ends_at, event.at)
    recent = (*visits.recent, visit)
    if len(recent) > 1 and recent[-2].started_at > event.at:
        recent = tuple(sorted(recent, key=lambda known: known.started_at))
    return Visits(forget(recent), visits.used, visits.voided)


def forget(recent: tuple[Visit, ...]) -> tuple[Visit, ...]:
    """Keep the last visits, all that may still be rated, all that CK4 may ask for, and all that are open."""
    while len(recent) > RECENT_VISITS:
        oldest = recent[0]
        kept = COUNTING_PAUSE if len(recent) > MOST_VISITS else RATING_WINDOW
        if oldest.open or recent[-1].started_at - oldest.ends_at < kept:
            break
        recent = recent[1:]
    return recent


def changed(visits: Visits, visit_id: str, event: VisitEnded | DuplicateScanIgnored | VisitRated) -> Visits:
    recent = tuple(after(v, event) if v.visit_id == visit_id else v for v in visits.recent)
    return Visits(recent, visits.used, visits.voided)


def after(visit: Visit, event: VisitEnded | DuplicateScanIgnored | VisitRated) -> Visit:
    if isinstance(event, VisitRated):
        return msgspec.structs.replace(visit, stars=event.stars, rated_at=event.at)
    if isinstance(event, DuplicateScanIgnored):
        return msgspec.structs.replace(visit, scanned_at=max(visit.scanned_at, event.at))
    scanned_at = event.at if event.exit_kind == "scanned" else visit.scanned_at
    return msgspec.structs.replace(
        visit, open=False, ends_at=event.at, scanned_at=scanned_at, exit_scan_id=event.scan_id
    )


def with_code(visits: Visits, direction: Direction, event: VisitStarted | VisitEnded | DuplicateScanIgnored) -> Visits:
    """CK7: this code has opened a gate. What is forgotten first is the oldest code, which no gate accepts any more."""
    if event.code is None:
        return visits
    used = (*visits.used, UsedCode(event.code, direction, event.visit_id, event.gate_id, event.at))
    if len(used) > CODES_KEPT:
        used = tuple(sorted(used, key=lambda code: code.step)[1:])
    return Visits(visits.recent, used, visits.voided)


VISITS: Decider[VisitsCommand, VisitsEvent, Visits] = Decider("visits", Visits(), decide, evolve, get_args(VisitsEvent))
