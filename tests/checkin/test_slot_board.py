"""slot_board: what people see of pools and bookings, by given events, in a real PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Any

import msgspec
import pytest

from services.checkin.domain.booking import SlotPoolClosed
from services.checkin.domain.place import SlotPoolRefused
from services.checkin.main import SERVICE
from services.checkin.projections import slot_board
from services.checkin.projections.slot_board import SLOT_BOARD
from shared.database import Database
from shared.decider import DomainEvent
from shared.errors import NotFound
from shared.log.append import Actor, Context
from shared.log.codec import encode
from shared.log.read import Recorded
from shared.projecting import apply
from shared.queries import Queries, View
from shared.testing.infrastructure import Databases
from tests.checkin.slots import (
    ELEVEN,
    EVE,
    FIRST,
    NOON,
    SECOND,
    TEN,
    attended,
    cancelled,
    confirmed,
    lapsed,
    no_show,
    promoted,
    waitlisted,
)
from tests.checkin.town import MINUTE, at
from tests.running import migrated

META = encode(Context("c", Actor("person", "W1"), "c", None, None, "O1"))


def recorded(position: int, event: DomainEvent) -> Recorded:
    pool = getattr(event, "pool_id", "P1")
    name, data = type(event).__name__, encode(event)
    return Recorded(position, f"e{position}", "", "pool", f"pool-{pool}", 1, name, data, META, event.at, event.at)


@pytest.fixture
async def database(databases: Databases) -> AsyncIterator[Database]:
    database = Database(migrated(databases, SERVICE), name="test", pool=2)
    yield database
    await database.close()


async def seen(database: Database, query: Callable[[View], Any], *events: DomainEvent) -> Any:
    """What a query answers after these events."""
    rows = [recorded(position, event) for position, event in enumerate(events, 1)]
    async with await database.connect("rows") as connection:
        await apply(connection, SLOT_BOARD.project(rows, SERVICE.codec))
    async with Queries("checkin", database).view(SLOT_BOARD) as view:
        return await query(view)


def board(now: datetime = EVE, limit: int = 50, **wanted: Any) -> Callable[[View], Any]:
    return lambda view: slot_board.pools(view, "O1", now, limit, **wanted)


def counts(pool: dict[str, Any]) -> tuple[int, ...]:
    return tuple(pool[name] for name in ("free", "confirmed", "waiting", "attended", "no_show"))


async def test_free_places_and_the_waiting_list_are_counted(database: Database) -> None:
    booked = (FIRST, SECOND, confirmed("W1"), confirmed("W2"), waitlisted("W3", 1), confirmed("W4", "P2"))
    first, second = await seen(database, board(), *booked)
    assert (first["pool_id"], counts(first)) == ("P1", (0, 2, 1, 0, 0))
    assert (second["pool_id"], counts(second)) == ("P2", (1, 1, 0, 0, 0))


async def test_a_place_given_up_goes_to_who_waits(database: Database) -> None:
    past = (FIRST, confirmed("W1"), confirmed("W2"), waitlisted("W3", 1), cancelled("W1"), promoted("W3"))
    (pool,) = await seen(database, board(), *past)
    assert counts(pool) == (0, 2, 0, 0, 0)


async def test_who_has_come_keeps_the_place_and_nothing_is_free_when_the_slot_is_over(database: Database) -> None:
    past = (FIRST, confirmed("W1"), attended("W1"))
    (running,) = await seen(database, board(TEN + MINUTE), *past)
    assert counts(running) == (1, 0, 0, 1, 0)
    (over,) = await seen(database, board(ELEVEN, day=TEN.date()))
    assert counts(over) == (0, 0, 0, 1, 0)


async def test_a_closed_pool_has_no_free_places_and_says_why(database: Database) -> None:
    closed = SlotPoolClosed(EVE, "P1", "M1", "merchant_suspended")
    (pool,) = await seen(database, board(), FIRST, closed)
    assert (pool["state"], pool["reason"], pool["free"]) == ("closed", "merchant_suspended", 0)


async def test_row24_a_course_that_could_not_be_opened_is_shown_as_refused(database: Database) -> None:
    refused = SlotPoolRefused(EVE, "P9", "course", "M1", TEN, ELEVEN, 2, "first_aid", "BL-1", "PLACE_TAKEN")
    (pool,) = await seen(database, board(), refused)
    assert (pool["state"], pool["reason"], pool["course_id"], pool["free"]) == (
        "refused",
        "place_taken",
        "first_aid",
        0,
    )


async def test_the_board_is_narrowed_by_place_campaign_and_day_of_china(database: Database) -> None:
    night = msgspec.structs.replace(FIRST, pool_id="P3", place_id="M3", starts_at=at("00:00", 24), campaign_id=None)
    last = msgspec.structs.replace(night, pool_id="P4", starts_at=at("23:59"))
    pools = (FIRST, SECOND, night, last)
    assert await ids(database, *pools, place_id="M1") == ["P1", "P2"]
    assert await ids(database, campaign_id="gift") == ["P1", "P2"]
    assert await ids(database, day=TEN.date()) == ["P1", "P2", "P4"]
    assert await ids(database, day=at("12:00", 24).date()) == ["P3"]
    assert await ids(database, day=at("12:00", 24).date(), place_id="M1") == []


async def test_without_a_day_the_board_shows_what_is_not_over(database: Database) -> None:
    async def there(now: datetime) -> list[str]:
        return [pool["pool_id"] for pool in await seen(database, board(now))]

    assert [pool["pool_id"] for pool in await seen(database, board(), FIRST, SECOND)] == ["P1", "P2"]
    assert await there(ELEVEN - MINUTE) == ["P1", "P2"]
    assert await there(ELEVEN) == ["P2"]
    assert await there(NOON) == []


async def ids(database: Database, *events: DomainEvent, **wanted: Any) -> list[str]:
    return [pool["pool_id"] for pool in await seen(database, board(**wanted), *events)]


async def test_the_board_is_read_page_by_page_also_where_times_are_equal(database: Database) -> None:
    pools = [msgspec.structs.replace(FIRST, pool_id=f"A{n}", place_id=f"M{n}") for n in (3, 1, 2)]
    assert await ids(database, *pools, SECOND, limit=3) == ["A1", "A2", "A3"]
    assert await ids(database, limit=2, after="A2") == ["A3", "P2"]
    assert await ids(database, after="unknown") == []


async def test_pools_of_another_union_are_not_on_the_board(database: Database) -> None:
    assert await seen(database, lambda view: slot_board.pools(view, "O2", EVE, 50), FIRST) == []


async def test_one_pool_is_found_by_its_id(database: Database) -> None:
    pool = await seen(database, lambda view: slot_board.pool(view, "P1", EVE), FIRST, confirmed())
    assert counts(pool) == (1, 1, 0, 0, 0)
    with pytest.raises(NotFound):
        await seen(database, lambda view: slot_board.pool(view, "P7", EVE))


async def test_members_see_their_bookings_last_booked_first_and_where_they_are_in_line(database: Database) -> None:
    past = (FIRST, SECOND, confirmed("W1", "P2"), waitlisted("W2", 1), waitlisted("W3", 2), waitlisted("W4", 3))
    gone = lapsed("W2", EVE, "by_member")
    (mine,) = await seen(database, lambda view: slot_board.of_member(view, "W4", 50, None), *past, gone)
    assert (mine["status"], mine["position"], mine["starts_at"]) == ("waiting", 2, TEN)
    (left,) = await seen(database, lambda view: slot_board.of_member(view, "W2", 50, None))
    assert (left["status"], left["reason"], left["position"]) == ("lapsed", "by_member", None)


async def test_a_members_bookings_are_read_page_by_page(database: Database) -> None:
    many = [msgspec.structs.replace(confirmed(), booking_id=f"b{n}") for n in range(5)]
    first = await seen(database, lambda view: slot_board.of_member(view, "W1", 2, None), FIRST, *many)
    assert [one["booking_id"] for one in first] == ["b4", "b3"]
    rest = await seen(database, lambda view: slot_board.of_member(view, "W1", 50, first[-1]["line"]))
    assert [one["booking_id"] for one in rest] == ["b2", "b1", "b0"]


async def test_the_list_of_a_pool_is_in_the_order_of_booking(database: Database) -> None:
    past = (FIRST, confirmed("W3"), confirmed("W1"), waitlisted("W2", 1))
    rows = await seen(database, lambda view: slot_board.of_pool(view, "P1"), *past)
    assert [(row["member_id"], row["status"], row["position"]) for row in rows] == [
        ("W3", "confirmed", None),
        ("W1", "confirmed", None),
        ("W2", "waiting", 1),
    ]


async def test_ck9_no_shows_are_listed_by_place_campaign_and_day(database: Database) -> None:
    past = (FIRST, SECOND, confirmed("W1"), confirmed("W2"), confirmed("W3", "P2"), attended("W2"))
    missed = (no_show("W1", ELEVEN + 15 * MINUTE), no_show("W3", NOON + 15 * MINUTE, "P2"))

    def listed(**wanted: Any) -> Callable[[View], Any]:
        return lambda view: slot_board.no_shows(view, "O1", 50, **wanted)

    rows = await seen(database, listed(), *past, *missed)
    assert [row["member_id"] for row in rows] == ["W1", "W3"]
    assert [r["member_id"] for r in await seen(database, listed(after="bW1"))] == ["W3"]
    assert [r["member_id"] for r in await seen(database, listed(place_id="M1", day=TEN.date()))] == ["W1", "W3"]
    assert await seen(database, listed(place_id="M2")) == []
    assert await seen(database, listed(campaign_id="heating")) == []
