"""Sessions 场次 of courses: scheduled, attended, rated; how good they are."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from pydantic import Field

from shared.contracts.model import Contract, Id
from shared.contracts.welfare_courses import SessionRated
from shared.errors import ValidationFailed
from shared.web import Call, MinPosition, found

from ..domain.attendance import RateSession
from ..domain.session import ScheduleSession
from ..projections import session_quality, sessions
from ..projections.session_quality import SESSION_QUALITY, Period, Wanted, period
from . import answers_courses
from .ballots import Before, Limit

router = APIRouter(tags=["courses"])

After = Annotated[Id | None, Query(description="Continue after this one: the `next` of the page before.")]


def _period(
    first: Annotated[date, Query(alias="from", description="The first day.", examples=["2026-01-01"])],
    after: Annotated[date, Query(alias="to", description="The day after the last.", examples=["2026-03-01"])],
) -> Period:
    return period(first, after)


def _wanted(
    call: Call,
    course_id: Annotated[Id | None, Query(description="Of this course only.", examples=["first_aid"])] = None,
    place_id: Annotated[Id | None, Query(description="At this place only.", examples=["S1"])] = None,
    campaign_id: Annotated[Id | None, Query(description="For this campaign only.", examples=["care_200"])] = None,
) -> Wanted:
    return Wanted(call.principal.org, course_id, place_id, campaign_id)


When = Annotated[Period, Depends(_period)]
Which = Annotated[Wanted, Depends(_wanted)]


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


@router.get("/sessions", responses={200: {"model": answers_courses.Sessions}})
async def list_sessions(
    when: When, which: Which, call: Call, limit: Limit = 50, after: After = None, min_position: MinPosition = None
) -> Response:
    """Sessions of the caller's union that begin on these days, by their time."""
    async with call.reading(SESSION_QUALITY, min_position) as view:
        return found(view, await sessions.page(view, which, when, limit, after))


@router.get("/sessions/{session_id}", responses={200: {"model": answers_courses.Session}})
async def show_session(session_id: Id, call: Call, min_position: MinPosition = None) -> Response:
    """A session, how many have come, and how they have rated it."""
    async with call.reading(SESSION_QUALITY, min_position) as view:
        return found(view, await sessions.of(view, session_id))


@router.get("/sessions/{session_id}/attendances", responses={200: {"model": answers_courses.Attendances}})
async def list_attendances(
    session_id: Id,
    call: Call,
    to_call: Annotated[bool, Query(description="Only those who may rate and have not.", examples=[True])] = False,
    limit: Limit = 50,
    after: After = None,
    min_position: MinPosition = None,
) -> Response:
    """Who has come to a session, and who of them is still to be called back 回访."""
    async with call.reading(SESSION_QUALITY, min_position) as view:
        await sessions.of(view, session_id)
        return found(view, await sessions.attendances(view, session_id, call.now, limit, after, to_call=to_call))


@router.get("/members/{member_id}/sessions", responses={200: {"model": answers_courses.AttendedSessions}})
async def sessions_of_member(
    member_id: Id, call: Call, limit: Limit = 50, before: Before = None, min_position: MinPosition = None
) -> Response:
    """What a member has attended, and what he is invited to rate."""
    async with call.reading(SESSION_QUALITY, min_position) as view:
        return found(view, await sessions.of_member(view, member_id, call.now, limit, before))


@router.get("/session-quality", responses={200: {"model": answers_courses.Quality}})
async def show_quality(
    when: When,
    which: Which,
    call: Call,
    against_from: Annotated[date | None, Query(description="Compare with a period.", examples=["2025-01-01"])] = None,
    against_to: Annotated[date | None, Query(description="The day after its last.", examples=["2025-03-01"])] = None,
    min_position: MinPosition = None,
) -> Response:
    """How sessions were attended and rated, and by how much the mean has changed since another period (W7)."""
    other = None
    if against_from is not None and against_to is not None:
        other = period(against_from, against_to, ("against_from", "against_to"))
    elif against_from is not None or against_to is not None:
        missing = "against_from" if against_from is None else "against_to"
        raise ValidationFailed("A period has a first day and a day after the last.", field=missing)
    async with call.reading(SESSION_QUALITY, min_position) as view:
        now = await session_quality.quality(view, which, when)
        before = await session_quality.quality(view, which, other) if other else None
        change = session_quality.change(before, now) if before else None
        return found(view, {**now, "before": before, "change": change})


@router.get("/session-quality/courses", responses={200: {"model": answers_courses.QualityByCourse}})
async def show_quality_by_course(
    when: When, which: Which, call: Call, limit: Limit = 50, after: After = None, min_position: MinPosition = None
) -> Response:
    """The same, course by course."""
    async with call.reading(SESSION_QUALITY, min_position) as view:
        return found(view, await session_quality.by_course(view, which, when, limit, after))
