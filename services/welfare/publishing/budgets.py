"""What others are told about budgets: that one is nearly used up. Sums are for who may ask for them."""

from __future__ import annotations

from shared.contracts import welfare_campaigns as contracts
from shared.publishing import Publishing

from ..domain.budget import ALL, BudgetExhausted, BudgetThresholdReached

PUBLISHING = Publishing()


@PUBLISHING.on(BudgetThresholdReached)
def budget_threshold_reached(event: BudgetThresholdReached, budget_id: str) -> contracts.BudgetThresholdReached:
    return contracts.BudgetThresholdReached(budget_id=budget_id, percent=event.percent)


@PUBLISHING.on(BudgetExhausted)
def budget_exhausted(event: BudgetExhausted, budget_id: str) -> contracts.BudgetThresholdReached:
    return contracts.BudgetThresholdReached(budget_id=budget_id, percent=ALL)
