"""Members 会员: their registration and their visits."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from shared.contracts.model import Code, Contract, Id, Instant
from shared.web import Call, MinPosition, Nothing, Reason, found

from ..domain.member import RegisterMember, ReinstateMember, SuspendMember
from ..projections import member_visits

router = APIRouter(prefix="/members", tags=["members"])


class NewMember(Contract):
    """A member to register, by a pseudonym: names stay outside."""

    member_id: Id
    trade: Code


@router.post("")
async def register(body: NewMember, call: Call) -> Response:
    """Register a member."""
    return await call.give(RegisterMember(body.member_id, body.trade, call.principal.org, call.now), body)


@router.post("/{member_id}/suspend")
async def suspend(member_id: Id, body: Reason, call: Call) -> Response:
    """Suspend a member: gates refuse the code from now on."""
    return await call.give(SuspendMember(member_id, body.reason, call.now), body)


@router.post("/{member_id}/reinstate")
async def reinstate(member_id: Id, body: Nothing, call: Call) -> Response:
    """Lift a suspension."""
    return await call.give(ReinstateMember(member_id, call.now), body)


@router.get("/{member_id}/visits")
async def visits(
    member_id: Id,
    call: Call,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    before: Annotated[Instant | None, Query(description="Continue before this start.")] = None,
    min_position: MinPosition = None,
) -> Response:
    """A member's visits, newest first; members see their own."""
    async with call.reading(member_visits.MEMBER_VISITS, min_position) as view:
        rows = await member_visits.of_member(view, member_id, limit, before)
        return found(view, {"visits": rows, "next": rows[-1]["started_at"] if len(rows) == limit else None})
