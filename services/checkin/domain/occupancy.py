"""Who is inside a station: the books of one station and one month.

Books are closed by the month of receipt. Whoever touches a month first closes the month before and carries over those
who are still inside, so folding stays short. A command stamped in the old month but decided later finds it closed and
goes on to the next.
"""

from __future__ import annotations

from datetime import datetime
from typing import TypeAlias, assert_never

import msgspec

from shared.clock import CHINA
from shared.decider import Command, Decider, DomainEvent

from .values import DEPARTURES_KEPT


class Stay(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One member's place inside, until it ends without an exit (CK3) or somebody scans out."""

    visit_id: str
    member_id: str
    started_at: datetime
    ends_at: datetime

    def covers(self, moment: datetime) -> bool:
        return self.started_at <= moment < self.ends_at


class TakePlace(Command, frozen=True):
    visit_id: str
    member_id: str
    at: datetime
    ends_at: datetime


class LeavePlace(Command, frozen=True):
    visit_id: str
    at: datetime


class CloseBooks(Command, frozen=True):
    now: datetime


class OpenBooks(Command, frozen=True):
    before: tuple[Stay, ...]
    now: datetime


class Entered(DomainEvent, frozen=True):
    visit_id: str
    member_id: str
    ends_at: datetime


class Left(DomainEvent, frozen=True):
    visit_id: str


class OccupancyClosed(DomainEvent, frozen=True):
    """The books of this month are closed; the next month's go on."""


class OccupancyCarriedOver(DomainEvent, frozen=True):
    """The books of this month begin with those who are still inside."""

    open: tuple[Stay, ...]


OccupancyCommand: TypeAlias = TakePlace | LeavePlace | CloseBooks | OpenBooks
OccupancyEvent: TypeAlias = Entered | Left | OccupancyClosed | OccupancyCarriedOver


class Occupancy(msgspec.Struct, frozen=True):
    opened: bool = False
    closed: bool = False
    inside: dict[str, Stay] = {}
    departed: tuple[Stay, ...] = ()  # the last ones, for scans that are uploaded later

    def is_full(self, capacity: int, moment: datetime) -> bool:
        """CK5, for somebody at the door now. Ends are applied here, so a late sweeper never keeps a place (CK3)."""
        if len(self.inside) < capacity:
            return False
        return sum(stay.ends_at > moment for stay in self.inside.values()) >= capacity

    def was_full(self, capacity: int, moment: datetime) -> bool:
        """CK5, for somebody whom an offline gate let in then, as far as departures are remembered."""
        known = (*self.inside.values(), *self.departed)
        return sum(stay.covers(moment) for stay in known) >= capacity


def decide(command: OccupancyCommand, books: Occupancy) -> list[OccupancyEvent]:
    match command:
        case TakePlace(visit_id, member_id, at, ends_at):
            return [] if visit_id in books.inside else [Entered(at, visit_id, member_id, ends_at)]
        case LeavePlace(visit_id, at):
            known = visit_id in books.inside or any(stay.visit_id == visit_id for stay in books.departed)
            return [Left(at, visit_id)] if known else []
        case CloseBooks(now):
            return [] if books.closed else [OccupancyClosed(now)]
        case OpenBooks(before, now):
            still_inside = tuple(stay for stay in before if stay.ends_at > now)
            return [] if books.opened else [OccupancyCarriedOver(now, still_inside)]
        case _:
            assert_never(command)


def evolve(books: Occupancy, event: OccupancyEvent) -> Occupancy:
    match event:
        case Entered(at, visit_id, member_id, ends_at):
            return enter(books, Stay(visit_id, member_id, at, ends_at))
        case Left(at, visit_id):
            return leave(books, visit_id, at)
        case OccupancyClosed():
            return msgspec.structs.replace(books, closed=True)
        case OccupancyCarriedOver(open=still_inside):
            return Occupancy(opened=True, inside={stay.visit_id: stay for stay in still_inside})
        case _:
            assert_never(event)


def enter(books: Occupancy, stay: Stay) -> Occupancy:
    """Let in, and show out those whose stay has ended, oldest first up to the first who may still be inside."""
    inside, departed = books.inside.copy(), books.departed
    for known in books.inside.values():
        if known.ends_at > stay.started_at:
            break
        departed = remember(departed, inside.pop(known.visit_id))
    inside[stay.visit_id] = stay
    return Occupancy(books.opened, books.closed, inside, departed)


def leave(books: Occupancy, visit_id: str, at: datetime) -> Occupancy:
    """The exit of an offline gate may come after the stay was shown out: its end is then put right."""
    if visit_id in books.inside:
        inside = books.inside.copy()
        gone = msgspec.structs.replace(inside.pop(visit_id), ends_at=at)
        return Occupancy(books.opened, books.closed, inside, remember(books.departed, gone))
    departed = tuple(
        msgspec.structs.replace(stay, ends_at=at) if stay.visit_id == visit_id else stay for stay in books.departed
    )
    return Occupancy(books.opened, books.closed, books.inside, departed)


def remember(departed: tuple[Stay, ...], stay: Stay) -> tuple[Stay, ...]:
    return (*departed[1 - DEPARTURES_KEPT :], stay)


def month_of(moment: datetime) -> str:
    """The month of China's calendar, as in 2026-01."""
    local = moment.astimezone(CHINA)
    return f"{local.year}-{local.month:02d}"


def month_after(month: str, steps: int = 1) -> str:
    """The next month, or with -1 the one before."""
    year, number = divmod(int(month[:4]) * 12 + int(month[5:]) - 1 + steps, 12)
    return f"{year}-{number + 1:02d}"


OCCUPANCY: Decider[OccupancyCommand, OccupancyEvent, Occupancy] = Decider(
    "occupancy", Occupancy(), decide, evolve, (Entered, Left, OccupancyClosed, OccupancyCarriedOver)
)
