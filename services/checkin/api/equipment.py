"""Equipment 设备: what stations report of themselves when they do not use the intake topic."""

from __future__ import annotations

from fastapi import APIRouter, Response

from shared.contracts.checkin_stations import StationStateReported
from shared.web import Call

router = APIRouter(tags=["equipment"])


@router.post("/state-reports")
async def report_state(event: StationStateReported, call: Call) -> Response:
    """A station's equipment says how it is. The same as the event StationStateReported on the intake topic."""
    return await call.take(event)
