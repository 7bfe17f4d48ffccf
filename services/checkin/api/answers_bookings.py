"""Answers about slot pools and bookings."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from shared.answers import Found, Moment, NextId, NextNumber

from ..domain.pool import Status


class PoolRow(BaseModel):
    """A slot pool, and how its bookings stand."""

    pool_id: str
    purpose: str
    campaign_id: str | None
    course_id: str | None
    place_id: str = Field(description="A merchant, a machine or a station.")
    starts_at: Moment
    ends_at: Moment
    capacity: int
    state: Literal["open", "closed", "refused"] = Field(description="refused: a course that won found no free place.")
    reason: str | None = Field(description="Why it was closed or refused.")
    confirmed: int
    waiting: int
    attended: int
    no_show: int
    free: int = Field(description="Places that can be booked now.")


class Pool(Found, PoolRow):
    """One slot pool."""


class Pools(Found):
    """A page of slot pools, by their time."""

    pools: list[PoolRow]
    next: NextId


class BookingState(BaseModel):
    """How a booking stands."""

    booking_id: str
    status: Status
    reason: str | None = Field(description="Why it was cancelled or lapsed.")
    booked_at: Moment
    changed_at: Moment
    position: int | None = Field(description="The place in the waiting list now; null: it does not wait.")


class Occasion(BaseModel):
    """What a booking is for."""

    booking_id: str
    pool_id: str
    purpose: str
    campaign_id: str | None
    course_id: str | None
    place_id: str
    starts_at: Moment
    ends_at: Moment


class BookingOfPool(BookingState):
    """Who has booked."""

    member_id: str


class BookingsOfPool(Found):
    """All bookings of a slot pool, in order."""

    bookings: list[BookingOfPool]


class BookingOfMember(BookingState, Occasion):
    """What a member has booked."""

    line: int = Field(description="Rises with each booking: `before` of the page that follows.")


class BookingsOfMember(Found):
    """A page of a member's bookings, last booked first."""

    bookings: list[BookingOfMember]
    next: NextNumber


class NoShow(Occasion):
    """A booking that nobody came to."""

    member_id: str


class NoShows(Found):
    """A page of bookings that nobody came to, by the time of their slots."""

    no_shows: list[NoShow]
    next: NextId
