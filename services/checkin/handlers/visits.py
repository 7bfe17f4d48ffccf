"""Scans: which streams an entry, an exit and the end of a stay read and change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from shared.decider import Change, Changes, Handlers, Read
from shared.errors import Refused

from ..domain import aftermath, entry, leaving
from ..domain.aftermath import RateVisit, UseService, VoidVisit
from ..domain.gates import GATES
from ..domain.leaving import EndVisit
from ..domain.member import MEMBER, Member
from ..domain.occupancy import (
    OCCUPANCY,
    CloseBooks,
    LeavePlace,
    Occupancy,
    OpenBooks,
    TakePlace,
    month_after,
    month_of,
)
from ..domain.scan import ScanEntry, ScanExit
from ..domain.station import STATION
from ..domain.visits import VISITS, EndStay, ScanRefused, VisitEnded, VisitsEvent, VisitStarted, VisitVoided

HANDLERS = Handlers(MEMBER, STATION, GATES, VISITS, OCCUPANCY)


class Books(NamedTuple):
    """A station's occupancy in the month that is open, and what must be written first to open it."""

    entity: str
    state: Occupancy
    opening: tuple[Change, ...] = ()

    def after(self, command: TakePlace | LeavePlace) -> tuple[Change, ...]:
        return (*self.opening, Change(OCCUPANCY, self.entity, OCCUPANCY.decide(command, self.state)))


def books_of(station_id: str, received_at: datetime, read: Read) -> Books:
    """The books to write in now. A month that was closed meanwhile, by a command received later, is passed over."""
    month = month_of(received_at)
    books = read(OCCUPANCY, f"{station_id}_{month}")
    while books.closed:
        month = month_after(month)
        books = read(OCCUPANCY, f"{station_id}_{month}")
    return Books(f"{station_id}_{month}", books) if books.opened else opened(station_id, month, received_at, read)


def opened(station_id: str, month: str, now: datetime, read: Read) -> Books:
    """Close the month before and begin this one with whoever is still inside."""
    entity, before = f"{station_id}_{month}", f"{station_id}_{month_after(month, -1)}"
    past = read(OCCUPANCY, before)
    closing = OCCUPANCY.decide(CloseBooks(now), past)
    carried = OCCUPANCY.decide(OpenBooks(tuple(past.inside.values()), now), OCCUPANCY.initial)
    state = OCCUPANCY.fold(carried)
    return Books(entity, state, (Change(OCCUPANCY, before, closing), Change(OCCUPANCY, entity, carried)))


@HANDLERS.on(ScanEntry)
def scan_entry(scan: ScanEntry, read: Read) -> Changes:
    """The member's visits and the station's occupancy change together; when moving on, the left station's too."""
    entry.check_override(scan)
    member, station = read(MEMBER, scan.member_id), read(STATION, scan.station_id)
    gates, visits = read(GATES, scan.station_id), read(VISITS, scan.member_id)
    books = {scan.station_id: books_of(scan.station_id, scan.moment.received_at, read)}
    neighbours = visits.around(scan.moment.at)
    elsewhere = {visit.station_id for visit in neighbours if visit and visit.station_id != scan.station_id}
    others = {station_id: read(STATION, station_id) for station_id in elsewhere}
    if left := entry.superseded(scan, neighbours[0]):
        books.setdefault(left.station_id, books_of(left.station_id, scan.moment.received_at, read))
    try:
        scene = entry.Scene(member, station, visits, books[scan.station_id].state, others, gates)
        return with_occupancy(scan.member_id, entry.decide(scan, scene), books)
    except Refused as refusal:
        raise remembered(refusal, scan, member) from None


@HANDLERS.on(ScanExit)
def scan_exit(scan: ScanExit, read: Read) -> Changes:
    """The visit ends and the station's place is free, together."""
    member, station = read(MEMBER, scan.member_id), read(STATION, scan.station_id)
    gates, visits = read(GATES, scan.station_id), read(VISITS, scan.member_id)
    books = {scan.station_id: books_of(scan.station_id, scan.moment.received_at, read)}
    try:
        return with_occupancy(scan.member_id, leaving.leave(scan, member, station, gates, visits), books)
    except Refused as refusal:
        raise remembered(refusal, scan, member) from None


@HANDLERS.on(EndVisit)
def end_visit(command: EndVisit, read: Read) -> Changes:
    """By the chief; the place is free at once."""
    visits, books = read(VISITS, command.member_id), books_of(command.station_id, command.now, read)
    return with_occupancy(command.member_id, leaving.end_by_chief(command, visits), {command.station_id: books})


@HANDLERS.on(VoidVisit)
def void_visit(command: VoidVisit, read: Read) -> Changes:
    """What the visit held at the station is given back with it."""
    visits, books = read(VISITS, command.member_id), books_of(command.station_id, command.now, read)
    return with_occupancy(command.member_id, aftermath.void(command, visits), {command.station_id: books})


@HANDLERS.on(UseService)
def use_service(command: UseService, read: Read) -> Changes:
    """A service belongs to the visit during which it was used."""
    member, station = read(MEMBER, command.member_id), read(STATION, command.station_id)
    visits = read(VISITS, command.member_id)
    return [Change(VISITS, command.member_id, aftermath.use(command, member, station, visits))]


@HANDLERS.on(RateVisit)
def rate_visit(command: RateVisit, read: Read) -> Changes:
    """Nobody finds another member's visits in his own."""
    return [Change(VISITS, command.member_id, aftermath.rate(command, read(VISITS, command.member_id)))]


def with_occupancy(member_id: str, events: Sequence[VisitsEvent], books: Mapping[str, Books]) -> Changes:
    """The visits' events, and what they mean for the stations. Ends by CK3 are in the books since the entry."""
    changes = [Change(VISITS, member_id, events)]
    for event in events:
        match event:
            case VisitStarted():
                place = TakePlace(event.visit_id, event.member_id, event.at, event.ends_at)
                changes += books[event.station_id].after(place)
            case VisitEnded(exit_kind="scanned" | "superseded" | "chief"):
                changes += books[event.station_id].after(LeavePlace(event.visit_id, event.at))
            case VisitVoided():  # who left when he came was never inside
                changes += books[event.station_id].after(LeavePlace(event.visit_id, event.started_at))
    return changes


def remembered(refusal: Refused, scan: ScanEntry | ScanExit, member: Member) -> Refused:
    """Known members' refused scans are facts for the auditor; unknown codes must not create streams."""
    if member.registered is None:
        return refusal
    event = ScanRefused(scan.moment.at, scan.scan_id, scan.station_id, refusal.code, scan.gate_id)
    return refusal.recording(Change(VISITS, scan.member_id, [event]))


HANDLERS.each(VISITS, "member_id", EndStay)  # the occupancy knows the end since the entry and needs no word of it
