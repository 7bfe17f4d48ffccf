"""Vouchers besides being issued and redeemed: held at tills, released, expired, revoked (WF5, WF6)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from services.welfare.domain import refusals
from services.welfare.domain.budget import BUDGET, BudgetReleased
from services.welfare.domain.entitlement import ENTITLEMENT, EntitlementExpired, EntitlementRevoked
from services.welfare.domain.holds import HOLDS, HoldPlaced, HoldRemoved
from services.welfare.domain.member import MEMBER, LeavingNoted, SuspensionNoted
from services.welfare.domain.merchant import MerchantSuspended
from services.welfare.domain.voucher import VOUCHER
from services.welfare.domain.voucher_commands import (
    EndHold,
    ExpireVoucher,
    HoldAtTill,
    ReleaseAtTill,
    RevokeVoucher,
)
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
from shared.decider import Change, DeadlineCleared, DeadlineSet
from shared.errors import NotFound, Refused
from shared.testing.given import Given, on

from .shop import EVE, at, budget, campaign, merchant, redeem, refused, voucher

NOON = at("12:00")
LATER = at("12:15")
END = at("00:00", "2026-01-24")  # of the drink, exclusive
DRINK, DRINK_ISSUED = voucher("drinks", "W01")
GIFT, GIFT_ISSUED = voucher("gifts", "W06")
SHOPS = (merchant("M1"), merchant("M2"), campaign("drinks"), campaign("gifts"))
PAST: tuple[Change, ...] = (*SHOPS, budget("B-DRINK", 3000), budget("B-GIFT", 10_000), *DRINK_ISSUED, *GIFT_ISSUED)
HELD = VoucherReserved(NOON, "till", "T-1", "M2", LATER, "M2-till")
AT_TILL: tuple[Change, ...] = (*PAST, on(VOUCHER, DRINK, HELD), on(HOLDS, "M2", HoldPlaced(NOON, DRINK)))
MONEY_BACK = on(BUDGET, "B-DRINK", BudgetReleased(END, DRINK, 300, "drinks"))
EXPIRED = on(ENTITLEMENT, "drinks/W01", EntitlementExpired(END, "once"))


def hold(ref: str = "T-1", now: datetime = NOON, **but: str) -> HoldAtTill:
    facts = {"voucher_id": DRINK, "member_id": "W01", "merchant_id": "M2", "terminal_id": "M2-till", "ref": ref}
    return HoldAtTill(now=now, **{**facts, **but})


def release(ref: str | None = "T-1", now: datetime = NOON, **but: Any) -> ReleaseAtTill:
    facts = {"voucher_id": DRINK, "member_id": "W01", "merchant_id": "M2", "terminal_id": "M2-till", "ref": ref}
    return ReleaseAtTill(now=now, **{**facts, **but})


def held(ref: str, since: datetime, until: datetime) -> list[Any]:
    return [VoucherReserved(since, "till", ref, "M2", until, "M2-till"), DeadlineSet(since, RESERVATION, ref, until)]


def freed(moment: datetime, ref: str, why: str) -> list[Any]:
    return [VoucherReleased(moment, ref, why), DeadlineCleared(moment, RESERVATION, ref, why)]


def test_wf5_a_till_holds_a_voucher_for_fifteen_minutes(given: Given) -> None:
    given(*PAST).when(hold()).then(
        on(VOUCHER, DRINK, *held("T-1", NOON, LATER)), on(HOLDS, "M2", HoldPlaced(NOON, DRINK))
    )


def test_wf5_asking_again_makes_no_hold_longer(given: Given) -> None:
    given(*AT_TILL).when(hold(now=at("12:10"))).then_nothing()


def test_wf5_a_till_that_begins_anew_replaces_its_own_hold(given: Given) -> None:
    now = at("12:10")
    given(*AT_TILL).when(hold("T-2", now)).then(
        on(VOUCHER, DRINK, *freed(now, "T-1", "replaced"), *held("T-2", now, at("12:25")))
    )


def test_wf5_a_hold_ends_at_its_last_moment_though_no_timer_has_come(given: Given) -> None:
    given(*AT_TILL).when(hold("T-2", LATER)).then(
        on(VOUCHER, DRINK, *freed(LATER, "T-1", "hold_over"), *held("T-2", LATER, at("12:30")))
    )


SUSPENDED = MerchantSuspended(EVE, "M2", "licence")
ELSEWHERE = VoucherReserved(EVE, "collection", "BK1", "M1", at("13:00"))
USED = VoucherRedeemed(EVE, "R1", "M2", "M2-till", 300, False)
CANNOT_HOLD: list[tuple[str, HoldAtTill, tuple[Change, ...], type[Refused]]] = [
    ("the member is suspended", hold(), (on(MEMBER, "W01", SuspensionNoted(EVE)),), refusals.MemberSuspended),
    ("the member has left", hold(), (on(MEMBER, "W01", LeavingNoted(EVE)),), NotFound),
    ("no such merchant", hold(merchant_id="M9"), (), NotFound),
    ("the merchant is suspended", hold(), (merchant("M2", SUSPENDED),), refusals.MerchantSuspended),
    ("no such till", hold(terminal_id="M1-till"), (), refusals.TerminalUnknown),
    ("no such voucher", hold(voucher_id="V9"), (), refusals.VoucherNotFound),
    ("not taken here", hold(merchant_id="M1", terminal_id="M1-till"), (), refusals.MerchantNotAccepted),
    ("another member's", hold(member_id="W02"), (), refusals.VoucherNotYours),
    (
        "used",
        hold(),
        (on(VOUCHER, DRINK, VoucherRedeemed(EVE, "R1", "M2", "T", 300, False)),),
        refusals.VoucherAlreadyRedeemed,
    ),
    ("expired", hold(), (on(VOUCHER, DRINK, VoucherExpired(EVE, "W01", "drinks")),), refusals.VoucherExpired),
    ("its last moment is over", hold(now=END), (), refusals.VoucherExpired),
    ("revoked", hold(), (on(VOUCHER, DRINK, VoucherRevoked(EVE, "fraud", "W01", "drinks")),), refusals.VoucherRevoked),
    ("held for a booking", hold(), (on(VOUCHER, DRINK, ELSEWHERE),), refusals.VoucherReservedElsewhere),
]


@pytest.mark.parametrize("wish,more,refusal", [one[1:] for one in CANNOT_HOLD], ids=[one[0] for one in CANNOT_HOLD])
def test_wf5_what_cannot_be_held_is_refused(
    given: Given, wish: HoldAtTill, more: tuple[Change, ...], refusal: type[Refused]
) -> None:
    given(*PAST, *more).when(wish).then_refused(refusal)


def test_e39_held_at_another_till_is_not_used_up(given: Given) -> None:
    other = on(VOUCHER, DRINK, VoucherReserved(NOON, "till", "T-1", "M2", LATER, "M2-other"))
    given(*PAST, other).when(hold(now=at("12:01"))).then_refused(refusals.VoucherReservedElsewhere)


def test_wf5_what_is_collected_in_a_slot_is_held_by_its_booking_alone(given: Given) -> None:
    wish = hold(voucher_id=GIFT, member_id="W06", merchant_id="M1", terminal_id="M1-till")
    booked = VoucherReserved(EVE, "collection", "BK1", "M1", at("13:00"))
    given(*PAST).when(wish).then_refused(refusals.ReservationExpired)
    given(*PAST, on(VOUCHER, GIFT, booked)).when(wish).then_refused(refusals.VoucherReservedElsewhere)
    came = CollectionPermitted(at("11:50"), "BK1", "M1")
    given(*PAST, on(VOUCHER, GIFT, booked, came)).when(wish).then_nothing()


@pytest.mark.parametrize("ref", ["T-1", None])
def test_wf5_a_released_voucher_is_issued_again(given: Given, ref: str | None) -> None:
    scenario = given(*AT_TILL).when(release(ref))
    scenario.then(on(VOUCHER, DRINK, *freed(NOON, "T-1", "by_till")), on(HOLDS, "M2", HoldRemoved(NOON, DRINK)))
    scenario.when(release(ref)).then_nothing()
    assert "redemption-R1" in scenario.when(redeem("R1", "W01", "M2", NOON, 300, voucher_id=DRINK)).events


NOT_RELEASED: list[tuple[str, ReleaseAtTill, type[Refused]]] = [
    ("another merchant's", release(merchant_id="M1", terminal_id="M1-till"), refusals.VoucherReservedElsewhere),
    ("another member's", release(member_id="W02"), refusals.VoucherNotYours),
    ("no such voucher", release(voucher_id="V9"), refusals.VoucherNotFound),
    ("no such till", release(terminal_id="M1-till"), refusals.TerminalUnknown),
    ("no such merchant", release(merchant_id="M9"), NotFound),
]


@pytest.mark.parametrize("wish,refusal", [one[1:] for one in NOT_RELEASED], ids=[one[0] for one in NOT_RELEASED])
def test_wf5_a_till_releases_what_its_merchant_holds(given: Given, wish: ReleaseAtTill, refusal: type[Refused]) -> None:
    given(*AT_TILL).when(wish).then_refused(refusal)


def test_wf5_a_release_that_comes_late_ends_no_newer_hold(given: Given) -> None:
    given(*AT_TILL).when(release("T-0")).then_nothing()


def test_wf5_the_timer_ends_the_hold(given: Given) -> None:
    given(*AT_TILL).when(EndHold(DRINK, "T-1", LATER)).then(
        on(VOUCHER, DRINK, *freed(LATER, "T-1", "hold_over")), on(HOLDS, "M2", HoldRemoved(LATER, DRINK))
    )


def test_wf5_the_timer_of_an_earlier_hold_ends_no_newer_one(given: Given) -> None:
    given(*AT_TILL).when(EndHold(DRINK, "T-0", LATER)).then(
        on(VOUCHER, DRINK, DeadlineCleared(LATER, RESERVATION, "T-0", "over"))
    )
    given(*AT_TILL).when(EndHold(DRINK, "T-1", NOON)).then_nothing()


def test_wf6_at_valid_until_a_voucher_expires_with_its_money_and_its_entitlement(given: Given) -> None:
    scenario = given(*PAST).when(ExpireVoucher(DRINK, END))
    expired = VoucherExpired(END, "W01", "drinks")
    scenario.then(on(VOUCHER, DRINK, expired, DeadlineCleared(END, EXPIRY, DRINK, "over")), MONEY_BACK, EXPIRED)
    scenario.when(ExpireVoucher(DRINK, END)).then(on(VOUCHER, DRINK, DeadlineCleared(END, EXPIRY, DRINK, "over")))


LATE = VoucherReserved(at("23:50"), "till", "T-1", "M2", at("00:05", "2026-01-24"), "M2-till")


def test_wf5_a_hold_that_began_in_time_lasts_past_the_end_and_then_it_expires(given: Given) -> None:
    over = at("00:05", "2026-01-24")
    scenario = given(*PAST, on(VOUCHER, DRINK, LATE), on(HOLDS, "M2", HoldPlaced(at("23:50"), DRINK)))
    scenario.when(ExpireVoucher(DRINK, END)).then(on(VOUCHER, DRINK, DeadlineCleared(END, EXPIRY, DRINK, "over")))
    scenario.when(EndHold(DRINK, "T-1", over)).then(
        on(VOUCHER, DRINK, *freed(over, "T-1", "hold_over"), VoucherExpired(over, "W01", "drinks")),
        on(HOLDS, "M2", HoldRemoved(over, DRINK)),
        on(BUDGET, "B-DRINK", BudgetReleased(over, DRINK, 300, "drinks")),
        on(ENTITLEMENT, "drinks/W01", EntitlementExpired(over, "once")),
    )


def test_wf5_while_that_hold_lasts_its_till_redeems_it_and_no_other(given: Given) -> None:
    after = at("00:01", "2026-01-24")
    past = (*PAST, on(VOUCHER, DRINK, LATE))
    paid = redeem("R1", "W01", "M2", after, 300, voucher_id=DRINK, reservation_ref="T-1")
    assert "redemption-R1" in given(*past).when(paid).events
    other = redeem("R2", "W01", "M2", after, 300, voucher_id=DRINK)
    given(*past).when(other).then_refused(
        refusals.VoucherReservedElsewhere, refused(other, refusals.VoucherReservedElsewhere)
    )


@pytest.mark.parametrize("first", ["hold", "voucher"])
def test_wf5_wf6_two_timers_of_one_moment_end_alike_in_either_order(given: Given, first: str) -> None:
    until_end = VoucherReserved(at("23:45"), "till", "T-1", "M2", END, "M2-till")
    timers = [EndHold(DRINK, "T-1", END), ExpireVoucher(DRINK, END)]
    scenario = given(*PAST, on(VOUCHER, DRINK, until_end), on(HOLDS, "M2", HoldPlaced(at("23:45"), DRINK)))
    events = scenario.when(timers[0 if first == "hold" else 1]).events
    facts = [event for event in events[f"voucher-{DRINK}"] if not isinstance(event, DeadlineCleared)]
    assert facts == [VoucherReleased(END, "T-1", "hold_over"), VoucherExpired(END, "W01", "drinks")]
    assert events["budget-B-DRINK"] == MONEY_BACK.events
    again = scenario.when(timers[1 if first == "hold" else 0]).events
    assert {type(event) for one in again.values() for event in one} <= {DeadlineCleared}


def test_an_officer_revokes_a_voucher_with_its_money_and_its_entitlement(given: Given) -> None:
    revoke = RevokeVoucher(DRINK, "fraud", at("12:01"))
    scenario = given(*AT_TILL).when(revoke)
    now = at("12:01")
    scenario.then(
        on(
            VOUCHER,
            DRINK,
            *freed(now, "T-1", "revoked"),
            VoucherRevoked(now, "fraud", "W01", "drinks"),
            DeadlineCleared(now, EXPIRY, DRINK, "revoked"),
        ),
        on(HOLDS, "M2", HoldRemoved(now, DRINK)),
        on(BUDGET, "B-DRINK", BudgetReleased(now, DRINK, 300, "drinks")),
        on(ENTITLEMENT, "drinks/W01", EntitlementRevoked(now, "once")),
    )
    scenario.when(revoke).then_nothing()


NOT_REVOKED: list[tuple[str, str, tuple[Any, ...], type[Refused]]] = [
    ("unknown", "V9", (), refusals.VoucherNotFound),
    ("used", DRINK, (USED,), refusals.VoucherAlreadyRedeemed),
    ("expired", DRINK, (VoucherExpired(EVE, "W01", "drinks"),), refusals.VoucherExpired),
]


@pytest.mark.parametrize("which,past,refusal", [one[1:] for one in NOT_REVOKED], ids=[one[0] for one in NOT_REVOKED])
def test_what_is_used_or_over_is_not_revoked(
    given: Given, which: str, past: tuple[Any, ...], refusal: type[Refused]
) -> None:
    given(*PAST, on(VOUCHER, DRINK, *past)).when(RevokeVoucher(which, "fraud", NOON)).then_refused(refusal)


def test_a_redemption_ends_the_hold_at_its_place(given: Given) -> None:
    paid = redeem("R1", "W01", "M2", at("12:02"), 300, voucher_id=DRINK, reservation_ref="T-1")
    assert given(*AT_TILL).when(paid).events["holds-M2"] == [HoldRemoved(at("12:02"), DRINK)]
