"""Reversals (WF7): within seven days, before or after the settlement, with the voucher back or expired."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from services.welfare.domain import refusals
from services.welfare.domain.budget import BUDGET, BudgetCommitted, BudgetFrozen, BudgetRestored
from services.welfare.domain.entitlement import EntitlementExpired, EntitlementRestored
from services.welfare.domain.merchant import MerchantLeft, MerchantSuspended
from services.welfare.domain.redemption_events import RedemptionReversed
from services.welfare.domain.takings import (
    TAKINGS,
    Adjustment,
    AdjustmentAdded,
    LineDropped,
    TakingsClosed,
)
from services.welfare.domain.voucher import VOUCHER
from services.welfare.domain.voucher_events import (
    EXPIRY,
    CollectionPermitted,
    VoucherExpired,
    VoucherReinstated,
    VoucherReserved,
)
from services.welfare.handlers import HANDLERS
from shared.decider import Change, DeadlineSet
from shared.errors import NotFound, Refused
from shared.testing.given import Given, Scenario, on

from .shop import allowance, at, budget, campaign, meal, merchant, redeem, reverse, verified, voucher

BOUGHT, NOW = at("07:10"), at("08:20")
NEXT_DAY = at("09:00", "2026-01-24")
CLOSED = on(TAKINGS, "K1/2026-01-23", TakingsClosed(at("22:00")))
DRINK, ISSUED = voucher("drinks", "W01", until=at("00:00", "2026-02-01"))
SHOP: tuple[Change, ...] = (merchant("M2"), campaign("drinks"), budget("B-DRINK", 300), *ISSUED)


def a_meal(given: Given, *more: Change, fen: int = 4500) -> Scenario:
    past = (merchant("K1"), campaign("breakfast"), budget("B-BRK", fen), *more)
    return given(*past).when(meal("R1", "W15", BOUGHT))


def a_drink(given: Given, *more: Change, basket: int = 300) -> Scenario:
    scenario = given(*SHOP, *more).when(redeem("R1", "W01", "M2", BOUGHT, basket, voucher_id=DRINK))
    assert verified(scenario.events).split.union_fen == min(basket, 300)
    return scenario


def test_wf7_a_meal_that_is_not_settled_yet_vanishes_and_the_budget_has_its_money_again(given: Given) -> None:
    scenario = a_meal(given)
    purchase = verified(scenario.events).purchase
    scenario.when(reverse("R1", NOW, member_id="W15", merchant_id="K1", terminal_id="K1-till"))
    events = scenario.events
    assert events["takings-K1/2026-01-23"] == [LineDropped(NOW, "R1")]
    assert events["budget-B-BRK"] == [BudgetRestored(NOW, "R1", 300, "breakfast")]
    assert events["redemption-R1"] == [RedemptionReversed(NOW, "not_served", 300, None, purchase)]
    assert [type(event) for event in events["entitlement-breakfast/W15"]] == [EntitlementRestored]


def test_wf7_then_the_last_300_fen_are_for_the_next_in_line_and_the_day_is_the_members_again(given: Given) -> None:
    """Steps 6 and 10 of the scenario."""
    scenario = a_meal(given, fen=300).when(meal("R2", "W16", at("07:15")))
    scenario.when(reverse("R1", NOW)).when(meal("R3", "W16", at("08:25")))
    verified(scenario.events, "R3")
    again = a_meal(given).when(reverse("R1", NOW)).when(meal("R2", "W15", at("08:25")))
    assert verified(again.events, "R2").receipt_no == "K1-20260123-00002"


def test_wf7_e40_e41_what_was_settled_is_an_adjustment_of_the_next_settlement(given: Given) -> None:
    scenario = a_meal(given)
    purchase = verified(scenario.events).purchase
    settled = given(merchant("K1"), campaign("breakfast"), budget("B-BRK", 4500), *_past(scenario), CLOSED)
    events = settled.when(reverse("R1", NEXT_DAY)).events
    tomorrow = date(2026, 1, 24)
    added = AdjustmentAdded(NEXT_DAY, "K1", tomorrow, Adjustment("R1", -300, "reversed"))
    assert events["takings-K1/2026-01-24"][0] == added
    assert "takings-K1/2026-01-23" not in events
    assert events["redemption-R1"] == [RedemptionReversed(NEXT_DAY, "not_served", 300, tomorrow, purchase)]
    assert events["budget-B-BRK"] == [BudgetRestored(NEXT_DAY, "R1", 300, "breakfast")]


def _past(scenario: Scenario) -> list[Change]:
    """What was decided, as a past."""
    deciders = {decider.category: decider for decider in HANDLERS.deciders}
    named = [(stream.partition("-"), events) for stream, events in scenario.events.items()]
    return [on(deciders[category], entity, *events) for (category, _, entity), events in named]


def test_wf7_a_voucher_that_is_still_valid_is_good_again_by_a_new_commitment(given: Given) -> None:
    events = a_drink(given).when(reverse("R1", NOW)).events
    assert events["budget-B-DRINK"][:2] == [
        BudgetRestored(NOW, DRINK, 300, "drinks"),
        BudgetCommitted(NOW, DRINK, 300, "drinks"),
    ]
    until = at("00:00", "2026-02-01")
    assert events["voucher-" + DRINK] == [VoucherReinstated(NOW, "R1"), DeadlineSet(NOW, EXPIRY, DRINK, until)]
    assert [type(event) for event in events["entitlement-drinks/W01"]] == [EntitlementRestored]


def test_wf7_and_is_redeemed_again(given: Given) -> None:
    scenario = a_drink(given).when(reverse("R1", NOW))
    verified(scenario.when(redeem("R2", "W01", "M2", at("08:25"), 300, campaign_id="drinks")).events, "R2")


EXPIRES: list[tuple[str, tuple[Change, ...], Any]] = [
    ("past its end", (), at("07:00", "2026-01-30")),
    ("no room for its face", (on(BUDGET, "B-DRINK", BudgetCommitted(NOW, "other", 200, "drinks")),), NOW),
    ("budget is frozen", (on(BUDGET, "B-DRINK", BudgetFrozen(NOW, "audit")),), NOW),
]


@pytest.mark.parametrize("after,now", [one[1:] for one in EXPIRES], ids=[one[0] for one in EXPIRES])
def test_wf7_else_it_stays_expired_and_the_money_is_free(given: Given, after: tuple[Change, ...], now: Any) -> None:
    drink, issued = voucher("drinks", "W01", until=at("00:00", "2026-01-30"))
    past = (merchant("M2"), campaign("drinks"), budget("B-DRINK", 300), *issued)
    bought = given(*past).when(redeem("R1", "W01", "M2", BOUGHT, 100, voucher_id=drink))
    events = given(*past, *_past(bought), *after).when(reverse("R1", now)).events
    assert events["budget-B-DRINK"] == [BudgetRestored(now, drink, 100, "drinks")]
    assert events["voucher-" + drink] == [VoucherExpired(now, "W01", "drinks")]
    kinds = [type(event) for event in events["entitlement-drinks/W01"]]
    assert kinds == [EntitlementRestored, EntitlementExpired]


def test_wf7_one_that_was_over_before_its_offline_upload_stays_so(given: Given) -> None:
    over = on(VOUCHER, DRINK, VoucherExpired(at("08:00"), "W01", "drinks"))
    offline = redeem("R1", "W01", "M2", at("09:00"), 300, told=BOUGHT, voucher_id=DRINK)
    past = (merchant("M2"), campaign("drinks"), budget("B-DRINK", 900), *ISSUED, over, *allowance("M2", "B-DRINK", 300))
    events = given(*past).when(offline).when(reverse("R1", at("09:30"))).events
    assert events["voucher-" + DRINK] == [VoucherExpired(at("09:30"), "W01", "drinks")]


def test_wf7_a_collection_is_put_right_while_its_slot_lasts(given: Given) -> None:
    gift, issued = voucher("gifts", "W06")
    slot = (
        VoucherReserved(at("08:00"), "collection", "BK1", "M1", at("11:15")),
        CollectionPermitted(at("10:04"), "BK1", "M1"),
    )
    past = (merchant("M1"), campaign("gifts"), budget("B-GIFT", 2000), *issued, on(VOUCHER, gift, *slot))
    scenario = given(*past).when(redeem("R1", "W06", "M1", at("10:05"), 250, voucher_id=gift))
    scenario.when(reverse("R1", at("10:06")))
    scenario.when(redeem("R2", "W06", "M1", at("10:07"), 2500, voucher_id=gift))
    assert verified(scenario.events, "R2").split.union_fen == 2000


@pytest.mark.parametrize("late,ok", [(timedelta(days=7) - timedelta(seconds=1), True), (timedelta(days=7), False)])
def test_wf7_up_to_seven_times_24_hours(given: Given, late: timedelta, ok: bool) -> None:
    scenario = a_meal(given).when(reverse("R1", BOUGHT + late))
    if ok:
        assert "redemption-R1" in scenario.events
    else:
        scenario.then_refused(refusals.ReversalWindowClosed)


def test_wf7_once(given: Given) -> None:
    scenario = a_meal(given).when(reverse("R1", NOW)).when(reverse("R1", at("08:21")))
    scenario.then_refused(refusals.AlreadyReversed)


def test_k2_the_redemption_itself_is_nothing_new_after_its_reversal(given: Given) -> None:
    a_meal(given).when(reverse("R1", NOW)).when(meal("R1", "W15", at("08:22"))).then_nothing()


WRONG: list[tuple[dict[str, str], type[Refused]]] = [
    ({"redemption_id": "R9"}, NotFound),
    ({"member_id": "W16"}, NotFound),
    ({"merchant_id": "M1"}, NotFound),
    ({"merchant_id": "K1", "terminal_id": "M1-till"}, refusals.TerminalUnknown),
    ({"merchant_id": "K9", "terminal_id": "K9-till"}, NotFound),
]


@pytest.mark.parametrize("who,refusal", WRONG)
def test_a_terminal_reverses_its_merchants_own(given: Given, who: dict[str, str], refusal: type[Refused]) -> None:
    wish = {"redemption_id": "R1", **who}
    a_meal(given).when(reverse(wish.pop("redemption_id"), NOW, **wish)).then_refused(refusal)


def test_what_was_refused_is_not_reversed(given: Given) -> None:
    past = (merchant("K1"), campaign("breakfast"), budget("B-BRK", 100))
    given(*past).when(meal("R1", "W15", BOUGHT)).when(reverse("R1", NOW)).then_refused(NotFound)


@pytest.mark.parametrize("how", [MerchantSuspended(at("08:00"), "K1", "hygiene"), MerchantLeft(at("08:00"), "K1")])
def test_wf13_a_merchant_who_serves_nobody_keeps_what_was_verified_and_it_can_be_reversed(
    given: Given, how: Any
) -> None:
    scenario = a_meal(given)
    past = (merchant("K1", how), campaign("breakfast"), budget("B-BRK", 4500), *_past(scenario))
    assert "redemption-R1" in given(*past).when(reverse("R1", NOW)).events
