"""The rota 值班表 as people look at it: the week, patrols, and the calendar of working days."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, TypeAlias

from fastapi import APIRouter, Query, Response
from pydantic import Field

from shared.contracts.model import Code, Contract, Count, Id
from shared.errors import ValidationFailed
from shared.web import Call, MinPosition, found

from ..domain.shifts import day_of
from ..domain.working_days import Override, PublishCalendar
from ..projections import patrol_coverage, rota_week
from ..projections.rota import ROTA, Where
from . import answers_rota

router = APIRouter(tags=["rota"])

MOST_WEEKS = 27  # half a year of one page
Day: TypeAlias = Annotated[date, Query(ge=date(2000, 1, 1), le=date(2199, 12, 31))]
Limit: TypeAlias = Annotated[int, Query(ge=1, le=200)]
After: TypeAlias = Annotated[str, Query(max_length=96, description="Continue after this station, the page's `next`.")]
County: TypeAlias = Annotated[Code | None, Query(description="Only stations of this county.")]


class DayOf(Contract):
    """What a date is, where the announced calendar is silent or does not hold."""

    date: date
    kind: Literal["workday", "weekend", "holiday", "make_up_workday"]


class NewCalendar(Contract):
    """The next version of the calendar 工作日历: all dates that differ from what is announced."""

    version: Count = Field(ge=1, examples=[1])
    overrides: list[DayOf] = Field(max_length=400, examples=[[{"date": "2027-02-06", "kind": "holiday"}]])


@router.get("/stations/{station_id}/rota", responses={200: {"model": answers_rota.RotaWeek}})
async def of_station(
    station_id: Id,
    call: Call,
    week_of: Annotated[Day | None, Query(description="A date of the week; today by default.")] = None,
    min_position: MinPosition = None,
) -> Response:
    """Who is chief of a station on each day of a week."""
    async with call.reading(ROTA, min_position) as view:
        return found(view, await rota_week.week(view, week_of or day_of(call.now), Where(station_id)))


@router.get("/rota", responses={200: {"model": answers_rota.RotaWeek}})
async def of_county(
    call: Call,
    week_of: Annotated[Day | None, Query(description="A date of the week; today by default.")] = None,
    county: County = None,
    limit: Limit = 50,
    after: After = "",
    min_position: MinPosition = None,
) -> Response:
    """Who is chief on each day of a week, with the gaps, misses and swaps, at all stations or those of a county."""
    where = Where(county=county, org=call.principal.org)
    async with call.reading(ROTA, min_position) as view:
        return found(view, await rota_week.week(view, week_of or day_of(call.now), where, limit, after))


@router.get("/patrol-coverage", responses={200: {"model": answers_rota.PatrolCoverage}})
async def patrols(
    call: Call,
    from_day: Day,
    to_day: Day,
    station_id: Id | None = None,
    county: County = None,
    limit: Limit = 50,
    after: After = "",
    min_position: MinPosition = None,
) -> Response:
    """Patrols by station, week and kind: scheduled, fulfilled, missed."""
    if not 0 <= (to_day - from_day).days < 7 * MOST_WEEKS:
        raise ValidationFailed(f"it is not before from_day, and at most {MOST_WEEKS} weeks after it", field="to_day")
    where = Where(station_id, county, call.principal.org)
    async with call.reading(ROTA, min_position) as view:
        return found(view, await patrol_coverage.coverage(view, from_day, to_day, where, limit, after))


@router.post("/calendar")
async def publish(body: NewCalendar, call: Call) -> Response:
    """Publish the next version of the calendar of working days."""
    overrides = tuple(Override(one.date, one.kind) for one in body.overrides)
    return await call.give(PublishCalendar(body.version, overrides, call.now), body)


@router.get("/calendar", responses={200: {"model": answers_rota.Calendar}})
async def calendar(
    call: Call, from_day: Day, days: Annotated[int, Query(ge=1, le=400)] = 31, min_position: MinPosition = None
) -> Response:
    """What dates are: working day, weekend, holiday or make-up working day 调休上班日, and who says so."""
    async with call.reading(ROTA, min_position) as view:
        return found(view, {"days": await rota_week.working_days(view, from_day, days)})
