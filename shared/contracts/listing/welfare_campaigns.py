"""The events of campaigns and budgets."""

from __future__ import annotations

from shared.contracts import welfare_campaigns
from shared.contracts.event_type import EventType

_WHAT = {"member_id": "W01", "campaign_id": "drink", "period": "2026-01-23"}

EVENTS: tuple[EventType, ...] = (
    EventType(
        welfare_campaigns.BudgetThresholdReached,
        "welfare",
        "published",
        "A budget is nearly used up: its owner decides about more.",
        "budget_id",
        {"budget_id": "B-BRK", "percent": 80},
        data_class="none",
    ),
    EventType(
        welfare_campaigns.EntitlementDeclined,
        "welfare",
        "published",
        "A member has not got what a campaign gives: apps tell him why.",
        "member_id",
        {**_WHAT, "code": "BUDGET_EXHAUSTED"},
    ),
)
