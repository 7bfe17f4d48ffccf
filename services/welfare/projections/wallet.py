"""wallet: a member's vouchers, what state each is in, and where it can be used."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Boolean, Column, DateTime, Index, Integer, Text, or_, select

from shared.log.read import Recorded
from shared.projecting import Projection, Put, RowChange, Set
from shared.queries import View

from ..domain import refusals
from ..domain.member import LeavingNoted, SuspensionLifted, SuspensionNoted
from ..domain.voucher_events import (
    CollectionPermitted,
    VoucherExpired,
    VoucherIssued,
    VoucherRedeemed,
    VoucherReinstated,
    VoucherReleased,
    VoucherReserved,
    VoucherRevoked,
)
from .campaigns import CAMPAIGN
from .merchants import MERCHANT

WALLET = Projection("wallet", 1)
VOUCHER = WALLET.table(
    "wallet_voucher",
    Column("voucher_id", Text, primary_key=True),
    Column("place", BigInteger, nullable=False),
    Column("member_id", Text, nullable=False),
    Column("campaign_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("period", Text, nullable=False),
    Column("face_fen", Integer, nullable=False),
    Column("collect", Boolean, nullable=False),
    Column("issued_at", DateTime(timezone=True), nullable=False),
    Column("valid_until", DateTime(timezone=True), nullable=False),
    Column("state", Text, nullable=False),
    Column("since", DateTime(timezone=True), nullable=False),
    Column("holder", Text),
    Column("held_ref", Text),
    Column("held_at", Text),
    Column("held_until", DateTime(timezone=True)),
    Column("permitted", Boolean, nullable=False, server_default="false"),
    Column("redemption_id", Text),
    Column("merchant_id", Text),
    Column("paid_fen", Integer),
)
Index("wallet_voucher_v1_member", VOUCHER.c.member_id, VOUCHER.c.place)
MEMBER = WALLET.table(
    "wallet_member", Column("member_id", Text, primary_key=True), Column("blocked", Text, nullable=False)
)
FREE: dict[str, Any] = {"holder": None, "held_ref": None, "held_at": None, "held_until": None, "permitted": False}
NOWHERE: dict[str, Any] = {"any_merchant": False, "merchants": []}
UNPAID: dict[str, Any] = {"redemption_id": None, "merchant_id": None, "paid_fen": None}


@WALLET.on(VoucherIssued)
def issued(event: VoucherIssued, row: Recorded) -> list[RowChange]:
    names = ("voucher_id", "member_id", "campaign_id", "kind", "period", "face_fen", "collect", "valid_until")
    facts = {name: getattr(event, name) for name in names}
    when = {"place": row.position, "issued_at": event.at, "state": "issued", "since": event.at}
    return [Put(VOUCHER, {**facts, **when, **FREE, **UNPAID})]


@WALLET.on(VoucherReserved)
def reserved(event: VoucherReserved, row: Recorded) -> list[RowChange]:
    hold = {"holder": event.holder, "held_ref": event.ref, "held_at": event.place_id, "held_until": event.until}
    return [_now(row, "reserved", event.at, **hold, permitted=False)]


@WALLET.on(CollectionPermitted)
def permitted(event: CollectionPermitted, row: Recorded) -> list[RowChange]:
    """Of a hold that is over it says nothing any more: released, `permitted` is for the hold that comes next."""
    return [Set(VOUCHER, {"voucher_id": row.entity, "permitted": True})]


@WALLET.on(VoucherReleased)
def released(event: VoucherReleased, row: Recorded) -> list[RowChange]:
    return [_now(row, "issued", event.at, **FREE)]


@WALLET.on(VoucherRedeemed)
def redeemed(event: VoucherRedeemed, row: Recorded) -> list[RowChange]:
    paid = {"redemption_id": event.redemption_id, "merchant_id": event.merchant_id, "paid_fen": event.fen}
    return [_now(row, "redeemed", event.at, **FREE, **paid)]


@WALLET.on(VoucherReinstated)
def reinstated(event: VoucherReinstated, row: Recorded) -> list[RowChange]:
    return [_now(row, "issued", event.at, **UNPAID)]


@WALLET.on(VoucherExpired)
def expired(event: VoucherExpired, row: Recorded) -> list[RowChange]:
    return [_now(row, "expired", event.at, **FREE, **UNPAID)]


@WALLET.on(VoucherRevoked)
def revoked(event: VoucherRevoked, row: Recorded) -> list[RowChange]:
    return [_now(row, "revoked", event.at, **FREE)]


def _now(row: Recorded, state: str, at: datetime, **what: Any) -> RowChange:
    return Set(VOUCHER, {"voucher_id": row.entity, "state": state, "since": at, **what})


@WALLET.on(SuspensionNoted)
def member_suspended(_event: SuspensionNoted, row: Recorded) -> list[RowChange]:
    return [Put(MEMBER, {"member_id": row.entity, "blocked": "suspended"})]


@WALLET.on(SuspensionLifted)
def member_reinstated(_event: SuspensionLifted, row: Recorded) -> list[RowChange]:
    return [Put(MEMBER, {"member_id": row.entity, "blocked": ""})]


@WALLET.on(LeavingNoted)
def member_left(_event: LeavingNoted, row: Recorded) -> list[RowChange]:
    return [Put(MEMBER, {"member_id": row.entity, "blocked": "left"})]


async def of(
    view: View, member_id: str, now: datetime, limit: int, before: int | None, *, usable: bool
) -> list[dict[str, Any]]:
    """A member's vouchers, the last one first. Time has its effect here whether timers have come or not."""
    query = select(VOUCHER).where(VOUCHER.c.member_id == member_id).order_by(VOUCHER.c.place.desc()).limit(limit)
    if before is not None:
        query = query.where(VOUCHER.c.place < before)
    if usable:
        lasts = or_(VOUCHER.c.valid_until > now, VOUCHER.c.held_until > now)
        query = query.where(VOUCHER.c.state.in_(("issued", "reserved")), lasts)
    return await _shown(view, [row._mapping for row in await view.db.execute(query)], now)


async def one(view: View, voucher_id: str, now: datetime) -> dict[str, Any]:
    """Raises VOUCHER_NOT_FOUND."""
    row = (await view.db.execute(select(VOUCHER).where(VOUCHER.c.voucher_id == voucher_id))).first()
    if row is None:
        raise refusals.VoucherNotFound(field="voucher_id")
    (shown,) = await _shown(view, [row._mapping], now)
    del shown["place"]
    return shown


async def blocked(view: View, member_id: str) -> str:
    """Why the member can use none: `suspended`, `left`, or nothing."""
    query = select(MEMBER.c.blocked).where(MEMBER.c.member_id == member_id)
    return (await view.db.execute(query)).scalar() or ""


async def _shown(view: View, rows: Sequence[Mapping[Any, Any]], now: datetime) -> list[dict[str, Any]]:
    names = await _merchants(view, {row["campaign_id"] for row in rows})
    return [{**_state(row, now), **names.get(row["campaign_id"], NOWHERE)} for row in rows]


def _state(row: Mapping[Any, Any], now: datetime) -> dict[str, Any]:
    """WF5, WF6: a hold ends at its moment, and a voucher at its own unless a hold lasts longer."""
    shown = {name: value for name, value in row.items() if name not in ("holder", "permitted", *FREE)}
    held = row["state"] == "reserved" and now < row["held_until"]
    if row["state"] in ("issued", "reserved") and not held:
        shown["state"] = "expired" if now >= row["valid_until"] else "issued"
    hold = {
        "holder": row["holder"],
        "ref": row["held_ref"],
        "place_id": row["held_at"],
        "until": row["held_until"],
        "permitted": row["permitted"],
    }
    return {**shown, "hold": hold if held else None}


async def _merchants(view: View, campaigns: Collection[str]) -> dict[str, dict[str, Any]]:
    """Of each campaign the merchants that take its vouchers and serve now; a campaign that names none has them all."""
    rows = await view.db.execute(
        select(CAMPAIGN.c.campaign_id, CAMPAIGN.c.terms).where(CAMPAIGN.c.campaign_id.in_(campaigns))
    )
    named = {row.campaign_id: msgspec.json.decode(row.terms)["merchants"] for row in rows}
    asked = {merchant for merchants in named.values() for merchant in merchants}
    serving = select(MERCHANT.c.merchant_id).where(MERCHANT.c.merchant_id.in_(asked), MERCHANT.c.stage == "active")
    serve = set((await view.db.execute(serving)).scalars())
    return {
        campaign: {"any_merchant": not merchants, "merchants": [one for one in merchants if one in serve]}
        for campaign, merchants in named.items()
    }
