"""Answers about budgets."""

from __future__ import annotations

from pydantic import BaseModel, Field

from shared.answers import Found, NextId


class BudgetSums(BaseModel):
    """One budget. committed + consumed + available = allocated, always (WF1)."""

    budget_id: str
    allocated_fen: int
    committed_fen: int = Field(description="Promised to vouchers and allowances.")
    consumed_fen: int = Field(description="Owed or paid to merchants.")
    available_fen: int
    frozen: bool
    closed: bool
    reached_percent: int = Field(description="The highest threshold that its owner was told of; 100: nothing is left.")


class Budget(Found, BudgetSums):
    """One budget, and the position that it was read at."""


class Budgets(Found):
    """A page of budgets, by id."""

    budgets: list[BudgetSums]
    next: NextId
