"""What welfare tells others of campaigns 活动 and their budgets."""

from __future__ import annotations

from pydantic import Field

from shared.contracts.model import Contract, Count, Id


class BudgetThresholdReached(Contract):
    """A budget is nearly used up, or wholly. Published; key: the budget."""

    budget_id: Id
    percent: Count = Field(description="Committed and consumed of what was allocated; 100: nothing is left.")
