"""Settlements (WF8): at the cut-off, by two people (K8), each redemption in one, corrections in the next one."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import msgspec
import pytest

from services.welfare.domain import refusals
from services.welfare.domain.balance import BALANCE, BalanceCarriedForward, BalanceTaken
from services.welfare.domain.merchant import TerminalRegistered
from services.welfare.domain.settlement import (
    SETTLEMENT,
    PaySettlements,
    SettlementApproved,
    SettlementCreated,
    SettlementDenied,
    SettlementPaid,
    SettlementVerified,
    settlement_id_of,
)
from services.welfare.domain.takings import (
    CUT_OFF_TIMER,
    TAKINGS,
    Adjustment,
    AdjustmentAdded,
    LineDropped,
    TakingsClosed,
    cut_off,
    whose,
)
from services.welfare.policies import TIMERS
from services.welfare.publishing import PUBLISHING
from shared.decider import DeadlineSet
from shared.errors import NotFound
from shared.testing.given import Given, on
from tests.welfare.settling import (
    APPROVED,
    CUT,
    K1,
    K1_NEXT,
    NEXT,
    SHOP,
    VERIFIED,
    approve,
    created,
    deny,
    later,
    line,
    pay,
    settle,
    settled,
    taken,
    verify,
)
from tests.welfare.shop import BREAKFAST, DAY, at, campaign, meal, merchant, redeem, reverse

R1, R2 = line("R1", at("07:00")), line("R2", at("07:05"), 2)


def test_wf8_at_the_cut_off_the_lines_of_the_day_are_settled(given: Given) -> None:
    given(taken(R1, R2)).when(settle()).then(
        on(TAKINGS, "K1/2026-01-23", TakingsClosed(CUT)),
        on(SETTLEMENT, K1, SettlementCreated(CUT, "K1", DAY, (R1, R2), (), 0, 600)),
    )


def test_wf8_net_is_opening_and_lines_and_adjustments(given: Given) -> None:
    back = Adjustment("R0", -300, "reversed")
    adjusted = on(TAKINGS, "K1/2026-01-23", AdjustmentAdded(at("08:00"), "K1", DAY, back))
    owed = on(BALANCE, "K1", BalanceCarriedForward(at("22:00", "2026-01-22"), "K1-2026-01-22", -100))
    given(taken(R1, R2), adjusted, owed).when(settle()).then(
        on(TAKINGS, "K1/2026-01-23", TakingsClosed(CUT)),
        on(BALANCE, "K1", BalanceTaken(CUT, K1, -100)),
        on(SETTLEMENT, K1, SettlementCreated(CUT, "K1", DAY, (R1, R2), (back,), -100, 200)),
    )


def test_wf8_a_settlement_is_made_once_however_often_the_cut_off_comes(given: Given) -> None:
    given(taken(R1)).when(settle()).when(settle()).then_nothing()


def test_wf8_late_after_an_outage_it_is_exactly_the_takings_of_its_day(given: Given) -> None:
    """What was verified meanwhile is of the next day, as it was verified after the cut-off."""
    past = [*SHOP, taken(R1)]
    scenario = given(*past).when(meal("R3", "W03", later("06:30"))).when(settle())
    assert [one.redemption_id for one in scenario.events[f"settlement-{K1}"][0].lines] == ["R1"]  # type: ignore[attr-defined]
    after = scenario.when(settle(NEXT))
    assert [one.redemption_id for one in after.events[f"settlement-{K1_NEXT}"][0].lines] == ["R3"]  # type: ignore[attr-defined]


@pytest.mark.parametrize("clock,day", [("21:59", DAY), ("22:00", NEXT), ("22:01", NEXT)])
def test_wf8_the_cut_off_itself_belongs_to_the_next_day(given: Given, clock: str, day: date) -> None:
    all_day = campaign("breakfast", msgspec.structs.replace(BREAKFAST, window_from=None, window_to=None))
    scenario = given(SHOP[0], all_day, SHOP[2]).when(meal("R1", "W01", at(clock)))
    assert f"takings-K1/{day.isoformat()}" in scenario.events


def test_k6_a_line_that_comes_when_its_takings_are_closed_is_of_the_next_day(given: Given) -> None:
    """By a clock that is behind the one that has closed them."""
    scenario = given(*SHOP, *settled(R2)).when(meal("R1", "W01", at("07:00")))
    assert "takings-K1/2026-01-24" in scenario.events
    assert "takings-K1/2026-01-23" not in scenario.events


def test_wf8_a_day_whose_lines_have_all_gone_has_no_settlement(given: Given) -> None:
    gone = on(TAKINGS, "K1/2026-01-23", LineDropped(at("08:00"), "R1"))
    given(taken(R1), gone).when(settle()).then(on(TAKINGS, "K1/2026-01-23", TakingsClosed(CUT)))


def test_wf8_what_is_owed_waits_for_a_day_with_takings(given: Given) -> None:
    gone = on(TAKINGS, "K1/2026-01-23", LineDropped(at("08:00"), "R1"))
    owed = on(BALANCE, "K1", BalanceCarriedForward(at("22:00", "2026-01-22"), "K1-2026-01-22", -100))
    given(taken(R1), gone, owed).when(settle()).then(on(TAKINGS, "K1/2026-01-23", TakingsClosed(CUT)))


def test_wf8_e42_a_net_below_zero_is_carried_forward_to_the_next_settlement(given: Given) -> None:
    """E42: nobody asks the merchant for money; his next takings pay it."""
    back = Adjustment("R0", -700, "reversed")
    adjusted = on(TAKINGS, "K1/2026-01-23", AdjustmentAdded(at("08:00"), "K1", DAY, back))
    tomorrow = line("R3", later("07:00"), fen=2_000)
    scenario = given(taken(R1), adjusted, taken(tomorrow, day=NEXT)).when(settle())
    scenario.then(
        on(TAKINGS, "K1/2026-01-23", TakingsClosed(CUT)),
        on(SETTLEMENT, K1, SettlementCreated(CUT, "K1", DAY, (R1,), (back,), 0, -400)),
        on(BALANCE, "K1", BalanceCarriedForward(CUT, K1, -400)),
    )
    scenario.when(settle(NEXT)).then(
        on(TAKINGS, "K1/2026-01-24", TakingsClosed(cut_off(NEXT))),
        on(BALANCE, "K1", BalanceTaken(cut_off(NEXT), K1_NEXT, -400)),
        on(SETTLEMENT, K1_NEXT, SettlementCreated(cut_off(NEXT), "K1", NEXT, (tomorrow,), (), -400, 1_600)),
    )


def test_wf8_a_net_below_zero_is_carried_again_while_the_takings_are_too_small(given: Given) -> None:
    owed = on(BALANCE, "K1", BalanceCarriedForward(at("22:00", "2026-01-22"), "K1-2026-01-22", -1_000))
    scenario = given(taken(R1), owed).when(settle())
    carried = scenario.events["balance-K1"]
    assert carried == [BalanceTaken(CUT, K1, -1_000), BalanceCarriedForward(CUT, K1, -700)]


@pytest.mark.parametrize("fen,stage", [(-300, "closed"), (-301, "carried"), (-299, "created")])
def test_wf8_net_zero_is_closed_and_takes_no_step(given: Given, fen: int, stage: str) -> None:
    back = Adjustment("R0", fen, "reversed")
    adjusted = on(TAKINGS, "K1/2026-01-23", AdjustmentAdded(at("08:00"), "K1", DAY, back))
    made = given(taken(R1), adjusted).when(settle()).events[f"settlement-{K1}"]
    assert SETTLEMENT.fold(made).stage == stage  # type: ignore[arg-type]
    steps = given(taken(R1), adjusted).when(settle()).when(verify())
    if stage == "created":
        steps.then(on(SETTLEMENT, K1, SettlementVerified(later("10:00"), "A1")))
    else:
        steps.then_refused(refusals.SettlementClosed)


def test_wf8_verified_by_one_approved_by_another_and_paid(given: Given) -> None:
    scenario = given(*settled(R1)).when(verify())
    scenario.then(on(SETTLEMENT, K1, SettlementVerified(later("10:00"), "A1")))
    scenario.when(approve()).then(on(SETTLEMENT, K1, SettlementApproved(later("10:10"), "A2")))
    scenario.when(pay()).then(on(SETTLEMENT, K1, SettlementPaid(later("10:30"), "K1", DAY, 300, "BANK-1", "A1")))


def test_k8_who_verified_cannot_approve(given: Given) -> None:
    given(*settled(R1, then=(VERIFIED,))).when(approve("A1")).then_refused(refusals.FourEyesRequired)


STAGES: dict[str, tuple[Any, ...]] = {
    "created": (),
    "verified": (VERIFIED,),
    "approved": (VERIFIED, APPROVED),
    "paid": (VERIFIED, APPROVED, SettlementPaid(later("10:30"), "K1", DAY, 300, "BANK-1", "A1")),
    "denied": (SettlementDenied(later("10:05"), "K1", 300, "wrong_price", "A1"),),
}
DUE = {"verify": "created", "approve": "verified", "pay": "approved"}
STEPS = {"verify": verify("A3"), "approve": approve("A3"), "pay": pay("BANK-2"), "deny": deny("A3")}


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("step", STEPS)
def test_wf8_a_step_that_is_not_due_is_refused(given: Given, stage: str, step: str) -> None:
    scenario = given(*settled(R1, then=STAGES[stage])).when(STEPS[step])
    due = stage in ("created", "verified") if step == "deny" else DUE[step] == stage
    if due:
        assert scenario.events
    else:
        scenario.then_refused(refusals.SettlementClosed)


@pytest.mark.parametrize(
    "stage,again", [("verified", verify()), ("approved", approve()), ("paid", pay()), ("denied", deny())]
)
def test_a_step_that_its_taker_repeats_is_nothing_new(given: Given, stage: str, again: Any) -> None:
    given(*settled(R1, then=STAGES[stage])).when(again).then_nothing()


@pytest.mark.parametrize("step", STEPS.values())
def test_what_was_never_settled_takes_no_step(given: Given, step: Any) -> None:
    given(taken(R1)).when(step).then_refused(NotFound)


def test_several_are_paid_together_or_none(given: Given) -> None:
    both = [*settled(R1, then=STAGES["approved"]), *settled(line("R3", later("07:00")), day=NEXT, then=(VERIFIED,))]
    wish = PaySettlements((pay(), pay(name=K1_NEXT)))
    given(*both).when(wish).then_refused(refusals.SettlementClosed)
    ready = [*both, on(SETTLEMENT, K1_NEXT, APPROVED)]
    given(*ready).when(wish).then(
        on(SETTLEMENT, K1, SettlementPaid(later("10:30"), "K1", DAY, 300, "BANK-1", "A1")),
        on(SETTLEMENT, K1_NEXT, SettlementPaid(later("10:30"), "K1", NEXT, 300, "BANK-1", "A1")),
    )
    given(*ready).when(wish).when(wish).then_nothing()


def test_wf8_what_a_denied_settlement_comes_to_is_the_opening_of_the_next_one(given: Given) -> None:
    """Also when nothing is taken until then."""
    scenario = given(*settled(R1)).when(deny())
    scenario.then(
        on(SETTLEMENT, K1, SettlementDenied(later("10:05"), "K1", 300, "wrong_price", "A1")),
        on(BALANCE, "K1", BalanceCarriedForward(later("10:05"), K1, 300)),
        on(TAKINGS, "K1/2026-01-24", DeadlineSet(later("10:05"), CUT_OFF_TIMER, "K1/2026-01-24", cut_off(NEXT))),
    )
    scenario.when(settle(NEXT)).then(
        on(TAKINGS, "K1/2026-01-24", TakingsClosed(cut_off(NEXT))),
        on(BALANCE, "K1", BalanceTaken(cut_off(NEXT), K1_NEXT, 300)),
        on(SETTLEMENT, K1_NEXT, created(day=NEXT, opening=300)),
    )


def test_e40_nothing_is_paid_before_the_cut_off_so_a_mistake_leaves_no_trace(given: Given) -> None:
    """E40: the line vanishes, and is in no settlement."""
    scenario = given(*SHOP).when(meal("R1", "W01", at("07:00"))).when(reverse("R1", at("08:10")))
    assert scenario.events["takings-K1/2026-01-23"] == [LineDropped(at("08:10"), "R1")]
    scenario.when(settle()).then(on(TAKINGS, "K1/2026-01-23", TakingsClosed(CUT)))


def test_e41_a_reversal_after_the_cut_off_never_changes_what_was_settled(given: Given) -> None:
    """E41: the settlement stays as the bank has it; the next one is lessened."""
    scenario = given(*SHOP).when(meal("R1", "W01", at("07:00"))).when(settle()).when(reverse("R1", later("08:00")))
    back = Adjustment("R1", -300, "reversed")
    added = scenario.events["takings-K1/2026-01-24"][0]
    assert added == AdjustmentAdded(later("08:00"), "K1", NEXT, back)
    assert f"settlement-{K1}" not in scenario.events
    again = scenario.when(settle(NEXT)).events
    assert again[f"settlement-{K1_NEXT}"] == [created(day=NEXT, adjustments=(back,))]
    assert again["balance-K1"] == [BalanceCarriedForward(cut_off(NEXT), K1_NEXT, -300)]


def test_the_timer_of_the_takings_settles_them_at_their_cut_off() -> None:
    assert TIMERS["takings", CUT_OFF_TIMER]("K1/2026-01-23", "K1/2026-01-23", CUT) == settle()


def test_no_two_merchants_and_days_have_one_settlement() -> None:
    """Ids may look like dates themselves."""
    merchants = ["K1", "K1-2026-01-23", "K1-2026-01-23-2026-01-23", "2026-01-23", "K", "K1-", "1"]
    days = [DAY + timedelta(days=n) for n in range(3)]
    names = {settlement_id_of(one, day) for one in merchants for day in days}
    assert len(names) == len(merchants) * len(days)
    assert {(name[:-11], date.fromisoformat(name[-10:])) for name in names} == {(m, d) for m in merchants for d in days}
    assert whose("K1-2026-01-23/2026-01-24") == ("K1-2026-01-23", NEXT)


def test_the_longest_ids_can_be_settled_and_told(given: Given) -> None:
    """An id has up to 96 characters: names that are made of one are longer, and are published, too."""
    name = "K" * 96
    serving = merchant(name, TerminalRegistered(at("05:00"), name, "T1"))
    everywhere = campaign("breakfast", msgspec.structs.replace(BREAKFAST, merchants=()))
    wish = redeem("R" * 96, "W01", name, at("07:00"), campaign_id="breakfast", terminal_id="T1")
    scenario = given(serving, everywhere, SHOP[2]).when(wish)
    told = [PUBLISHING.publish(event, "R" * 96) for event in scenario.events["redemption-" + "R" * 96]]
    assert told[0] is not None
    settlement = settlement_id_of(name, DAY)
    (made,) = scenario.when(settle(merchant_id=name)).events[f"settlement-{settlement}"]
    sent = PUBLISHING.publish(made, settlement)
    assert sent is not None
    assert sent.key == settlement
