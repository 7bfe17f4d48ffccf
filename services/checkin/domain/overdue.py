"""Which rectifications 隐患整改 of a station are overdue, as grievance tells (CK12).

One stream for all periods: what is not put right counts in every period at whose end it is overdue.
"""

from __future__ import annotations

from datetime import datetime
from typing import TypeAlias, assert_never, get_args

import msgspec

from shared.decider import Command, Decider, DomainEvent

from .values import SETTLED_KEPT


class NoteOverdue(Command, frozen=True):
    station_id: str
    rectification_id: str
    due_at: datetime


class NoteSettled(Command, frozen=True):
    """The rectification is closed."""

    station_id: str
    rectification_id: str
    closed_at: datetime


class OverdueNoted(DomainEvent, frozen=True):
    """It was not put right by `at`."""

    station_id: str
    rectification_id: str


class SettledNoted(DomainEvent, frozen=True):
    station_id: str
    rectification_id: str


OverdueCommand: TypeAlias = NoteOverdue | NoteSettled
OverdueEvent: TypeAlias = OverdueNoted | SettledNoted


class Overdue(msgspec.Struct, frozen=True):
    """By rectification: since when it is overdue, and when it was closed. Either may be told first."""

    since: dict[str, datetime] = {}
    settled: dict[str, datetime] = {}

    def count(self, moment: datetime) -> int:
        """How many were overdue just before this moment."""
        return sum(due < moment and not self._settled(one, moment) for one, due in self.since.items())

    def _settled(self, rectification_id: str, moment: datetime) -> bool:
        closed = self.settled.get(rectification_id)
        return closed is not None and closed < moment


def decide(command: OverdueCommand, overdue: Overdue) -> list[OverdueEvent]:
    """The earliest time that is told holds: the clock goes on whatever becomes of a fix (GR11)."""
    match command:
        case NoteOverdue(station_id, rectification_id, due_at):
            known = overdue.since.get(rectification_id)
            return [] if known and known <= due_at else [OverdueNoted(due_at, station_id, rectification_id)]
        case NoteSettled(station_id, rectification_id, closed_at):
            known = overdue.settled.get(rectification_id)
            return [] if known and known <= closed_at else [SettledNoted(closed_at, station_id, rectification_id)]
        case _:
            assert_never(command)


def evolve(overdue: Overdue, event: OverdueEvent) -> Overdue:
    match event:
        case OverdueNoted(at, rectification_id=one):
            return Overdue({**overdue.since, one: at}, overdue.settled)
        case SettledNoted(at, rectification_id=one):
            return _forgetting(Overdue(overdue.since, {**overdue.settled, one: at}))
        case _:
            assert_never(event)


def _forgetting(overdue: Overdue) -> Overdue:
    """Without the one that was closed first, when there are too many: it matters to no review that is still open."""
    if len(overdue.settled) <= SETTLED_KEPT:
        return overdue
    oldest = min(overdue.settled, key=lambda one: (overdue.settled[one], one))
    since, settled = dict(overdue.since), dict(overdue.settled)
    since.pop(oldest, None)
    del settled[oldest]
    return Overdue(since, settled)


OVERDUE: Decider[OverdueCommand, OverdueEvent, Overdue] = Decider(
    "overdue", Overdue(), decide, evolve, get_args(OverdueEvent)
)
