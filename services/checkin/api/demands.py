"""Demands 诉求 that station chiefs hear and take up."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from fastapi import APIRouter, Query, Response

from shared.content import ABOUT, ERASED
from shared.contracts.checkin_rota import DemandHeard
from shared.contracts.model import Code, Id, Instant
from shared.errors import NotFound
from shared.web import Call, MinPosition, found

from ..projections import demands
from . import answers_members

router = APIRouter(prefix="/demands", tags=["demands"])

Category: TypeAlias = Annotated[Code | None, Query(examples=["charging"])]
From: TypeAlias = Annotated[Instant | None, Query(description="Heard from this time on.")]
To: TypeAlias = Annotated[Instant | None, Query(description="Heard before this time.")]


@router.post("")
async def record(event: DemandHeard, call: Call) -> Response:
    """The chief on duty takes up a demand. The same as the event DemandHeard on the intake topic."""
    await _check_posted(event.content_ref, call)
    return await call.take(event)


async def _check_posted(ref: str, call: Call) -> None:
    """Content that was erased since was posted once: a repeat has its first answer. By Kafka nobody can look."""
    async with call.api.database.borrowed() as db:
        for query in (ABOUT, ERASED):
            if await (await db.execute(query, (ref,))).fetchone() is not None:
                return
    raise NotFound("no content is kept under this reference: post it first", field="content_ref")


@router.get("", responses={200: {"model": answers_members.Demands}})
async def page(
    call: Call,
    station_id: Id | None = None,
    category: Category = None,
    state: Literal["open", "closed"] | None = None,
    overdue: bool | None = None,
    heard_from: From = None,
    heard_to: To = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    after: Annotated[int, Query(ge=0, le=2**62, description="Continue after this, the page's `next`.")] = 0,
    min_position: MinPosition = None,
) -> Response:
    """Demands in the order they were recorded."""
    wanted = demands.Wanted(
        call.now,
        call.principal.org,
        station_id=station_id,
        category=category,
        state=state,
        overdue=overdue,
        heard_from=heard_from,
        heard_to=heard_to,
    )
    async with call.reading(demands.DEMANDS, min_position) as view:
        return found(view, await demands.page(view, wanted, limit, after))


@router.get("/figures", responses={200: {"model": answers_members.DemandFigures}})
async def figures(
    call: Call,
    station_id: Id | None = None,
    heard_from: From = None,
    heard_to: To = None,
    min_position: MinPosition = None,
) -> Response:
    """How many demands were recorded, are open, closed, closed in time, overdue; in all and by category."""
    wanted = demands.Wanted(
        call.now, call.principal.org, station_id=station_id, heard_from=heard_from, heard_to=heard_to
    )
    async with call.reading(demands.DEMANDS, min_position) as view:
        return found(view, await demands.figures(view, wanted))
