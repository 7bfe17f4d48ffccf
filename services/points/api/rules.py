"""Rules 积分规则 and key periods 重点时段."""

from __future__ import annotations

from fastapi import APIRouter, Response
from pydantic import Field

from shared.contracts.model import Code, Contract, Count, Id, Instant
from shared.web import Call

from ..domain import values
from ..domain.rules import DeclareKeyPeriod, PublishRules

router = APIRouter(tags=["rules"])


class NewRules(Contract):
    """What patrols pay from a date on."""

    version: Count
    effective_from: Instant
    daily: Count = values.DAILY_POINTS
    weekly: Count = values.WEEKLY_POINTS
    key_period: Count = values.KEY_PERIOD_POINTS
    special: Count = values.SPECIAL_POINTS
    hazard: Count = values.HAZARD_POINTS
    lot_months: Count | None = Field(default=values.LOT_MONTHS, description="None: points never expire.")


class NewKeyPeriod(Contract):
    """A time in which patrols at these stations pay the key-period value."""

    stations: list[Id] = Field(min_length=1)
    window_from: Instant
    window_to: Instant
    code: Code


@router.post("/rules")
async def publish_rules(body: NewRules, call: Call) -> Response:
    """Publish a version of the rules."""
    paid = (body.daily, body.weekly, body.key_period, body.special, body.hazard, body.lot_months)
    return await call.give(PublishRules(body.version, body.effective_from, call.now, *paid), body)


@router.post("/key-periods")
async def declare_key_period(body: NewKeyPeriod, call: Call) -> Response:
    """Declare a key period."""
    period = (tuple(body.stations), body.window_from, body.window_to, body.code)
    return await call.give(DeclareKeyPeriod(*period, call.now), body)
