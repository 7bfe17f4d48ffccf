"""Redemptions: points and a unit together or nothing (PT11), late confirmations (PT12), refunds (PT8)."""

from __future__ import annotations

from typing import Any

import pytest

from services.points.domain.account import ACCOUNT, EarnPoints, ExpireLot, InsufficientPoints, ReversePoints
from services.points.domain.goods import (
    GOODS,
    BandNotReached,
    ChangeStock,
    GoodsListed,
    ListGoods,
    OutOfStock,
    StockChanged,
    UnitBlocked,
    UnitDispensed,
    UnitDispensedLate,
    UnitFreed,
    UnitHeld,
)
from services.points.domain.ledger import PointsEarned, PointsRefunded, PointsReleased, PointsSpent
from services.points.domain.lots import Allocation, Portion
from services.points.domain.machine import MACHINE, MachineHeard, MachineOffline, MachineRegistered
from services.points.domain.redemption import (
    REDEMPTION,
    DispenseFailed,
    ExpireRedemption,
    GoodsDispensed,
    GoodsRefunded,
    HoldExpired,
    LateDispenseConfirmed,
    NothingToRefund,
    RefundRedemption,
)
from services.points.domain.standing import (
    STANDING,
    MemberSuspended,
    NoteReinstatement,
    NoteSuspension,
    SuspensionLifted,
    SuspensionNoted,
)
from shared.decider import DeadlineSet
from shared.errors import IdempotencyKeyReused, NotFound
from shared.testing.given import Given, on

from .supermarket import (
    EVE,
    FEBRUARY_2026,
    FEBRUARY_2027,
    LATE,
    NOON,
    SOAP,
    SOON,
    UNTIL,
    a_started_redemption,
    a_stocked_machine,
    cleared,
    daily,
    held,
    machine_known,
    order,
    over,
    paid,
    redeem,
    said,
    seven_points,
    soap_listed,
    started,
    three_soaps,
)
from .the_day import INSTANT, MINUTE, at, rules_known

REFUND = RefundRedemption("X1", "S1", "faulty_goods", at("15:00"))


def test_pt11_points_and_a_unit_are_held_together_for_five_minutes(given: Given) -> None:
    given(*a_stocked_machine).when(redeem()).then(
        on(GOODS, SOAP, UnitHeld(NOON, "X1")), on(ACCOUNT, "V1", held), on(REDEMPTION, "X1", *started)
    )


def test_pt11_out_of_stock_holds_nothing(given: Given) -> None:
    given(machine_known, seven_points, on(GOODS, SOAP, soap_listed)).when(redeem()).then_refused(OutOfStock)


def test_pt11_out_of_stock_comes_before_the_points_are_looked_at(given: Given) -> None:
    given(machine_known, on(GOODS, SOAP, soap_listed)).when(redeem()).then_refused(OutOfStock)


def test_insufficient_points_hold_no_unit(given: Given) -> None:
    poor = on(ACCOUNT, "V1", PointsEarned(NOON, "patrol:R1", 3, "patrol", "R1", NOON, None))
    given(machine_known, three_soaps, poor).when(redeem()).then_refused(InsufficientPoints)


def test_the_last_unit_is_sold_and_no_further_one(given: Given) -> None:
    one_left = on(GOODS, SOAP, soap_listed, StockChanged(EVE, 1, "restocked"))
    first = given(machine_known, one_left, seven_points).when(redeem())
    first.when(redeem(redemption_id="X2", member_id="V2")).then_refused(OutOfStock)


def test_all_points_can_be_redeemed_exactly(given: Given) -> None:
    seven = on(GOODS, SOAP, GoodsListed(EVE, "M1", "soap", 7, 1), StockChanged(EVE, 1, "restocked"))
    assert given(machine_known, seven, seven_points).when(redeem()).events["account-V1"]


def test_held_points_are_not_available_twice(given: Given) -> None:
    given(*a_started_redemption).when(redeem(redemption_id="X2", now=SOON)).then_refused(InsufficientPoints)


def test_pt10_goods_of_a_band_above_the_points_available_are_refused_by_their_band(given: Given) -> None:
    bicycle = on(GOODS, "M1/bicycle", GoodsListed(EVE, "M1", "bicycle", 20, 2), StockChanged(EVE, 1, "restocked"))
    ask = redeem(item_id="bicycle")
    given(machine_known, bicycle, seven_points).when(ask).then_refused(BandNotReached)
    nineteen = PointsEarned(EVE, "patrol:R9", 12, "patrol", "R9", EVE, None)
    given(machine_known, bicycle, seven_points, on(ACCOUNT, "V1", nineteen)).when(ask).then_refused(BandNotReached)
    twenty = PointsEarned(EVE, "patrol:R9", 13, "patrol", "R9", EVE, None)
    assert given(machine_known, bicycle, seven_points, on(ACCOUNT, "V1", twenty)).when(ask).events["redemption-X1"]


def test_pt10_goods_of_a_band_that_is_reached_may_still_cost_too_much(given: Given) -> None:
    lamp = on(GOODS, "M1/lamp", GoodsListed(EVE, "M1", "lamp", 19, 1), StockChanged(EVE, 1, "restocked"))
    given(machine_known, lamp, seven_points).when(redeem(item_id="lamp")).then_refused(InsufficientPoints)


def test_pt10_a_band_counts_what_is_available_and_not_the_lifetime(given: Given) -> None:
    rich_once = PointsEarned(EVE, "patrol:R9", 100, "patrol", "R9", at("09:00", "2024-01-01"), EVE)
    bicycle = on(GOODS, "M1/bicycle", GoodsListed(EVE, "M1", "bicycle", 20, 2), StockChanged(EVE, 1, "restocked"))
    past = given(machine_known, bicycle, seven_points, on(ACCOUNT, "V1", rich_once))
    past.when(redeem(item_id="bicycle")).then_refused(BandNotReached)


@pytest.mark.parametrize("changed", [{"machine_id": "M9"}, {"item_id": "tea"}], ids=["machine", "item"])
def test_what_is_not_known_is_not_found(given: Given, changed: dict[str, str]) -> None:
    given(*a_stocked_machine).when(redeem(**changed)).then_refused(NotFound)


def test_a_machine_that_was_not_heard_of_within_its_ttl_is_offline(given: Given) -> None:
    last = at("11:59") + 5 * MINUTE
    assert given(*a_stocked_machine).when(redeem(now=last - INSTANT)).events["redemption-X1"]
    given(*a_stocked_machine).when(redeem(now=last)).then_refused(MachineOffline)


def test_a_machine_that_never_said_anything_or_is_out_of_order_is_offline(given: Given) -> None:
    silent = on(MACHINE, "M1", MachineRegistered(EVE, "S1", 300))
    given(silent, three_soaps, seven_points).when(redeem()).then_refused(MachineOffline)
    broken = on(MACHINE, "M1", MachineHeard(NOON, "out_of_order"))
    given(*a_stocked_machine, broken).when(redeem()).then_refused(MachineOffline)


def test_row_22_a_suspended_member_redeems_nothing_until_reinstated(given: Given) -> None:
    suspended = on(STANDING, "V1", SuspensionNoted(EVE, "misuse"))
    given(*a_stocked_machine, suspended).when(redeem()).then_refused(MemberSuspended)
    reinstated = on(STANDING, "V1", SuspensionLifted(EVE))
    assert given(*a_stocked_machine, suspended, reinstated).when(redeem()).events["redemption-X1"]


def test_e31_the_same_redemption_asked_for_twice_is_one(given: Given) -> None:
    given(*a_started_redemption).when(redeem(now=SOON)).then_nothing()


@pytest.mark.parametrize("changed", [{"member_id": "V2"}, {"item_id": "towel"}, {"machine_id": "M2"}], ids=str)
def test_a_redemption_id_used_for_something_else_is_refused(given: Given, changed: dict[str, Any]) -> None:
    given(*a_started_redemption).when(redeem(**changed)).then_refused(IdempotencyKeyReused)


def test_a_new_price_changes_no_redemption_that_has_started(given: Given) -> None:
    dearer = given(*a_started_redemption).when(ListGoods("M1", "soap", 6, SOON))
    (spent,) = dearer.when(said("dispensed")).events["account-V1"]
    assert isinstance(spent, PointsSpent)
    assert spent.allocations == (Allocation("opening:old-1", 4),)
    assert given(*a_started_redemption).when(ListGoods("M1", "soap", 4, SOON)).then_nothing()


def test_pt7_a_confirmed_dispense_spends_the_held_points_and_one_unit(given: Given) -> None:
    given(*a_started_redemption).when(said("dispensed")).then(
        on(REDEMPTION, "X1", GoodsDispensed(SOON, order, paid), cleared("dispensed")),
        on(ACCOUNT, "V1", PointsSpent(SOON, "X1", (Allocation("opening:old-1", 4),), "X1", 0)),
        on(GOODS, SOAP, UnitDispensed(SOON, "X1")),
    )


def test_pt11_e32_a_failed_dispense_gives_the_points_back_and_blocks_the_unit(given: Given) -> None:
    given(*a_started_redemption).when(said("failed")).then(
        on(REDEMPTION, "X1", DispenseFailed(SOON, order, "jammed", late=False), cleared("failed")),
        on(ACCOUNT, "V1", PointsReleased(SOON, "X1", "dispense_failed")),
        on(GOODS, SOAP, UnitBlocked(SOON, "X1", held=True)),
    )


def test_pt11_without_a_word_in_five_minutes_points_and_unit_are_free(given: Given) -> None:
    given(*a_started_redemption).when(ExpireRedemption("X1", UNTIL)).then(
        over(),
        on(ACCOUNT, "V1", PointsReleased(UNTIL, "X1", "unconfirmed")),
        on(GOODS, SOAP, UnitFreed(UNTIL, "X1")),
    )


@pytest.mark.parametrize("result", ["dispensed", "failed"])
def test_a_timer_that_comes_after_the_word_of_the_machine_does_nothing(given: Given, result: str) -> None:
    past = given(*a_started_redemption).when(said(result))
    past.when(ExpireRedemption("X1", UNTIL)).then(on(REDEMPTION, "X1", cleared("over", UNTIL)))


def test_pt12_e33_a_late_confirmation_is_charged_again_and_takes_one_unit(given: Given) -> None:
    past = given(*a_started_redemption).when(ExpireRedemption("X1", UNTIL))
    past.when(said("dispensed", LATE)).then(
        on(ACCOUNT, "V1", PointsSpent(LATE, "X1", (Allocation("opening:old-1", 4),), None, 0)),
        on(REDEMPTION, "X1", LateDispenseConfirmed(LATE, order, paid, 0)),
        on(GOODS, SOAP, UnitDispensedLate(LATE, "X1", short=False)),
    )


def test_pt12_what_is_missing_by_then_becomes_debt(given: Given) -> None:
    past = given(*a_started_redemption).when(ExpireRedemption("X1", UNTIL))
    past = past.when(redeem(redemption_id="X2", now=UNTIL - 2 * MINUTE)).when(
        said("dispensed", UNTIL, redemption_id="X2")
    )
    late = past.when(said("dispensed", LATE))
    left = (Allocation("opening:old-1", 1), Allocation("patrol:R1", 2))
    assert late.events["account-V1"] == [PointsSpent(LATE, "X1", left, None, 1)]


def test_e33_a_late_confirmation_for_the_unit_that_is_promised_to_another_is_recorded_as_short(given: Given) -> None:
    one_left = on(GOODS, SOAP, soap_listed, StockChanged(EVE, 1, "restocked"))
    v2 = on(ACCOUNT, "V2", PointsEarned(EVE, "patrol:R2", 9, "patrol", "R2", EVE, None))
    past = given(machine_known, one_left, seven_points, v2).when(redeem()).when(ExpireRedemption("X1", UNTIL))
    past = past.when(redeem(redemption_id="X2", member_id="V2", now=at("12:03")))
    late = past.when(said("dispensed", LATE))
    assert late.events["goods-M1/soap"] == [UnitDispensedLate(LATE, "X1", short=True)]
    jam = late.when(said("failed", LATE, redemption_id="X2"))
    assert jam.events["goods-M1/soap"] == [UnitBlocked(LATE, "X2", held=True)]


def test_a_word_after_the_hold_is_late_even_before_the_timer_has_come(given: Given) -> None:
    at_once = given(*a_started_redemption).when(said("dispensed", UNTIL)).events
    by_timer = given(*a_started_redemption).when(ExpireRedemption("X1", UNTIL))
    then = by_timer.events
    later = by_timer.when(said("dispensed", UNTIL)).events
    assert at_once == {stream: [*then[stream], *later[stream]] for stream in then}
    in_time = given(*a_started_redemption).when(said("dispensed", UNTIL - INSTANT))
    assert isinstance(in_time.events["redemption-X1"][0], GoodsDispensed)


@pytest.mark.parametrize("result", ["dispensed", "failed"])
def test_k3_a_word_said_again_is_nothing_new(given: Given, result: str) -> None:
    in_time = given(*a_started_redemption).when(said(result))
    in_time.when(said(result, LATE)).then_nothing()
    late = given(*a_started_redemption).when(ExpireRedemption("X1", UNTIL)).when(said(result, LATE))
    late.when(said(result, LATE)).then_nothing()


@pytest.mark.parametrize("first,second", [("dispensed", "failed"), ("failed", "dispensed")])
def test_a_word_that_contradicts_the_first_changes_nothing_and_asks_for_a_person(
    given: Given, first: str, second: str
) -> None:
    past = given(*a_started_redemption).when(said(first))
    past.when(said(second, LATE)).then_refused(HoldExpired)


def test_a_late_failure_blocks_a_unit_and_nothing_more(given: Given) -> None:
    past = given(*a_started_redemption).when(ExpireRedemption("X1", UNTIL))
    past.when(said("failed", LATE)).then(
        on(REDEMPTION, "X1", DispenseFailed(LATE, order, "jammed", late=True)),
        on(GOODS, SOAP, UnitBlocked(LATE, "X1", held=False)),
    )


def test_a_word_about_a_redemption_that_never_started_or_is_at_another_machine_is_not_found(given: Given) -> None:
    given(*a_stocked_machine).when(said("dispensed")).then_refused(NotFound)
    given(*a_started_redemption).when(said("dispensed", machine_id="M2")).then_refused(NotFound)
    given(*a_stocked_machine).when(ExpireRedemption("X1", UNTIL)).then_refused(NotFound)


def test_row_22_a_suspension_frees_points_and_units_of_every_redemption(given: Given) -> None:
    cheap = on(GOODS, "M1/tea", GoodsListed(EVE, "M1", "tea", 2, 1), StockChanged(EVE, 1, "restocked"))
    two = given(*a_started_redemption, cheap).when(redeem(redemption_id="X2", item_id="tea", now=SOON))
    ended = two.when(NoteSuspension("V1", "misuse", SOON)).events
    released = [PointsReleased(SOON, name, "member_suspended") for name in ("X1", "X2")]
    assert ended["account-V1"] == released
    assert ended["goods-M1/soap"] == [UnitFreed(SOON, "X1")]
    assert ended["goods-M1/tea"] == [UnitFreed(SOON, "X2")]
    assert ended["standing-V1"] == [SuspensionNoted(SOON, "misuse")]


def test_row_22_goods_that_come_out_all_the_same_are_charged_as_late(given: Given) -> None:
    past = given(*a_started_redemption).when(NoteSuspension("V1", "misuse", SOON)).when(said("dispensed", SOON))
    assert past.events["account-V1"] == [PointsSpent(SOON, "X1", (Allocation("opening:old-1", 4),), None, 0)]


def test_row_22_a_suspension_told_twice_is_one(given: Given) -> None:
    past = given(*a_started_redemption).when(NoteSuspension("V1", "misuse", SOON))
    past.when(NoteSuspension("V1", "misuse", SOON)).then_nothing()
    given().when(NoteReinstatement("V1", SOON)).then_nothing()


def test_pt8_a_refund_puts_points_back_into_their_lots(given: Given) -> None:
    past = given(*a_started_redemption).when(said("dispensed"))
    past.when(REFUND).then(
        on(REDEMPTION, "X1", GoodsRefunded(REFUND.now, "faulty_goods")),
        on(
            ACCOUNT,
            "V1",
            PointsRefunded(REFUND.now, "X1", paid, 0),
            DeadlineSet(REFUND.now, "lot", "opening:old-1", FEBRUARY_2026),
        ),
    )


def test_pt8_points_of_an_expired_lot_go_into_a_new_one_that_lasts_thirty_days(given: Given) -> None:
    """E25: and nothing is earned by it."""
    spent = given(*a_started_redemption).when(said("dispensed"))
    expired = spent.when(ExpireLot("V1", "opening:old-1", FEBRUARY_2026))
    refund = RefundRedemption("X1", "S1", "faulty_goods", FEBRUARY_2026)
    until = at("00:00", "2026-03-03")
    new = Portion("refund:X1", 4, FEBRUARY_2026, until)
    assert expired.when(refund).events["account-V1"] == [
        PointsRefunded(FEBRUARY_2026, "X1", (new,), 0),
        DeadlineSet(FEBRUARY_2026, "lot", "refund:X1", until),
    ]


def test_pt8_a_refund_is_made_once(given: Given) -> None:
    past = given(*a_started_redemption).when(said("dispensed")).when(REFUND)
    past.when(REFUND).then_nothing()
    past.when(said("dispensed", LATE)).then_nothing()


def test_pt8_nothing_is_refunded_that_was_not_spent(given: Given) -> None:
    given(*a_started_redemption).when(REFUND).then_refused(NothingToRefund)
    given(*a_started_redemption).when(said("failed")).when(REFUND).then_refused(NothingToRefund)
    given(*a_started_redemption).when(ExpireRedemption("X1", UNTIL)).when(REFUND).then_refused(NothingToRefund)
    given().when(REFUND).then_refused(NotFound)


def test_a_refund_is_made_at_the_station_of_the_machine(given: Given) -> None:
    elsewhere = RefundRedemption("X1", "S2", "faulty_goods", SOON)
    given(*a_started_redemption).when(said("dispensed")).when(elsewhere).then_refused(NotFound)


def test_pt8_what_was_owed_for_it_is_forgiven(given: Given) -> None:
    past = given(*a_started_redemption).when(ExpireRedemption("X1", UNTIL))
    past = past.when(ReversePoints("V1", "opening", "old-1", LATE)).when(said("dispensed", LATE))
    assert past.events["account-V1"] == [PointsSpent(LATE, "X1", (Allocation("patrol:R1", 2),), None, 2)]
    (refunded, _) = past.when(REFUND).events["account-V1"]
    assert refunded == PointsRefunded(REFUND.now, "X1", (Portion("patrol:R1", 2, daily.earned_at, FEBRUARY_2027),), 2)


def test_pt8_what_was_owed_and_is_repaid_by_now_comes_back_as_a_new_lot(given: Given) -> None:
    past = given(rules_known, *a_started_redemption).when(ExpireRedemption("X1", UNTIL))
    past = past.when(ReversePoints("V1", "opening", "old-1", LATE)).when(said("dispensed", LATE))
    past = past.when(EarnPoints("V1", 3, "patrol", "R8", LATE, LATE))
    refunded = past.when(REFUND).events["account-V1"][0]
    assert isinstance(refunded, PointsRefunded)
    assert [(lot.lot_id, lot.points) for lot in refunded.lots] == [("patrol:R1", 2), ("refund:X1", 2)]
    assert refunded.forgiven == 0


def test_e25_a_refund_to_one_who_owes_repays_his_debt_first(given: Given) -> None:
    past = given(*a_started_redemption).when(said("dispensed")).when(ReversePoints("V1", "opening", "old-1", LATE))
    events = past.when(REFUND).events["account-V1"]
    assert [type(event).__name__ for event in events] == ["PointsRefunded", "DeadlineSet", "PointsDebtRepaid"]


def test_taking_out_more_than_is_sellable_is_refused(given: Given) -> None:
    take = ChangeStock("M1", "S1", "soap", 3, "taken_out", SOON)
    given(*a_started_redemption).when(take).then_refused(OutOfStock)
