"""V1's account as redemptions use it, without their machines and goods."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from services.points.domain.account import (
    ACCOUNT,
    CaptureHold,
    ChargePoints,
    HoldPoints,
    RefundPoints,
    ReleaseHold,
)
from services.points.domain.values import HOLD_LASTS
from services.points.handlers import accounts
from shared.decider import Changes, Handlers, Read, decided

HANDLERS = Handlers().including(accounts.HANDLERS)


def _on_v1(command: Any, read: Read) -> Changes:
    return [decided(ACCOUNT, "V1", command, read)]


for _kind in (HoldPoints, CaptureHold, ReleaseHold, ChargePoints, RefundPoints):
    HANDLERS.on(_kind)(_on_v1)


def hold(hold_id: str, points: int, now: datetime) -> HoldPoints:
    return HoldPoints(hold_id, points, now + HOLD_LASTS, now)
