"""Takings, settlements and who works on them, as tests of settlements give them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from services.welfare.domain.dispute import DecideDispute, DisputeLine
from services.welfare.domain.redemption import REDEMPTION
from services.welfare.domain.redemption_events import Purchase, RedemptionVerified, Split
from services.welfare.domain.settlement import (
    SETTLEMENT,
    ApproveSettlement,
    DenySettlement,
    PaySettlement,
    SettlementApproved,
    SettlementCreated,
    SettlementVerified,
    VerifySettlement,
)
from services.welfare.domain.takings import (
    CUT_OFF_TIMER,
    TAKINGS,
    Adjustment,
    Line,
    LineAdded,
    SettleTakings,
    TakingsClosed,
    cut_off,
    takings_id,
)
from shared.decider import Change, DeadlineSet
from shared.testing.given import Scenario, on
from tests.welfare.shop import DAY, at, budget, campaign, merchant

NEXT = date(2026, 1, 24)
CUT = cut_off(DAY)
K1, K1_NEXT = "K1-2026-01-23", "K1-2026-01-24"
SHOP: list[Change] = [merchant("K1"), campaign("breakfast"), budget("B-BRK", 100_000)]


def line(redemption_id: str, moment: datetime, number: int = 1, fen: int = 300) -> Line:
    return Line(redemption_id, f"K1-{moment:%Y%m%d}-{number:05}", "breakfast", "B-BRK", fen, moment)


def taken(*lines: Line, day: date = DAY, merchant_id: str = "K1") -> Change:
    """These lines are in the takings of a day, and its cut-off is waited for."""
    ref = takings_id(merchant_id, day)
    added = [LineAdded(one.verified_at, merchant_id, day, one) for one in lines]
    waits = DeadlineSet(at("05:00", day.isoformat()), CUT_OFF_TIMER, ref, cut_off(day))
    return on(TAKINGS, ref, *added, waits)


def verified(one: Line, day: date = DAY, member_id: str = "W01") -> Change:
    """The redemption of this line, a breakfast."""
    purchase = Purchase(
        redemption_id=one.redemption_id,
        member_id=member_id,
        merchant_id="K1",
        terminal_id="K1-till",
        basket_fen=one.fen + 300,
        redeemed_at=one.verified_at,
        campaign_id=one.campaign_id,
        budget_id=one.budget_id,
    )
    split = Split(one.fen, 200, 100)
    event = RedemptionVerified(one.verified_at, purchase, split, one.receipt_no, day, day.isoformat())
    return on(REDEMPTION, one.redemption_id, event)


def created(
    *lines: Line, day: date = DAY, opening: int = 0, adjustments: tuple[Adjustment, ...] = ()
) -> SettlementCreated:
    net = opening + sum(one.fen for one in lines) + sum(one.fen for one in adjustments)
    return SettlementCreated(cut_off(day), "K1", day, lines, adjustments, opening, net)


def settled(*lines: Line, day: date = DAY, then: tuple[Any, ...] = ()) -> list[Change]:
    """What is in the streams after the cut-off of a day."""
    closed = on(TAKINGS, takings_id("K1", day), TakingsClosed(cut_off(day)))
    redemptions = [verified(one, day) for one in lines]
    name = f"K1-{day.isoformat()}"
    return [taken(*lines, day=day), closed, *redemptions, on(SETTLEMENT, name, created(*lines, day=day), *then)]


def settle(day: date = DAY, merchant_id: str = "K1") -> SettleTakings:
    """As the timer says it, whenever it comes to it."""
    return SettleTakings(merchant_id, day, cut_off(day))


VERIFIED = SettlementVerified(at("10:00", "2026-01-24"), "A1")
APPROVED = SettlementApproved(at("10:10", "2026-01-24"), "A2")


def later(clock: str) -> datetime:
    """On the day after."""
    return at(clock, NEXT.isoformat())


def verify(by: str = "A1", name: str = K1) -> VerifySettlement:
    return VerifySettlement(name, by, later("10:00"))


def approve(by: str = "A2", name: str = K1) -> ApproveSettlement:
    return ApproveSettlement(name, by, later("10:10"))


def pay(bank_ref: str = "BANK-1", name: str = K1) -> PaySettlement:
    return PaySettlement(name, bank_ref, "A1", later("10:30"))


def deny(by: str = "A1", name: str = K1) -> DenySettlement:
    return DenySettlement(name, "wrong_price", by, later("10:05"))


def disputed(redemption_id: str, now: datetime, name: str = "", case_id: str = "") -> DisputeLine:
    return DisputeLine(redemption_id, "not_served", "" if case_id else "A1", now, name, case_id)


def decide(redemption_id: str, outcome: Any, now: datetime, name: str = K1) -> DecideDispute:
    return DecideDispute(name, redemption_id, outcome, "A1", now)


def state_of(scenario: Scenario, name: str) -> list[Any]:
    """What the last command added to a stream."""
    return list(scenario.events.get(name, []))
