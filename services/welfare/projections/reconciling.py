"""What the two ways of reconciliation come to, and where they differ."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, and_, case, func, literal, or_, select, union_all

from shared.queries import View

from .reconciliation import BUDGET, HOLDER, LEFT, MERCHANT, OWNER, PAYER, PLACES, PROMISE, REDEEMED

MOST = 100  # differences that are listed of a kind; one is too many


def _sum(column: ColumnElement[Any]) -> ColumnElement[int]:
    return func.coalesce(func.sum(column), 0)


async def of(view: View, org_id: str) -> dict[str, Any]:
    """The sums of a union's budgets and merchants, and every difference."""
    budgets = _owned(BUDGET, org_id)
    sums = {f"{name}_fen": _sum(budgets.c[name]) for name in ("allocated", "committed", "consumed")}
    found = await _row(view, select(func.count().label("budgets"), *_named(sums)).select_from(budgets))
    found["available_fen"] = found["allocated_fen"] - found["committed_fen"] - found["consumed_fen"]
    holders, left = _owned(HOLDER, org_id), _owned(LEFT, org_id)
    found |= await _row(view, select(_sum(holders.c.face_fen).label("vouchers_fen")).where(holders.c.live))
    found |= await _row(view, select(_sum(left.c.fen).label("allowances_fen")))
    found |= await _row(view, _redemptions(org_id))
    merchants = _of_merchants(org_id)
    paid = {f"{name}_fen": _sum(merchants.c[name]) for name in ("paid", "unpaid", "carried")}
    found |= await _row(view, select(*_named(paid)).select_from(merchants))
    found["differences"] = [
        {"what": row.what, "of": row.of, "expected_fen": int(row.expected_fen), "found_fen": int(row.found_fen)}
        for query in (_overspent(org_id), _promises(org_id), _consumptions(org_id), _places(org_id), _merchants(org_id))
        for row in await view.db.execute(query.limit(MOST))
    ]
    return found


def _named(columns: dict[str, ColumnElement[int]]) -> list[Any]:
    return [column.label(name) for name, column in columns.items()]


async def _row(view: View, query: Select[Any]) -> dict[str, Any]:
    return {name: int(value) for name, value in (await view.db.execute(query)).one()._mapping.items()}


def _owned(table: FromClause, org_id: str) -> FromClause:
    """What is of this union's budgets."""
    ours = select(OWNER.c.budget_id).where(OWNER.c.org_id == org_id)
    return select(table).where(table.c.budget_id.in_(ours)).subquery()


def _of_merchants(org_id: str) -> FromClause:
    ours = select(PAYER.c.merchant_id).where(PAYER.c.org_id == org_id)
    return select(MERCHANT).where(MERCHANT.c.merchant_id.in_(ours)).subquery()


def _placed(org_id: str) -> FromClause:
    """Redemptions with where each is; one that is nowhere has no row there."""
    redeemed = _owned(REDEEMED, org_id)
    counts = [func.coalesce(PLACES.c[name], 0).label(name) for name in ("open", "left_out", "settled", "adjusted")]
    joined = redeemed.outerjoin(PLACES, PLACES.c.redemption_id == redeemed.c.redemption_id)
    return select(redeemed, *counts).select_from(joined).subquery()


def _redemptions(org_id: str) -> Select[Any]:
    """What redemptions come to, and by where they are."""
    placed = _placed(org_id)
    sums = {
        "redeemed_fen": _sum(case((placed.c.live, placed.c.fen), else_=0)),
        "open_fen": _sum(placed.c.fen * placed.c.open),
        "left_out_fen": _sum(placed.c.fen * placed.c.left_out),
        "settled_fen": _sum(placed.c.fen * placed.c.settled),
        "adjusted_fen": _sum(placed.c.adjusted),
    }
    return select(*_named(sums)).select_from(placed)


def _difference(what: str, of: Any, expected: Any, found: Any) -> list[Any]:
    return [literal(what).label("what"), of.label("of"), expected.label("expected_fen"), found.label("found_fen")]


def _overspent(org_id: str) -> Select[Any]:
    """WF1. Expected is the least that may be available."""
    budgets = _owned(BUDGET, org_id)
    available = budgets.c.allocated - budgets.c.committed - budgets.c.consumed
    return select(*_difference("overspent", budgets.c.budget_id, literal(0), available)).where(available < 0)


def _promises(org_id: str) -> Select[Any]:
    """For each voucher and allowance: what it says, and what its budget says."""
    promises, holders, left = _owned(PROMISE, org_id), _owned(HOLDER, org_id), _owned(LEFT, org_id)
    said = union_all(
        select(promises.c.budget_id, promises.c.ref, literal(0).label("expected"), promises.c.fen.label("found")),
        select(holders.c.budget_id, holders.c.voucher_id, holders.c.face_fen, literal(0)).where(holders.c.live),
        select(left.c.budget_id, left.c.ref, left.c.fen, literal(0)),
    ).subquery()
    expected, found = func.sum(said.c.expected), func.sum(said.c.found)
    query = select(*_difference("promise", said.c.ref, expected, found)).group_by(said.c.budget_id, said.c.ref)
    return query.having(expected != found).order_by(said.c.ref)


def _consumptions(org_id: str) -> Select[Any]:
    """For each budget: what redemptions that were not reversed come to, and what it says it owes."""
    budgets, redeemed = _owned(BUDGET, org_id), _owned(REDEEMED, org_id)
    live = select(redeemed.c.budget_id, func.sum(redeemed.c.fen).label("fen")).where(redeemed.c.live)
    owed = live.group_by(redeemed.c.budget_id).subquery()
    expected = func.coalesce(owed.c.fen, 0)
    joined = budgets.outerjoin(owed, owed.c.budget_id == budgets.c.budget_id)
    query = select(*_difference("consumed", budgets.c.budget_id, expected, budgets.c.consumed)).select_from(joined)
    return query.where(expected != budgets.c.consumed).order_by(budgets.c.budget_id)


def _places(org_id: str) -> Select[Any]:
    """For each redemption: it is in one place, or reversed; and where it is settled, once, and what was adjusted."""
    placed = _placed(org_id)
    places = placed.c.open + placed.c.left_out + placed.c.settled
    expected = case((placed.c.live, placed.c.fen), else_=0)
    found = placed.c.fen * places + placed.c.adjusted
    once = and_(places <= 1, *[placed.c[name].between(0, 1) for name in ("open", "left_out", "settled")])
    query = select(*_difference("redemption", placed.c.redemption_id, expected, found))
    return query.where(or_(expected != found, ~once)).order_by(placed.c.redemption_id)


def _merchants(org_id: str) -> Select[Any]:
    """For each merchant: what was settled, and what he was paid, is to be paid, and is carried; nothing twice."""
    merchants = _of_merchants(org_id)
    found = merchants.c.paid + merchants.c.unpaid + merchants.c.carried
    query = select(*_difference("merchant", merchants.c.merchant_id, merchants.c.settled, found))
    wrong = or_(merchants.c.settled != found, merchants.c.unpaid < 0)
    return query.where(wrong).order_by(merchants.c.merchant_id)
