"""Slot pools 时段 and bookings 预约: opening and closing, booking and cancelling, coming; the board of free places."""

from __future__ import annotations

from datetime import date
from typing import Annotated, TypeAlias

from fastapi import APIRouter, Query, Response
from pydantic import Field

from shared.contracts.checkin_bookings import PLACE, PURPOSE, BookingPresented
from shared.contracts.model import Code, Contract, Count, Flag, Id, Instant
from shared.web import Call, MinPosition, Reason, found

from ..domain.booking import Book, CancelBooking, ClosePool, OpenPool
from ..projections import slot_board
from . import answers_bookings

router = APIRouter(tags=["bookings"])

Limit: TypeAlias = Annotated[int, Query(ge=1, le=200)]
Day: TypeAlias = Annotated[
    date | None, Query(ge=date(2000, 1, 1), le=date(2999, 12, 31), description="Slots that begin on it.")
]
OnlyPlace: TypeAlias = Annotated[Id | None, Query(description="Of this merchant or station only.")]
OnlyCampaign: TypeAlias = Annotated[Id | None, Query(description="Of this campaign only.")]
After: TypeAlias = Annotated[Id | None, Query(description="Continue after this one: the `next` of the page before.")]


class NewPool(Contract):
    """A slot pool to open."""

    pool_id: Id = Field(examples=["M1-10"])
    purpose: Code = Field(description=PURPOSE, examples=["collection"])
    place_id: Id = Field(description=PLACE, examples=["M1"])
    starts_at: Instant = Field(examples=["2026-01-23T10:00:00+08:00"])
    ends_at: Instant = Field(examples=["2026-01-23T11:00:00+08:00"])
    capacity: Count = Field(examples=[3])
    campaign_id: Id | None = Field(default=None, description="Booking then needs a voucher.", examples=["winter_gift"])
    course_id: Id | None = Field(default=None, description="Of the purpose course, and needed there.", examples=[None])


class NewBooking(Contract):
    """Who books, and whether he would wait for a place."""

    member_id: Id = Field(examples=["W06"])
    waitlist: Flag = Field(default=False, description="Wait for a place if there is none.")


class Cancelling(Contract):
    """Whose booking it is, and why he does not come."""

    member_id: Id = Field(examples=["W06"])
    reason: Code = Field(default="by_member", examples=["by_member"])


@router.post("/slot-pools")
async def open_pool(body: NewPool, call: Call) -> Response:
    """Open a slot pool: so many places, at one place and time."""
    when = (body.starts_at, body.ends_at, body.capacity, call.now)
    command = OpenPool(body.pool_id, body.purpose, body.place_id, *when, body.campaign_id, body.course_id)
    return await call.give(command, body)


@router.post("/slot-pools/{pool_id}/close")
async def close_pool(pool_id: Id, body: Reason, call: Call) -> Response:
    """Call a slot off: its bookings are cancelled."""
    return await call.give(ClosePool(pool_id, body.reason, call.now), body)


@router.post("/slot-pools/{pool_id}/book")
async def book(pool_id: Id, body: NewBooking, call: Call) -> Response:
    """Book a place, or wait for one. The id of the booking is that of the command."""
    return await call.give(Book(call.command_id(), pool_id, body.member_id, call.now, body.waitlist), body)


@router.post("/slot-pools/{pool_id}/bookings/{booking_id}/cancel")
async def cancel(pool_id: Id, booking_id: Id, body: Cancelling, call: Call) -> Response:
    """Give a place up until the slot begins, or leave the waiting list."""
    return await call.give(CancelBooking(booking_id, pool_id, body.member_id, body.reason, call.now), body)


@router.post("/bookings/present")
async def present(event: BookingPresented, call: Call) -> Response:
    """A member has come to a place where he has booked. The same as the event BookingPresented on the intake topic."""
    return await call.take(event)


@router.get("/slot-pools", responses={200: {"model": answers_bookings.Pools}})
async def board(
    call: Call,
    place_id: OnlyPlace = None,
    campaign_id: OnlyCampaign = None,
    day: Day = None,
    limit: Limit = 50,
    after: After = None,
    min_position: MinPosition = None,
) -> Response:
    """The slot pools of a day, or those that are not over yet: free places, and how many wait."""
    wanted = {"place_id": place_id, "campaign_id": campaign_id, "after": after}
    async with call.reading(slot_board.SLOT_BOARD, min_position) as view:
        pools = await slot_board.pools(view, call.principal.org, call.now, limit, day=day, **wanted)
        return found(view, {"pools": pools, "next": pools[-1]["pool_id"] if len(pools) == limit else None})


@router.get("/slot-pools/{pool_id}", responses={200: {"model": answers_bookings.Pool}})
async def pool(pool_id: Id, call: Call, min_position: MinPosition = None) -> Response:
    """A slot pool: free places, and how many wait."""
    async with call.reading(slot_board.SLOT_BOARD, min_position) as view:
        return found(view, await slot_board.pool(view, pool_id, call.now))


@router.get("/slot-pools/{pool_id}/bookings", responses={200: {"model": answers_bookings.BookingsOfPool}})
async def bookings_of_pool(pool_id: Id, call: Call, min_position: MinPosition = None) -> Response:
    """Who has booked a slot, in order, and what became of each booking."""
    async with call.reading(slot_board.SLOT_BOARD, min_position) as view:
        await slot_board.pool(view, pool_id, call.now)
        return found(view, {"bookings": await slot_board.of_pool(view, pool_id)})


@router.get("/members/{member_id}/bookings", responses={200: {"model": answers_bookings.BookingsOfMember}})
async def bookings_of_member(
    member_id: Id,
    call: Call,
    limit: Limit = 50,
    before: Annotated[int | None, Query(ge=1, le=2**62, description="Continue before this line.")] = None,
    min_position: MinPosition = None,
) -> Response:
    """A member's bookings, last booked first; members see their own."""
    async with call.reading(slot_board.SLOT_BOARD, min_position) as view:
        rows = await slot_board.of_member(view, member_id, limit, before)
        return found(view, {"bookings": rows, "next": rows[-1]["line"] if len(rows) == limit else None})


@router.get("/no-shows", responses={200: {"model": answers_bookings.NoShows}})
async def no_shows(
    call: Call,
    place_id: OnlyPlace = None,
    campaign_id: OnlyCampaign = None,
    day: Day = None,
    limit: Limit = 50,
    after: After = None,
    min_position: MinPosition = None,
) -> Response:
    """Bookings of the caller's union that nobody came to, by the time of their slots."""
    wanted = {"place_id": place_id, "campaign_id": campaign_id, "after": after}
    async with call.reading(slot_board.SLOT_BOARD, min_position) as view:
        rows = await slot_board.no_shows(view, call.principal.org, limit, day=day, **wanted)
        return found(view, {"no_shows": rows, "next": rows[-1]["booking_id"] if len(rows) == limit else None})
