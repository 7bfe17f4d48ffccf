"""What is told late, or by another service's clock, when more has happened here since."""

from __future__ import annotations

import msgspec
import pytest

from services.welfare.domain import refusals
from services.welfare.domain.budget import BudgetReleased
from services.welfare.domain.campaign import (
    CAMPAIGN,
    START,
    CampaignPaused,
    CampaignResumed,
    CampaignStarted,
    GrantingBegun,
    ResumeCampaign,
    StartCampaign,
    TargetListApproved,
)
from services.welfare.domain.collection import COLLECTION, CancelCollection, VoucherReservationRefused
from services.welfare.domain.holds import HOLDS, FreeHolds, HoldPlaced, HoldRemoved
from services.welfare.domain.merchant import MerchantSuspended
from services.welfare.domain.redemption import Redeem
from services.welfare.domain.station import (
    STATION,
    CampaignBound,
    NoteStationResumed,
    NoteStationSuspended,
    StationSuspensionLifted,
    StationSuspensionNoted,
)
from services.welfare.domain.voucher import VOUCHER
from services.welfare.domain.voucher_commands import EndHold, ExpireVoucher, HoldAtTill, RevokeVoucher
from services.welfare.domain.voucher_events import EXPIRY, RESERVATION, VoucherReleased, VoucherReserved
from shared.decider import Command, DeadlineCleared, DeadlineSet
from shared.testing.given import Given, on

from .shop import EVE, GIFTS, at, budget, campaign, merchant, redeem, refused, reverse, verified, voucher
from .test_collecting import BOOKED, BOOKING_DAY, PAST, confirm

SLOT = (at("10:00"), at("11:00"))
END = at("11:00")  # of a gift that is good until its slot is over, but for the quarter of an hour of its hold
GIFT, ISSUED = voucher("gifts", "W06", until=END)
SHOP = (merchant("M1"), campaign("gifts"), budget("B-GIFT", 10_000), *ISSUED)
BEFORE = at("10:59")

LATE: list[tuple[str, Command]] = [
    ("cancelled", CancelCollection("BK1", BOOKED, "by_member", BEFORE)),
    ("merchant_suspended", FreeHolds("M1", BEFORE, BEFORE)),
]


@pytest.mark.parametrize("end", [end for _, end in LATE], ids=[name for name, _ in LATE])
def test_wf6_a_hold_that_had_ended_before_the_voucher_did_keeps_no_money_when_told_after(
    given: Given, end: Command
) -> None:
    """Its timer found it held and let it be: so it is set once more."""
    scenario = given(*SHOP).when(confirm(slot=SLOT)).when(ExpireVoucher(GIFT, END))
    scenario.then(on(VOUCHER, GIFT, DeadlineCleared(END, EXPIRY, GIFT, "over")))
    told = scenario.when(end).events[f"voucher-{GIFT}"]
    assert told[-1] == DeadlineSet(BEFORE, EXPIRY, GIFT, END)
    money = scenario.when(ExpireVoucher(GIFT, END)).events["budget-B-GIFT"]
    assert money == [BudgetReleased(END, GIFT, 2000, "gifts")]


def test_wf6_a_hold_that_moves_to_an_earlier_slot_keeps_no_money_either(given: Given) -> None:
    earlier = confirm(slot=(at("08:00"), at("09:00")))
    scenario = given(*SHOP).when(confirm(slot=SLOT)).when(ExpireVoucher(GIFT, END)).when(earlier)
    over = at("09:15")
    assert scenario.when(EndHold(GIFT, "BK1", over)).events[f"voucher-{GIFT}"] == [
        VoucherReleased(over, "BK1", "hold_over"),
        DeadlineCleared(over, RESERVATION, "BK1", "hold_over"),
        DeadlineSet(over, EXPIRY, GIFT, END),
    ]


@pytest.mark.parametrize("told,code", [("09:59", None), ("10:01", refusals.VoucherExpired)])
def test_wf3_a_revocation_holds_from_its_moment_on_after_a_reversal_too(
    given: Given, told: str, code: type[refusals.VoucherExpired] | None
) -> None:
    """What was bought offline before the revocation, and reversed, opens no door to what was bought after it."""
    drink, issued = voucher("drinks", "W01")
    scenario = given(merchant("M2"), campaign("drinks"), budget("B-DRINK", 3000), *issued)
    scenario.when(RevokeVoucher(drink, "fraud", at("10:00"))).when(_offline("R1", drink, "09:30"))
    scenario.when(reverse("R1", at("11:30")))
    wish = _offline("R2", drink, told)
    if code is None:
        verified(scenario.when(wish).events, "R2")
    else:
        scenario.when(wish).then_refused(code, refused(wish, code))


def _offline(redemption_id: str, voucher_id: str, told: str) -> Redeem:
    return redeem(redemption_id, "W01", "M2", at("11:00"), 300, told=at(told), voucher_id=voucher_id)


def test_wf13_a_booking_made_before_the_suspension_and_told_after_it_is_not_held(given: Given) -> None:
    """The holds there have been freed: nothing would free this one."""
    suspended = merchant("M1", MerchantSuspended(at("20:01", "2026-01-22"), "M1", "licence"))
    given(*PAST, suspended).when(confirm()).then(
        on(COLLECTION, "BK1", VoucherReservationRefused(BOOKING_DAY, BOOKED, *SLOT, "MERCHANT_SUSPENDED"))
    )


def test_wf13_nor_is_what_a_till_asked_for_before_it(given: Given) -> None:
    drink, issued = voucher("drinks", "W01")
    suspended = merchant("M2", MerchantSuspended(at("10:01"), "M2", "licence"))
    wish = HoldAtTill(drink, "W01", "M2", "M2-till", "T-1", at("10:00"))
    past = (suspended, campaign("drinks"), budget("B-DRINK", 3000), *issued)
    given(*past).when(wish).then_refused(refusals.MerchantSuspended)


DRINKS = (merchant("M2"), campaign("drinks"), budget("B-DRINK", 3000))


def test_wf3_an_offline_purchase_takes_the_voucher_of_its_own_time(given: Given) -> None:
    """Not the one that the member has got since, which would be gone when he comes for it."""
    midnight = at("00:00")
    first, issued = voucher("drinks", "W01", period="2026-01-22", until=midnight)
    second, (committed, granted, since) = voucher("drinks", "W01", period="2026-01-23", until=at("00:00", "2026-01-24"))
    later = [msgspec.structs.replace(event, at=at("07:00")) for event in since.events]
    past = (*DRINKS, *issued, committed, granted, on(VOUCHER, second, *later))
    told = redeem("R1", "W01", "M2", at("08:00"), 300, told=at("20:00", "2026-01-22"), campaign_id="drinks")
    scenario = given(*past).when(ExpireVoucher(first, midnight)).when(told)
    assert verified(scenario.events).purchase.voucher_id == first


def test_of_several_vouchers_a_till_takes_one_that_nothing_keeps_from_it(given: Given) -> None:
    """The one that ends first is held by another till."""
    held, issued = voucher("drinks", "W01", period="1")
    free, more = voucher("drinks", "W01", period="2", until=at("00:00", "2026-01-25"))
    hold = on(VOUCHER, held, VoucherReserved(at("10:00"), "till", "T-1", "M2", at("10:15"), "M2-other"))
    scenario = given(*DRINKS, *issued, *more, hold)
    wish = redeem("R1", "W01", "M2", at("10:01"), 300, campaign_id="drinks")
    assert verified(scenario.when(wish).events).purchase.voucher_id == free


def test_a_till_that_names_no_voucher_is_told_that_the_only_one_is_held(given: Given) -> None:
    held, issued = voucher("drinks", "W01")
    hold = on(VOUCHER, held, VoucherReserved(at("10:00"), "till", "T-1", "M2", at("10:15"), "M2-other"))
    wish = redeem("R1", "W01", "M2", at("10:01"), 300, campaign_id="drinks")
    given(*DRINKS, *issued, hold).when(wish).then_refused(
        refusals.VoucherReservedElsewhere, refused(wish, refusals.VoucherReservedElsewhere)
    )


ELSEWHERE = VoucherReserved(at("10:30"), "till", "T-1", "M1", at("10:45"), "M1-till")


@pytest.mark.parametrize("told,refusal", [("10:00", None), ("10:31", refusals.VoucherReservedElsewhere)])
def test_wf3_e39_a_hold_keeps_nothing_from_a_till_that_took_the_voucher_offline_before_it(
    given: Given, told: str, refusal: type[refusals.VoucherReservedElsewhere] | None
) -> None:
    drink, issued = voucher("drinks", "W01")
    hold = [on(VOUCHER, drink, ELSEWHERE), on(HOLDS, "M1", HoldPlaced(at("10:30"), drink))]
    wish = redeem("R1", "W01", "M2", at("10:40"), 300, told=at(told), voucher_id=drink)
    scenario = given(*DRINKS, *issued, *hold).when(wish)
    if refusal is None:
        assert scenario.events["holds-M1"] == [HoldRemoved(at("10:40"), drink)]
    else:
        scenario.then_refused(refusal, refused(wish, refusal))


def test_e39_a_hold_keeps_it_from_all_that_are_online(given: Given) -> None:
    """Though it asked before the other one, by a clock that is a little behind."""
    drink, issued = voucher("drinks", "W01")
    wish = redeem("R1", "W01", "M2", at("10:29"), 300, voucher_id=drink)
    given(*DRINKS, *issued, on(VOUCHER, drink, ELSEWHERE)).when(wish).then_refused(
        refusals.VoucherReservedElsewhere, refused(wish, refusals.VoucherReservedElsewhere)
    )


def test_e44_a_station_that_was_back_before_the_start_and_is_told_after_it_begins_the_gifts(given: Given) -> None:
    """Its start found the campaign paused: without this nothing would ever begin them."""
    start = at("10:00")
    terms = msgspec.structs.replace(GIFTS, starts_at=start, stations=("S1",))
    past = [
        campaign("gifts", terms, DeadlineSet(EVE, START, "", start), CampaignPaused(EVE, "station_suspended", "S1")),
        on(CAMPAIGN, "gifts", TargetListApproved(EVE, "L1", 2)),
        on(STATION, "S1", CampaignBound(EVE, "gifts"), StationSuspensionNoted(EVE)),
    ]
    scenario = given(*past).when(StartCampaign("gifts", start))
    scenario.then(on(CAMPAIGN, "gifts", CampaignStarted(start)))
    back = at("09:59")
    scenario.when(NoteStationResumed("S1", back)).then(
        on(CAMPAIGN, "gifts", CampaignResumed(back, "S1", held=False), GrantingBegun(start, "gifts")),
        on(STATION, "S1", StationSuspensionLifted(back)),
    )
    early = given(*past).when(NoteStationResumed("S1", back))
    assert early.events["campaign-gifts"] == [CampaignResumed(back, "S1", held=False)]


def test_row_21_a_suspension_that_is_told_again_pauses_nothing_that_an_officer_has_resumed(given: Given) -> None:
    past = [
        campaign("gifts", msgspec.structs.replace(GIFTS, stations=("S1",))),
        on(STATION, "S1", CampaignBound(EVE, "gifts")),
    ]
    suspended = NoteStationSuspended("S1", at("09:00"))
    scenario = given(*past).when(suspended).when(ResumeCampaign("gifts", at("09:30")))
    scenario.when(suspended).then_nothing()
