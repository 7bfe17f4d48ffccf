"""Gates 闸机: which devices a station takes scans of."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Response
from pydantic import Field

from shared.contracts.model import Contract, Id
from shared.web import Call, MinPosition, found

from ..domain.gates import RegisterGate, RemoveGate
from ..projections import scan_audit
from . import answers_stations

router = APIRouter(prefix="/stations/{station_id}", tags=["gates"])


class NewGate(Contract):
    """A gate to register."""

    gate_id: Id = Field(examples=["S1-G1"])
    direction: Literal["entry", "exit"] | None = Field(
        default=None, description="The only way it opens; both when left out."
    )


class OldGate(Contract):
    """A gate to remove."""

    gate_id: Id = Field(examples=["S1-G1"])


@router.post("/register-gate")
async def register_gate(station_id: Id, body: NewGate, call: Call) -> Response:
    """Register a gate, or change its direction. From the first one on only registered ones are heard."""
    return await call.give(RegisterGate(station_id, body.gate_id, call.now, body.direction), body)


@router.post("/remove-gate")
async def remove_gate(station_id: Id, body: OldGate, call: Call) -> Response:
    """Take no more scans of this gate."""
    return await call.give(RemoveGate(station_id, body.gate_id, call.now), body)


@router.get("/gates", responses={200: {"model": answers_stations.Gates}})
async def gates(station_id: Id, call: Call, min_position: MinPosition = None) -> Response:
    """A station's registered gates; none are listed where none was ever registered."""
    async with call.reading(scan_audit.SCAN_AUDIT, min_position) as view:
        return found(view, {"station_id": station_id, "gates": await scan_audit.gates(view, station_id)})
