"""A merchant's counter for tests of bookings: M1, two slots of two places each from 10:00 on, vouchers for W1-W4."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from services.checkin.domain.booking import (
    Book,
    BookingAttended,
    BookingCancelled,
    BookingConfirmed,
    BookingEvent,
    BookingLapsed,
    BookingNoShow,
    BookingPromoted,
    BookingWaitlisted,
    CancelBooking,
    OpenPool,
    RevokeBooking,
    SlotPoolOpened,
)
from services.checkin.domain.bookings import (
    BOOKINGS,
    BookingRightBegun,
    Outcome,
    PresentMember,
    SlotLeft,
    SlotTaken,
)
from services.checkin.domain.place import PLACE, PoolPlaced
from services.checkin.domain.pool import POOL
from shared.decider import Change
from shared.testing.given import Scenario, on
from tests.checkin.town import LONG_AGO, MEMBERS, TOWN, at, online

EVE = at("20:00", 22)  # when people book
TEN, ELEVEN, NOON = at("10:00"), at("11:00"), at("12:00")
SPRING = at("00:00", 1, 3)
CAPACITY = 2
FIRST = SlotPoolOpened(LONG_AGO, "P1", "collection", "M1", TEN, ELEVEN, CAPACITY, "gift")
SECOND = SlotPoolOpened(LONG_AGO, "P2", "collection", "M1", ELEVEN, NOON, CAPACITY, "gift")
POOLS = {pool.pool_id: pool for pool in (FIRST, SECOND)}
M1 = (
    on(POOL, "P1", FIRST),
    on(POOL, "P2", SECOND),
    on(PLACE, "M1", PoolPlaced(LONG_AGO, "P1", TEN, ELEVEN), PoolPlaced(LONG_AGO, "P2", ELEVEN, NOON)),
)
VOUCHERS = tuple(on(BOOKINGS, m, BookingRightBegun(LONG_AGO, f"VC-{m}", "gift", SPRING)) for m in MEMBERS)
COUNTER: tuple[Change, ...] = (*TOWN, *M1, *VOUCHERS)


def opening(pool_id: str = "P9", place: str = "M9", capacity: int = CAPACITY, **more: Any) -> OpenPool:
    times = {"starts_at": TEN, "ends_at": ELEVEN, "now": EVE, **more}
    return OpenPool(pool_id=pool_id, purpose="collection", place_id=place, capacity=capacity, **times)


def booking(member: str = "W1", pool: str = "P1", now: datetime = EVE, *, wait: bool = False) -> Book:
    return Book(f"b{member}", pool, member, now, wait)


def cancelling(member: str = "W1", pool: str = "P1", now: datetime = EVE) -> CancelBooking:
    return CancelBooking(f"b{member}", pool, member, "by_member", now)


def revoking(member: str = "W1", pool: str = "P1", now: datetime = EVE) -> RevokeBooking:
    return RevokeBooking(f"b{member}", pool, "reservation_refused", now)


def coming(member: str = "W1", now: datetime = TEN, place: str = "M1") -> PresentMember:
    return PresentMember(member, place, "desk", online(now))


def _facts(member: str, pool: str) -> dict[str, Any]:
    known = POOLS[pool]
    return {
        "booking_id": f"b{member}",
        "pool_id": pool,
        "member_id": member,
        "purpose": "collection",
        "place_id": "M1",
        "starts_at": known.starts_at,
        "ends_at": known.ends_at,
        "campaign_id": "gift",
    }


def confirmed(member: str = "W1", pool: str = "P1", when: datetime = EVE) -> BookingConfirmed:
    return BookingConfirmed(when, **_facts(member, pool))


def waitlisted(member: str, position: int, pool: str = "P1", when: datetime = EVE) -> BookingWaitlisted:
    return BookingWaitlisted(when, **_facts(member, pool), position=position)


def promoted(member: str, when: datetime = EVE, pool: str = "P1") -> BookingPromoted:
    return BookingPromoted(when, **_facts(member, pool))


def cancelled(member: str = "W1", when: datetime = EVE, reason: str = "by_member", pool: str = "P1") -> BookingEvent:
    return BookingCancelled(when, **_facts(member, pool), reason=reason)


def lapsed(member: str, when: datetime, reason: str, pool: str = "P1") -> BookingEvent:
    return BookingLapsed(when, **_facts(member, pool), reason=reason)


def attended(member: str = "W1", when: datetime = TEN, pool: str = "P1") -> BookingAttended:
    return BookingAttended(when, **_facts(member, pool), device_id="desk")


def no_show(member: str, when: datetime, pool: str = "P1") -> BookingNoShow:
    return BookingNoShow(when, **_facts(member, pool))


def taken(member: str = "W1", pool: str = "P1", when: datetime = EVE) -> Change:
    known = POOLS[pool]
    return on(BOOKINGS, member, SlotTaken(when, f"b{member}", pool, "M1", known.starts_at, known.ends_at, "gift"))


def left(member: str, outcome: Outcome, when: datetime = EVE) -> Change:
    return on(BOOKINGS, member, SlotLeft(when, f"b{member}", outcome))


def booked(scenario: Scenario, *members: str, waiting: tuple[str, ...] = ()) -> Scenario:
    """These have booked the first pool one after the other, and these wait for it."""
    for member in members:
        scenario = scenario.when(booking(member))
    for member in waiting:
        scenario = scenario.when(booking(member, wait=True))
    return scenario
