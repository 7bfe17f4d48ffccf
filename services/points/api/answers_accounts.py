"""Answers about accounts: balances, statements, rankings, and whether all adds up."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import BaseModel, Field

from shared.answers import Found, Moment, NextNumber


class Level(BaseModel):
    """What the points of a lifetime have reached."""

    level: int
    next_from: int | None = Field(description="Points of a lifetime that open the next level; null: it is the last.")


class Lot(BaseModel):
    """Points that were earned together, and expire together."""

    lot_id: str
    remaining: int
    held: int = Field(description="Of those, what a redemption that is under way holds.")
    reason: str
    earned_at: Moment
    expires_at: Moment | None = Field(description="null: never.")


class ExpiringLot(BaseModel):
    """What expires when."""

    lot_id: str
    at: Moment
    points: int


class ExpiresNext(BaseModel):
    """All that expires at the next such time."""

    at: Moment | None = Field(description="null: nothing expires.")
    points: int


class Balance(Found):
    """A member's points now."""

    member_id: str
    available: int
    held: int
    debt: int = Field(description="Points that were taken back when they were spent already; earnings repay it first.")
    lifetime: int = Field(description="All points ever earned.")
    level: Level
    expires_next: ExpiresNext
    expiring: list[ExpiringLot]
    lots: list[Lot]


class StatementLine(BaseModel):
    """A movement of points."""

    position: int = Field(description="Rises with each movement: `before` of the page that follows.")
    member_id: str
    at: Moment
    kind: str = Field(examples=["earned_patrol"])
    points: int = Field(description="Negative: taken away.")
    ref: str = Field(description="What it was for: a report, a redemption, a lot.")
    balance: int = Field(description="After it: what lies in lots, less what is owed.")


class Statement(Found):
    """A page of movements, newest first."""

    lines: list[StatementLine]
    next: NextNumber


class AccountSums(BaseModel):
    """One sum by two ways: ledger = lots - debt."""

    ledger: int
    lots: int
    debt: int


class Difference(AccountSums):
    """An account for which it does not hold."""

    member_id: str


class Reconciliation(Found, AccountSums):
    """The accounts of a union."""

    accounts: int
    differences: list[Difference]


class RankedMember(BaseModel):
    """A member's place."""

    rank: int
    member_id: str
    points: int
    missed: int = Field(description="Duties missed in the period.")


class RankedTeam(BaseModel):
    """A team's place."""

    rank: int
    team_id: str
    points: int
    members: int = Field(description="Who earned something.")


class Leaderboard(Found):
    """Who earned most in a period."""

    month: str | None
    first_day: date
    last_day: date
    by: Literal["member", "team"]
    ranking: list[RankedMember | RankedTeam]
