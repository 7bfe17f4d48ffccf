"""The 3-2-1 breakfast (WF2): at its price, once for each member and day, while the union's part is there."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from services.welfare.domain import refusals
from services.welfare.domain.budget import BUDGET, BudgetCommitted, BudgetConsumed, BudgetThresholdReached
from services.welfare.domain.campaign import CampaignClosed, CampaignPaused
from services.welfare.domain.entitlement import ENTITLEMENT, EntitlementUsed
from services.welfare.domain.member import MEMBER, LeavingNoted, MemberNoted, SuspensionLifted, SuspensionNoted
from services.welfare.domain.merchant import MERCHANT, MerchantResumed, MerchantSuspended, TerminalRemoved
from services.welfare.domain.redemption import REDEMPTION
from services.welfare.domain.redemption_events import Purchase, RedemptionVerified, Split
from services.welfare.domain.takings import CUT_OFF_TIMER, TAKINGS, Line, LineAdded, TakingsClosed, cut_off
from shared.decider import Change, DeadlineSet
from shared.errors import IdempotencyKeyReused, NotFound
from shared.testing.given import Given, on

from .shop import BREAKFAST, DAY, at, budget, campaign, meal, merchant, redeem, refused

MORNING = at("07:00")
PAST: tuple[Change, ...] = (merchant("K1"), campaign("breakfast"), budget("B-BRK", 4500))


def test_wf2_a_meal_is_committed_and_consumed_in_one_step_and_its_line_is_settled_at_the_cut_off(given: Given) -> None:
    purchase = Purchase(
        redemption_id="R1",
        member_id="W01",
        merchant_id="K1",
        terminal_id="K1-till",
        basket_fen=600,
        redeemed_at=MORNING,
        campaign_id="breakfast",
        budget_id="B-BRK",
    )
    line = Line("R1", "K1-20260123-00001", "breakfast", "B-BRK", 300, MORNING)
    given(*PAST).when(meal("R1", "W01", MORNING)).then(
        on(ENTITLEMENT, "breakfast/W01", EntitlementUsed(MORNING, "2026-01-23", "R1")),
        on(
            BUDGET,
            "B-BRK",
            BudgetCommitted(MORNING, "R1", 300, "breakfast"),
            BudgetConsumed(MORNING, "R1", 300, "breakfast"),
        ),
        on(
            TAKINGS,
            "K1/2026-01-23",
            LineAdded(MORNING, "K1", DAY, line),
            DeadlineSet(MORNING, CUT_OFF_TIMER, "K1/2026-01-23", cut_off(DAY)),
        ),
        on(
            REDEMPTION,
            "R1",
            RedemptionVerified(MORNING, purchase, Split(300, 200, 100), "K1-20260123-00001", DAY, "2026-01-23"),
        ),
    )


def test_wf2_one_meal_for_each_member_and_day(given: Given) -> None:
    again = meal("R2", "W01", at("07:12"))
    scenario = given(*PAST).when(meal("R1", "W01", MORNING)).when(again)
    scenario.then_refused(refusals.LimitReached, refused(again, refusals.LimitReached))
    tomorrow = scenario.when(meal("R3", "W01", at("07:00", "2026-01-24"))).events
    assert "redemption-R3" in tomorrow


def test_wf2_a_meal_is_authorised_only_while_the_unions_part_is_available(given: Given) -> None:
    last = meal("R2", "W02", MORNING)
    scenario = given(merchant("K1"), campaign("breakfast"), budget("B-BRK", 599)).when(meal("R1", "W01", MORNING))
    scenario.when(last).then_refused(refusals.BudgetExhausted, refused(last, refusals.BudgetExhausted))


@pytest.mark.parametrize("basket", [599, 601, 300])
def test_wf2_a_meal_at_another_price_is_a_mismatch(given: Given, basket: int) -> None:
    wrong = meal("R1", "W01", MORNING, basket)
    given(*PAST).when(wrong).then_refused(refusals.AmountMismatch, refused(wrong, refusals.AmountMismatch))


@pytest.mark.parametrize("clock,served", [("05:59", False), ("06:00", True), ("08:29", True), ("08:30", False)])
def test_wf2_the_service_window_is_half_open(given: Given, clock: str, served: bool) -> None:
    wish = meal("R1", "W01", at(clock))
    scenario = given(*PAST).when(wish)
    if served:
        assert "redemption-R1" in scenario.events
    else:
        scenario.then_refused(refusals.OutsideServiceWindow, refused(wish, refusals.OutsideServiceWindow))


@pytest.mark.parametrize(
    "past,refusal",
    [
        ((on(MEMBER, "W01", SuspensionNoted(at("06:30"))),), refusals.MemberSuspended),
        ((on(MEMBER, "W01", LeavingNoted(at("06:30"))),), NotFound),
        ((on(MERCHANT, "K1", MerchantSuspended(at("06:30"), "K1", "hygiene")),), refusals.MerchantSuspended),
        ((on(MERCHANT, "K1", TerminalRemoved(at("06:30"), "K1", "K1-till")),), refusals.TerminalUnknown),
    ],
)
def test_k10_who_and_where_come_before_the_window(given: Given, past: tuple[Change, ...], refusal: Any) -> None:
    outside = meal("R1", "W01", at("09:00"))
    given(*PAST, *past).when(outside).then_refused(refusal, refused(outside, refusal))


def test_k10_the_member_comes_before_the_merchant(given: Given) -> None:
    wish = meal("R1", "W01", MORNING)
    suspended = on(MEMBER, "W01", SuspensionNoted(at("06:30")))
    given(suspended).when(wish).then_refused(refusals.MemberSuspended, refused(wish, refusals.MemberSuspended))
    given().when(wish).then_refused(NotFound, refused(wish, NotFound))


def test_who_is_back_is_served(given: Given) -> None:
    back = (
        on(MEMBER, "W01", SuspensionNoted(at("06:30")), SuspensionLifted(at("06:40"))),
        on(MERCHANT, "K1", MerchantSuspended(at("06:30"), "K1", "hygiene"), MerchantResumed(at("06:40"), "K1")),
    )
    assert "redemption-R1" in given(*PAST, *back).when(meal("R1", "W01", MORNING)).events


@pytest.mark.parametrize("how", [CampaignPaused(at("06:30"), "kitchen"), CampaignClosed(at("06:30"))])
def test_a_campaign_that_is_paused_or_closed_serves_nothing(given: Given, how: Any) -> None:
    wish = meal("R1", "W01", MORNING)
    past = (merchant("K1"), campaign("breakfast", None, how), budget("B-BRK", 4500))
    given(*past).when(wish).then_refused(refusals.CampaignNotOpen, refused(wish, refusals.CampaignNotOpen))


def test_a_meal_is_for_the_trades_of_its_campaign(given: Given) -> None:
    riders = msgspec.structs.replace(BREAKFAST, trades=("rider",))
    past = (merchant("K1"), campaign("breakfast", riders), budget("B-BRK", 4500))
    wish = meal("R1", "W01", MORNING)
    given(*past).when(wish).then_refused(refusals.NotEligible, refused(wish, refusals.NotEligible))
    rider = on(MEMBER, "W01", MemberNoted(at("06:00"), "rider"))
    assert "redemption-R1" in given(*past, rider).when(wish).events


def test_a_meal_is_had_at_the_merchants_of_its_campaign(given: Given) -> None:
    elsewhere = redeem("R1", "W01", "M1", MORNING, campaign_id="breakfast")
    past = (*PAST, merchant("M1"))
    given(*past).when(elsewhere).then_refused(
        refusals.MerchantNotAccepted, refused(elsewhere, refusals.MerchantNotAccepted)
    )


def test_k2_e46_the_same_again_is_nothing_new(given: Given) -> None:
    given(*PAST).when(meal("R1", "W01", MORNING)).when(meal("R1", "W01", at("07:01"))).then_nothing()


def test_k2_e46_what_was_refused_is_refused_again_and_not_recorded_twice(given: Given) -> None:
    scenario = given(*PAST).when(meal("R1", "W01", MORNING, 500)).when(meal("R1", "W01", at("07:01"), 500))
    scenario.then_refused(refusals.AmountMismatch)


@pytest.mark.parametrize("second", [meal("R1", "W02", MORNING), meal("R1", "W01", MORNING, 500)])
def test_k2_e47_other_facts_under_the_same_id_are_refused(given: Given, second: Any) -> None:
    given(*PAST).when(meal("R1", "W01", MORNING)).when(second).then_refused(IdempotencyKeyReused)
    given(*PAST).when(meal("R1", "W03", MORNING, 500)).when(second).then_refused(IdempotencyKeyReused)


def test_k1_what_is_verified_at_the_cut_off_is_the_next_days(given: Given) -> None:
    all_day = msgspec.structs.replace(BREAKFAST, window_from=None, window_to=None)
    past = (merchant("K1"), campaign("breakfast", all_day), budget("B-BRK", 4500))
    assert "takings-K1/2026-01-24" in given(*past).when(meal("R1", "W01", at("22:00"))).events
    before = at("21:59")
    assert "takings-K1/2026-01-23" in given(*past).when(meal("R1", "W01", before)).events
    closed = on(TAKINGS, "K1/2026-01-23", TakingsClosed(at("22:00")))  # by another process, whose clock is ahead
    events = given(*past, closed).when(meal("R1", "W01", before)).events
    (verified,) = events["redemption-R1"]
    assert isinstance(verified, RedemptionVerified)
    assert (verified.at, verified.receipt_no) == (at("22:00"), "K1-20260124-00001")


def test_wf1_the_owner_of_the_budget_is_told_of_a_threshold(given: Given) -> None:
    past = (merchant("K1"), campaign("breakfast"), budget("B-BRK", 350))
    events = given(*past).when(meal("R1", "W01", MORNING)).events["budget-B-BRK"]
    assert BudgetThresholdReached(MORNING, 80) in events
