"""settlement_sheet: what was settled with each merchant, how far it has come, its lines, and what is carried."""

from __future__ import annotations

from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Column, Date, DateTime, Index, Integer, Text, func, select

from shared.errors import NotFound
from shared.log.read import Recorded
from shared.projecting import Add, Projection, Put, RowChange, Set
from shared.queries import View

from ..domain.balance import BalanceCarriedForward, BalanceTaken
from ..domain.settlement import (
    SETTLEMENT,
    SettlementApproved,
    SettlementCreated,
    SettlementDenied,
    SettlementDisputed,
    SettlementDisputeEnded,
    SettlementPaid,
    SettlementVerified,
)

SETTLEMENT_SHEET = Projection("settlement_sheet", 1)
SHEET = SETTLEMENT_SHEET.table(
    "settlement",
    Column("settlement_id", Text, primary_key=True),
    Column("place", BigInteger, nullable=False),
    Column("org_id", Text, nullable=False),
    Column("merchant_id", Text, nullable=False),
    Column("day", Date, nullable=False),
    Column("stage", Text, nullable=False),
    Column("opening_fen", BigInteger, nullable=False),
    Column("lines", Integer, nullable=False),
    Column("lines_fen", BigInteger, nullable=False),
    Column("adjustments", Integer, nullable=False),
    Column("adjustments_fen", BigInteger, nullable=False),
    Column("net_fen", BigInteger, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("verified_at", DateTime(timezone=True)),
    Column("verified_by", Text),
    Column("approved_at", DateTime(timezone=True)),
    Column("approved_by", Text),
    Column("denied_at", DateTime(timezone=True)),
    Column("denied_by", Text),
    Column("denied_for", Text),
    Column("paid_at", DateTime(timezone=True)),
    Column("bank_ref", Text),
)
Index("settlement_v1_place", SHEET.c.org_id, SHEET.c.place)
Index("settlement_v1_merchant", SHEET.c.merchant_id, SHEET.c.day)
ENTRY = SETTLEMENT_SHEET.table(
    "settlement_entry",
    Column("settlement_id", Text, primary_key=True),
    Column("kind", Text, primary_key=True),  # line or adjustment
    Column("redemption_id", Text, primary_key=True),
    Column("number", Integer, nullable=False),
    Column("receipt_no", Text),
    Column("campaign_id", Text),
    Column("budget_id", Text),
    Column("verified_at", DateTime(timezone=True)),
    Column("reason", Text),
    Column("fen", BigInteger, nullable=False),
    Column("dispute", Text),  # open, or its outcome
)
Index("settlement_entry_v1_number", ENTRY.c.settlement_id, ENTRY.c.number)
Index("settlement_entry_v1_disputed", ENTRY.c.settlement_id, postgresql_where=ENTRY.c.dispute == "open")
DISPUTED = select(func.count()).where(ENTRY.c.settlement_id == SHEET.c.settlement_id, ENTRY.c.dispute == "open")
SHEETS = select(SHEET, DISPUTED.correlate(SHEET).scalar_subquery().label("disputed"))
CARRIED = SETTLEMENT_SHEET.table(
    "merchant_balance",
    Column("merchant_id", Text, primary_key=True),
    Column("balance_fen", BigInteger, nullable=False, server_default="0"),
)


@SETTLEMENT_SHEET.on(SettlementCreated)
def created(event: SettlementCreated, row: Recorded) -> list[RowChange]:
    sheet = {
        "settlement_id": row.entity,
        "place": row.position,
        "org_id": row.context().org,
        "merchant_id": event.merchant_id,
        "day": event.day,
        "stage": SETTLEMENT.fold([event]).stage,
        "opening_fen": event.opening_fen,
        "lines": len(event.lines),
        "lines_fen": sum(line.fen for line in event.lines),
        "adjustments": len(event.adjustments),
        "adjustments_fen": sum(one.fen for one in event.adjustments),
        "net_fen": event.net_fen,
        "created_at": event.at,
    }
    return [Put(SHEET, sheet), *_entries(event, row.entity)]


def _entries(event: SettlementCreated, settlement_id: str) -> list[RowChange]:
    """Numbered from 1, lines first."""
    lines: list[dict[str, Any]] = [
        {
            "kind": "line",
            "redemption_id": line.redemption_id,
            "receipt_no": line.receipt_no,
            "campaign_id": line.campaign_id,
            "budget_id": line.budget_id,
            "verified_at": line.verified_at,
            "reason": None,
            "fen": line.fen,
        }
        for line in event.lines
    ]
    nothing = dict.fromkeys(("receipt_no", "campaign_id", "budget_id", "verified_at"))
    adjustments: list[dict[str, Any]] = [
        {"kind": "adjustment", "redemption_id": one.redemption_id, **nothing, "reason": one.reason, "fen": one.fen}
        for one in event.adjustments
    ]
    numbered = enumerate([*lines, *adjustments], start=1)
    return [Put(ENTRY, {"settlement_id": settlement_id, "number": number, **entry}) for number, entry in numbered]


@SETTLEMENT_SHEET.on(SettlementVerified)
def verified(event: SettlementVerified, row: Recorded) -> list[RowChange]:
    return [_step(row, "verified", verified_at=event.at, verified_by=event.by)]


@SETTLEMENT_SHEET.on(SettlementApproved)
def approved(event: SettlementApproved, row: Recorded) -> list[RowChange]:
    return [_step(row, "approved", approved_at=event.at, approved_by=event.by)]


@SETTLEMENT_SHEET.on(SettlementDenied)
def denied(event: SettlementDenied, row: Recorded) -> list[RowChange]:
    return [_step(row, "denied", denied_at=event.at, denied_by=event.by, denied_for=event.reason)]


@SETTLEMENT_SHEET.on(SettlementPaid)
def paid(event: SettlementPaid, row: Recorded) -> list[RowChange]:
    return [_step(row, "paid", paid_at=event.at, bank_ref=event.bank_ref)]


@SETTLEMENT_SHEET.on(SettlementDisputed)
def disputed(event: SettlementDisputed, row: Recorded) -> list[RowChange]:
    return [_line(row, event.redemption_id, "open")]


@SETTLEMENT_SHEET.on(SettlementDisputeEnded)
def dispute_ended(event: SettlementDisputeEnded, row: Recorded) -> list[RowChange]:
    return [_line(row, event.redemption_id, event.outcome)]


@SETTLEMENT_SHEET.on(BalanceCarriedForward)
def carried_forward(event: BalanceCarriedForward, row: Recorded) -> list[RowChange]:
    return [Add(CARRIED, {"merchant_id": row.entity, "balance_fen": event.fen})]


@SETTLEMENT_SHEET.on(BalanceTaken)
def balance_taken(event: BalanceTaken, row: Recorded) -> list[RowChange]:
    return [Add(CARRIED, {"merchant_id": row.entity, "balance_fen": -event.fen})]


def _step(row: Recorded, stage: str, **what: Any) -> RowChange:
    return Set(SHEET, {"settlement_id": row.entity, "stage": stage, **what})


def _line(row: Recorded, redemption_id: str, dispute: str) -> RowChange:
    key = {"settlement_id": row.entity, "kind": "line", "redemption_id": redemption_id}
    return Set(ENTRY, {**key, "dispute": dispute})


class Wanted(NamedTuple):
    """Which settlements are looked for; what is None does not matter."""

    org_id: str
    merchant_id: str | None = None
    day: date | None = None
    stage: str | None = None


async def page(view: View, wanted: Wanted, limit: int, before: int | None) -> list[dict[str, Any]]:
    """Those that are looked for, the last made first."""
    query = SHEETS.order_by(SHEET.c.place.desc()).limit(limit)
    for name, value in wanted._asdict().items():
        if value is not None:
            query = query.where(SHEET.c[name] == value)
    if before is not None:
        query = query.where(SHEET.c.place < before)
    return [_shown(row) for row in await view.db.execute(query)]


async def one(view: View, settlement_id: str, after: int, limit: int) -> dict[str, Any]:
    """One with a page of what it consists of. Raises `NotFound`."""
    row = (await view.db.execute(SHEETS.where(SHEET.c.settlement_id == settlement_id))).first()
    if row is None:
        raise NotFound("No settlement was created under this id.", field="settlement_id")
    query = select(ENTRY).where(ENTRY.c.settlement_id == settlement_id, ENTRY.c.number > after)
    entries = [_entry(entry) for entry in await view.db.execute(query.order_by(ENTRY.c.number).limit(limit))]
    more = entries[-1]["number"] if len(entries) == limit else None
    return {**_shown(row), "entries": entries, "next": more}


async def of_merchant(view: View, merchant_id: str, first: date, last: date) -> list[dict[str, Any]]:
    """The settlements of these days, both included, by day, each with all that it consists of."""
    within = (SHEET.c.merchant_id == merchant_id, SHEET.c.day >= first, SHEET.c.day <= last)
    sheets = [_shown(row) for row in await view.db.execute(SHEETS.where(*within).order_by(SHEET.c.day))]
    entries: dict[str, list[dict[str, Any]]] = {sheet["settlement_id"]: [] for sheet in sheets}
    query = select(ENTRY).where(ENTRY.c.settlement_id.in_(list(entries)))
    for row in await view.db.execute(query.order_by(ENTRY.c.settlement_id, ENTRY.c.number)):
        entries[row.settlement_id].append(_entry(row))
    return [{**sheet, "entries": entries[sheet["settlement_id"]]} for sheet in sheets]


async def balance(view: View, merchant_id: str) -> int:
    """What is carried to the merchant's next settlement."""
    query = select(CARRIED.c.balance_fen).where(CARRIED.c.merchant_id == merchant_id)
    return int((await view.db.execute(query)).scalar() or 0)


async def to_pay(view: View, org_id: str, day: date) -> list[dict[str, Any]]:
    """What is approved and not paid of a day."""
    query = SHEETS.where(SHEET.c.org_id == org_id, SHEET.c.day == day, SHEET.c.stage == "approved")
    return [_shown(row) for row in await view.db.execute(query.order_by(SHEET.c.settlement_id))]


def _shown(row: Any) -> dict[str, Any]:
    return {name: value for name, value in row._mapping.items() if name != "org_id"}


def _entry(row: Any) -> dict[str, Any]:
    return {name: value for name, value in row._mapping.items() if name != "settlement_id"}
