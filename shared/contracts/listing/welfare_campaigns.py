"""The events of campaigns and budgets."""

from __future__ import annotations

from shared.contracts import welfare_campaigns
from shared.contracts.event_type import EventType

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
)
