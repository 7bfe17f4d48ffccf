"""Visits 到站: what is done with one after it began, and the services used during it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import Field

from shared.contracts.checkin import ServiceUsed
from shared.contracts.model import Code, Contract, Id
from shared.web import Call

from ..domain.aftermath import RateVisit, VoidVisit
from ..domain.leaving import EndVisit

router = APIRouter(tags=["visits"])


class OfVisit(Contract):
    """Whose visit, where, and why."""

    member_id: Id = Field(examples=["W01"])
    station_id: Id
    reason: Code = Field(description="Why, as a code.", examples=["gate_fault"])


class Stars(Contract):
    """A rating."""

    member_id: Id = Field(description="The visitor, who is the caller.", examples=["W01"])
    stars: Annotated[int, Field(strict=True, ge=1, le=5, examples=[5])]


@router.post("/visits/{visit_id}/end")
async def end(visit_id: Id, body: OfVisit, call: Call) -> Response:
    """End an open visit: the chief has seen that the member is gone."""
    who = (body.member_id, visit_id, body.station_id, call.principal.id)
    return await call.give(EndVisit(*who, body.reason, call.now), body)


@router.post("/visits/{visit_id}/void")
async def void(visit_id: Id, body: OfVisit, call: Call) -> Response:
    """Void a visit that was none; its place and its count are given back."""
    who = (body.member_id, visit_id, body.station_id, call.principal.id)
    return await call.give(VoidVisit(*who, body.reason, call.now), body)


@router.post("/visits/{visit_id}/rate")
async def rate(visit_id: Id, body: Stars, call: Call) -> Response:
    """Rate a visit of one's own, once, up to seven days after its end."""
    return await call.give(RateVisit(body.member_id, visit_id, body.stars, call.now), body)


@router.post("/service-uses")
async def use_service(event: ServiceUsed, call: Call) -> Response:
    """A service was used during a visit. The same as the event ServiceUsed on the intake topic."""
    return await call.take(event)
