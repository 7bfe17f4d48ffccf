"""Accounts 积分账户: balance, statement; spending is at machines."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from shared.contracts.model import Contract, Id, Instant
from shared.web import Call, MinPosition, found

from ..domain.account import GrantOpeningLot, TransferNotAllowed
from ..projections import balance, reconciliation, statement
from . import answers_accounts

router = APIRouter(tags=["accounts"])

Points = Annotated[int, Field(strict=True, ge=1, le=100_000)]


class Opening(Contract):
    """Points taken over from an earlier system."""

    points: Points
    source_ref: Id
    earned_at: Instant


class Transfer(Contract):
    """Points for somebody else."""

    to_member_id: Id
    points: Points


@router.post("/accounts/{member_id}/grant-opening-lot")
async def grant_opening_lot(member_id: Id, body: Opening, call: Call) -> Response:
    """Take over points from an earlier system."""
    command = GrantOpeningLot(member_id, body.points, body.source_ref, body.earned_at, call.now)
    return await call.give(command, body)


@router.post("/accounts/{member_id}/transfer")
async def transfer(member_id: Id, body: Transfer, call: Call) -> Response:
    """Points are personal: always refused, with `TRANSFER_NOT_ALLOWED`."""
    raise TransferNotAllowed


@router.get("/accounts/{member_id}/balance", responses={200: {"model": answers_accounts.Balance}})
async def show_balance(member_id: Id, call: Call, min_position: MinPosition = None) -> Response:
    """What is available now, by lot, and what expires next."""
    async with call.reading(balance.BALANCE, min_position) as view:
        return found(view, await balance.of(view, member_id, call.now))


@router.get("/accounts/{member_id}/statement", responses={200: {"model": answers_accounts.Statement}})
async def show_statement(
    member_id: Id,
    call: Call,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    before: Annotated[int | None, Query(ge=0, le=2**62, description="Continue before this line.")] = None,
    min_position: MinPosition = None,
) -> Response:
    """Every movement of points, newest first."""
    async with call.reading(statement.STATEMENT, min_position) as view:
        lines = await statement.of(view, member_id, limit, before)
        return found(view, {"lines": lines, "next": lines[-1]["position"] if len(lines) == limit else None})


@router.get("/reconciliation", responses={200: {"model": answers_accounts.Reconciliation}})
async def show_reconciliation(call: Call, min_position: MinPosition = None) -> Response:
    """Whether every account of the caller's union holds what its ledger says: Σ ledger = Σ lots − debt."""
    async with call.reading(reconciliation.RECONCILIATION, min_position) as view:
        return found(view, await reconciliation.of(view, call.principal.org))
