"""What others are told about slot pools and bookings. The waiting list is nobody's business but ours."""

from __future__ import annotations

from typing import Any

from shared.contracts import checkin_bookings as contracts
from shared.publishing import Publishing

from ..domain.booking import (
    BookingAttended,
    BookingCancelled,
    BookingConfirmed,
    BookingEvent,
    BookingNoShow,
    BookingPromoted,
    SlotPoolClosed,
    SlotPoolOpened,
)

PUBLISHING = Publishing()


@PUBLISHING.on(SlotPoolOpened)
def slot_pool_opened(event: SlotPoolOpened, entity: str) -> contracts.SlotPoolOpened:
    return contracts.SlotPoolOpened(
        pool_id=entity,
        purpose=event.purpose,
        place_id=event.place_id,
        starts_at=event.starts_at,
        ends_at=event.ends_at,
        capacity=event.capacity,
        campaign_id=event.campaign_id,
        course_id=event.course_id,
    )


@PUBLISHING.on(SlotPoolClosed)
def slot_pool_closed(event: SlotPoolClosed, entity: str) -> contracts.SlotPoolClosed:
    return contracts.SlotPoolClosed(pool_id=entity, place_id=event.place_id, reason=event.reason)


def _booking(event: BookingEvent, _entity: str) -> str:
    return event.booking_id


def booking_confirmed(event: BookingEvent, entity: str) -> contracts.BookingConfirmed:
    """Who moves up has a place like any other."""
    return contracts.BookingConfirmed(**_facts(event), starts_at=event.starts_at, ends_at=event.ends_at)


PUBLISHING.on(BookingConfirmed, key=_booking)(booking_confirmed)
PUBLISHING.on(BookingPromoted, key=_booking)(booking_confirmed)


@PUBLISHING.on(BookingCancelled, key=_booking)
def booking_cancelled(event: BookingCancelled, entity: str) -> contracts.BookingCancelled:
    return contracts.BookingCancelled(**_facts(event), reason=event.reason)


@PUBLISHING.on(BookingAttended, key=_booking)
def booking_attended(event: BookingAttended, entity: str) -> contracts.BookingAttended:
    return contracts.BookingAttended(**_facts(event), attended_at=event.at)


@PUBLISHING.on(BookingNoShow, key=_booking)
def booking_no_show(event: BookingNoShow, entity: str) -> contracts.BookingNoShow:
    return contracts.BookingNoShow(**_facts(event))


def _facts(event: BookingEvent) -> dict[str, Any]:
    """What all of them tell."""
    names = ("booking_id", "pool_id", "member_id", "purpose", "place_id", "campaign_id", "course_id")
    return {name: getattr(event, name) for name in names}
