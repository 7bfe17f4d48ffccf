"""Named pasts of the points supermarket: machine M1 at S1 has three soaps at 4 points, and V1 has 5 + 2 points."""

from __future__ import annotations

from typing import Any

import msgspec

from services.points.domain.account import ACCOUNT
from services.points.domain.goods import GOODS, GoodsListed, StockChanged, UnitHeld
from services.points.domain.ledger import PointsEarned, PointsHeld
from services.points.domain.lots import Allocation, Portion
from services.points.domain.machine import MACHINE, MachineHeard, MachineRegistered
from services.points.domain.redemption import (
    REDEMPTION,
    Order,
    Redeem,
    RedemptionExpired,
    RedemptionStarted,
    ReportDispense,
)
from shared.decider import Change, DeadlineCleared, DeadlineSet
from shared.testing.given import on

from .the_day import at

EVE, NOON = at("09:00", "2026-01-22"), at("12:00")
SOON, UNTIL, LATE = at("12:01"), at("12:05"), at("12:06")
FEBRUARY_2026, FEBRUARY_2027 = at("00:00", "2026-02-01"), at("00:00", "2027-02-01")
SOAP = "M1/soap"

machine_known = on(MACHINE, "M1", MachineRegistered(EVE, "S1", 300), MachineHeard(at("11:59"), "ready"))
soap_listed = GoodsListed(EVE, "M1", "soap", 4, 1)
three_soaps = on(GOODS, SOAP, soap_listed, StockChanged(EVE, 3, "restocked"))
opening = PointsEarned(EVE, "opening:old-1", 5, "opening", "old-1", at("09:00", "2025-01-20"), FEBRUARY_2026)
daily = PointsEarned(at("08:21"), "patrol:R1", 2, "patrol", "R1", at("08:00"), FEBRUARY_2027)
seven_points = on(ACCOUNT, "V1", opening, daily)
a_stocked_machine = (machine_known, three_soaps, seven_points)

REDEEM = Redeem("X1", "V1", "M1", "soap", NOON)
order = Order("X1", "V1", "M1", "S1", "soap", 4)
held = PointsHeld(NOON, "X1", (Allocation("opening:old-1", 4),), UNTIL)
started = (RedemptionStarted(NOON, order, "X1", UNTIL), DeadlineSet(NOON, "confirm", "X1", UNTIL))
a_started_redemption = (
    *a_stocked_machine,
    on(REDEMPTION, "X1", *started),
    on(ACCOUNT, "V1", held),
    on(GOODS, SOAP, UnitHeld(NOON, "X1")),
)
paid = (Portion("opening:old-1", 4, opening.earned_at, FEBRUARY_2026),)


def redeem(**changed: Any) -> Redeem:
    """V1 asks for soap at noon, unless told otherwise."""
    return msgspec.structs.replace(REDEEM, **changed)


def said(result: str, now: Any = SOON, **changed: Any) -> ReportDispense:
    """What the machine says a minute later."""
    reason = "jammed" if result == "failed" else ""
    return msgspec.structs.replace(ReportDispense("X1", "M1", result, reason, now), **changed)  # type: ignore[arg-type]


def cleared(reason: str, now: Any = SOON) -> DeadlineCleared:
    return DeadlineCleared(now, "confirm", "X1", reason)


def over(now: Any = UNTIL, why: str = "unconfirmed") -> Change:
    """How X1 ends without a word of its machine."""
    return on(REDEMPTION, "X1", RedemptionExpired(now, why), cleared(why, now))  # type: ignore[arg-type]
