"""Hazards 隐患: what volunteers, workers and patrol apps report when they do not use the intake topic."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from shared.contracts.model import Code, Contract, Id, Instant
from shared.contracts.points import HazardSpotted
from shared.web import Call, MinPosition, found

from ..projections import hazard_register
from . import answers_patrols

router = APIRouter(prefix="/hazards", tags=["hazards"])


class AnonymousHazard(Contract):
    """A hazard of which nobody shall know who has seen it: no points, and no content that names its author."""

    hazard_id: Id
    station_id: Id
    asset_id: Id | None = None
    category: Code
    suspected_severity: Literal["general", "major"]
    spotted_at: Instant | None = None
    sent_at: Instant | None = None


@router.post("")
async def report(event: HazardSpotted, call: Call) -> Response:
    """Report a hazard. The same as the event HazardSpotted on the intake topic."""
    return await call.take(event)


@router.post("/anonymous")
async def report_anonymously(body: AnonymousHazard, call: Call) -> Response:
    """Report a hazard without a name: neither the report nor the log says who called, now or later (PT4)."""
    return await call.take(HazardSpotted(**body.model_dump()), anonymously=True)


@router.get("", responses={200: {"model": answers_patrols.Hazards}})
async def list_hazards(
    call: Call,
    station_id: Annotated[Id | None, Query(description="Only of this station.")] = None,
    state: Annotated[Literal["open", "accepted", "rejected", "revoked"] | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    before: Annotated[
        int | None, Query(ge=0, le=2**62, description="Continue before this, the `next` of the last page.")
    ] = None,
    min_position: MinPosition = None,
) -> Response:
    """The register of hazards of the caller's union, the latest received first."""
    async with call.reading(hazard_register.HAZARD_REGISTER, min_position) as view:
        wanted = {"org": call.principal.org, "station_id": station_id, "state": state}
        return found(view, await hazard_register.page(view, wanted, limit, before))


@router.get("/{hazard_id}", responses={200: {"model": answers_patrols.Hazard}})
async def show(hazard_id: Id, call: Call, min_position: MinPosition = None) -> Response:
    """One hazard report: which rectification it is part of, and what it was worth."""
    async with call.reading(hazard_register.HAZARD_REGISTER, min_position) as view:
        return found(view, await hazard_register.of(view, hazard_id))
