"""Offline allowance 离线额度: what one terminal may give while it is offline, from each budget (WF3).

It is promised by the budget when it is set. Meals that the terminal tells later are paid from it first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeAlias, assert_never, get_args

import msgspec

from shared.decider import Command, Decider, DomainEvent


class SetOfflineAllowance(Command, frozen=True):
    """From now on so much may be given offline: more is promised by the budget, what is too much is released."""

    merchant_id: str
    terminal_id: str
    budget_id: str
    fen: int
    now: datetime


class UseAllowance(Command, frozen=True):
    merchant_id: str
    terminal_id: str
    budget_id: str
    redemption_id: str
    fen: int
    now: datetime


class OfflineAllowanceSet(DomainEvent, frozen=True):
    """`before` is what was left of it until now."""

    merchant_id: str
    terminal_id: str
    budget_id: str
    fen: int
    before: int


class AllowanceUsed(DomainEvent, frozen=True):
    merchant_id: str
    terminal_id: str
    budget_id: str
    redemption_id: str
    fen: int


AllowanceCommand: TypeAlias = SetOfflineAllowance | UseAllowance
AllowanceEvent: TypeAlias = OfflineAllowanceSet | AllowanceUsed


class Allowance(msgspec.Struct, frozen=True):
    """What is left of it, by budget."""

    left: Mapping[str, int] = {}


def allowance_id(merchant_id: str, terminal_id: str) -> str:
    """No id has a slash in it, so that no two pairs have one name."""
    return f"{merchant_id}/{terminal_id}"


def allowance_ref(terminal_id: str) -> str:
    """What the budget's events call it."""
    return f"allowance:{terminal_id}"


def decide(command: AllowanceCommand, allowance: Allowance) -> Sequence[AllowanceEvent]:
    left = allowance.left.get(command.budget_id, 0)
    match command:
        case SetOfflineAllowance(merchant_id, terminal_id, budget_id, fen, now):
            return [] if fen == left else [OfflineAllowanceSet(now, merchant_id, terminal_id, budget_id, fen, left)]
        case UseAllowance(merchant_id, terminal_id, budget_id, redemption_id, fen, now):
            used = min(fen, left)
            return [AllowanceUsed(now, merchant_id, terminal_id, budget_id, redemption_id, used)] if used else []
        case _:
            assert_never(command)


def evolve(allowance: Allowance, event: AllowanceEvent) -> Allowance:
    match event:
        case OfflineAllowanceSet(budget_id=budget_id, fen=fen):
            return Allowance({**allowance.left, budget_id: fen})
        case AllowanceUsed(budget_id=budget_id, fen=fen):
            return Allowance({**allowance.left, budget_id: allowance.left.get(budget_id, 0) - fen})
        case _:
            assert_never(event)


ALLOWANCE: Decider[AllowanceCommand, AllowanceEvent, Allowance] = Decider(
    "allowance", Allowance(), decide, evolve, get_args(AllowanceEvent)
)
