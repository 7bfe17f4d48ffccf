"""Phased campaigns: claimed inside a phase, once in each (WF11)."""

from __future__ import annotations

from datetime import datetime, time

import pytest

from services.welfare.domain import refusals
from services.welfare.domain.budget import BUDGET, BudgetCommitted, BudgetFrozen
from services.welfare.domain.campaign import CAMPAIGN, CampaignClosed, CampaignPaused
from services.welfare.domain.entitlement import ENTITLEMENT, EntitlementGranted, entitlement_id
from services.welfare.domain.giving import Claim
from services.welfare.domain.member import MEMBER, LeavingNoted, MemberNoted, SuspensionNoted
from services.welfare.domain.voucher import VOUCHER
from services.welfare.domain.voucher_events import EXPIRY, VoucherIssued
from services.welfare.handlers.issuing import voucher_id_of
from shared.decider import Change, DeadlineSet
from shared.errors import NotFound
from shared.testing.given import Given, on
from tests.welfare.campaigns import SEASONS, allocated, at, but, published

PAST = [allocated("B-TEA", 5_000), *published("tea", SEASONS)]
COLD, SPRING = SEASONS.phases


def claimed(phase: str, moment: datetime, until: datetime) -> list[Change]:
    ref = voucher_id_of("tea", "W01", phase)
    facts = (ref, "W01", "tea", "B-TEA", "phased", phase, 500, False, until)
    return [
        on(BUDGET, "B-TEA", BudgetCommitted(moment, ref, 500, "tea")),
        on(ENTITLEMENT, entitlement_id("tea", "W01"), EntitlementGranted(moment, phase, phase, ref)),
        on(VOUCHER, ref, VoucherIssued(moment, *facts), DeadlineSet(moment, EXPIRY, ref, until)),  # type: ignore[arg-type]
    ]


def test_wf11_one_in_each_phase(given: Given) -> None:
    scenario = given(*PAST).when(Claim("tea", "W01", at(9)))
    scenario.then(*claimed("great_cold", at(9), at(0, day=24)))
    scenario.when(Claim("tea", "W01", at(9, day=30))).then_refused(refusals.LimitReached)
    later = at(9, day=5, month=2)
    scenario.when(Claim("tea", "W01", later)).then(*claimed("spring", later, at(0, day=6, month=2)))


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        (COLD.starts_at, True),
        (COLD.ends_at, False),
        (at(12, day=2, month=2), False),
        (SPRING.starts_at, True),
        (SPRING.ends_at, False),
    ],
)
def test_wf11_a_phase_is_half_open(given: Given, moment: datetime, is_open: bool) -> None:
    scenario = given(*PAST).when(Claim("tea", "W01", moment))
    if is_open:
        assert scenario.events
    else:
        scenario.then_refused(refusals.PhaseNotOpen)


def test_a_campaign_of_another_kind_has_no_phase_to_claim_in(given: Given) -> None:
    listed = but(SEASONS, kind="list_gift", phases=())
    given(PAST[0], *published("tea", listed)).when(Claim("tea", "W01", at(9))).then_refused(refusals.PhaseNotOpen)


def test_a_claim_of_what_is_not_on_is_refused(given: Given) -> None:
    given().when(Claim("tea", "W01", at(9))).then_refused(NotFound)
    given(*PAST).when(Claim("tea", "W01", SEASONS.ends_at)).then_refused(refusals.CampaignNotOpen)
    for stopped in (CampaignPaused(at(8), "stock"), CampaignClosed(at(8))):
        past = [*PAST, on(CAMPAIGN, "tea", stopped)]
        given(*past).when(Claim("tea", "W01", at(9))).then_refused(refusals.CampaignNotOpen)


def test_a_claim_outside_the_hours_is_refused(given: Given) -> None:
    morning = but(SEASONS, window_from=time(6), window_to=time(8))
    refused = given(PAST[0], *published("tea", morning)).when(Claim("tea", "W01", at(8)))
    refused.then_refused(refusals.OutsideServiceWindow)


def test_row_22_who_is_suspended_or_has_left_claims_nothing(given: Given) -> None:
    suspended, left = on(MEMBER, "W01", SuspensionNoted(at(5))), on(MEMBER, "W01", LeavingNoted(at(5)))
    given(*PAST, suspended).when(Claim("tea", "W01", at(9))).then_refused(refusals.MemberSuspended)
    given(*PAST, left).when(Claim("tea", "W01", at(9))).then_refused(NotFound)


def test_a_claim_by_another_trade_is_refused(given: Given) -> None:
    riders = [PAST[0], *published("tea", but(SEASONS, trades=("rider",)))]
    cleaner = on(MEMBER, "W01", MemberNoted(at(0), "cleaner"))
    given(*riders, cleaner).when(Claim("tea", "W01", at(9))).then_refused(refusals.NotEligible)


def test_the_limit_of_a_phased_campaign_counts_over_its_phases(given: Given) -> None:
    scenario = given(PAST[0], *published("tea", but(SEASONS, limit=1))).when(Claim("tea", "W01", at(9)))
    scenario.when(Claim("tea", "W01", at(9, day=5, month=2))).then_refused(refusals.LimitReached)


def test_wf1_a_claim_without_money_is_refused_and_leaves_nothing(given: Given) -> None:
    """K10: who has had his is told so, not that there is no money."""
    poor = [allocated("B-TEA", 500), *published("tea", SEASONS)]
    scenario = given(*poor).when(Claim("tea", "W01", at(9))).when(Claim("tea", "W02", at(9)))
    scenario.then_refused(refusals.BudgetExhausted)
    scenario.when(Claim("tea", "W01", at(9))).then_refused(refusals.LimitReached)


def test_a_claim_on_a_frozen_budget_is_refused(given: Given) -> None:
    frozen = on(BUDGET, "B-TEA", BudgetFrozen(at(0), "audit"))
    given(*PAST, frozen).when(Claim("tea", "W01", at(9))).then_refused(refusals.BudgetFrozen)
