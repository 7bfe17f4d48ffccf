"""Merchants, their terminals and offline allowances (WF3, WF13)."""

from __future__ import annotations

from typing import Any

import pytest

from services.welfare.domain import refusals
from services.welfare.domain.allowance import ALLOWANCE, AllowanceUsed, OfflineAllowanceSet, SetOfflineAllowance
from services.welfare.domain.budget import BUDGET, BudgetCommitted, BudgetFrozen, BudgetReleased
from services.welfare.domain.merchant import (
    MERCHANT,
    ApplyAsMerchant,
    LeaveMerchant,
    MerchantApplied,
    MerchantLeft,
    MerchantOnboarded,
    MerchantResumed,
    MerchantSuspended,
    MerchantTerms,
    OnboardMerchant,
    RegisterTerminal,
    RemoveTerminal,
    ResumeMerchant,
    SuspendMerchant,
    TerminalRegistered,
    TerminalRemoved,
)
from services.welfare.publishing import PUBLISHING
from shared.contracts import welfare as contracts
from shared.decider import Command
from shared.errors import NotFound
from shared.testing.given import Given, on

from .shop import TERMS, allowance, at, budget, merchant

NOW = at("09:00")
OTHER = MerchantTerms("canteen", "2026-2", "ct-1")
SUSPENDED = MerchantSuspended(at("08:00"), "K1", "hygiene")


def k1(event: Any) -> Any:
    return on(MERCHANT, "K1", event)


def allow(fen: int, terminal: str = "K1-till") -> SetOfflineAllowance:
    return SetOfflineAllowance("K1", terminal, "B-BRK", fen, NOW)


def test_a_merchant_applies_and_is_taken_in(given: Given) -> None:
    scenario = given().when(ApplyAsMerchant("K1", TERMS, NOW)).then(k1(MerchantApplied(NOW, "K1", TERMS)))
    scenario.when(RegisterTerminal("K1", "K1-till", NOW)).then_refused(NotFound)
    scenario.when(OnboardMerchant("K1", OTHER, NOW)).then(k1(MerchantOnboarded(NOW, "K1", OTHER, begins=True)))
    scenario.when(RegisterTerminal("K1", "K1-till", NOW)).then(k1(TerminalRegistered(NOW, "K1", "K1-till")))


def test_new_terms_hold_from_now_on_and_do_not_resume_who_is_suspended(given: Given) -> None:
    changed = OnboardMerchant("K1", OTHER, NOW)
    scenario = given(merchant("K1", SUSPENDED)).when(changed)
    scenario.then(k1(MerchantOnboarded(NOW, "K1", OTHER, begins=False)))
    scenario.when(changed).then_nothing()
    scenario.when(ResumeMerchant("K1", NOW)).then(k1(MerchantResumed(NOW, "K1")))


def test_wf13_a_merchant_is_suspended_resumed_and_gone(given: Given) -> None:
    scenario = given(merchant("K1")).when(SuspendMerchant("K1", "hygiene", NOW))
    scenario.then(k1(MerchantSuspended(NOW, "K1", "hygiene")))
    scenario.when(ResumeMerchant("K1", NOW)).then(k1(MerchantResumed(NOW, "K1")))
    gone = on(MERCHANT, "K1", TerminalRemoved(NOW, "K1", "K1-till"), MerchantLeft(NOW, "K1"))
    scenario.when(LeaveMerchant("K1", NOW)).then(gone)
    scenario.when(OnboardMerchant("K1", TERMS, NOW)).then(k1(MerchantOnboarded(NOW, "K1", TERMS, begins=True)))


SAID_AGAIN: list[tuple[Any, Command]] = [
    (merchant("K1"), OnboardMerchant("K1", TERMS, NOW)),
    (merchant("K1"), ApplyAsMerchant("K1", OTHER, NOW)),
    (merchant("K1"), ResumeMerchant("K1", NOW)),
    (merchant("K1"), RegisterTerminal("K1", "K1-till", NOW)),
    (merchant("K1"), RemoveTerminal("K1", "K1-9", NOW)),
    (merchant("K1", SUSPENDED), SuspendMerchant("K1", "again", NOW)),
    (merchant("K1", MerchantLeft(NOW, "K1")), LeaveMerchant("K1", NOW)),
    (merchant("K1", MerchantLeft(NOW, "K1")), SuspendMerchant("K1", "late", NOW)),
]


@pytest.mark.parametrize("past,command", SAID_AGAIN)
def test_what_is_so_already_is_nothing_new(given: Given, past: Any, command: Command) -> None:
    given(past).when(command).then_nothing()


@pytest.mark.parametrize(
    "command",
    [
        SuspendMerchant("K9", "x", NOW),
        ResumeMerchant("K9", NOW),
        LeaveMerchant("K9", NOW),
        RegisterTerminal("K9", "K9-till", NOW),
        RemoveTerminal("K9", "K9-till", NOW),
        SetOfflineAllowance("K9", "K9-till", "B-BRK", 300, NOW),
    ],
)
def test_a_merchant_that_nobody_has_taken_in_is_not_found(given: Given, command: Command) -> None:
    given().when(command).then_refused(NotFound)


def test_who_has_left_gets_no_terminal_until_he_is_taken_in_again(given: Given) -> None:
    scenario = given(merchant("K1")).when(LeaveMerchant("K1", NOW))
    scenario.when(RegisterTerminal("K1", "K1-2", NOW)).then_refused(NotFound)
    scenario.when(RemoveTerminal("K1", "K1-till", NOW)).then_nothing()


def test_row_17_whoever_is_suspended_or_gone_is_told_to_checkin() -> None:
    told = PUBLISHING.publish(SUSPENDED, "K1"), PUBLISHING.publish(MerchantLeft(NOW, "K1"), "K1")
    expected = [contracts.MerchantSuspended(merchant_id="K1", reason=reason) for reason in ("hygiene", "left")]
    assert [one and one.data for one in told] == expected


def test_wf3_an_allowance_is_promised_when_it_is_set_raised_and_lowered(given: Given) -> None:
    ref, till = "allowance:K1-till", ("K1", "K1-till", "B-BRK")
    scenario = given(merchant("K1"), budget("B-BRK", 4500)).when(allow(600))
    scenario.then(
        on(BUDGET, "B-BRK", BudgetCommitted(NOW, ref, 600)),
        on(ALLOWANCE, "K1/K1-till", OfflineAllowanceSet(NOW, *till, 600, 0)),
    )
    scenario.when(allow(900)).then(
        on(BUDGET, "B-BRK", BudgetCommitted(NOW, ref, 300)),
        on(ALLOWANCE, "K1/K1-till", OfflineAllowanceSet(NOW, *till, 900, 600)),
    )
    scenario.when(allow(900)).then_nothing()
    scenario.when(allow(0)).then(
        on(BUDGET, "B-BRK", BudgetReleased(NOW, ref, 900)),
        on(ALLOWANCE, "K1/K1-till", OfflineAllowanceSet(NOW, *till, 0, 900)),
    )


def test_wf3_what_was_used_is_filled_up(given: Given) -> None:
    used = on(ALLOWANCE, "K1/K1-till", AllowanceUsed(at("08:00"), "K1", "K1-till", "B-BRK", "R1", 300))
    scenario = given(merchant("K1"), budget("B-BRK", 4500), *allowance("K1", "B-BRK", 600), used).when(allow(600))
    assert scenario.events["budget-B-BRK"] == [BudgetCommitted(NOW, "allowance:K1-till", 300)]


def test_wf1_an_allowance_is_within_the_budget(given: Given) -> None:
    given(merchant("K1"), budget("B-BRK", 300)).when(allow(301)).then_refused(refusals.BudgetExhausted)
    frozen = budget("B-BRK", 4500, BudgetFrozen(NOW, "audit"))
    given(merchant("K1"), frozen).when(allow(300)).then_refused(refusals.BudgetFrozen)
    given(merchant("K1")).when(allow(300)).then_refused(NotFound)


def test_an_allowance_is_for_a_terminal_of_the_merchant(given: Given) -> None:
    given(merchant("K1"), budget("B-BRK", 4500)).when(allow(300, "M1-till")).then_refused(refusals.TerminalUnknown)


def test_wf3_a_terminal_that_is_removed_releases_its_allowance(given: Given) -> None:
    past = (merchant("K1"), budget("B-BRK", 4500), *allowance("K1", "B-BRK", 600))
    given(*past).when(RemoveTerminal("K1", "K1-till", NOW)).then(
        k1(TerminalRemoved(NOW, "K1", "K1-till")),
        on(BUDGET, "B-BRK", BudgetReleased(NOW, "allowance:K1-till", 600)),
        on(ALLOWANCE, "K1/K1-till", OfflineAllowanceSet(NOW, "K1", "K1-till", "B-BRK", 0, 600)),
    )


def test_wf3_so_does_every_terminal_of_a_merchant_who_leaves(given: Given) -> None:
    past = (merchant("K1"), budget("B-BRK", 4500), *allowance("K1", "B-BRK", 600))
    events = given(*past).when(LeaveMerchant("K1", NOW)).events
    assert events["budget-B-BRK"] == [BudgetReleased(NOW, "allowance:K1-till", 600)]


def test_wf13_who_is_suspended_keeps_his_allowances(given: Given) -> None:
    past = (merchant("K1"), budget("B-BRK", 4500), *allowance("K1", "B-BRK", 600))
    given(*past).when(SuspendMerchant("K1", "hygiene", NOW)).then(k1(MerchantSuspended(NOW, "K1", "hygiene")))
