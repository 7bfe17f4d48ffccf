"""The events of settlements."""

from __future__ import annotations

from shared.contracts import welfare_settlements
from shared.contracts.event_type import EventType

_WHAT = {"settlement_id": "K1-2026-01-23", "merchant_id": "K1"}
_DAY = {**_WHAT, "day": "2026-01-23"}

EVENTS: tuple[EventType, ...] = (
    EventType(
        welfare_settlements.SettlementCreated,
        "welfare",
        "published",
        "What a merchant has taken until a cut-off is settled: finance verifies and approves it.",
        "settlement_id",
        {**_DAY, "lines": 15, "adjustments": 0, "opening_fen": 0, "net_fen": 4500},
        data_class="none",
    ),
    EventType(
        welfare_settlements.SettlementPaid,
        "welfare",
        "published",
        "A merchant has his money.",
        "settlement_id",
        {**_DAY, "paid_fen": 4500, "bank_ref": "ICBC-20260124-0001"},
        data_class="none",
    ),
    EventType(
        welfare_settlements.SettlementDisputed,
        "welfare",
        "published",
        "A merchant is not paid for a redemption until it is decided: the case notes it.",
        "settlement_id",
        {**_WHAT, "redemption_id": "K1-till-000042", "reason": "merchant_fault", "case_id": "CS-1"},
        data_class="none",
    ),
)
