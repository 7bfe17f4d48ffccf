"""Star reviews 星级评定: inspecting the eight-have standard 八有, closing a period, and what counts for the stars."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from fastapi import APIRouter, Query, Response
from pydantic import Field

from shared.contracts.model import Code, Contract, Flag, Id
from shared.web import Call, MinPosition, found

from ..domain.period import period_at, period_named
from ..domain.review import CloseReview, InspectStandard, StandardItem
from ..domain.values import STANDARD_ITEMS
from ..projections import review_scores
from ..projections.reviews import REVIEWS
from . import answers_reviews

router = APIRouter(tags=["reviews"])

Asked: TypeAlias = Annotated[
    str | None, Query(max_length=12, description="A quarter; the present one by default.", examples=["2026-Q1"])
]


class Inspected(Contract):
    """One item of the standard."""

    code: Code = Field(examples=["toilet"])
    passed: Flag


class Inspection(Contract):
    """The eight items of the standard 八有, each once, as they were found."""

    items: list[Inspected] = Field(
        max_length=32, examples=[[{"code": code, "passed": True} for code in STANDARD_ITEMS]]
    )
    period: Id | None = Field(
        default=None, description="The quarter that it counts in; the present one by default.", examples=["2026-Q1"]
    )


class Closing(Contract):
    """Which review to close."""

    period: Id = Field(examples=["2026-Q1"])


@router.post("/stations/{station_id}/inspect-standard")
async def inspect(station_id: Id, body: Inspection, call: Call) -> Response:
    """Record how the eight items were found; a later inspection replaces it, until the review is closed."""
    items = tuple(StandardItem(item.code, item.passed) for item in body.items)
    period = body.period or period_at(call.now)
    return await call.give(InspectStandard(station_id, period, items, call.principal.id, call.now), body)


@router.post("/stations/{station_id}/close-review")
async def close(station_id: Id, body: Closing, call: Call) -> Response:
    """Award the stars of a period, from 72 hours after its end on. It is done once and for good."""
    return await call.give(CloseReview(station_id, body.period, call.principal.id, call.now), body)


@router.get("/stations/{station_id}/review", responses={200: {"model": answers_reviews.StationReview}})
async def of_station(station_id: Id, call: Call, period: Asked = None, min_position: MinPosition = None) -> Response:
    """A station's review: the inspection, the figures so far and what they are worth, the stars once awarded."""
    wanted = period_named(period or period_at(call.now))
    async with call.reading(REVIEWS, min_position) as view:
        return found(view, await review_scores.of_station(view, station_id, wanted, call.now))


@router.get("/reviews", responses={200: {"model": answers_reviews.StationReviews}})
async def of_stations(
    call: Call,
    period: Asked = None,
    county: Annotated[Code | None, Query(description="Only stations of this county.")] = None,
    city: Annotated[Code | None, Query(description="Only stations of this city.")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    after: Annotated[str, Query(max_length=96, description="Continue after this station, the page's `next`.")] = "",
    min_position: MinPosition = None,
) -> Response:
    """Reviews of one quarter by station, and how many stars these stations had in each quarter before."""
    wanted = period_named(period or period_at(call.now))
    where = review_scores.Where(call.principal.org, county, city)
    async with call.reading(REVIEWS, min_position) as view:
        return found(view, await review_scores.of_stations(view, where, wanted, call.now, limit, after))
