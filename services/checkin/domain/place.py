"""The slot pools of a place 预约地点, a merchant or a station: one at a time (E20); all close when it stops serving."""

from __future__ import annotations

from datetime import datetime
from typing import TypeAlias, assert_never, get_args

import msgspec

from shared.decider import Command, Decider, DomainEvent

from .booking import OpenPool
from .refusals import PlaceTaken
from .values import BOOKING_GRACE


class PlacePool(Command, frozen=True):
    """A pool is to be opened here."""

    asked: OpenPool


class RemovePool(Command, frozen=True):
    """A pool was closed: its time is free again."""

    place_id: str
    pool_id: str
    now: datetime


class RefusePool(Command, frozen=True):
    """The pool of a course that won a vote cannot be opened: nobody waits for an answer, so it is remembered."""

    asked: OpenPool
    code: str


class VacatePlace(Command, frozen=True):
    """The place serves nobody any more, since `now`; `still`: it has not been open since."""

    place_id: str
    reason: str  # a code
    now: datetime
    still: bool = False


class PoolPlaced(DomainEvent, frozen=True):
    pool_id: str
    starts_at: datetime
    ends_at: datetime


class PoolRemoved(DomainEvent, frozen=True):
    pool_id: str


class SlotPoolRefused(DomainEvent, frozen=True):
    pool_id: str
    purpose: str
    place_id: str
    starts_at: datetime
    ends_at: datetime
    capacity: int
    course_id: str | None
    ballot_id: str | None
    code: str


class PlaceVacated(DomainEvent, frozen=True):
    """These pools are to be closed; each is closed by itself, as there may be many bookings in each."""

    place_id: str
    reason: str
    pools: tuple[str, ...]


PlaceCommand: TypeAlias = PlacePool | RemovePool | RefusePool | VacatePlace
PlaceEvent: TypeAlias = PoolPlaced | PoolRemoved | SlotPoolRefused | PlaceVacated


class Placed(msgspec.Struct, frozen=True):
    pool_id: str
    starts_at: datetime
    ends_at: datetime
    placed_at: datetime

    def is_over(self, moment: datetime) -> bool:
        return moment >= self.ends_at + BOOKING_GRACE


class Place(msgspec.Struct, frozen=True):
    pools: tuple[Placed, ...] = ()  # those that are not over


def decide(command: PlaceCommand, place: Place) -> list[PlaceEvent]:
    match command:
        case PlacePool(asked):
            for other in place.pools:
                if asked.starts_at < other.ends_at and other.starts_at < asked.ends_at:
                    raise PlaceTaken(f"pool {other.pool_id} is there at that time", field="starts_at")
            return [PoolPlaced(asked.now, asked.pool_id, asked.starts_at, asked.ends_at)]
        case RemovePool(_, pool_id, now):
            return [PoolRemoved(now, pool_id)] if any(pool.pool_id == pool_id for pool in place.pools) else []
        case RefusePool(asked, code):
            when = (asked.starts_at, asked.ends_at, asked.capacity)
            why = (asked.course_id, asked.ballot_id, code)
            return [SlotPoolRefused(asked.now, asked.pool_id, asked.purpose, asked.place_id, *when, *why)]
        case VacatePlace(place_id, reason, now, still):
            meant = (pool for pool in place.pools if not pool.is_over(now) and (still or pool.placed_at <= now))
            pools = tuple(pool.pool_id for pool in meant)
            return [PlaceVacated(now, place_id, reason, pools)] if pools else []
        case _:
            assert_never(command)


def evolve(place: Place, event: PlaceEvent) -> Place:
    match event:
        case PoolPlaced(at, pool_id, starts_at, ends_at):
            placed = Placed(pool_id, starts_at, ends_at, at)
            return Place((*(pool for pool in place.pools if not pool.is_over(at)), placed))
        case PoolRemoved(pool_id=pool_id):
            return Place(tuple(pool for pool in place.pools if pool.pool_id != pool_id))
        case PlaceVacated(pools=pools):
            return Place(tuple(pool for pool in place.pools if pool.pool_id not in pools))
        case SlotPoolRefused():
            return place
        case _:
            assert_never(event)


PLACE: Decider[PlaceCommand, PlaceEvent, Place] = Decider("place", Place(), decide, evolve, get_args(PlaceEvent))
