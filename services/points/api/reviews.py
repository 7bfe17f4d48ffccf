"""Review 审核 of patrol reports by the leader of the volunteer's team or a union officer, and voiding (PT3)."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from pydantic import Field

from shared.access.table import ADMIN
from shared.contracts.model import Code, Contract, Id
from shared.web import Call, Caller, MinPosition, Nothing, found

from ..domain.report_commands import RetryAcceptance, VoidReport
from ..domain.review import Reviewer, ReviewReport
from ..projections import review_queue
from . import answers_patrols

router = APIRouter(tags=["reviews"])


class Because(Contract):
    """Why, as a code that the volunteer is shown."""

    code: Code = Field(examples=["photos_missing"])


@router.post("/patrol-reports/{report_id}/accept")
async def accept(report_id: Id, body: Nothing, call: Call) -> Response:
    """Accept a report under review, by the leader of the volunteer's team or an officer; it pays as PT1 and PT2 say."""
    return await call.give(_review(call, report_id, "accept", "accepted"), body)


@router.post("/patrol-reports/{report_id}/reject")
async def reject(report_id: Id, body: Because, call: Call) -> Response:
    """Reject a report under review: its place on the duty is free for another."""
    return await call.give(_review(call, report_id, "reject", body.code), body)


@router.post("/patrol-reports/{report_id}/return")
async def return_for_correction(report_id: Id, body: Because, call: Call) -> Response:
    """Give a report back: the volunteer may correct it within 48 hours, under the same report_id."""
    return await call.give(_review(call, report_id, "return", body.code), body)


@router.post("/patrol-reports/{report_id}/void")
async def void(report_id: Id, body: Because, call: Call) -> Response:
    """Take an acceptance back: its points are reversed, and the place on the duty is free."""
    return await call.give(VoidReport(report_id, body.code, call.principal.id, call.now), body)


@router.post("/patrol-reports/{report_id}/weigh-again")
async def weigh_again(report_id: Id, body: Nothing, call: Call) -> Response:
    """Look at an open report again, as after rules were published that it lacked: accepted if all bears it out now."""
    return await call.give(RetryAcceptance(report_id, call.now), body)


@router.get("/review-queue", responses={200: {"model": answers_patrols.ReviewQueue}})
async def show_queue(
    call: Call,
    leader_id: Annotated[Id | None, Query(description="Only what this leader has to review.")] = None,
    escalated: Annotated[bool, Query(description="Only what nobody has reviewed for 48 hours.")] = False,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    after: Annotated[int, Query(ge=0, le=2**62, description="Continue after this, the page's `next`.")] = 0,
    min_position: MinPosition = None,
) -> Response:
    """Reports under review, the longest waiting first; a leader sees those of his team."""
    whose = leader_id if _is_officer(call) else call.principal.id
    async with call.reading(review_queue.REVIEW_QUEUE, min_position) as view:
        wanted = review_queue.Wanted(call.principal.org, whose, escalated, limit, after)
        return found(view, await review_queue.page(view, wanted, call.now))


def _review(call: Caller, report_id: str, verdict: Literal["accept", "reject", "return"], code: str) -> ReviewReport:
    return ReviewReport(report_id, Reviewer(call.principal.id, _is_officer(call)), verdict, code, call.now)


def _is_officer(call: Caller) -> bool:
    return bool(call.principal.roles & {"officer", ADMIN})
