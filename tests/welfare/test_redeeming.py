"""Purchases with vouchers: once (WF4), by whom they are, where they are taken, and not while another holds them."""

from __future__ import annotations

from typing import Any

import pytest

from services.welfare.domain import refusals
from services.welfare.domain.budget import BUDGET, BudgetConsumed, BudgetFrozen, BudgetReleased
from services.welfare.domain.campaign import CampaignClosed
from services.welfare.domain.entitlement import ENTITLEMENT, EntitlementDeclined, EntitlementUsed
from services.welfare.domain.redemption_events import RedemptionVerified, Split
from services.welfare.domain.takings import LineAdded
from services.welfare.domain.voucher import VOUCHER
from services.welfare.domain.voucher_events import (
    EXPIRY,
    RESERVATION,
    CollectionPermitted,
    VoucherExpired,
    VoucherRedeemed,
    VoucherReleased,
    VoucherReserved,
    VoucherRevoked,
)
from shared.decider import Change, DeadlineCleared
from shared.errors import NotFound, Refused
from shared.testing.given import Given, on

from .shop import at, budget, campaign, merchant, redeem, refused, voucher

NOON = at("12:00")
PLACES = (merchant("M1"), merchant("M2"), campaign("drinks"), campaign("gifts"))
DRINK, DRINK_ISSUED = voucher("drinks", "W01")
GIFT, GIFT_ISSUED = voucher("gifts", "W06")
PAST: tuple[Change, ...] = (*PLACES, budget("B-DRINK", 3000), budget("B-GIFT", 10_000), *DRINK_ISSUED, *GIFT_ISSUED)
BOOKED = VoucherReserved(at("20:00", "2026-01-22"), "collection", "BK1", "M1", at("11:15"))
CAME = CollectionPermitted(at("10:04"), "BK1", "M1")


def buy(redemption_id: str = "R1", basket: int = 300, now: Any = NOON, **which: Any) -> Any:
    return redeem(redemption_id, which.pop("member_id", "W01"), which.pop("at_", "M2"), now, basket, **which)


def collect(redemption_id: str = "R1", basket: int = 2500, clock: str = "10:05", **which: Any) -> Any:
    return redeem(redemption_id, "W06", which.pop("at_", "M1"), at(clock), basket, voucher_id=GIFT, **which)


def test_wf4_the_lesser_of_face_and_basket_is_consumed_and_the_rest_is_released(given: Given) -> None:
    events = given(*PAST).when(buy(basket=180, voucher_id=DRINK)).events
    assert events["budget-B-DRINK"] == [
        BudgetConsumed(NOON, DRINK, 180, "drinks"),
        BudgetReleased(NOON, DRINK, 120, "drinks"),
    ]
    assert events["voucher-" + DRINK] == [
        VoucherRedeemed(NOON, "R1", "M2", "M2-till", 180, False),
        DeadlineCleared(NOON, EXPIRY, DRINK, "redeemed"),
    ]
    assert events["entitlement-drinks/W01"] == [EntitlementUsed(NOON, "once", "R1")]
    (line, _) = events["takings-M2/2026-01-23"]
    assert isinstance(line, LineAdded)
    assert line.line.fen == 180
    (verified,) = events["redemption-R1"]
    assert isinstance(verified, RedemptionVerified)
    assert (verified.split, verified.receipt_no) == (Split(180, 0, 0), "M2-20260123-00001")


def test_wf4_there_is_no_change_and_the_member_pays_what_is_beyond_the_face(given: Given) -> None:
    events = given(*PAST).when(buy(basket=450, voucher_id=DRINK)).events
    (verified,) = events["redemption-R1"]
    assert isinstance(verified, RedemptionVerified)
    assert verified.split == Split(300, 150, 0)
    assert events["budget-B-DRINK"] == [BudgetConsumed(NOON, DRINK, 300, "drinks")]


def test_a_campaigns_voucher_is_found_by_its_member(given: Given) -> None:
    (verified,) = given(*PAST).when(buy(campaign_id="drinks")).events["redemption-R1"]
    assert isinstance(verified, RedemptionVerified)
    assert verified.purchase.voucher_id == DRINK


def test_of_several_vouchers_the_one_that_ends_first_is_used(given: Given) -> None:
    sooner, issued = voucher("drinks", "W01", period="2026-01-24", until=at("13:00"))
    past = (
        *PAST,
        *issued,
        on(ENTITLEMENT, "drinks/W01", EntitlementDeclined(NOON, "drinks", "W01", "2026-01-25", "LIMIT_REACHED")),
    )
    (verified,) = given(*past).when(buy(campaign_id="drinks")).events["redemption-R1"]
    assert isinstance(verified, RedemptionVerified)
    assert verified.purchase.voucher_id == sooner


@pytest.mark.parametrize("which", [{"voucher_id": DRINK}, {"campaign_id": "drinks"}])
def test_wf4_e35_a_voucher_is_good_once_at_however_many_tills(given: Given, which: dict[str, Any]) -> None:
    other_till = buy("R2", now=at("12:01"), **which)
    scenario = given(*PAST).when(buy("R1", **which)).when(other_till)
    scenario.then_refused(refusals.VoucherAlreadyRedeemed, refused(other_till, refusals.VoucherAlreadyRedeemed))


def test_e37_a_refused_purchase_moves_nothing_and_leaves_the_first_one_as_it_is(given: Given) -> None:
    """One decision: there is no payment of the second that would have to be given back."""
    scenario = given(*PAST).when(buy("R1", voucher_id=DRINK)).when(buy("R2", voucher_id=DRINK))
    scenario.then_refused(
        refusals.VoucherAlreadyRedeemed, refused(buy("R2", voucher_id=DRINK), refusals.VoucherAlreadyRedeemed)
    )
    scenario.when(buy("R1", now=at("12:02"), voucher_id=DRINK)).then_nothing()


def test_what_was_promised_is_paid_though_the_budget_is_frozen_and_the_campaign_closed(given: Given) -> None:
    past = (*PAST, on(BUDGET, "B-DRINK", BudgetFrozen(NOON, "audit")), campaign("drinks", None, CampaignClosed(NOON)))
    assert "redemption-R1" in given(*past).when(buy(voucher_id=DRINK)).events


EXPIRED = on(VOUCHER, DRINK, VoucherExpired(NOON, "W01", "drinks"))
REVOKED = on(VOUCHER, DRINK, VoucherRevoked(at("11:00"), "fraud", "W01", "drinks"))
REFUSED_WHEN: list[tuple[str, Any, tuple[Change, ...], type[Refused]]] = [
    ("unknown", buy(voucher_id="V9"), (), refusals.VoucherNotFound),
    ("never had one", buy(member_id="W09", campaign_id="drinks"), (), refusals.VoucherNotFound),
    ("another campaign's", buy(voucher_id=DRINK, campaign_id="gifts"), (), refusals.VoucherNotFound),
    ("no such campaign", buy(campaign_id="none"), (), NotFound),
    ("another member's", buy(voucher_id=DRINK, member_id="W02"), (), refusals.VoucherNotYours),
    ("not taken here", buy(voucher_id=DRINK, at_="M1"), (), refusals.MerchantNotAccepted),
    ("another merchant's till", buy(voucher_id=DRINK, terminal_id="M1-till"), (), refusals.TerminalUnknown),
    ("its last moment is over", buy(voucher_id=DRINK, now=at("00:00", "2026-01-24")), (), refusals.VoucherExpired),
    ("expired", buy(voucher_id=DRINK), (EXPIRED,), refusals.VoucherExpired),
    ("revoked", buy(voucher_id=DRINK), (REVOKED,), refusals.VoucherRevoked),
]


@pytest.mark.parametrize("wish,more,refusal", [one[1:] for one in REFUSED_WHEN], ids=[one[0] for one in REFUSED_WHEN])
def test_what_cannot_be_redeemed_is_refused_and_recorded(
    given: Given, wish: Any, more: tuple[Change, ...], refusal: type[Refused]
) -> None:
    given(*PAST, *more).when(wish).then_refused(refusal, refused(wish, refusal))


def test_e46_a_repeat_of_what_was_refused_says_that_it_needs_a_new_id(given: Given) -> None:
    scenario = given(*PAST, EXPIRED, refused(buy(voucher_id=DRINK), refusals.VoucherExpired)).when(
        buy(voucher_id=DRINK)
    )
    assert scenario.refusal.field == "redemption_id"
    assert "new redemption_id" in scenario.refusal.detail


def test_wf5_a_till_that_forgot_under_which_reference_it_holds_is_told_so(given: Given) -> None:
    held = on(VOUCHER, DRINK, VoucherReserved(at("11:59"), "till", "T-1", "M2", at("12:14"), "M2-till"))
    assert given(*PAST, held).when(buy(voucher_id=DRINK)).refusal.field == "reservation_ref"
    other = on(VOUCHER, DRINK, VoucherReserved(at("11:59"), "till", "T-1", "M2", at("12:14"), "M2-till-2"))
    assert given(*PAST, other).when(buy(voucher_id=DRINK)).refusal.field == "voucher_id"


def test_wf6_the_last_moment_before_valid_until_is_good(given: Given) -> None:
    assert "redemption-R1" in given(*PAST).when(buy(voucher_id=DRINK, now=at("23:59"))).events


def test_wf5_e39_a_till_that_holds_it_redeems_it_and_no_other(given: Given) -> None:
    held = on(VOUCHER, DRINK, VoucherReserved(at("11:59"), "till", "T-1", "M2", at("12:14")))
    elsewhere, another = buy("R2", voucher_id=DRINK), buy("R3", voucher_id=DRINK, reservation_ref="T-2")
    for wish in (elsewhere, another):
        scenario = given(*PAST, held).when(wish)
        scenario.then_refused(refusals.VoucherReservedElsewhere, refused(wish, refusals.VoucherReservedElsewhere))
    events = given(*PAST, held).when(buy(voucher_id=DRINK, reservation_ref="T-1")).events
    assert DeadlineCleared(NOON, RESERVATION, "T-1", "redeemed") in events["voucher-" + DRINK]


def test_wf5_a_hold_that_is_over_holds_nothing_though_its_timer_has_not_come(given: Given) -> None:
    held = on(VOUCHER, DRINK, VoucherReserved(at("11:00"), "till", "T-1", "M2", at("11:15")))
    assert "redemption-R1" in given(*PAST, held).when(buy(voucher_id=DRINK)).events


def test_row_14_a_collection_is_redeemed_where_its_member_has_come(given: Given) -> None:
    here = on(VOUCHER, GIFT, BOOKED, CAME)
    (verified,) = given(*PAST, here).when(collect()).events["redemption-R1"]
    assert isinstance(verified, RedemptionVerified)
    assert verified.split == Split(2000, 500, 0)


GONE = VoucherReleased(at("11:15"), "BK1", "over")
ELSEWHERE = VoucherReserved(at("09:00"), "collection", "BK1", "M9", at("11:15"))
NOT_HERE: list[tuple[str, tuple[Any, ...], Any, type[Refused]]] = [
    ("not booked", (), collect(), refusals.ReservationExpired),
    ("not come", (BOOKED,), collect(), refusals.VoucherReservedElsewhere),
    ("slot is over", (BOOKED, CAME), collect(clock="11:15"), refusals.ReservationExpired),
    ("did not come", (BOOKED, GONE), collect(clock="11:20"), refusals.ReservationExpired),
    ("at another place", (ELSEWHERE, CAME), collect(), refusals.VoucherReservedElsewhere),
]


@pytest.mark.parametrize("past,wish,refusal", [one[1:] for one in NOT_HERE], ids=[one[0] for one in NOT_HERE])
def test_row_14_a_collection_is_redeemed_nowhere_else(
    given: Given, past: tuple[Any, ...], wish: Any, refusal: type[Refused]
) -> None:
    given(*PAST, on(VOUCHER, GIFT, *past)).when(wish).then_refused(refusal, refused(wish, refusal))


def test_receipts_of_a_day_are_numbered_at_each_merchant(given: Given) -> None:
    other, issued = voucher("drinks", "W02")
    scenario = given(*PAST, *issued).when(buy("R1", voucher_id=DRINK))
    (verified,) = scenario.when(buy("R2", member_id="W02", voucher_id=other)).events["redemption-R2"]
    assert isinstance(verified, RedemptionVerified)
    assert verified.receipt_no == "M2-20260123-00002"
