"""Accounts and the points supermarket 积分超市: what its machines tell points, and what points tells others."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from shared.contracts.model import Code, Contract, Count, Flag, Id


class GoodsRequested(Contract):
    """A member asks for goods at a machine, which read his code. Intake; key: the machine."""

    redemption_id: Id = Field(description="Made by the machine, once for each request of a member.")
    member_id: Id
    machine_id: Id
    item_id: Id


class DispenseReported(Contract):
    """A machine says whether the goods came out. Intake; key: the machine."""

    redemption_id: Id
    machine_id: Id
    result: Literal["dispensed", "failed"]
    reason: Code | None = Field(default=None, description="Why it failed; needed then.", examples=["jammed"])


class MachineReported(Contract):
    """A machine is there, and says how it is. Intake; key: the machine."""

    machine_id: Id
    state: Literal["ready", "out_of_order"]


class PointsSpent(Contract):
    """Goods were paid for. Published; key: the member."""

    member_id: Id
    redemption_id: Id
    points: Count = Field(description="The whole price.")
    debt: Count = Field(description="The part of it that was missing and is owed (PT12).")


class PointsRefunded(Contract):
    """The price of goods was given back. Published; key: the member."""

    member_id: Id
    redemption_id: Id
    points: Count


class PointsExpired(Contract):
    """What was left of a lot has expired. Published; key: the member."""

    member_id: Id
    lot_id: Id
    points: Count


class PointsReversed(Contract):
    """What a source had given was taken back. Published; key: the member."""

    member_id: Id
    reason: Code
    source_ref: Id
    points: Count
    debt: Count = Field(description="The part of it that was spent already and is owed (PT9).")


class LevelReached(Contract):
    """The points of a member's lifetime have reached a level. Published; key: the member."""

    member_id: Id
    level: Count
    lifetime: Count


class GoodsDispensed(Contract):
    """A machine has let goods go, and they are paid for. Published; key: the redemption."""

    redemption_id: Id
    member_id: Id
    machine_id: Id
    station_id: Id
    item_id: Id
    points: Count
    late: Flag = Field(description="The machine said so after the redemption had expired (PT12).")


class DispenseFailed(Contract):
    """A machine could not let goods go; its unit waits for an attendant. Published; key: the redemption."""

    redemption_id: Id
    member_id: Id
    machine_id: Id
    station_id: Id
    item_id: Id
    reason: Code
