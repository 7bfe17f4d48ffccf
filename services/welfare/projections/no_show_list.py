"""no_show_list: who has booked a collection and did not come."""

from __future__ import annotations

from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Column, Date, DateTime, Index, Text, select

from shared.log.read import Recorded
from shared.projecting import Drop, Projection, Put, RowChange
from shared.queries import View

from ..domain.collection import CollectionAttended, CollectionMissed
from ..domain.takings import day_in_china

NO_SHOW_LIST = Projection("no_show_list", 1)
NO_SHOW = NO_SHOW_LIST.table(
    "no_show",
    Column("booking_id", Text, primary_key=True),
    Column("place", BigInteger, nullable=False, unique=True),
    Column("day", Date, nullable=False),
    Column("missed_at", DateTime(timezone=True), nullable=False),
    Column("pool_id", Text, nullable=False),
    Column("merchant_id", Text, nullable=False),
    Column("campaign_id", Text, nullable=False),
    Column("member_id", Text, nullable=False),
    Column("voucher_id", Text),
)
Index("no_show_v1_merchant", NO_SHOW.c.merchant_id, NO_SHOW.c.place)
Index("no_show_v1_member", NO_SHOW.c.member_id, NO_SHOW.c.place)


@NO_SHOW_LIST.on(CollectionMissed)
def missed(event: CollectionMissed, row: Recorded) -> list[RowChange]:
    booked = event.booked
    who = {"pool_id": booked.pool_id, "merchant_id": booked.place_id, "campaign_id": booked.campaign_id}
    what = {"member_id": booked.member_id, "voucher_id": event.voucher_id}
    when = {"place": row.position, "day": day_in_china(event.at), "missed_at": event.at}
    return [Put(NO_SHOW, {"booking_id": row.entity, **when, **who, **what})]


@NO_SHOW_LIST.on(CollectionAttended)
def attended(_event: CollectionAttended, row: Recorded) -> list[RowChange]:
    """An offline desk may tell it later: then it was none."""
    return [Drop(NO_SHOW, {"booking_id": row.entity})]


class Wanted(NamedTuple):
    """Which are looked for; what is None does not matter."""

    merchant_id: str | None = None
    campaign_id: str | None = None
    member_id: str | None = None
    day: date | None = None


async def page(view: View, wanted: Wanted, limit: int, before: int | None) -> list[dict[str, Any]]:
    """Those that are looked for, the last one first."""
    query = select(NO_SHOW).order_by(NO_SHOW.c.place.desc()).limit(limit)
    for name, value in wanted._asdict().items():
        if value is not None:
            query = query.where(NO_SHOW.c[name] == value)
    if before is not None:
        query = query.where(NO_SHOW.c.place < before)
    return [dict(row._mapping) for row in await view.db.execute(query)]
