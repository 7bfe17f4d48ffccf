"""Whatever order scans, uploads and timers come in (E2, E6, E7, E8, E10, E11): never over capacity, never two visits
at once, one end for each visit."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hypothesis import given as every
from hypothesis import strategies as st

from services.checkin.domain.visits import EndStay, VisitEnded, VisitStarted
from services.checkin.handlers import HANDLERS
from shared.decider import Changes, Command, DeadlineCleared, DeadlineSet, Decider, DomainEvent
from shared.errors import Refused
from tests.checkin.town import MEMBERS, MINUTE, TOWN, at, entry, leaving, offline, online

CAPACITY = {"S1": 2, "S2": 1}


@dataclass
class Log:
    """All that was decided, and the timers that wait."""

    states: dict[str, Any] = field(default_factory=dict)
    events: list[DomainEvent] = field(default_factory=list)
    timers: dict[str, tuple[str, datetime]] = field(default_factory=dict)

    def read(self, decider: Decider[Any, Any, Any], entity: str) -> Any:
        return self.states.get(decider.stream(entity), decider.initial)

    def append(self, changes: Changes) -> None:
        for decider, entity, events in changes:
            self.states[decider.stream(entity)] = decider.fold(events, self.read(decider, entity))
            self.events += events
            for event in events:
                if isinstance(event, DeadlineSet):
                    self.timers[event.ref] = (entity, event.due_at)
                elif isinstance(event, DeadlineCleared):
                    self.timers.pop(event.ref, None)

    def do(self, command: Command) -> None:
        try:
            self.append(HANDLERS.handle(command, self.read))
        except Refused as refusal:
            self.append(refusal.record)

    def sweep(self, now: datetime) -> None:
        for visit_id, (member, due_at) in list(self.timers.items()):
            if due_at <= now:
                self.do(EndStay(member, visit_id, due_at))

    def spans(self) -> list[tuple[VisitStarted, datetime]]:
        """Each visit with its end, as told or by CK3."""
        ends = {event.visit_id: event.at for event in self.events if isinstance(event, VisitEnded)}
        started = (event for event in self.events if isinstance(event, VisitStarted))
        return [(visit, ends.get(visit.visit_id, visit.ends_at)) for visit in started]


@dataclass(frozen=True)
class Step:
    """Some minutes pass; then somebody scans, or an upload of an older scan arrives; the sweeper may run or be late."""

    minutes: int
    member: str
    station: str
    enters: bool
    told_late: int
    sweeps: bool


def steps(told_late: st.SearchStrategy[int]) -> st.SearchStrategy[list[Step]]:
    who, where, minutes = st.sampled_from(MEMBERS), st.sampled_from(sorted(CAPACITY)), st.integers(0, 130)
    return st.lists(st.builds(Step, minutes, who, where, st.booleans(), told_late, st.booleans()), max_size=40)


def lived(script: list[Step]) -> Log:
    log, now = Log(), at("05:00", 30)  # long enough to pass into the next month
    log.append(TOWN)
    for number, step in enumerate(script):
        now += step.minutes * MINUTE
        if step.sweeps:
            log.sweep(now)
        moment = offline(now - step.told_late * MINUTE, now) if step.told_late else online(now)
        scan = entry if step.enters else leaving
        command = scan(step.member, step.station, moment, f"scan{number}")
        log.do(command)
        log.do(command)  # E2: the retry of a scan is the same scan
    return log


def overlapping(log: Log) -> list[tuple[VisitStarted, VisitStarted]]:
    spans = log.spans()
    return [
        (one, other)
        for one, end in spans
        for other, other_end in spans
        if one.member_id == other.member_id and one is not other
        if one.at < other_end and other.at < end
    ]


@every(steps(st.just(0)))
def test_ck5_scans_online_never_fill_a_station_beyond_its_capacity(script: list[Step]) -> None:
    spans = lived(script).spans()
    for moment in [visit.at for visit, _ in spans]:
        inside = Counter(visit.station_id for visit, end in spans if visit.at <= moment < end)
        assert all(inside[station] <= capacity for station, capacity in CAPACITY.items())


@every(steps(st.just(0)))
def test_ck1_a_member_online_is_never_in_two_visits_at_once(script: list[Step]) -> None:
    assert overlapping(lived(script)) == []


@every(steps(st.one_of(st.just(0), st.integers(1, 600))))
def test_ck1_late_uploads_overlap_only_what_was_already_ended_and_say_so(script: list[Step]) -> None:
    for one, other in overlapping(lived(script)):
        assert "overlapping_visit" in one.flags + other.flags


@every(steps(st.one_of(st.just(0), st.integers(1, 600))))
def test_e11_each_visit_ends_once_and_never_before_it_began(script: list[Step]) -> None:
    log = lived(script)
    log.sweep(at("00:00", 1, month=4))
    ended = Counter(event.visit_id for event in log.events if isinstance(event, VisitEnded))
    assert ended == Counter(event.visit_id for event in log.events if isinstance(event, VisitStarted))
    assert all(event.started_at <= event.at for event in log.events if isinstance(event, VisitEnded))
    assert log.timers == {}
