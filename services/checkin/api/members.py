"""Members 会员: their registration, their code 会员码 and their visits."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from shared.contracts.model import Code, Contract, Id, Instant
from shared.errors import NotFound
from shared.web import Call, MinPosition, Nothing, Reason, found

from ..domain import member_code
from ..domain.member import (
    IssueCode,
    LeaveMembership,
    RegisterMember,
    ReinstateMember,
    RevokeCode,
    SuspendMember,
)
from ..domain.values import CODE_STEP, CODE_WINDOW
from ..projections import member_card, member_visits
from . import answers_members

router = APIRouter(prefix="/members", tags=["members"])


class NewMember(Contract):
    """A member to register, by a pseudonym: names stay outside."""

    member_id: Id
    trade: Code


class Key(Contract):
    """Which code is meant."""

    key_id: Id = Field(examples=["3f9a1c20"])


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


@router.post("/{member_id}/leave")
async def leave(member_id: Id, body: Nothing, call: Call) -> Response:
    """End a membership for good; its code opens nothing any more."""
    return await call.give(LeaveMembership(member_id, call.now), body)


@router.post("/{member_id}/issue-code")
async def issue_code(member_id: Id, body: Nothing, call: Call) -> Response:
    """Issue a rotating code (CK7); the one before is withdrawn. From now on gates ask for it."""
    key_id = call.command_id().replace("-", "")[:8]
    return await call.give(IssueCode(member_id, key_id, call.now), body)


@router.post("/{member_id}/revoke-code")
async def revoke_code(member_id: Id, body: Key, call: Call) -> Response:
    """Withdraw a code, of a lost phone for instance."""
    return await call.give(RevokeCode(member_id, body.key_id, call.now), body)


@router.get("/{member_id}", responses={200: {"model": answers_members.MemberCard}})
async def card(member_id: Id, call: Call, min_position: MinPosition = None) -> Response:
    """Whether the membership is active, and which key the code has."""
    async with call.reading(member_card.MEMBER_CARD, min_position) as view:
        return found(view, await member_card.card(view, member_id))


@router.get("/{member_id}/code", responses={200: {"model": answers_members.MemberCode}})
async def current_code(member_id: Id, call: Call, min_position: MinPosition = None) -> Response:
    """The code to show now, as the text of a QR code, and when the next one has to be asked for."""
    async with call.reading(member_card.MEMBER_CARD, min_position) as view:
        key_id = (await member_card.card(view, member_id))["key_id"]
        if key_id is None:
            raise NotFound("no code is issued to this member: issue one", field="member_id")
        secrets, now = call.api.code_secrets, call.now
        text = member_code.make(member_id, key_id, secrets, now)
        step = member_code.check(text, secrets, now)
        times = {"shown_from": step.shown_from, "shown_until": step.shown_until}
        accepted = {"accepted_until": step.shown_until + CODE_WINDOW * CODE_STEP}
        answer = found(view, {"member_id": member_id, "key_id": key_id, "code": text, **times, **accepted})
    del answer.headers["ETag"]  # it changes with the time, too
    answer.headers["Cache-Control"] = "no-store"
    return answer


@router.get("/{member_id}/visits", responses={200: {"model": answers_members.Visits}})
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
