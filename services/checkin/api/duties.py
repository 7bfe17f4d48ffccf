"""Duties 值班: who patrols or is chief, where and when."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Response
from pydantic import Field

from shared.contracts.model import Code, Contract, Id, Instant
from shared.web import Call

from ..domain.duty_commands import AssignDuty

router = APIRouter(prefix="/duties", tags=["duties"])


class NewDuty(Contract):
    """A duty to assign."""

    duty_id: Id
    kind: Literal["chief", "patrol_daily", "patrol_weekly", "patrol_special"]
    station_id: Id
    window_from: Instant
    window_to: Instant
    people: list[Id] = Field(min_length=1, max_length=50)
    theme: Code | None = None


@router.post("")
async def assign(body: NewDuty, call: Call) -> Response:
    """Put people on a duty."""
    where = (body.duty_id, body.kind, body.station_id, body.window_from, body.window_to)
    return await call.give(AssignDuty(*where, tuple(body.people), call.now, body.theme), body)
