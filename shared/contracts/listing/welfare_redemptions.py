"""The events of merchants and redemptions."""

from __future__ import annotations

from typing import Any

from shared.contracts import welfare_redemptions as contracts
from shared.contracts.event_type import EventType

_WHERE: dict[str, Any] = {
    "redemption_id": "K1-till-000042",
    "member_id": "W02",
    "merchant_id": "K1",
    "terminal_id": "K1-till",
}

EVENTS: tuple[EventType, ...] = (
    EventType(
        contracts.RedemptionRequested,
        "welfare",
        "intake",
        "A member buys with a voucher or has a meal: it is written off with a receipt, or refused.",
        "member_id",
        {**_WHERE, "campaign_id": "breakfast", "basket_fen": 600},
    ),
    EventType(
        contracts.RedemptionReversalRequested,
        "welfare",
        "intake",
        "A purchase or meal is taken back: the money is the budget's again, and the voucher the member's.",
        "member_id",
        {**_WHERE, "reason": "not_served"},
    ),
    EventType(
        contracts.RedemptionVerified,
        "welfare",
        "published",
        "A purchase or meal is written off: the merchant is owed the union's part.",
        "redemption_id",
        {
            **_WHERE,
            "campaign_id": "breakfast",
            "union_fen": 300,
            "worker_fen": 200,
            "merchant_fen": 100,
            "receipt_no": "K1-20260123-00002",
            "redeemed_at": "2026-01-22T22:05:00Z",
            "verified_at": "2026-01-22T22:05:00Z",
            "offline": False,
            "flags": [],
        },
    ),
    EventType(
        contracts.RedemptionReversed,
        "welfare",
        "published",
        "A redemption was taken back.",
        "redemption_id",
        {
            "redemption_id": "K1-till-000042",
            "member_id": "W02",
            "merchant_id": "K1",
            "campaign_id": "breakfast",
            "fen": 300,
            "reason": "not_served",
            "settled": False,
        },
    ),
    EventType(
        contracts.MerchantOnboarded,
        "welfare",
        "published",
        "A merchant takes vouchers or serves meals from now on.",
        "merchant_id",
        {"merchant_id": "K1", "category": "canteen"},
        data_class="none",
    ),
    EventType(
        contracts.MerchantResumed,
        "welfare",
        "published",
        "A merchant that was suspended serves again.",
        "merchant_id",
        {"merchant_id": "K1"},
        data_class="none",
    ),
)
