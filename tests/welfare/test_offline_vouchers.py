"""Vouchers that an offline terminal has taken: judged by when it happened, paid by what was promised or WF3's order."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from services.welfare.domain import refusals
from services.welfare.domain.budget import BUDGET, BudgetCommitted, BudgetConsumed, BudgetReleased
from services.welfare.domain.entitlement import ENTITLEMENT, EntitlementExpired
from services.welfare.domain.voucher import VOUCHER
from services.welfare.domain.voucher_events import (
    CollectionPermitted,
    VoucherExpired,
    VoucherRedeemed,
    VoucherReleased,
    VoucherReserved,
    VoucherRevoked,
)
from shared.decider import Change
from shared.testing.given import Given, on

from .shop import allowance, at, budget, campaign, merchant, redeem, refused, verified, voucher

HAPPENED, TOLD = at("07:00"), at("09:30")
DRINK, ISSUED = voucher("drinks", "W01")
SHOP: tuple[Change, ...] = (merchant("M2"), campaign("drinks"), budget("B-DRINK", 3000), *ISSUED)
ENDED = at("00:00", "2026-01-24")
NEXT_DAY = at("09:00", "2026-01-24")


def taken(redemption_id: str = "R1", told: datetime = HAPPENED) -> Any:
    return redeem(redemption_id, "W01", "M2", NEXT_DAY, 300, told=told, voucher_id=DRINK)


def lapsed() -> list[Change]:
    """Its timer came before the upload: the money is released."""
    return [
        on(VOUCHER, DRINK, VoucherExpired(ENDED, "W01", "drinks")),
        on(BUDGET, "B-DRINK", BudgetReleased(ENDED, DRINK, 300, "drinks")),
        on(ENTITLEMENT, "drinks/W01", EntitlementExpired(ENDED, "once")),
    ]


def test_wf3_a_voucher_that_was_taken_offline_pays_by_its_own_commitment(given: Given) -> None:
    told_today = redeem("R1", "W01", "M2", TOLD, 300, told=HAPPENED, voucher_id=DRINK)
    events = given(*SHOP, *allowance("M2", "B-DRINK", 600)).when(told_today).events
    assert events["budget-B-DRINK"] == [BudgetConsumed(TOLD, DRINK, 300, "drinks")]
    assert events["voucher-" + DRINK][0] == VoucherRedeemed(HAPPENED, "R1", "M2", "M2-till", 300, True)


def test_wf3_one_that_expired_before_the_upload_is_paid_from_allowance_and_budget(given: Given) -> None:
    past = (*SHOP, *lapsed(), *allowance("M2", "B-DRINK", 200))
    events = given(*past).when(taken()).events
    assert [type(event) for event in events["budget-B-DRINK"]] == [BudgetConsumed, BudgetCommitted, BudgetConsumed]
    assert verified(events).allowed_fen == 200
    assert events["voucher-" + DRINK] == [VoucherRedeemed(HAPPENED, "R1", "M2", "M2-till", 300, True)]


def test_wf3_or_not_at_all(given: Given) -> None:
    past = (merchant("M2"), campaign("drinks"), budget("B-DRINK", 300), *ISSUED, *lapsed())
    spent = on(BUDGET, "B-DRINK", BudgetCommitted(ENDED, "other", 300, "drinks"))
    given(*past, spent).when(taken()).then_refused(
        refusals.OfflineAllowanceExceeded, refused(taken(), refusals.OfflineAllowanceExceeded)
    )


def test_wf6_one_that_was_taken_after_its_end_has_expired(given: Given) -> None:
    late = taken(told=ENDED)
    given(*SHOP).when(late).then_refused(refusals.VoucherExpired, refused(late, refusals.VoucherExpired))


@pytest.mark.parametrize("clock,refusal", [("06:59", refusals.VoucherRevoked), ("07:01", None)])
def test_wf3_a_revocation_holds_from_its_moment_on(given: Given, clock: str, refusal: Any) -> None:
    revoked = [
        on(VOUCHER, DRINK, VoucherRevoked(at(clock), "fraud", "W01", "drinks")),
        on(BUDGET, "B-DRINK", BudgetReleased(at(clock), DRINK, 300, "drinks")),
    ]
    scenario = given(*SHOP, *revoked).when(taken())
    if refusal is None:
        verified(scenario.events)
    else:
        scenario.then_refused(refusal, refused(taken(), refusal))


def test_wf4_one_that_was_redeemed_before_is_not_paid_twice(given: Given) -> None:
    past = (*SHOP, *allowance("M2", "B-DRINK", 600))
    second = taken("R2", at("06:30"))
    scenario = given(*past).when(redeem("R1", "W01", "M2", HAPPENED, 300, voucher_id=DRINK)).when(second)
    scenario.then_refused(refusals.VoucherAlreadyRedeemed, refused(second, refusals.VoucherAlreadyRedeemed))


def test_row_14_a_collection_that_is_told_after_its_slot_was_in_time(given: Given) -> None:
    gift, issued = voucher("gifts", "W06")
    until = at("11:15")
    slot = on(
        VOUCHER,
        gift,
        VoucherReserved(at("08:00"), "collection", "BK1", "M1", until),
        CollectionPermitted(at("10:04"), "BK1", "M1"),
        VoucherReleased(until, "BK1", "over"),
    )
    past = (merchant("M1"), campaign("gifts"), budget("B-GIFT", 2000), *issued, slot)
    wish = redeem("R1", "W06", "M1", at("15:00"), 2500, told=at("10:05"), voucher_id=gift)
    verified(given(*past).when(wish).events)
