"""budget_board: what is allocated, committed, consumed and available, budget by budget and by campaign."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Integer, Text, select

from shared.errors import NotFound
from shared.log.read import Recorded
from shared.projecting import Add, Projection, RowChange, Set
from shared.queries import View

from ..domain.budget import (
    ALL,
    BudgetAllocated,
    BudgetClosed,
    BudgetCommitted,
    BudgetConsumed,
    BudgetExhausted,
    BudgetFrozen,
    BudgetReleased,
    BudgetRestored,
    BudgetThresholdReached,
    BudgetUnfrozen,
)

BUDGET_BOARD = Projection("budget_board", 1)
BUDGET = BUDGET_BOARD.table(
    "budget",
    Column("budget_id", Text, primary_key=True),
    Column("allocated", BigInteger, nullable=False, server_default="0"),
    Column("committed", BigInteger, nullable=False, server_default="0"),
    Column("consumed", BigInteger, nullable=False, server_default="0"),
    Column("frozen", Boolean, nullable=False, server_default="false"),
    Column("closed", Boolean, nullable=False, server_default="false"),
    Column("reached", Integer, nullable=False, server_default="0"),
)
CAMPAIGN = BUDGET_BOARD.table(
    "budget_campaign",
    Column("budget_id", Text, primary_key=True),
    Column("campaign_id", Text, primary_key=True),  # empty: allowances, which are of none
    Column("committed", BigInteger, nullable=False, server_default="0"),
    Column("consumed", BigInteger, nullable=False, server_default="0"),
)


@BUDGET_BOARD.on(BudgetAllocated)
def allocated(event: BudgetAllocated, row: Recorded) -> list[RowChange]:
    return [_sums(row, allocated=event.fen), _said(row, reached=0)]


@BUDGET_BOARD.on(BudgetCommitted)
def committed(event: BudgetCommitted, row: Recorded) -> list[RowChange]:
    return _moved(row, event.campaign_id, committed=event.fen)


@BUDGET_BOARD.on(BudgetReleased)
def released(event: BudgetReleased, row: Recorded) -> list[RowChange]:
    return _moved(row, event.campaign_id, committed=-event.fen)


@BUDGET_BOARD.on(BudgetConsumed)
def consumed(event: BudgetConsumed, row: Recorded) -> list[RowChange]:
    return _moved(row, event.campaign_id, committed=-event.fen, consumed=event.fen)


@BUDGET_BOARD.on(BudgetRestored)
def restored(event: BudgetRestored, row: Recorded) -> list[RowChange]:
    return _moved(row, event.campaign_id, consumed=-event.fen)


@BUDGET_BOARD.on(BudgetThresholdReached)
def threshold_reached(event: BudgetThresholdReached, row: Recorded) -> list[RowChange]:
    return [_said(row, reached=event.percent)]


@BUDGET_BOARD.on(BudgetExhausted)
def exhausted(_event: BudgetExhausted, row: Recorded) -> list[RowChange]:
    return [_said(row, reached=ALL)]


@BUDGET_BOARD.on(BudgetFrozen)
def frozen(_event: BudgetFrozen, row: Recorded) -> list[RowChange]:
    return [_said(row, frozen=True)]


@BUDGET_BOARD.on(BudgetUnfrozen)
def unfrozen(_event: BudgetUnfrozen, row: Recorded) -> list[RowChange]:
    return [_said(row, frozen=False)]


@BUDGET_BOARD.on(BudgetClosed)
def closed(_event: BudgetClosed, row: Recorded) -> list[RowChange]:
    return [_said(row, closed=True)]


def _moved(row: Recorded, campaign_id: str, *, committed: int = 0, consumed: int = 0) -> list[RowChange]:
    key = {"budget_id": row.entity, "campaign_id": campaign_id}
    return [
        _sums(row, committed=committed, consumed=consumed),
        Add(CAMPAIGN, {**key, "committed": committed, "consumed": consumed}),
    ]


def _sums(row: Recorded, *, allocated: int = 0, committed: int = 0, consumed: int = 0) -> RowChange:
    """All three, so that the many moves of a busy budget are one statement."""
    sums = {"allocated": allocated, "committed": committed, "consumed": consumed}
    return Add(BUDGET, {"budget_id": row.entity, **sums})


def _said(row: Recorded, **what: Any) -> RowChange:
    return Set(BUDGET, {"budget_id": row.entity, **what})


async def of(view: View, budget_id: str) -> dict[str, Any]:
    """One budget, and its campaigns. Raises `NotFound`."""
    row = (await view.db.execute(select(BUDGET).where(BUDGET.c.budget_id == budget_id))).first()
    if row is None:
        raise NotFound(field="budget_id")
    of_it = select(CAMPAIGN).where(CAMPAIGN.c.budget_id == budget_id).order_by(CAMPAIGN.c.campaign_id)
    campaigns = [
        {"campaign_id": one.campaign_id or None, "committed_fen": one.committed, "consumed_fen": one.consumed}
        for one in await view.db.execute(of_it)
    ]
    return {**_shown(dict(row._mapping)), "campaigns": campaigns}


async def page(view: View, after: str, limit: int) -> list[dict[str, Any]]:
    """Budgets by id."""
    query = select(BUDGET).where(BUDGET.c.budget_id > after).order_by(BUDGET.c.budget_id).limit(limit)
    return [_shown(dict(row._mapping)) for row in await view.db.execute(query)]


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "budget_id": row["budget_id"],
        "allocated_fen": row["allocated"],
        "committed_fen": row["committed"],
        "consumed_fen": row["consumed"],
        "available_fen": row["allocated"] - row["committed"] - row["consumed"],
        "frozen": row["frozen"],
        "closed": row["closed"],
        "reached_percent": row["reached"],
    }
