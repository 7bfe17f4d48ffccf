"""Scans 扫码: what gates send when they do not use the intake topic, and a chief's override."""

from __future__ import annotations

from fastapi import APIRouter, Response
from pydantic import Field

from shared.contracts.checkin import MemberScanned
from shared.contracts.model import Code, Contract, Id
from shared.web import Call

from ..domain.device_time import moment_of
from ..domain.scan import ScanEntry

router = APIRouter(tags=["scans"])


class Override(Contract):
    """A chief lets a member into a full station (CK5)."""

    member_id: Id
    station_id: Id
    gate_id: Id
    reason: Code = Field(description="Why, as a code.", examples=["heat_wave"])


@router.post("/scans")
async def scan(event: MemberScanned, call: Call) -> Response:
    """A gate read a member code. The same as the event MemberScanned on the intake topic."""
    return await call.take(event)


@router.post("/scans/override")
async def override(body: Override, call: Call) -> Response:
    """Let a member in though the station is full."""
    moment = moment_of(None, None, call.now)
    scan_id, chief = call.command_id(), call.principal.id
    command = ScanEntry(body.member_id, body.station_id, body.gate_id, scan_id, moment, chief, body.reason)
    return await call.give(command, body)
