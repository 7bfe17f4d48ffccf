"""Answers about machines, their goods and redemptions."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from shared.answers import Found, Moment, NextNumber

from ..domain.machine import MachineState


class BlockedUnit(BaseModel):
    """A unit that a failed redemption has left."""

    redemption_id: str
    since: Moment


class ShelfItem(BaseModel):
    """What a machine has of an item."""

    item_id: str
    price: int = Field(description="In points.")
    band: int = Field(description="Of the price: which band a member's points must reach.")
    sellable: int
    held: int = Field(description="For redemptions that are under way.")
    short: int = Field(description="Of the held, those that came out for somebody else.")
    blocked: int
    blocked_units: list[BlockedUnit]


class Shelf(Found):
    """What a machine has, and whether it is there."""

    machine_id: str
    station_id: str
    state: MachineState | Literal["offline"]
    heard_at: Moment | None
    goods: list[ShelfItem]


class RedemptionState(BaseModel):
    """A redemption and what became of it."""

    redemption_id: str
    member_id: str
    machine_id: str
    station_id: str
    item_id: str
    points: int
    state: Literal["held", "dispensed", "dispensed_late", "failed", "expired", "refunded"]
    reason: str | None = Field(description="Why it failed, expired or was refunded.")
    owed: int = Field(description="Points that the member owes, as the goods came out after their points were gone.")
    started_at: Moment
    ended_at: Moment | None


class RedemptionLine(RedemptionState):
    """One of a list."""

    position: int = Field(description="Rises with each redemption: `before` of the page that follows.")


class Redemption(Found, RedemptionState):
    """One redemption."""


class Redemptions(Found):
    """A page of a machine's redemptions on a day, newest first."""

    redemptions: list[RedemptionLine]
    next: NextNumber
