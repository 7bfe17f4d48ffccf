"""Budget 预算: money that a union has set aside. Committed + consumed never exceed what was allocated (WF1).

The state is a few numbers, however many vouchers are paid from it: who holds what is known to the vouchers, which are
decided together with the budget. So ten thousand members may claim from one budget at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypeAlias, assert_never, get_args

import msgspec

from shared.decider import Command, Decider, DomainEvent
from shared.errors import NotFound

from . import refusals
from .values import THRESHOLDS

ALL = 100  # percent


class AllocateBudget(Command, frozen=True):
    """Set money aside; more of it each time. `source_ref` names the resolution that did."""

    budget_id: str
    fen: int
    source_ref: str
    now: datetime


class FreezeBudget(Command, frozen=True):
    """Nothing more is promised from it; what was promised before stays so."""

    budget_id: str
    reason: str
    now: datetime


class UnfreezeBudget(Command, frozen=True):
    budget_id: str
    now: datetime


class CloseBudget(Command, frozen=True):
    """For good: what is promised is still paid, and nothing is promised any more."""

    budget_id: str
    now: datetime


class CommitMoney(Command, frozen=True):
    """Promise money. `ref` is what it is for: a voucher, a meal's redemption, a terminal's allowance.

    An allowance is of no campaign: it pays for the meals and vouchers of all that the budget has.
    """

    ref: str
    fen: int
    now: datetime
    campaign_id: str = ""


class ReleaseMoney(Command, frozen=True):
    """What was promised is not needed."""

    ref: str
    fen: int
    now: datetime
    campaign_id: str = ""


class ConsumeMoney(Command, frozen=True):
    """What was promised is owed to a merchant."""

    ref: str
    fen: int
    now: datetime
    campaign_id: str = ""


class RestoreMoney(Command, frozen=True):
    """What was consumed was a mistake: it is there again (WF7)."""

    ref: str
    fen: int
    now: datetime
    campaign_id: str = ""


class BudgetAllocated(DomainEvent, frozen=True):
    fen: int
    source_ref: str


class BudgetFrozen(DomainEvent, frozen=True):
    reason: str


class BudgetUnfrozen(DomainEvent, frozen=True):
    """`at` is when."""


class BudgetClosed(DomainEvent, frozen=True):
    """`at` is when."""


class BudgetCommitted(DomainEvent, frozen=True):
    ref: str
    fen: int
    campaign_id: str = ""


class BudgetReleased(DomainEvent, frozen=True):
    ref: str
    fen: int
    campaign_id: str = ""


class BudgetConsumed(DomainEvent, frozen=True):
    ref: str
    fen: int
    campaign_id: str = ""


class BudgetRestored(DomainEvent, frozen=True):
    ref: str
    fen: int
    campaign_id: str = ""


class BudgetThresholdReached(DomainEvent, frozen=True):
    """So many percent are committed or consumed; told once, and again only after more was allocated."""

    percent: int


class BudgetExhausted(DomainEvent, frozen=True):
    """Nothing is available; told once, and again only after more was allocated."""


Move: TypeAlias = CommitMoney | ReleaseMoney | ConsumeMoney | RestoreMoney
BudgetCommand: TypeAlias = AllocateBudget | FreezeBudget | UnfreezeBudget | CloseBudget | Move
BudgetEvent: TypeAlias = (
    BudgetAllocated
    | BudgetFrozen
    | BudgetUnfrozen
    | BudgetClosed
    | BudgetCommitted
    | BudgetReleased
    | BudgetConsumed
    | BudgetRestored
    | BudgetThresholdReached
    | BudgetExhausted
)


class Budget(msgspec.Struct, frozen=True):
    """Sums in fen. `told` is the highest percentage that its owner was told of; 100: that nothing is left."""

    allocated: int = 0
    committed: int = 0
    consumed: int = 0
    frozen: bool = False
    closed: bool = False
    told: int = 0

    @property
    def available(self) -> int:
        return self.allocated - self.committed - self.consumed

    def check_known(self) -> None:
        if not self.allocated:
            raise NotFound("No budget was allocated under this id.", field="budget_id")


def decide(command: BudgetCommand, budget: Budget) -> Sequence[BudgetEvent]:
    match command:
        case AllocateBudget(_, fen, source_ref, now):
            if budget.closed:
                raise refusals.BudgetFrozen
            return [BudgetAllocated(now, fen, source_ref)]
        case CommitMoney():
            return _committed(command, budget)
        case ReleaseMoney(ref, fen, now, campaign_id):
            return [BudgetReleased(now, ref, fen, campaign_id)] if fen else []
        case ConsumeMoney(ref, fen, now, campaign_id):
            return [BudgetConsumed(now, ref, fen, campaign_id)] if fen else []
        case RestoreMoney(ref, fen, now, campaign_id):
            return [BudgetRestored(now, ref, fen, campaign_id)] if fen else []
        case _:
            budget.check_known()
            return _changed(command, budget)


def _changed(command: FreezeBudget | UnfreezeBudget | CloseBudget, budget: Budget) -> Sequence[BudgetEvent]:
    """What it is already is nothing new; a closed one stays so."""
    if budget.closed:
        return []
    match command:
        case FreezeBudget(_, reason, now):
            return [] if budget.frozen else [BudgetFrozen(now, reason)]
        case UnfreezeBudget(_, now):
            return [BudgetUnfrozen(now)] if budget.frozen else []
        case CloseBudget(_, now):
            return [BudgetClosed(now)]
        case _:
            assert_never(command)


def _committed(command: CommitMoney, budget: Budget) -> Sequence[BudgetEvent]:
    """WF1. The owner is told of the highest threshold that this reaches, once."""
    budget.check_known()
    fen, now = command.fen, command.now
    if budget.frozen or budget.closed:
        raise refusals.BudgetFrozen
    if fen > budget.available:
        raise refusals.BudgetExhausted
    events: list[BudgetEvent] = [BudgetCommitted(now, command.ref, fen, command.campaign_id)]
    percent = (budget.committed + budget.consumed + fen) * 100 // budget.allocated
    reached = max((threshold for threshold in THRESHOLDS if threshold <= percent), default=0)
    if percent == ALL > budget.told:
        events.append(BudgetExhausted(now))
    elif reached > budget.told:
        events.append(BudgetThresholdReached(now, reached))
    return events


def evolve(budget: Budget, event: BudgetEvent) -> Budget:
    replace = msgspec.structs.replace
    match event:
        case BudgetAllocated(fen=fen):
            return replace(budget, allocated=budget.allocated + fen, told=0)
        case BudgetFrozen():
            return replace(budget, frozen=True)
        case BudgetUnfrozen():
            return replace(budget, frozen=False)
        case BudgetClosed():
            return replace(budget, closed=True)
        case BudgetCommitted(fen=fen):
            return replace(budget, committed=budget.committed + fen)
        case BudgetReleased(fen=fen):
            return replace(budget, committed=budget.committed - fen)
        case BudgetConsumed(fen=fen):
            return replace(budget, committed=budget.committed - fen, consumed=budget.consumed + fen)
        case BudgetRestored(fen=fen):
            return replace(budget, consumed=budget.consumed - fen)
        case BudgetThresholdReached(percent=percent):
            return replace(budget, told=percent)
        case BudgetExhausted():
            return replace(budget, told=ALL)
        case _:
            assert_never(event)


BUDGET: Decider[BudgetCommand, BudgetEvent, Budget] = Decider("budget", Budget(), decide, evolve, get_args(BudgetEvent))
