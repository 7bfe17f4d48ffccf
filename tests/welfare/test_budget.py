"""Budgets: what is promised and owed never exceeds what was allocated (WF1)."""

from __future__ import annotations

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from services.welfare.domain import refusals
from services.welfare.domain.budget import (
    BUDGET,
    AllocateBudget,
    Budget,
    BudgetAllocated,
    BudgetClosed,
    BudgetCommand,
    BudgetCommitted,
    BudgetConsumed,
    BudgetExhausted,
    BudgetFrozen,
    BudgetReleased,
    BudgetRestored,
    BudgetThresholdReached,
    BudgetUnfrozen,
    CloseBudget,
    CommitMoney,
    ConsumeMoney,
    FreezeBudget,
    Move,
    ReleaseMoney,
    RestoreMoney,
    UnfreezeBudget,
)
from shared.decider import DomainEvent
from shared.errors import NotFound, Refused
from shared.testing.given import Given, on
from tests.welfare.campaigns import allocated, at

NOW = at(6)
HUNDRED = BUDGET.fold([BudgetAllocated(NOW, 100, "2026-001")])


def after(budget: Budget, *commands: BudgetCommand) -> Budget:
    for command in commands:
        budget = BUDGET.fold(BUDGET.decide(command, budget), budget)
    return budget


def test_money_is_set_aside_and_more_of_it_later(given: Given) -> None:
    scenario = given().when(AllocateBudget("B", 100, "2026-001", NOW))
    scenario.then(on(BUDGET, "B", BudgetAllocated(NOW, 100, "2026-001")))
    scenario.when(AllocateBudget("B", 50, "2026-002", NOW)).then(on(BUDGET, "B", BudgetAllocated(NOW, 50, "2026-002")))


def test_wf1_e36_e38_no_more_is_promised_than_is_left() -> None:
    rest = after(HUNDRED, CommitMoney("VC-1", 60, NOW))
    assert rest.available == 40
    with pytest.raises(refusals.BudgetExhausted):
        BUDGET.decide(CommitMoney("VC-2", 41, NOW), rest)
    assert after(rest, CommitMoney("VC-2", 40, NOW)).available == 0


def test_wf1_what_is_released_or_restored_can_be_promised_again() -> None:
    spent = after(HUNDRED, CommitMoney("VC-1", 100, NOW), ConsumeMoney("VC-1", 70, NOW), ReleaseMoney("VC-1", 30, NOW))
    assert (spent.committed, spent.consumed, spent.available) == (0, 70, 30)
    back = after(spent, RestoreMoney("X-1", 70, NOW))
    assert (back.committed, back.consumed, back.available) == (0, 0, 100)


def test_each_move_is_told_with_what_it_is_for_and_of_which_campaign() -> None:
    told: dict[type[Move], type[DomainEvent]] = {
        CommitMoney: BudgetCommitted,
        ReleaseMoney: BudgetReleased,
        ConsumeMoney: BudgetConsumed,
        RestoreMoney: BudgetRestored,
    }
    for command, event in told.items():
        assert BUDGET.decide(command("VC-1", 10, NOW, "drink"), HUNDRED) == [event(NOW, "VC-1", 10, "drink")]  # type: ignore[call-arg]
        if command is not CommitMoney:
            assert BUDGET.decide(command("VC-1", 0, NOW, "drink"), HUNDRED) == []


@pytest.mark.parametrize(
    ("before", "fen", "told"),
    [
        (0, 79, []),
        (0, 80, [BudgetThresholdReached(NOW, 80)]),
        (79, 15, [BudgetThresholdReached(NOW, 80)]),
        (80, 14, []),
        (80, 15, [BudgetThresholdReached(NOW, 95)]),
        (0, 96, [BudgetThresholdReached(NOW, 95)]),
        (95, 5, [BudgetExhausted(NOW)]),
        (0, 100, [BudgetExhausted(NOW)]),
    ],
)
def test_the_owner_is_told_of_80_and_95_percent_and_of_nothing_left(before: int, fen: int, told: list[object]) -> None:
    budget = after(HUNDRED, CommitMoney("VC-0", before, NOW)) if before else HUNDRED
    assert BUDGET.decide(CommitMoney("VC-1", fen, NOW), budget)[1:] == told


def test_a_threshold_is_told_once_and_again_after_more_was_allocated() -> None:
    told = after(HUNDRED, CommitMoney("VC-1", 80, NOW), ReleaseMoney("VC-1", 80, NOW))
    assert BUDGET.decide(CommitMoney("VC-2", 80, NOW), told) == [BudgetCommitted(NOW, "VC-2", 80)]
    more = after(told, AllocateBudget("B", 100, "2026-002", NOW))
    assert BUDGET.decide(CommitMoney("VC-2", 160, NOW), more)[1:] == [BudgetThresholdReached(NOW, 80)]


def test_a_frozen_budget_promises_nothing_and_pays_what_it_has_promised(given: Given) -> None:
    scenario = given(allocated("B", 100)).when(FreezeBudget("B", "audit", NOW))
    scenario.then(on(BUDGET, "B", BudgetFrozen(NOW, "audit")))
    scenario.when(FreezeBudget("B", "audit", NOW)).then_nothing()
    frozen = after(after(HUNDRED, CommitMoney("VC-1", 60, NOW)), FreezeBudget("B", "audit", NOW))
    with pytest.raises(refusals.BudgetFrozen):
        BUDGET.decide(CommitMoney("VC-2", 1, NOW), frozen)
    assert after(frozen, ConsumeMoney("VC-1", 60, NOW)).consumed == 60
    scenario.when(UnfreezeBudget("B", NOW)).then(on(BUDGET, "B", BudgetUnfrozen(NOW)))
    scenario.when(UnfreezeBudget("B", NOW)).then_nothing()


def test_a_closed_budget_stays_closed(given: Given) -> None:
    scenario = given(allocated("B", 100)).when(CloseBudget("B", NOW)).then(on(BUDGET, "B", BudgetClosed(NOW)))
    scenario.when(CloseBudget("B", NOW)).then_nothing()
    scenario.when(UnfreezeBudget("B", NOW)).then_nothing()
    scenario.when(AllocateBudget("B", 1, "2026-002", NOW)).then_refused(refusals.BudgetFrozen)


def test_a_budget_that_nobody_allocated_is_not_found(given: Given) -> None:
    given().when(FreezeBudget("B", "audit", NOW)).then_refused(NotFound)


AMOUNTS = st.integers(0, 60)
MOVES = st.lists(
    st.tuples(st.sampled_from(["commit", "spend", "release", "restore", "allocate"]), AMOUNTS), max_size=60
)


@drawn(MOVES)
def test_wf1_holds_after_every_move_whatever_is_asked(moves: list[tuple[str, int]]) -> None:
    """Against a plain book of what each voucher holds: sums agree and nothing is ever below zero."""
    budget, total = HUNDRED, 100
    held: list[int] = []
    consumed: list[int] = []
    for kind, fen in moves:
        commands: list[BudgetCommand] = []
        if kind == "commit":
            try:
                commands = [CommitMoney("R", fen, NOW)]
                budget = after(budget, *commands)
                held.append(fen)
            except Refused:
                assert fen > total - sum(held) - sum(consumed)
            continue
        if kind == "allocate" and fen:
            commands, total = [AllocateBudget("B", fen, "2026-002", NOW)], total + fen
        elif kind == "spend" and held:
            face = held.pop()
            paid = min(face, fen)
            commands = [ConsumeMoney("R", paid, NOW), ReleaseMoney("R", face - paid, NOW)]
            consumed.append(paid)
        elif kind == "release" and held:
            commands = [ReleaseMoney("R", held.pop(), NOW)]
        elif kind == "restore" and consumed:
            commands = [RestoreMoney("R", consumed.pop(), NOW)]
        budget = after(budget, *commands)
        assert (budget.allocated, budget.committed, budget.consumed) == (total, sum(held), sum(consumed))
        assert 0 <= budget.available <= total
