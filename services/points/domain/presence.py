"""Presence 到岗证明: one member's visits as checkin told them, and his patrols that wait for a visit to prove them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypeAlias, assert_never, get_args

import msgspec

from shared.decider import Command, Decider, DomainEvent

from .values import PRESENCE_KEPT, PRESENCE_OVERLAP


class NotePresence(Command, frozen=True):
    """The member is inside a station. `late`: told beyond the window of K5, so that nothing may be paid for it."""

    member_id: str
    visit_id: str
    station_id: str
    started_at: datetime
    late: bool = False


class NoteDeparture(Command, frozen=True):
    """The member has left. It tells the whole visit, so that it stands alone where the start was never told."""

    member_id: str
    visit_id: str
    station_id: str
    started_at: datetime
    ended_at: datetime


class ForgetVisit(Command, frozen=True):
    """The visit was voided: it proves nothing."""

    member_id: str
    visit_id: str
    station_id: str
    now: datetime


class AwaitPresence(Command, frozen=True):
    """A submitted patrol could not be accepted yet: look at it again with each visit."""

    report_id: str
    duty_id: str
    station_id: str
    performed_from: datetime
    performed_to: datetime
    now: datetime


class EndWait(Command, frozen=True):
    """The patrol was answered."""

    report_id: str
    now: datetime


class PresenceNoted(DomainEvent, frozen=True):
    """`at` is the start of the visit."""

    visit_id: str
    station_id: str
    late: bool


class DepartureNoted(DomainEvent, frozen=True):
    """`at` is the end of the visit."""

    visit_id: str
    station_id: str
    started_at: datetime


class VisitForgotten(DomainEvent, frozen=True):
    visit_id: str
    station_id: str


class PatrolAwaitsPresence(DomainEvent, frozen=True):
    report_id: str
    duty_id: str
    station_id: str
    performed_from: datetime
    performed_to: datetime


class PatrolWaitEnded(DomainEvent, frozen=True):
    report_id: str


PresenceCommand: TypeAlias = NotePresence | NoteDeparture | ForgetVisit | AwaitPresence | EndWait
PresenceEvent: TypeAlias = PresenceNoted | DepartureNoted | VisitForgotten | PatrolAwaitsPresence | PatrolWaitEnded


class Visit(msgspec.Struct, frozen=True):
    station_id: str
    started_at: datetime
    ended_at: datetime | None
    late: bool
    voided: bool = False


class Presence(msgspec.Struct, frozen=True):
    """Visits and waiting patrols of the last days (`PRESENCE_KEPT`, counted back from the latest visit told)."""

    visits: dict[str, Visit] = {}
    waiting: dict[str, PatrolAwaitsPresence] = {}
    forgotten_before: datetime | None = None

    def proves(self, station_id: str, performed_from: datetime, performed_to: datetime) -> bool:
        """PT3: one visit at this station overlaps the patrol long enough.

        A visit still open counts until the moment of evaluation, which is never before the end of the patrol, as no
        report is received before that.
        """
        return any(
            min(visit.ended_at or performed_to, performed_to) - max(visit.started_at, performed_from)
            >= PRESENCE_OVERLAP
            for visit in self.visits.values()
            if visit.station_id == station_id and not visit.late and not visit.voided
        )

    @property
    def proven(self) -> tuple[PatrolAwaitsPresence, ...]:
        """The waiting patrols that the visits known by now prove."""
        return tuple(p for p in self.waiting.values() if self.proves(p.station_id, p.performed_from, p.performed_to))


def decide(command: PresenceCommand, presence: Presence) -> Sequence[PresenceEvent]:
    match command:
        case NotePresence(_, visit_id, station_id, started_at, late):
            if visit_id in presence.visits or _forgotten(started_at, presence):
                return []
            return [PresenceNoted(at=started_at, visit_id=visit_id, station_id=station_id, late=late)]
        case NoteDeparture(_, visit_id, station_id, started_at, ended_at):
            known = presence.visits.get(visit_id)
            if (known is not None and known.ended_at is not None) or _forgotten(ended_at, presence):
                return []
            return [DepartureNoted(at=ended_at, visit_id=visit_id, station_id=station_id, started_at=started_at)]
        case ForgetVisit(_, visit_id, station_id, now):
            known = presence.visits.get(visit_id)
            return [] if known is not None and known.voided else [VisitForgotten(now, visit_id, station_id)]
        case AwaitPresence(report_id):
            awaited, before = _awaited(command), presence.waiting.get(report_id)  # a correction has other times
            told = before is not None and msgspec.structs.replace(before, at=awaited.at) == awaited
            return [] if told else [awaited]
        case EndWait(report_id, now):
            return [PatrolWaitEnded(at=now, report_id=report_id)] if report_id in presence.waiting else []
        case _:
            assert_never(command)


def _forgotten(moment: datetime, presence: Presence) -> bool:
    """So old that its visit may be known and dropped already; K5 lets nothing react to it anyway."""
    return presence.forgotten_before is not None and moment < presence.forgotten_before


def _awaited(command: AwaitPresence) -> PatrolAwaitsPresence:
    return PatrolAwaitsPresence(
        at=command.now,
        report_id=command.report_id,
        duty_id=command.duty_id,
        station_id=command.station_id,
        performed_from=command.performed_from,
        performed_to=command.performed_to,
    )


def evolve(presence: Presence, event: PresenceEvent) -> Presence:
    match event:
        case PresenceNoted(at=started_at):
            visit = Visit(event.station_id, started_at, None, event.late)
            return _with_visit(presence, event.visit_id, visit, started_at)
        case DepartureNoted(at=ended_at):
            known = presence.visits.get(event.visit_id)
            late, voided = (known.late, known.voided) if known is not None else (False, False)
            visit = Visit(event.station_id, event.started_at, ended_at, late, voided)
            return _with_visit(presence, event.visit_id, visit, ended_at)
        case VisitForgotten(at=at):
            known = presence.visits.get(event.visit_id) or Visit(event.station_id, at, None, late=False)
            return _with_visit(presence, event.visit_id, msgspec.structs.replace(known, voided=True), at)
        case PatrolAwaitsPresence():
            return msgspec.structs.replace(presence, waiting={**presence.waiting, event.report_id: event})
        case PatrolWaitEnded():
            waiting = {ref: patrol for ref, patrol in presence.waiting.items() if ref != event.report_id}
            return msgspec.structs.replace(presence, waiting=waiting)
        case _:
            assert_never(event)


def _with_visit(presence: Presence, visit_id: str, visit: Visit, moment: datetime) -> Presence:
    horizon = moment - PRESENCE_KEPT
    if presence.forgotten_before is not None:
        horizon = max(horizon, presence.forgotten_before)
    visits = {ref: v for ref, v in presence.visits.items() if (v.ended_at or v.started_at) >= horizon}
    visits[visit_id] = visit
    waiting = presence.waiting
    if any(patrol.performed_to < horizon for patrol in waiting.values()):
        waiting = {ref: patrol for ref, patrol in waiting.items() if patrol.performed_to >= horizon}
    return Presence(visits, waiting, horizon)


PRESENCE: Decider[PresenceCommand, PresenceEvent, Presence] = Decider(
    "presence", Presence(), decide, evolve, get_args(PresenceEvent)
)
