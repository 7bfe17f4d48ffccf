"""The events of accounts and of the points supermarket."""

from __future__ import annotations

from typing import Any

from shared.contracts import points_goods as contracts
from shared.contracts.event_type import EventType

_ASKED: dict[str, Any] = {"redemption_id": "M1-000042", "member_id": "W13", "machine_id": "M1", "item_id": "towel"}
_DONE: dict[str, Any] = {**_ASKED, "station_id": "S1"}

EVENTS: tuple[EventType, ...] = (
    EventType(
        contracts.GoodsRequested,
        "points",
        "intake",
        "A member asks for goods at a machine: points and a unit are held together, or neither.",
        "machine_id",
        _ASKED,
    ),
    EventType(
        contracts.DispenseReported,
        "points",
        "intake",
        "A machine says whether the goods came out: points are spent, or given back.",
        "machine_id",
        {"redemption_id": "M1-000042", "machine_id": "M1", "result": "failed", "reason": "jammed"},
    ),
    EventType(
        contracts.MachineReported,
        "points",
        "intake",
        "A machine is there; one that was not heard of for too long sells nothing.",
        "machine_id",
        {"machine_id": "M1", "state": "ready"},
        data_class="none",
    ),
    EventType(
        contracts.PointsSpent,
        "points",
        "published",
        "Goods were paid for with points.",
        "member_id",
        {"member_id": "W13", "redemption_id": "M1-000042", "points": 6, "debt": 0},
    ),
    EventType(
        contracts.PointsRefunded,
        "points",
        "published",
        "The price of goods was given back.",
        "member_id",
        {"member_id": "W13", "redemption_id": "M1-000042", "points": 6},
    ),
    EventType(
        contracts.PointsExpired,
        "points",
        "published",
        "What was left of a lot has expired.",
        "member_id",
        {"member_id": "W13", "lot_id": "patrol:PR-1", "points": 2},
    ),
    EventType(
        contracts.PointsReversed,
        "points",
        "published",
        "What a source had given was taken back, or is owed.",
        "member_id",
        {"member_id": "W13", "reason": "patrol", "source_ref": "PR-1", "points": 2, "debt": 0},
    ),
    EventType(
        contracts.LevelReached,
        "points",
        "published",
        "The points of a member's lifetime have reached a level.",
        "member_id",
        {"member_id": "W13", "level": 1, "lifetime": 10},
    ),
    EventType(
        contracts.GoodsDispensed,
        "points",
        "published",
        "A machine has let goods go, and they are paid for.",
        "redemption_id",
        {**_DONE, "points": 6, "late": False},
    ),
    EventType(
        contracts.DispenseFailed,
        "points",
        "published",
        "A machine could not let goods go: its unit waits for an attendant.",
        "redemption_id",
        {**_DONE, "reason": "jammed"},
    ),
)
