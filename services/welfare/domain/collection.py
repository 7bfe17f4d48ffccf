"""Collection 预约领取: what became of one booking whose member wants to collect with a voucher (rows 12-14).

Each of checkin's events about it may come twice, or before the one that it follows: what came is kept here, and what
comes late finds it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, TypeAlias, assert_never, get_args

import msgspec

from shared.decider import Command, Decider, DomainEvent

from .values import COLLECTION_GRACE


class Booked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is booked: who, where, for which campaign."""

    pool_id: str
    member_id: str
    campaign_id: str
    place_id: str


class ReserveForBooking(Command, frozen=True):
    """The booking has a place: reserve one of the member's vouchers for it (row 12)."""

    booking_id: str
    booked: Booked
    starts_at: datetime
    ends_at: datetime
    now: datetime


class CancelCollection(Command, frozen=True):
    """The place was given up or taken back (row 13)."""

    booking_id: str
    booked: Booked
    reason: str
    now: datetime


class MissCollection(Command, frozen=True):
    """Nobody came (row 13)."""

    booking_id: str
    booked: Booked
    now: datetime


class AttendCollection(Command, frozen=True):
    """The member has come; `now` is when (row 14)."""

    booking_id: str
    booked: Booked
    now: datetime


class NoteReserved(Command, frozen=True):
    booked: Booked
    starts_at: datetime
    ends_at: datetime
    voucher_id: str
    now: datetime


class NoteRefused(Command, frozen=True):
    booked: Booked
    starts_at: datetime
    ends_at: datetime
    code: str
    now: datetime


class CollectionReserved(DomainEvent, frozen=True):
    booked: Booked
    starts_at: datetime
    ends_at: datetime
    voucher_id: str


class VoucherReservationRefused(DomainEvent, frozen=True):
    """Amendment 6: checkin takes the place back."""

    booked: Booked
    starts_at: datetime
    ends_at: datetime
    code: str


class CollectionCancelled(DomainEvent, frozen=True):
    booked: Booked
    reason: str


class CollectionMissed(DomainEvent, frozen=True):
    """A no-show 爽约; `voucher_id` is None when nothing was reserved for it."""

    booked: Booked
    voucher_id: str | None


class CollectionAttended(DomainEvent, frozen=True):
    booked: Booked


CollectionCommand: TypeAlias = CancelCollection | MissCollection | AttendCollection | NoteReserved | NoteRefused
CollectionEvent: TypeAlias = (
    CollectionReserved | VoucherReservationRefused | CollectionCancelled | CollectionMissed | CollectionAttended
)


class Collection(msgspec.Struct, frozen=True):
    """`asked` is the slot that was answered last, by a voucher or by a refusal.

    `over` says how checkin has ended it, if it has; `attended_at` is when the member came.
    """

    asked: tuple[Booked, datetime, datetime] | None = None
    voucher_id: str | None = None
    over: Literal["cancelled", "missed"] | None = None
    attended_at: datetime | None = None

    def answers(self, command: ReserveForBooking) -> bool:
        """Whether this was answered before, or is of no use any more."""
        return self.over is not None or self.asked == (command.booked, command.starts_at, command.ends_at)


def held_until(ends_at: datetime) -> datetime:
    """WF5: the moment at which checkin calls it a no-show."""
    return ends_at + COLLECTION_GRACE


def decide(command: CollectionCommand, collection: Collection) -> Sequence[CollectionEvent]:
    match command:
        case NoteReserved(booked, starts_at, ends_at, voucher_id, now):
            return [CollectionReserved(now, booked, starts_at, ends_at, voucher_id)]
        case NoteRefused(booked, starts_at, ends_at, code, now):
            return [VoucherReservationRefused(now, booked, starts_at, ends_at, code)]
        case CancelCollection(_, booked, reason, now):
            return [] if collection.over == "cancelled" else [CollectionCancelled(now, booked, reason)]
        case MissCollection(_, booked, now):
            seen = collection.over is not None or collection.attended_at is not None
            return [] if seen else [CollectionMissed(now, booked, collection.voucher_id)]
        case AttendCollection(_, booked, now):
            return [] if collection.attended_at is not None else [CollectionAttended(now, booked)]
        case _:
            assert_never(command)


def evolve(collection: Collection, event: CollectionEvent) -> Collection:
    replace = msgspec.structs.replace
    match event:
        case CollectionReserved(booked=booked, starts_at=starts_at, ends_at=ends_at, voucher_id=voucher_id):
            return replace(collection, asked=(booked, starts_at, ends_at), voucher_id=voucher_id)
        case VoucherReservationRefused(booked=booked, starts_at=starts_at, ends_at=ends_at):
            return replace(collection, asked=(booked, starts_at, ends_at), voucher_id=None)
        case CollectionCancelled():
            return replace(collection, over="cancelled")
        case CollectionMissed():
            return replace(collection, over="missed")
        case CollectionAttended(at=at):
            return replace(collection, attended_at=at, over=None)
        case _:
            assert_never(event)


COLLECTION: Decider[CollectionCommand, CollectionEvent, Collection] = Decider(
    "collection", Collection(), decide, evolve, get_args(CollectionEvent)
)
