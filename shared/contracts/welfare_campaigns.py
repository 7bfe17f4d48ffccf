"""What welfare tells others of campaigns 活动 and their budgets."""

from __future__ import annotations

from pydantic import Field

from shared.contracts.model import Contract, Count, Id


class BudgetThresholdReached(Contract):
    """A budget is nearly used up, or wholly. Published; key: the budget."""

    budget_id: Id
    percent: Count = Field(description="Committed and consumed of what was allocated; 100: nothing is left.")


class EntitlementDeclined(Contract):
    """A member is not given what a campaign gives, and why; said once for each period. Published; key: the member."""

    member_id: Id
    campaign_id: Id
    period: Id = Field(description="The day, the phase, what is rewarded, or once.", examples=["2026-01-23"])
    code: Id = Field(description="The code of the refusal.", examples=["BUDGET_EXHAUSTED"])
