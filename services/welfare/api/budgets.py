"""Budgets 预算: money set aside for campaigns."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from shared.contracts.model import Contract, Id
from shared.web import Call, MinPosition, Nothing, Reason, found

from ..domain.budget import AllocateBudget, CloseBudget, FreezeBudget, UnfreezeBudget
from ..projections import budget_board
from . import answers_budgets

router = APIRouter(prefix="/budgets", tags=["budgets"])

Fen = Annotated[int, Field(strict=True, ge=1, le=10**12, description="Fen 分, a hundredth of a yuan.", examples=[300])]


class Allocation(Contract):
    """Money set aside. The same key again is nothing new; another key sets aside more."""

    fen: Fen = Field(examples=[450_000])
    source_ref: Id = Field(description="The resolution that sets it aside.", examples=["2026-001"])


@router.post("/{budget_id}/allocate")
async def allocate(budget_id: Id, body: Allocation, call: Call) -> Response:
    """Set money aside: the first time this makes the budget."""
    return await call.give(AllocateBudget(budget_id, body.fen, body.source_ref, call.now), body)


@router.post("/{budget_id}/freeze")
async def freeze(budget_id: Id, body: Reason, call: Call) -> Response:
    """Promise nothing more from it for now. What was promised before is paid."""
    return await call.give(FreezeBudget(budget_id, body.reason, call.now), body)


@router.post("/{budget_id}/unfreeze")
async def unfreeze(budget_id: Id, body: Nothing, call: Call) -> Response:
    """Promise from it again."""
    return await call.give(UnfreezeBudget(budget_id, call.now), body)


@router.post("/{budget_id}/close")
async def close(budget_id: Id, body: Nothing, call: Call) -> Response:
    """Promise nothing from it any more. What was promised before is paid."""
    return await call.give(CloseBudget(budget_id, call.now), body)


@router.get("", responses={200: {"model": answers_budgets.Budgets}})
async def list_budgets(
    call: Call,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    after: Annotated[Id | None, Query(description="Continue after this budget.")] = None,
    min_position: MinPosition = None,
) -> Response:
    """All budgets, and how much of each is left."""
    async with call.reading(budget_board.BUDGET_BOARD, min_position) as view:
        rows = await budget_board.page(view, after or "", limit)
        return found(view, {"budgets": rows, "next": rows[-1]["budget_id"] if len(rows) == limit else None})


@router.get("/{budget_id}", responses={200: {"model": answers_budgets.Budget}})
async def show(budget_id: Id, call: Call, min_position: MinPosition = None) -> Response:
    """How much of it is left."""
    async with call.reading(budget_board.BUDGET_BOARD, min_position) as view:
        return found(view, await budget_board.of(view, budget_id))
