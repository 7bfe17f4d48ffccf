"""Sessions 场次 of courses: scheduled, attended, rated."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import Field

from shared.contracts.model import Contract, Id
from shared.contracts.welfare_courses import SessionRated
from shared.web import Call

from ..domain.attendance import RateSession
from ..domain.session import ScheduleSession

router = APIRouter(tags=["courses"])


class OfCourse(Contract):
    """What is held."""

    course_id: Id = Field(examples=["health_check"])


class Stars(Contract):
    """A rating."""

    member_id: Id = Field(description="Who has attended, and is the caller.", examples=["W01"])
    stars: Annotated[int, Field(strict=True, ge=1, le=5, examples=[5])]


@router.post("/sessions/{session_id}/schedule")
async def schedule(session_id: Id, body: OfCourse, call: Call) -> Response:
    """Make a campaign's slot pool a session of a course: who attends may rate it. Pools for courses are sessions."""
    return await call.give(ScheduleSession(session_id, body.course_id, call.now), body)


@router.post("/sessions/{session_id}/rate")
async def rate(session_id: Id, body: Stars, call: Call) -> Response:
    """Rate a session that one has attended, having scanned its code: once, within seven days."""
    command = RateSession(session_id, body.member_id, body.stars, "scan", call.now, call.now)
    return await call.give(command, body)


@router.post("/session-ratings")
async def take_rating(event: SessionRated, call: Call) -> Response:
    """A device has taken a rating, or who called a member back enters it. The same as SessionRated on the intake."""
    return await call.take(event)
