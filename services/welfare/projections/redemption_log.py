"""redemption_log: every purchase and meal that was asked for, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Boolean, Column, Date, DateTime, Index, Integer, Select, Text, func, select

from shared.errors import NotFound
from shared.log.read import Recorded
from shared.money import yuan
from shared.projecting import Projection, Put, RowChange, Set
from shared.queries import View

from ..domain.redemption_events import Asked, Purchase, RedemptionRefused, RedemptionReversed, RedemptionVerified
from ..domain.takings import day_in_china

REDEMPTION_LOG = Projection("redemption_log", 1)
REDEMPTION = REDEMPTION_LOG.table(
    "redemption_line",
    Column("redemption_id", Text, primary_key=True),
    Column("place", BigInteger, nullable=False),
    Column("day", Date, nullable=False),
    Column("member_id", Text, nullable=False),
    Column("merchant_id", Text, nullable=False),
    Column("terminal_id", Text, nullable=False),
    Column("campaign_id", Text),
    Column("voucher_id", Text),
    Column("basket_fen", Integer, nullable=False),
    Column("union_fen", Integer, nullable=False),
    Column("worker_fen", Integer, nullable=False),
    Column("merchant_fen", Integer, nullable=False),
    Column("allowed_fen", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("receipt_no", Text),
    Column("redeemed_at", DateTime(timezone=True), nullable=False),
    Column("verified_at", DateTime(timezone=True)),
    Column("reversed_at", DateTime(timezone=True)),
    Column("takings_day", Date),
    Column("adjusted_day", Date),
    Column("offline", Boolean, nullable=False),
    Column("flags", Text, nullable=False),
)
Index("redemption_line_v1_merchant", REDEMPTION.c.merchant_id, REDEMPTION.c.place)
Index("redemption_line_v1_member", REDEMPTION.c.member_id, REDEMPTION.c.place)
Index("redemption_line_v1_day", REDEMPTION.c.day, REDEMPTION.c.place)

NOTHING = {"union_fen": 0, "worker_fen": 0, "merchant_fen": 0, "allowed_fen": 0}


@REDEMPTION_LOG.on(RedemptionVerified)
def verified(event: RedemptionVerified, row: Recorded) -> list[RowChange]:
    split = event.split
    facts = {
        "union_fen": split.union_fen,
        "worker_fen": split.worker_fen,
        "merchant_fen": split.merchant_fen,
        "allowed_fen": event.allowed_fen,
        "state": "verified",
        "code": "",
        "receipt_no": event.receipt_no,
        "verified_at": event.at,
        "takings_day": event.takings_day,
    }
    return [Put(REDEMPTION, {**_asked(event.purchase, row), **facts})]


@REDEMPTION_LOG.on(RedemptionRefused)
def refused(event: RedemptionRefused, row: Recorded) -> list[RowChange]:
    facts = {"state": "refused", "code": event.code, "receipt_no": None, "verified_at": None, "takings_day": None}
    return [Put(REDEMPTION, {**_asked(event.asked, row), **NOTHING, **facts})]


@REDEMPTION_LOG.on(RedemptionReversed)
def reversed_(event: RedemptionReversed, row: Recorded) -> list[RowChange]:
    when = {"reversed_at": event.at, "adjusted_day": event.adjusted_day}
    return [Set(REDEMPTION, {"redemption_id": row.entity, "state": "reversed", "reason": event.reason, **when})]


def _asked(wish: Asked | Purchase, row: Recorded) -> dict[str, Any]:
    """Its day is the one on which it happened (K6)."""
    return {
        "redemption_id": wish.redemption_id,
        "place": row.position,
        "day": day_in_china(wish.redeemed_at),
        "member_id": wish.member_id,
        "merchant_id": wish.merchant_id,
        "terminal_id": wish.terminal_id,
        "campaign_id": wish.campaign_id,
        "voucher_id": wish.voucher_id,
        "basket_fen": wish.basket_fen,
        "reason": "",
        "redeemed_at": wish.redeemed_at,
        "reversed_at": None,
        "adjusted_day": None,
        "offline": wish.offline,
        "flags": " ".join(wish.flags),
    }


class Wanted(NamedTuple):
    """Which redemptions are looked for; what is None does not matter."""

    merchant_id: str | None = None
    terminal_id: str | None = None
    member_id: str | None = None
    campaign_id: str | None = None
    day: date | None = None
    state: str | None = None
    code: str | None = None


async def one(view: View, redemption_id: str) -> dict[str, Any]:
    """What became of one, and what its receipt says. Raises `NotFound`."""
    row = (await view.db.execute(select(REDEMPTION).where(REDEMPTION.c.redemption_id == redemption_id))).first()
    if row is None:
        raise NotFound("No redemption was asked for under this id.", field="redemption_id")
    shown = _shown(row._mapping)
    del shown["place"]
    return {**shown, "receipt": _receipt(shown) if shown["receipt_no"] else None}


def _receipt(shown: Mapping[str, Any]) -> dict[str, str]:
    parts = {who: yuan(shown[f"{who}_fen"]) for who in ("union", "worker", "merchant")}
    return {"receipt_no": shown["receipt_no"], "price": yuan(shown["basket_fen"]), **parts}


async def page(view: View, wanted: Wanted, limit: int, before: int | None) -> list[dict[str, Any]]:
    """Those that are looked for, the last told first."""
    query = _looking_for(select(REDEMPTION), wanted).order_by(REDEMPTION.c.place.desc()).limit(limit)
    if before is not None:
        query = query.where(REDEMPTION.c.place < before)
    return [_shown(row._mapping) for row in await view.db.execute(query)]


async def figures(view: View, wanted: Wanted, first: date, last: date) -> list[dict[str, Any]]:
    """How many there were on these days, both included, and what they came to, by campaign, state and code."""
    by = (REDEMPTION.c.campaign_id, REDEMPTION.c.state, REDEMPTION.c.code)
    parts = (REDEMPTION.c.union_fen, REDEMPTION.c.worker_fen, REDEMPTION.c.merchant_fen)
    sums = [func.sum(part).label(part.name) for part in parts]
    query = _looking_for(select(*by, func.count().label("redemptions"), *sums), wanted)
    query = query.where(REDEMPTION.c.day >= first, REDEMPTION.c.day <= last).group_by(*by).order_by(*by)
    return [dict(row._mapping) for row in await view.db.execute(query)]


def _looking_for(query: Select[Any], wanted: Wanted) -> Select[Any]:
    for name, value in wanted._asdict().items():
        if value is not None:
            query = query.where(REDEMPTION.c[name] == value)
    return query


def _shown(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {**row, "flags": row["flags"].split()}
