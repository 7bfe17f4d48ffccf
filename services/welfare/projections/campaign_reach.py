"""campaign_reach: how many members a campaign has reached, by trade and county, and why others got nothing.

Counted as it happens, so that a campaign of millions of days is read in a few rows.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from sqlalchemy import Column, Integer, Text, select

from shared.log.read import Recorded
from shared.projecting import Add, Projection, RowChange
from shared.queries import View

from ..domain.entitlement import (
    EntitlementDeclined,
    EntitlementExpired,
    EntitlementGranted,
    EntitlementRestored,
    EntitlementRevoked,
    EntitlementUsed,
    Scope,
)

COUNTS = ("granted", "used", "expired", "revoked")

CAMPAIGN_REACH = Projection("campaign_reach", 1)
REACH = CAMPAIGN_REACH.table(
    "campaign_reach",
    Column("campaign_id", Text, primary_key=True),
    Column("trade", Text, primary_key=True),  # empty: nobody told
    Column("county", Text, primary_key=True),  # of the station; empty: it was at none
    *(Column(name, Integer, nullable=False, server_default="0") for name in COUNTS),
)
DECLINED = CAMPAIGN_REACH.table(
    "campaign_declined",
    Column("campaign_id", Text, primary_key=True),
    Column("trade", Text, primary_key=True),
    Column("county", Text, primary_key=True),
    Column("code", Text, primary_key=True),
    Column("declined", Integer, nullable=False, server_default="0"),
)


@CAMPAIGN_REACH.on(EntitlementGranted)
def granted(event: EntitlementGranted, row: Recorded) -> list[RowChange]:
    return [_counted(row, event.scope, granted=1)]


@CAMPAIGN_REACH.on(EntitlementUsed)
def used(event: EntitlementUsed, row: Recorded) -> list[RowChange]:
    return [_counted(row, event.scope, used=1)]


@CAMPAIGN_REACH.on(EntitlementRestored)
def restored(event: EntitlementRestored, row: Recorded) -> list[RowChange]:
    return [_counted(row, event.scope, used=-1)]


@CAMPAIGN_REACH.on(EntitlementExpired)
def expired(event: EntitlementExpired, row: Recorded) -> list[RowChange]:
    return [_counted(row, event.scope, expired=1)]


@CAMPAIGN_REACH.on(EntitlementRevoked)
def revoked(event: EntitlementRevoked, row: Recorded) -> list[RowChange]:
    return [_counted(row, event.scope, revoked=1)]


@CAMPAIGN_REACH.on(EntitlementDeclined)
def declined(event: EntitlementDeclined, row: Recorded) -> list[RowChange]:
    return [Add(DECLINED, {**_key(row, event.scope), "code": event.code, "declined": 1})]


def _key(row: Recorded, scope: Scope) -> dict[str, str]:
    return {"campaign_id": row.entity.partition("/")[0], "trade": scope.trade, "county": scope.county}


def _counted(row: Recorded, scope: Scope, **more: int) -> RowChange:
    """All of them, so that many are one statement."""
    return Add(REACH, {**_key(row, scope), **dict.fromkeys(COUNTS, 0), **more})


async def of(view: View, campaign_id: str) -> dict[str, Any]:
    """In all, by trade, and by county."""
    total = _nobody()
    trades: dict[str, dict[str, Any]] = defaultdict(_nobody)
    counties: dict[str, dict[str, Any]] = defaultdict(_nobody)
    for row in await view.db.execute(select(REACH).where(REACH.c.campaign_id == campaign_id)):
        for counts in (total, trades[row.trade], counties[row.county]):
            for name in COUNTS:
                counts[name] += row._mapping[name]
    for row in await view.db.execute(select(DECLINED).where(DECLINED.c.campaign_id == campaign_id)):
        for counts in (total, trades[row.trade], counties[row.county]):
            counts["declined"][row.code] = counts["declined"].get(row.code, 0) + row.declined
    by_trade = [{"trade": name or None, **trades[name]} for name in sorted(trades)]
    by_county = [{"county": name or None, **counties[name]} for name in sorted(counties)]
    return {**total, "by_trade": by_trade, "by_county": by_county}


def _nobody() -> dict[str, Any]:
    return {**dict.fromkeys(COUNTS, 0), "declined": {}}
