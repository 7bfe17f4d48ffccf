"""Gifts for the first check-in of a day (WF9), and rewards for reports (row 8)."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from services.welfare.domain.budget import BUDGET, BudgetCommitted, BudgetExhausted, BudgetFrozen
from services.welfare.domain.campaign import CAMPAIGN, CampaignPaused
from services.welfare.domain.entitlement import (
    ENTITLEMENT,
    EntitlementDeclined,
    EntitlementExpired,
    EntitlementGranted,
    Scope,
    entitlement_id,
)
from services.welfare.domain.giving import EvaluateVisit, RewardReporter
from services.welfare.domain.member import MEMBER, LeavingNoted, MemberNoted, SuspensionNoted
from services.welfare.domain.voucher import VOUCHER
from services.welfare.domain.voucher_events import EXPIRY, VoucherIssued
from services.welfare.handlers.issuing import voucher_id_of
from services.welfare.policies import POLICIES
from shared.contracts.checkin import VisitStarted
from shared.decider import Change, DeadlineSet
from shared.testing.given import Given, on
from tests.welfare.campaigns import DRINK, REWARD, allocated, at, but, published, station

DAY = "2026-01-23"
COURIER = on(MEMBER, "W01", MemberNoted(at(0, day=1), "courier"))
PAST = [allocated("B-DRINK", 3_000), *published("drink", DRINK), station("S1"), COURIER]
SCOPE = Scope("courier", "chengguan")


def visit(moment: datetime, member: str = "W01", station_id: str = "S1", visit_id: str = "V-1") -> EvaluateVisit:
    return EvaluateVisit(visit_id, member, station_id, moment)


def given_to(
    campaign: str, member: str, moment: datetime, basis: str = "V-1", scope: Scope = SCOPE, fen: int = 300
) -> list[Change]:
    """A grant of the drink campaign."""
    ref = voucher_id_of(campaign, member, DAY)
    voucher = VoucherIssued(moment, ref, member, campaign, "B-DRINK", "checkin_gift", DAY, fen, False, at(0, day=24))
    return [
        on(BUDGET, "B-DRINK", BudgetCommitted(moment, ref, fen, campaign)),
        on(ENTITLEMENT, entitlement_id(campaign, member), EntitlementGranted(moment, DAY, basis, ref, scope)),
        on(VOUCHER, ref, voucher, DeadlineSet(moment, EXPIRY, ref, at(0, day=24))),
    ]


def declined(code: str, moment: datetime, campaign: str = "drink", scope: Scope = SCOPE) -> Change:
    return on(
        ENTITLEMENT, entitlement_id(campaign, "W01"), EntitlementDeclined(moment, campaign, "W01", DAY, code, scope)
    )


def test_wf9_the_first_check_in_of_the_day_gives_a_voucher_and_commits_its_face(given: Given) -> None:
    """Row 1 and WF1: the money is promised in the same decision."""
    given(*PAST).when(visit(at(5, 35))).then(*given_to("drink", "W01", at(5, 35)))


def test_wf9_later_check_ins_of_the_day_change_nothing(given: Given) -> None:
    given(*PAST).when(visit(at(5, 35))).when(visit(at(8), visit_id="V-2")).then_nothing()


def test_wf9_the_same_visit_told_again_changes_nothing(given: Given) -> None:
    given(*PAST).when(visit(at(5, 35))).when(visit(at(5, 35))).then_nothing()


def test_wf9_the_first_check_in_is_the_first_processed_whatever_its_time(given: Given) -> None:
    """E3: an earlier visit that is told later finds the day answered."""
    given(*PAST).when(visit(at(8))).when(visit(at(6), visit_id="V-0")).then_nothing()


def test_wf9_a_declined_day_stays_declined_though_money_comes_later(given: Given) -> None:
    poor = [allocated("B-DRINK", 299), *PAST[1:]]
    scenario = given(*poor).when(visit(at(6)))
    scenario.then(declined("BUDGET_EXHAUSTED", at(6)))
    later = given(*poor, declined("BUDGET_EXHAUSTED", at(6)), allocated("B-DRINK", 3_000))
    later.when(visit(at(7), visit_id="V-2")).then_nothing()


def test_wf9_each_day_is_answered_by_itself(given: Given) -> None:
    days = but(DRINK, ends_at=at(0, day=30))
    past = [allocated("B-DRINK", 3_000), *published("drink", days), COURIER]
    scenario = given(*past).when(visit(at(6))).when(visit(at(6, day=24), visit_id="V-2"))
    granted = scenario.events[f"entitlement-{entitlement_id('drink', 'W01')}"]
    assert [event.period for event in granted] == ["2026-01-24"]  # type: ignore[attr-defined]


def test_wf9_the_day_is_that_of_the_visit_in_china(given: Given) -> None:
    """K1: 00:10 in China is the day before in UTC."""
    night = but(DRINK, window_from=None, window_to=None)
    past = [allocated("B-DRINK", 3_000), *published("drink", night), station("S1"), COURIER]
    given(*past).when(visit(at(0, 10))).then(*given_to("drink", "W01", at(0, 10)))


@pytest.mark.parametrize("moment", [at(5, 29), at(9), at(20, 30), at(6, day=22), at(6, day=24)])
def test_a_check_in_outside_the_hours_or_dates_is_none_of_the_campaign(given: Given, moment: datetime) -> None:
    """W17 comes in the evening: he is neither given anything nor declined, and may come again in the morning."""
    given(*PAST).when(visit(moment)).then_nothing()


def test_k5_a_visit_told_late_goes_by_its_own_time(given: Given) -> None:
    """W16: scanned offline at 06:50, told at 09:10: in the window, and the money is gone."""
    poor = [allocated("B-DRINK", 0 + 1), *PAST[1:]]
    given(*poor).when(visit(at(6, 50))).then(declined("BUDGET_EXHAUSTED", at(6, 50)))


def test_k5_a_visit_told_more_than_72_hours_late_is_given_nothing_for() -> None:
    (reaction,) = POLICIES.reactions[VisitStarted]
    told = VisitStarted(
        visit_id="V-1",
        member_id="W01",
        station_id="S1",
        gate_id="G1",
        started_at=at(6),
        offline=True,
        clock_corrected=False,
        counted=True,
        flags=[],
    )
    assert reaction(told) == [visit(told.started_at)]
    assert reaction(told.model_copy(update={"flags": ["late_beyond_window"]})) == []


def test_wf1_the_last_voucher_leaves_nothing_and_the_next_is_declined(given: Given) -> None:
    past = [allocated("B-DRINK", 300), *PAST[1:]]
    first = given_to("drink", "W02", at(6), scope=Scope("", "chengguan"))
    budget = on(BUDGET, "B-DRINK", *first[0].events, BudgetExhausted(at(6)))
    scenario = given(*past).when(visit(at(6), "W02"))
    scenario.then(budget, *first[1:])
    scenario.when(visit(at(6, 1))).then(declined("BUDGET_EXHAUSTED", at(6, 1)))


def test_a_frozen_budget_declines(given: Given) -> None:
    frozen = on(BUDGET, "B-DRINK", BudgetFrozen(at(0), "audit"))
    given(*PAST, frozen).when(visit(at(6))).then(declined("BUDGET_FROZEN", at(6)))


def test_a_campaign_for_other_trades_declines(given: Given) -> None:
    others = published("drink", but(DRINK, trades=("cleaner",)))
    given(PAST[0], *others, station("S1"), COURIER).when(visit(at(6))).then(declined("NOT_ELIGIBLE", at(6)))


def test_a_member_whose_trade_nobody_told_is_declined_where_it_matters(given: Given) -> None:
    others = published("drink", but(DRINK, trades=("courier",)))
    scope = Scope("", "chengguan")
    given(PAST[0], *others, station("S1")).when(visit(at(6))).then(declined("NOT_ELIGIBLE", at(6), scope=scope))


def test_a_paused_campaign_declines(given: Given) -> None:
    paused = on(CAMPAIGN, "drink", CampaignPaused(at(5), "stock"))
    given(*PAST, paused).when(visit(at(6))).then(declined("CAMPAIGN_NOT_OPEN", at(6)))


def test_row_22_a_suspended_member_is_declined(given: Given) -> None:
    suspended = on(MEMBER, "W01", SuspensionNoted(at(5)))
    given(*PAST, suspended).when(visit(at(6))).then(declined("MEMBER_SUSPENDED", at(6)))


def test_a_member_who_has_left_is_declined(given: Given) -> None:
    gone = on(MEMBER, "W01", LeavingNoted(at(5)))
    given(*PAST, gone).when(visit(at(6))).then(declined("NOT_FOUND", at(6)))


def test_the_limit_of_a_campaign_counts_over_all_days(given: Given) -> None:
    """Expired ones, too: they were given."""
    limited = published("drink", but(DRINK, limit=1, starts_at=at(0, day=1)))
    before = on(
        ENTITLEMENT,
        entitlement_id("drink", "W01"),
        EntitlementGranted(at(6, day=22), "2026-01-22", "V-0", "ref"),
        EntitlementExpired(at(0), "2026-01-22"),
    )
    past = [PAST[0], *limited, station("S1"), COURIER, before]
    given(*past).when(visit(at(6))).then(declined("LIMIT_REACHED", at(6)))


def test_k10_the_trade_comes_before_the_stage_and_the_limit_before_the_money(given: Given) -> None:
    terms = but(DRINK, trades=("cleaner",))
    paused = on(CAMPAIGN, "drink", CampaignPaused(at(5), "stock"))
    past = [allocated("B-DRINK", 1), *published("drink", terms), station("S1"), COURIER, paused]
    given(*past).when(visit(at(6))).then(declined("NOT_ELIGIBLE", at(6)))


def test_one_check_in_is_answered_by_every_campaign_that_is_on(given: Given) -> None:
    """One budget for two: the first takes its last money."""
    past = [allocated("B-DRINK", 300), *published("drink", DRINK), *published("tea", DRINK), station("S1"), COURIER]
    first = given_to("drink", "W01", at(6))
    budget = on(BUDGET, "B-DRINK", *first[0].events, BudgetExhausted(at(6)))
    given(*past).when(visit(at(6))).then(budget, *first[1:], declined("BUDGET_EXHAUSTED", at(6), "tea"))


def test_a_campaign_bound_to_stations_looks_at_check_ins_there_alone(given: Given) -> None:
    bound = [PAST[0], *published("drink", but(DRINK, stations=("S1",))), station("S1"), station("S2"), COURIER]
    given(*bound).when(visit(at(6), station_id="S2")).then_nothing()
    given(*bound).when(visit(at(6))).then(*given_to("drink", "W01", at(6)))


REWARDED = [allocated("B-REWARD", 10_000), *published("reward", REWARD)]


def reward(rectification: str, moment: datetime) -> list[Change]:
    ref = voucher_id_of("reward", "W19", rectification)
    facts = (ref, "W19", "reward", "B-REWARD", "reward", rectification, 2_000, False, REWARD.valid_until)
    granted = EntitlementGranted(moment, rectification, rectification, ref)
    return [
        on(BUDGET, "B-REWARD", BudgetCommitted(moment, ref, 2_000, "reward")),
        on(ENTITLEMENT, entitlement_id("reward", "W19"), granted),
        on(VOUCHER, ref, VoucherIssued(moment, *facts), DeadlineSet(moment, EXPIRY, ref, at(0, day=1, month=3))),  # type: ignore[arg-type]
    ]


def test_row_8_a_commended_reporter_has_a_voucher_once_for_each_rectification(given: Given) -> None:
    scenario = given(*REWARDED).when(RewardReporter("RC-1", "W19", at(9, 30, 24)))
    scenario.then(*reward("RC-1", at(9, 30, 24)))
    scenario.when(RewardReporter("RC-1", "W19", at(9, 30, 24))).then_nothing()
    scenario.when(RewardReporter("RC-2", "W19", at(10, 0, 24))).then(*reward("RC-2", at(10, 0, 24)))


def test_row_8_without_a_reward_campaign_that_is_on_nothing_is_given(given: Given) -> None:
    given(*REWARDED).when(RewardReporter("RC-1", "W19", REWARD.ends_at + timedelta(days=1))).then_nothing()
    given().when(RewardReporter("RC-1", "W19", at(9))).then_nothing()
