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


class CampaignSums(BaseModel):
    """What one campaign has of a budget."""

    campaign_id: str | None = Field(description="null: offline allowances, which are of no campaign.")
    committed_fen: int
    consumed_fen: int


class Budget(Found, BudgetSums):
    """One budget, and what each campaign has of it."""

    campaigns: list[CampaignSums]


class Budgets(Found):
    """A page of budgets, by id."""

    budgets: list[BudgetSums]
    next: NextId
