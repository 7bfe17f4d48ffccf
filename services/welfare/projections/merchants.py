"""merchants: who they are, whether they serve, their terminals, and what these may give offline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, Text, select

from shared.errors import NotFound
from shared.log.read import Recorded
from shared.projecting import Add, Projection, Put, RowChange, Set
from shared.queries import View

from ..domain.allowance import AllowanceUsed, OfflineAllowanceSet
from ..domain.merchant import (
    MerchantApplied,
    MerchantLeft,
    MerchantOnboarded,
    MerchantResumed,
    MerchantSuspended,
    TerminalRegistered,
    TerminalRemoved,
)

MERCHANTS = Projection("merchants", 1)
MERCHANT = MERCHANTS.table(
    "merchant",
    Column("merchant_id", Text, primary_key=True),
    Column("stage", Text, nullable=False),
    Column("category", Text, nullable=False),
    Column("contract_ref", Text, nullable=False),
    Column("account_ref", Text),
    Column("reason", Text, nullable=False, server_default=""),
    Column("since", DateTime(timezone=True), nullable=False),
)
TERMINAL = MERCHANTS.table(
    "terminal",
    Column("merchant_id", Text, primary_key=True),
    Column("terminal_id", Text, primary_key=True),
    Column("removed_at", DateTime(timezone=True)),
)
ALLOWANCE = MERCHANTS.table(
    "allowance",
    Column("merchant_id", Text, primary_key=True),
    Column("terminal_id", Text, primary_key=True),
    Column("budget_id", Text, primary_key=True),
    Column("left_fen", BigInteger, nullable=False, server_default="0"),
    Column("used_fen", BigInteger, nullable=False, server_default="0"),
)


@MERCHANTS.on(MerchantApplied)
def applied(event: MerchantApplied, _row: Recorded) -> list[RowChange]:
    return [Put(MERCHANT, {**_terms(event), "stage": "applied", "since": event.at})]


@MERCHANTS.on(MerchantOnboarded)
def onboarded(event: MerchantOnboarded, _row: Recorded) -> list[RowChange]:
    if not event.begins:
        return [Set(MERCHANT, _terms(event))]
    return [Put(MERCHANT, {**_terms(event), "stage": "active", "reason": "", "since": event.at})]


@MERCHANTS.on(MerchantSuspended)
def suspended(event: MerchantSuspended, _row: Recorded) -> list[RowChange]:
    return [_now(event.merchant_id, "suspended", event, event.reason)]


@MERCHANTS.on(MerchantResumed)
def resumed(event: MerchantResumed, _row: Recorded) -> list[RowChange]:
    return [_now(event.merchant_id, "active", event)]


@MERCHANTS.on(MerchantLeft)
def left(event: MerchantLeft, _row: Recorded) -> list[RowChange]:
    return [_now(event.merchant_id, "left", event)]


@MERCHANTS.on(TerminalRegistered)
def terminal_registered(event: TerminalRegistered, _row: Recorded) -> list[RowChange]:
    return [_terminal(event, None)]


@MERCHANTS.on(TerminalRemoved)
def terminal_removed(event: TerminalRemoved, _row: Recorded) -> list[RowChange]:
    return [_terminal(event, event.at)]


@MERCHANTS.on(OfflineAllowanceSet)
def allowance_set(event: OfflineAllowanceSet, _row: Recorded) -> list[RowChange]:
    return [_allowance(event, event.fen - event.before, 0)]


@MERCHANTS.on(AllowanceUsed)
def allowance_used(event: AllowanceUsed, _row: Recorded) -> list[RowChange]:
    return [_allowance(event, -event.fen, event.fen)]


def _terms(event: MerchantApplied | MerchantOnboarded) -> dict[str, Any]:
    terms = event.terms
    what = {"category": terms.category, "contract_ref": terms.contract_ref, "account_ref": terms.account_ref}
    return {"merchant_id": event.merchant_id, **what}


def _now(merchant_id: str, stage: str, event: Any, reason: str = "") -> RowChange:
    return Set(MERCHANT, {"merchant_id": merchant_id, "stage": stage, "reason": reason, "since": event.at})


def _terminal(event: TerminalRegistered | TerminalRemoved, removed_at: Any) -> RowChange:
    which = {"merchant_id": event.merchant_id, "terminal_id": event.terminal_id}
    return Put(TERMINAL, {**which, "removed_at": removed_at})


def _allowance(event: OfflineAllowanceSet | AllowanceUsed, left_fen: int, used_fen: int) -> RowChange:
    which = {"merchant_id": event.merchant_id, "terminal_id": event.terminal_id, "budget_id": event.budget_id}
    return Add(ALLOWANCE, {**which, "left_fen": left_fen, "used_fen": used_fen})


async def page(view: View, after: str, limit: int) -> list[dict[str, Any]]:
    """Who serves, or would: not those that have applied or left."""
    which = (MERCHANT.c.merchant_id, MERCHANT.c.category, MERCHANT.c.stage)
    query = select(*which).where(MERCHANT.c.merchant_id > after, MERCHANT.c.stage.in_(["active", "suspended"]))
    return [dict(row._mapping) for row in await view.db.execute(query.order_by(MERCHANT.c.merchant_id).limit(limit))]


async def accounts(view: View, merchant_ids: set[str]) -> dict[str, str]:
    """Where the bank accounts of these are kept, of those who have given one."""
    query = select(MERCHANT.c.merchant_id, MERCHANT.c.account_ref).where(MERCHANT.c.merchant_id.in_(merchant_ids))
    return {row.merchant_id: row.account_ref for row in await view.db.execute(query) if row.account_ref is not None}


async def of(view: View, merchant_id: str) -> dict[str, Any]:
    """One merchant with terminals and allowances. Raises `NotFound`."""
    row = (await view.db.execute(select(MERCHANT).where(MERCHANT.c.merchant_id == merchant_id))).first()
    if row is None:
        raise NotFound("No merchant is known under this id.", field="merchant_id")
    tills = select(TERMINAL).where(TERMINAL.c.merchant_id == merchant_id).order_by(TERMINAL.c.terminal_id)
    given = select(ALLOWANCE).where(ALLOWANCE.c.merchant_id == merchant_id).order_by(ALLOWANCE.c.budget_id)
    allowances = [line._mapping for line in await view.db.execute(given)]
    terminals = [
        {
            "terminal_id": till.terminal_id,
            "removed_at": till.removed_at,
            "allowances": [_line(line) for line in allowances if line["terminal_id"] == till.terminal_id],
        }
        for till in await view.db.execute(tills)
    ]
    return {**row._mapping, "terminals": terminals}


def _line(line: Mapping[Any, Any]) -> dict[str, Any]:
    return {name: line[name] for name in ("budget_id", "left_fen", "used_fen")}
