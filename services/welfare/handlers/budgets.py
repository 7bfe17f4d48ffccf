"""Budgets: money set aside, frozen, closed."""

from __future__ import annotations

from shared.decider import Handlers

from ..domain.budget import BUDGET, AllocateBudget, CloseBudget, FreezeBudget, UnfreezeBudget

HANDLERS = Handlers(BUDGET)
HANDLERS.each(BUDGET, "budget_id", AllocateBudget, FreezeBudget, UnfreezeBudget, CloseBudget)
