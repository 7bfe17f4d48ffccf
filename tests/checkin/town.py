"""A small town for checkin's tests: two stations, a few members, Friday 2026-01-23, and short ways to say a scan.

S1 opens 05:30-22:00 and holds two; S2, about 11 km north of it, is always open and holds one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import TypeVar

from services.checkin.domain.device_time import Moment
from services.checkin.domain.hours import WeeklyInterval
from services.checkin.domain.member import MEMBER, MemberRegistered
from services.checkin.domain.scan import ScanEntry, ScanExit
from services.checkin.domain.station import STATION, StationHoursSet, StationRegistered
from services.checkin.domain.visits import VisitEnded, VisitStarted
from shared.clock import CHINA
from shared.decider import Change, DomainEvent
from shared.testing.given import Scenario, on

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
LONG_AGO = datetime(2026, 1, 1, tzinfo=CHINA)
E = TypeVar("E", bound=DomainEvent)


def at(clock: str, day: int = 23, month: int = 1) -> datetime:
    """A time in China on a day of 2026, as in `at("06:50")`; 2026-01-23 is a Friday."""
    return datetime.combine(date(2026, month, day), time.fromisoformat(clock), CHINA)


EVERY_DAY = tuple(WeeklyInterval(weekday, 330, 1320) for weekday in range(1, 8))
s1_registered = StationRegistered(LONG_AGO, "S1", "O1", "indoor", "c1", "n1", 36_000_000, 103_000_000, 2, 240, False)
s1_hours = StationHoursSet(LONG_AGO, "S1", EVERY_DAY, ())
s2_registered = StationRegistered(LONG_AGO, "S2", "O1", "booth", "c1", "n1", 36_100_000, 103_000_000, 1, 240, True)
S1 = on(STATION, "S1", s1_registered, s1_hours)
S2 = on(STATION, "S2", s2_registered)
MEMBERS = ("W1", "W2", "W3", "W4")
TOWN: tuple[Change, ...] = (
    S1,
    S2,
    *(on(MEMBER, member, MemberRegistered(LONG_AGO, member, "courier", "O1")) for member in MEMBERS),
)


def online(moment: datetime) -> Moment:
    return Moment(at=moment, received_at=moment)


def offline(moment: datetime, received_at: datetime) -> Moment:
    return Moment(at=moment, received_at=received_at, offline=True)


def entry(member: str, station: str, moment: Moment | datetime, scan: str = "v1") -> ScanEntry:
    return ScanEntry(member, station, "g1", scan, moment if isinstance(moment, Moment) else online(moment))


def leaving(member: str, station: str, moment: Moment | datetime, scan: str = "x1") -> ScanExit:
    return ScanExit(member, station, "g2", scan, moment if isinstance(moment, Moment) else online(moment))


def only(kind: type[E], events: Mapping[str, Sequence[DomainEvent]], stream: str) -> E:
    """The one event of this kind that was decided on this stream."""
    (found,) = (event for event in events.get(stream, ()) if isinstance(event, kind))
    return found


def visit_of(scenario: Scenario, member: str = "W1") -> VisitStarted:
    return only(VisitStarted, scenario.events, f"visits-{member}")


def end_of(scenario: Scenario, member: str = "W1") -> VisitEnded:
    return only(VisitEnded, scenario.events, f"visits-{member}")
