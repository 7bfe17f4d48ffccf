"""slot_board: slot pools and how many places are free, who has booked them, who waits, and who did not come."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, Index, Integer, Select, Text, func, select, tuple_
from sqlalchemy import Table as SqlTable

from shared.clock import CHINA
from shared.errors import NotFound
from shared.log.read import Recorded
from shared.projecting import Projection, Put, RowChange, Set
from shared.queries import View

from ..domain.booking import (
    BookingAttended,
    BookingCancelled,
    BookingConfirmed,
    BookingEvent,
    BookingLapsed,
    BookingNoShow,
    BookingPromoted,
    BookingWaitlisted,
    SlotPoolClosed,
    SlotPoolOpened,
)
from ..domain.place import SlotPoolRefused

SLOT_BOARD = Projection("slot_board", 1)
POOL = SLOT_BOARD.table(
    "slot_pool",
    Column("pool_id", Text, primary_key=True),
    Column("org_id", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("campaign_id", Text),
    Column("course_id", Text),
    Column("place_id", Text, nullable=False),
    Column("starts_at", DateTime(timezone=True), nullable=False),
    Column("ends_at", DateTime(timezone=True), nullable=False),
    Column("capacity", Integer, nullable=False),
    Column("state", Text, nullable=False),  # open, closed, or refused when a course that won could not be opened
    Column("reason", Text),  # why it was closed or refused
)
Index("slot_pool_v1_time", POOL.c.org_id, POOL.c.starts_at, POOL.c.pool_id)
Index("slot_pool_v1_end", POOL.c.org_id, POOL.c.ends_at)
Index("slot_pool_v1_place", POOL.c.place_id, POOL.c.starts_at)
Index("slot_pool_v1_campaign", POOL.c.campaign_id, POOL.c.starts_at)
BOOKING = SLOT_BOARD.table(
    "booking",
    Column("booking_id", Text, primary_key=True),
    Column("pool_id", Text, nullable=False),
    Column("member_id", Text, nullable=False),
    Column("org_id", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("campaign_id", Text),
    Column("course_id", Text),
    Column("place_id", Text, nullable=False),
    Column("starts_at", DateTime(timezone=True), nullable=False),
    Column("ends_at", DateTime(timezone=True), nullable=False),
    Column("line", BigInteger, nullable=False),  # its place in the log, and so in the waiting list
    Column("booked_at", DateTime(timezone=True), nullable=False),
    Column("status", Text, nullable=False),  # confirmed, waiting, attended, cancelled, lapsed, no_show
    Column("reason", Text),  # why it was cancelled or lapsed
    Column("changed_at", DateTime(timezone=True), nullable=False),
)
Index("booking_v1_pool", BOOKING.c.pool_id, BOOKING.c.line)
Index("booking_v1_member", BOOKING.c.member_id, BOOKING.c.line)
Index(
    "booking_v1_no_show",
    BOOKING.c.org_id,
    BOOKING.c.starts_at,
    BOOKING.c.booking_id,
    postgresql_where=BOOKING.c.status == "no_show",
)


@SLOT_BOARD.on(SlotPoolOpened)
def pool_opened(event: SlotPoolOpened, row: Recorded) -> list[RowChange]:
    return [Put(POOL, {**_pool(event, row), "campaign_id": event.campaign_id, "state": "open", "reason": None})]


@SLOT_BOARD.on(SlotPoolRefused)
def pool_refused(event: SlotPoolRefused, row: Recorded) -> list[RowChange]:
    state = {"state": "refused", "reason": event.code.lower()}
    return [Put(POOL, {**_pool(event, row), "campaign_id": None, **state})]


def _pool(event: SlotPoolOpened | SlotPoolRefused, row: Recorded) -> dict[str, Any]:
    names = ("pool_id", "purpose", "course_id", "place_id", "starts_at", "ends_at", "capacity")
    return {**{name: getattr(event, name) for name in names}, "org_id": row.context().org}


@SLOT_BOARD.on(SlotPoolClosed)
def pool_closed(event: SlotPoolClosed, row: Recorded) -> list[RowChange]:
    return [Set(POOL, {"pool_id": event.pool_id, "state": "closed", "reason": event.reason})]


@SLOT_BOARD.on(BookingConfirmed)
def booking_confirmed(event: BookingConfirmed, row: Recorded) -> list[RowChange]:
    return [_booked(event, row, "confirmed")]


@SLOT_BOARD.on(BookingWaitlisted)
def booking_waitlisted(event: BookingWaitlisted, row: Recorded) -> list[RowChange]:
    return [_booked(event, row, "waiting")]


def _booked(event: BookingEvent, row: Recorded, status: str) -> RowChange:
    names = ("booking_id", "pool_id", "member_id", "purpose", "campaign_id", "course_id", "place_id")
    facts = {name: getattr(event, name) for name in (*names, "starts_at", "ends_at")}
    times = {"line": row.position, "booked_at": event.at, "changed_at": event.at}
    return Put(BOOKING, {**facts, "org_id": row.context().org, **times, "status": status, "reason": None})


@SLOT_BOARD.on(BookingPromoted)
def booking_promoted(event: BookingPromoted, row: Recorded) -> list[RowChange]:
    return [_changed(event, "confirmed")]


@SLOT_BOARD.on(BookingCancelled)
def booking_cancelled(event: BookingCancelled, row: Recorded) -> list[RowChange]:
    return [_changed(event, "cancelled", event.reason)]


@SLOT_BOARD.on(BookingLapsed)
def booking_lapsed(event: BookingLapsed, row: Recorded) -> list[RowChange]:
    return [_changed(event, "lapsed", event.reason)]


@SLOT_BOARD.on(BookingAttended)
def booking_attended(event: BookingAttended, row: Recorded) -> list[RowChange]:
    return [_changed(event, "attended")]


@SLOT_BOARD.on(BookingNoShow)
def booking_no_show(event: BookingNoShow, row: Recorded) -> list[RowChange]:
    return [_changed(event, "no_show")]


def _changed(event: BookingEvent, status: str, reason: str | None = None) -> RowChange:
    key = {"booking_id": event.booking_id}
    return Set(BOOKING, {**key, "status": status, "reason": reason, "changed_at": event.at})


def _count(status: str) -> Any:
    return func.count(BOOKING.c.booking_id).filter(BOOKING.c.status == status).label(status)


STATUSES = ("confirmed", "waiting", "attended", "no_show")


def _counted(chosen: Select[Any]) -> Select[Any]:
    """These pools, and how their bookings stand."""
    pools = chosen.subquery()
    counted = select(pools, *[_count(status) for status in STATUSES])
    joined = counted.join(BOOKING, BOOKING.c.pool_id == pools.c.pool_id, isouter=True)
    return joined.group_by(*pools.c).order_by(pools.c.starts_at, pools.c.pool_id)


async def pools(
    view: View,
    org_id: str,
    now: datetime,
    limit: int,
    *,
    place_id: str | None = None,
    campaign_id: str | None = None,
    day: date | None = None,
    after: str | None = None,
) -> list[dict[str, Any]]:
    """A union's pools of a day, or else those that are not over, by their time."""
    wanted = {"org_id": org_id, "place_id": place_id, "campaign_id": campaign_id}
    query = _narrowed(select(POOL), POOL, wanted, day).order_by(POOL.c.starts_at, POOL.c.pool_id).limit(limit)
    if day is None:
        query = query.where(POOL.c.ends_at > now)
    if after is not None:
        query = query.where(_beyond(POOL, POOL.c.pool_id, after))
    return [_shown(dict(row._mapping), now) for row in await view.db.execute(_counted(query))]


async def pool(view: View, pool_id: str, now: datetime) -> dict[str, Any]:
    """One pool. Raises `NotFound`."""
    row = (await view.db.execute(_counted(select(POOL).where(POOL.c.pool_id == pool_id)))).first()
    if row is None:
        raise NotFound(f"no slot pool was opened as {pool_id}", field="pool_id")
    return _shown(dict(row._mapping), now)


def _shown(row: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Free is what can be booked now."""
    bookable = row["state"] == "open" and now < row["ends_at"]
    free = max(row["capacity"] - row["confirmed"] - row["attended"], 0) if bookable else 0
    return {**{name: value for name, value in row.items() if name != "org_id"}, "free": free}


MINE = ("booking_id", "pool_id", "purpose", "campaign_id", "course_id", "place_id", "starts_at", "ends_at")
STATE = ("status", "reason", "booked_at", "changed_at")
AHEAD = BOOKING.alias("ahead")
POSITION = (
    select(func.count())
    .select_from(AHEAD)
    .where(AHEAD.c.pool_id == BOOKING.c.pool_id, AHEAD.c.status == "waiting", AHEAD.c.line <= BOOKING.c.line)
    .scalar_subquery()
)


async def of_member(view: View, member_id: str, limit: int, before: int | None) -> list[dict[str, Any]]:
    """A member's bookings, last booked first; `position` is the place in the waiting list now."""
    columns = (*[BOOKING.c[name] for name in (*MINE, *STATE, "line")], POSITION.label("position"))
    query = select(*columns).where(BOOKING.c.member_id == member_id).order_by(BOOKING.c.line.desc()).limit(limit)
    if before is not None:
        query = query.where(BOOKING.c.line < before)
    return [_with_position(dict(row._mapping)) for row in await view.db.execute(query)]


async def of_pool(view: View, pool_id: str) -> list[dict[str, Any]]:
    """Everybody who has booked a pool, in order; a pool is small enough for one page."""
    columns = (*[BOOKING.c[name] for name in ("booking_id", "member_id", *STATE)], POSITION.label("position"))
    query = select(*columns).where(BOOKING.c.pool_id == pool_id).order_by(BOOKING.c.line)
    return [_with_position(dict(row._mapping)) for row in await view.db.execute(query)]


def _with_position(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "position": row["position"] if row["status"] == "waiting" else None}


async def no_shows(
    view: View,
    org_id: str,
    limit: int,
    *,
    place_id: str | None = None,
    campaign_id: str | None = None,
    day: date | None = None,
    after: str | None = None,
) -> list[dict[str, Any]]:
    """A union's bookings that nobody came to, by the time of their slots."""
    wanted = {"org_id": org_id, "place_id": place_id, "campaign_id": campaign_id}
    query = select(*[BOOKING.c[name] for name in ("member_id", *MINE)]).where(BOOKING.c.status == "no_show")
    query = _narrowed(query, BOOKING, wanted, day).order_by(BOOKING.c.starts_at, BOOKING.c.booking_id).limit(limit)
    if after is not None:
        query = query.where(_beyond(BOOKING, BOOKING.c.booking_id, after))
    return [dict(row._mapping) for row in await view.db.execute(query)]


def _narrowed(query: Select[Any], table: SqlTable, wanted: Mapping[str, str | None], day: date | None) -> Select[Any]:
    for name, value in wanted.items():
        if value is not None:
            query = query.where(table.c[name] == value)
    if day is not None:
        start = datetime(day.year, day.month, day.day, tzinfo=CHINA)
        query = query.where(table.c.starts_at >= start, table.c.starts_at < start + timedelta(days=1))
    return query


def _beyond(table: SqlTable, key: Column[Any], after: str) -> Any:
    """Rows after this one, in the order of time and key. Of an unknown one there are none."""
    last = table.alias("last")
    there = select(last.c.starts_at, last.c[key.name]).where(last.c[key.name] == after).subquery()
    return tuple_(table.c.starts_at, key) > select(there).scalar_subquery()
