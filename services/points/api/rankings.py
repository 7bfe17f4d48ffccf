"""Rankings 排行榜 of volunteers and teams."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated, Literal, TypeAlias

from fastapi import APIRouter, Query, Response

from shared.clock import CHINA
from shared.contracts.model import Id
from shared.errors import ValidationFailed
from shared.web import Call, MinPosition, found

from ..projections import leaderboard
from . import answers_accounts

router = APIRouter(tags=["rankings"])

Day: TypeAlias = Annotated[
    date | None,
    Query(ge=date(2000, 1, 1), le=date(2199, 12, 31), examples=["2026-01-23"], description="Of the period."),
]


@router.get("/leaderboard", responses={200: {"model": answers_accounts.Leaderboard}})
async def show_leaderboard(
    call: Call,
    month: Annotated[
        str | None, Query(pattern=r"^20\d\d-(0[1-9]|1[0-2])$", examples=["2026-01"], description="Or the next two.")
    ] = None,
    first_day: Day = None,
    last_day: Day = None,
    by: Annotated[Literal["member", "team"], Query()] = "member",
    team_id: Annotated[Id | None, Query(description="Only the members of this team.")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 20,
    min_position: MinPosition = None,
) -> Response:
    """Who earned most in a period, of the caller's union; of equals, who got there first (PT13)."""
    first, after = _days(month, first_day, last_day)
    start, end = (datetime(day.year, day.month, day.day, tzinfo=CHINA) for day in (first, after))
    period = leaderboard.Period(call.principal.org, start, end)
    async with call.reading(leaderboard.LEADERBOARD, min_position) as view:
        if by == "team":
            ranking = await leaderboard.of_teams(view, period, limit)
        else:
            ranking = await leaderboard.of_members(view, period, limit, team_id)
        days = {"first_day": first.isoformat(), "last_day": (after - timedelta(days=1)).isoformat()}
        return found(view, {"month": month, **days, "by": by, "ranking": ranking})


def _days(month: str | None, first: date | None, last: date | None) -> tuple[date, date]:
    """The first day, and the one after the last."""
    if month is not None and first is None and last is None:
        year, number = int(month[:4]), int(month[5:])
        return date(year, number, 1), date(year + number // 12, number % 12 + 1, 1)
    if month is not None or first is None or last is None:
        raise ValidationFailed("Give either the month, or the first and the last day.", field="month")
    if last < first:
        raise ValidationFailed("The last day is before the first.", field="last_day")
    return first, last + timedelta(days=1)
