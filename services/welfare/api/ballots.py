"""Ballots 点单: opened, voted in, closed; what came of them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response
from msgspec import convert
from pydantic import Field

from shared.contracts import welfare
from shared.contracts.model import Contract, Count, Id, Instant
from shared.contracts.welfare_courses import VoteCast
from shared.web import Call, MinPosition, Nothing, found

from ..domain.ballot import CloseBallot, Course, OpenBallot
from ..domain.values import BALLOT_COURSES_MOST
from ..projections import ballot_result
from ..projections.ballot_result import BALLOT_RESULT
from ..projections.session_quality import SESSION_QUALITY
from . import answers_courses

router = APIRouter(tags=["courses"])

Limit = Annotated[int, Query(ge=1, le=200)]
Before = Annotated[int | None, Query(ge=0, le=2**62, description="Continue before this, the page's `next`.")]

COURSE = {
    "course_id": "first_aid",
    "place_id": "S1",
    "starts_at": "2026-02-01T14:00:00+08:00",
    "ends_at": "2026-02-01T15:30:00+08:00",
    "capacity": 20,
}


class NewBallot(Contract):
    """What members vote on, and until when."""

    courses: Annotated[list[welfare.Course], Field(min_length=1, max_length=BALLOT_COURSES_MOST, examples=[[COURSE]])]
    max_choices: Count = Field(description="For how many courses a member may vote.", examples=[1])
    to_run: Count = Field(description="How many courses will be held.", examples=[1])
    closes_at: Instant = Field(examples=["2026-01-25T18:00:00+08:00"])


@router.post("/ballots/{ballot_id}/open")
async def open_ballot(ballot_id: Id, body: NewBallot, call: Call) -> Response:
    """Let members vote. What is opened is not changed any more."""
    courses = tuple(convert(course.model_dump(), Course) for course in body.courses)
    return await call.give(
        OpenBallot(ballot_id, courses, body.max_choices, body.to_run, body.closes_at, call.now), body
    )


@router.post("/ballots/{ballot_id}/close")
async def close_ballot(ballot_id: Id, body: Nothing, call: Call) -> Response:
    """End it before its time. Places are opened for the courses that have won."""
    return await call.give(CloseBallot(ballot_id, call.now), body)


@router.post("/votes")
async def vote(event: VoteCast, call: Call) -> Response:
    """Vote, or change one's vote until the ballot closes. The same as the event VoteCast on the intake topic."""
    return await call.take(event)


@router.get("/ballots", responses={200: {"model": answers_courses.Ballots}})
async def list_ballots(
    call: Call, limit: Limit = 50, before: Before = None, min_position: MinPosition = None
) -> Response:
    """The ballots of the caller's union, the last opened first."""
    async with call.reading(BALLOT_RESULT, min_position) as view:
        return found(view, await ballot_result.page(view, call.principal.org, call.now, limit, before))


@router.get("/ballots/{ballot_id}", responses={200: {"model": answers_courses.Ballot}})
async def show_ballot(ballot_id: Id, call: Call, min_position: MinPosition = None) -> Response:
    """A ballot. While it is open only the turnout is told; once it is closed, all counts and what has won."""
    async with call.reading(BALLOT_RESULT, min_position, SESSION_QUALITY) as view:
        return found(view, await ballot_result.of(view, ballot_id, call.now))


@router.get("/ballots/{ballot_id}/counts", responses={200: {"model": answers_courses.Counts}})
async def show_counts(ballot_id: Id, call: Call, min_position: MinPosition = None) -> Response:
    """How the votes stand, also while it is open."""
    async with call.reading(BALLOT_RESULT, min_position) as view:
        return found(view, await ballot_result.counts(view, ballot_id, call.now))


@router.get("/members/{member_id}/votes", responses={200: {"model": answers_courses.Votes}})
async def votes_of_member(
    member_id: Id, call: Call, limit: Limit = 50, before: Before = None, min_position: MinPosition = None
) -> Response:
    """What the caller has voted for."""
    async with call.reading(BALLOT_RESULT, min_position) as view:
        return found(view, await ballot_result.of_member(view, member_id, limit, before))
