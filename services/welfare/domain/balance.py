"""Balance 结转: what is carried forward from a merchant's settlements, and is the opening of the next one (WF8).

Below zero the merchant owes it (E42); above, a denied settlement has left it. The state is the sum in fen.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypeAlias, assert_never, get_args

from shared.decider import Command, Decider, DomainEvent


class CarryForward(Command, frozen=True):
    settlement_id: str
    fen: int
    now: datetime


class TakeBalance(Command, frozen=True):
    """A settlement opens with all that was carried."""

    settlement_id: str
    now: datetime


class BalanceCarriedForward(DomainEvent, frozen=True):
    settlement_id: str
    fen: int


class BalanceTaken(DomainEvent, frozen=True):
    settlement_id: str
    fen: int


BalanceCommand: TypeAlias = CarryForward | TakeBalance
BalanceEvent: TypeAlias = BalanceCarriedForward | BalanceTaken


def decide(command: BalanceCommand, fen: int) -> Sequence[BalanceEvent]:
    match command:
        case CarryForward(settlement_id, carried, now):
            return [BalanceCarriedForward(now, settlement_id, carried)] if carried else []
        case TakeBalance(settlement_id, now):
            return [BalanceTaken(now, settlement_id, fen)] if fen else []
        case _:
            assert_never(command)


def evolve(fen: int, event: BalanceEvent) -> int:
    match event:
        case BalanceCarriedForward(fen=carried):
            return fen + carried
        case BalanceTaken(fen=taken):
            return fen - taken
        case _:
            assert_never(event)


BALANCE: Decider[BalanceCommand, BalanceEvent, int] = Decider("balance", 0, decide, evolve, get_args(BalanceEvent))
