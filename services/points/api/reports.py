"""Patrol reports 巡查填报: what patrol apps send when they do not use the intake topic, and what became of each."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Response

from shared.contracts.model import Id
from shared.contracts.points import PatrolReported
from shared.web import Call, MinPosition, found

from ..projections import patrol_register
from . import answers_patrols

router = APIRouter(prefix="/patrol-reports", tags=["patrol reports"])


@router.post("")
async def submit(event: PatrolReported, call: Call) -> Response:
    """File a patrol report. The same as the event PatrolReported on the intake topic."""
    return await call.take(event)


@router.get("", responses={200: {"model": answers_patrols.ReportsOfDay}})
async def list_of_day(
    call: Call,
    station_id: Id,
    day: Annotated[date, Query(ge=date(2000, 1, 1), le=date(2199, 12, 31), examples=["2026-01-23"])],
    min_position: MinPosition = None,
) -> Response:
    """The patrols of a station on a day: kinds, states, and what was missed."""
    async with call.reading(patrol_register.PATROL_REGISTER, min_position) as view:
        return found(view, await patrol_register.of_day(view, call.principal.org, station_id, day))


@router.get("/{report_id}", responses={200: {"model": answers_patrols.Report}})
async def show(report_id: Id, call: Call, min_position: MinPosition = None) -> Response:
    """One report and what became of it."""
    async with call.reading(patrol_register.PATROL_REGISTER, min_position) as view:
        return found(view, await patrol_register.of(view, report_id))
