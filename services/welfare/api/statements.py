"""Statements 对账单: what was settled with a merchant, for reading, for a spreadsheet, and on paper."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Annotated, Any, TypeAlias

from fastapi import APIRouter, Depends, Query, Response

from shared.contracts.model import Id
from shared.errors import ValidationFailed
from shared.money import yuan
from shared.paper import PDF, Column, Row, Section, as_csv, as_pdf
from shared.queries import View
from shared.web import Call, MinPosition, found

from ..projections import merchants, settlement_sheet
from ..projections.settlement_sheet import SETTLEMENT_SHEET
from . import answers_settlements
from .payments import Csv

router = APIRouter(prefix="/merchants", tags=["settlements"])

LONGEST = timedelta(days=92)  # a quarter
MOST_ON_PAPER = 10_000  # entries
PAID, UNPAID = ("paid",), ("created", "verified", "approved")
HEADINGS = (
    "day", "settlement_id", "kind", "redemption_id", "receipt_no", "campaign_id", "reason",
    "amount_yuan", "amount_fen", "stage", "bank_ref",
)  # fmt: skip
SETTLED = (
    Column("日期 Day", 10),
    Column("期初 Opening", 10, number=True),
    Column("核销 Lines", 10, number=True),
    Column("调整 Adjustments", 12, number=True),
    Column("应付 Net", 10, number=True),
    Column("状态 Stage", 10),
    Column("银行流水 Bank reference", 20),
)
ENTRIES = (
    Column("核销号 Redemption", 24),
    Column("回执 Receipt", 22),
    Column("活动 Campaign", 14),
    Column("调整原因 Reason", 14),
    Column("金额 Yuan", 10, number=True),
)


class Pdf(Response):
    """A document."""

    media_type = PDF


class Days:
    """Some days, both ends included."""

    def __init__(
        self,
        from_day: Annotated[date, Query(description="The first day.", examples=["2026-01-01"])],
        to_day: Annotated[date, Query(description="The last day, included.", examples=["2026-01-31"])],
    ) -> None:
        if not timedelta(0) <= to_day - from_day < LONGEST:
            raise ValidationFailed(f"A statement is of 1 to {LONGEST.days} days.", field="to_day")
        self.first, self.last = from_day, to_day


When: TypeAlias = Annotated[Days, Depends(Days)]


@router.get("/{merchant_id}/statement", responses={200: {"model": answers_settlements.Statement}})
async def show(merchant_id: Id, days: When, call: Call, min_position: MinPosition = None) -> Response:
    """What was settled with a merchant on these days, line by line."""
    async with call.reading(SETTLEMENT_SHEET, min_position, merchants.MERCHANTS) as view:
        return found(view, await _statement(view, merchant_id, days))


@router.get("/{merchant_id}/statement.csv", response_class=Csv)
async def show_csv(merchant_id: Id, days: When, call: Call, min_position: MinPosition = None) -> Response:
    """The same as a table: of each settlement the opening, every line and adjustment, and the net."""
    async with call.reading(SETTLEMENT_SHEET, min_position, merchants.MERCHANTS) as view:
        statement = await _statement(view, merchant_id, days)
    rows = [row for sheet in statement["settlements"] for row in _rows(sheet)]
    return Csv(as_csv(HEADINGS, rows), headers=_named(statement, "csv"))


@router.get("/{merchant_id}/statement.pdf", response_class=Pdf)
async def show_pdf(merchant_id: Id, days: When, call: Call, min_position: MinPosition = None) -> Response:
    """The same on paper."""
    async with call.reading(SETTLEMENT_SHEET, min_position, merchants.MERCHANTS) as view:
        statement = await _statement(view, merchant_id, days)
    if sum(len(sheet["entries"]) for sheet in statement["settlements"]) > MOST_ON_PAPER:
        raise ValidationFailed(f"More than {MOST_ON_PAPER} lines. Take fewer days, or the CSV.", field="to_day")
    return Pdf(await asyncio.to_thread(_paper, statement), headers=_named(statement, "pdf"))


async def _statement(view: View, merchant_id: str, days: Days) -> dict[str, Any]:
    await merchants.of(view, merchant_id)
    sheets = await settlement_sheet.of_merchant(view, merchant_id, days.first, days.last)
    return {
        "merchant_id": merchant_id,
        "from_day": days.first,
        "to_day": days.last,
        "settlements": sheets,
        "sums": _sums(sheets),
        "balance_fen": await settlement_sheet.balance(view, merchant_id),
    }


def _sums(sheets: list[dict[str, Any]]) -> dict[str, int]:
    opening = sheets[0]["opening_fen"] if sheets else 0
    lines, adjustments = (sum(sheet[name] for sheet in sheets) for name in ("lines_fen", "adjustments_fen"))
    paid, unpaid = (sum(one["net_fen"] for one in sheets if one["stage"] in stages) for stages in (PAID, UNPAID))
    return {
        "opening_fen": opening,
        "lines_fen": lines,
        "adjustments_fen": adjustments,
        "paid_fen": paid,
        "unpaid_fen": unpaid,
        "carried_fen": opening + lines + adjustments - paid - unpaid,
    }


def _rows(sheet: dict[str, Any]) -> Iterator[Row]:
    which = (sheet["day"].isoformat(), sheet["settlement_id"])
    yield (*which, "opening", "", "", "", "", *_amount(sheet["opening_fen"]), "", "")
    for entry in sheet["entries"]:
        facts = [entry[name] or "" for name in ("kind", "redemption_id", "receipt_no", "campaign_id", "reason")]
        yield (*which, *facts, *_amount(entry["fen"]), "", "")
    yield (*which, "net", "", "", "", "", *_amount(sheet["net_fen"]), sheet["stage"], sheet["bank_ref"] or "")


def _amount(fen: int) -> tuple[str, int]:
    return yuan(fen), fen


def _paper(statement: dict[str, Any]) -> bytes:
    sheets, sums = statement["settlements"], statement["sums"]
    yuans = {name: yuan(fen) for name, fen in sums.items()}
    ways = (
        "期初 Opening {opening_fen} + 核销 Lines {lines_fen} + 调整 Adjustments {adjustments_fen} "
        "= 已付 Paid {paid_fen} + 待付 Unpaid {unpaid_fen} + 结转 Carried {carried_fen}"
    )
    about = [
        f"商户 Merchant: {statement['merchant_id']}",
        f"期间 Days: {statement['from_day']} - {statement['to_day']}; 金额单位为元 amounts in yuan",
        ways.format(**yuans),
    ]
    amounts = ("opening_fen", "lines_fen", "adjustments_fen", "net_fen")
    totals = [
        (sheet["day"].isoformat(), *[yuan(sheet[name]) for name in amounts], sheet["stage"], sheet["bank_ref"] or "")
        for sheet in sheets
    ]
    parts = [Section(f"{sheet['day']} 明细 {sheet['settlement_id']}", ENTRIES, _printed(sheet)) for sheet in sheets]
    return as_pdf("商户对账单 Merchant statement", about, [Section("结算 Settlements", SETTLED, totals), *parts])


def _printed(sheet: dict[str, Any]) -> list[Row]:
    names = ("redemption_id", "receipt_no", "campaign_id", "reason")
    return [(*[entry[name] or "" for name in names], yuan(entry["fen"])) for entry in sheet["entries"]]


def _named(statement: dict[str, Any], ending: str) -> dict[str, str]:
    name = "-".join(str(statement[part]) for part in ("merchant_id", "from_day", "to_day"))
    return {"Content-Disposition": f'attachment; filename="{name}.{ending}"'}
