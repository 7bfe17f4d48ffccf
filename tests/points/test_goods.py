"""Machines and their goods: who tends them, what a band is, what is said of a machine; what others are told."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from services.points.domain.goods import (
    GOODS,
    ChangeStock,
    ClearUnit,
    GoodsEvent,
    GoodsListed,
    ListGoods,
    Outcome,
    StockChanged,
    UnitBlocked,
    UnitCleared,
    goods_id,
)
from services.points.domain.machine import MACHINE, MachineHeard, MachineRegistered, NoteMachine, RegisterMachine
from services.points.domain.redemption import (
    DispenseFailed,
    ExpireRedemption,
    GoodsDispensed,
    LateDispenseConfirmed,
    Redeem,
    RedemptionExpired,
    ReportDispense,
)
from services.points.domain.standing import NoteLeaving, NoteReinstatement, NoteSuspension
from services.points.domain.values import band_of
from services.points.policies import INTAKE, TIMERS
from services.points.policies.goods import when_member_left, when_member_reinstated, when_member_suspended
from services.points.publishing import PUBLISHING
from shared.contracts import points_goods as contracts
from shared.contracts.checkin import MemberLeft, MemberReinstated, MemberSuspended
from shared.decider import DomainEvent
from shared.errors import NotFound, ValidationFailed
from shared.policies import Receipt
from shared.testing.given import Given, on

from .supermarket import (
    EVE,
    NOON,
    SOAP,
    SOON,
    UNTIL,
    a_started_redemption,
    machine_known,
    order,
    said,
    soap_listed,
    three_soaps,
)
from .the_day import MINUTE

RECEIPT = Receipt("command-1", NOON, "M1", "1", "M1")
RESTOCK = ChangeStock("M1", "S1", "soap", 2, "restocked", SOON)
CLEAR = ClearUnit("M1", "S1", "soap", "X1", "sellable", SOON)
registered = on(MACHINE, "M1", MachineRegistered(EVE, "S1", 300))


def test_a_machine_is_registered_once_and_may_move(given: Given) -> None:
    again = RegisterMachine("M1", "S1", 300, SOON)
    given(registered).when(again).then_nothing()
    moved = msgspec.structs.replace(again, station_id="S2")
    given(registered).when(moved).then(on(MACHINE, "M1", MachineRegistered(SOON, "S2", 300)))


def test_goods_are_listed_in_machines_that_are_registered(given: Given) -> None:
    listing = ListGoods("M1", "soap", 4, NOON)
    given(registered).when(listing).then(on(GOODS, SOAP, GoodsListed(NOON, "M1", "soap", 4, 1)))
    given().when(listing).then_refused(NotFound)


def test_pt10_the_price_makes_the_band() -> None:
    assert [band_of(points) for points in (0, 1, 19, 20, 49, 50, 99, 100, 10_000)] == [1, 1, 1, 2, 2, 3, 3, 4, 4]


def test_stock_is_changed_by_who_names_the_station_of_the_machine(given: Given) -> None:
    given(registered, three_soaps).when(RESTOCK).then(on(GOODS, SOAP, StockChanged(SOON, 2, "restocked")))
    taken = msgspec.structs.replace(RESTOCK, reason="taken_out", units=3)
    given(registered, three_soaps).when(taken).then(on(GOODS, SOAP, StockChanged(SOON, -3, "taken_out")))
    elsewhere = msgspec.structs.replace(RESTOCK, station_id="S2")
    given(registered, three_soaps).when(elsewhere).then_refused(NotFound)
    given(registered).when(RESTOCK).then_refused(NotFound)


@pytest.mark.parametrize("outcome", ["sellable", "written_off"])
def test_pt11_an_attendant_clears_a_blocked_unit_once(given: Given, outcome: Outcome) -> None:
    clear = msgspec.structs.replace(CLEAR, outcome=outcome)
    past = given(*a_started_redemption).when(said("failed")).when(clear)
    past.then(on(GOODS, SOAP, UnitCleared(SOON, "X1", outcome)))
    past.when(clear).then_nothing()


def test_pt11_a_unit_that_is_not_blocked_is_not_cleared(given: Given) -> None:
    given(*a_started_redemption).when(CLEAR).then_nothing()


@pytest.mark.parametrize("outcome,sellable", [("sellable", 3), ("written_off", 2)])
def test_pt11_a_cleared_unit_is_sold_again_and_one_written_off_is_not(outcome: Outcome, sellable: int) -> None:
    three: list[GoodsEvent] = [soap_listed, StockChanged(EVE, 3, "restocked")]
    blocked = GOODS.fold([*three, UnitBlocked(SOON, "X1", held=False)])
    assert blocked.sellable == 2
    assert GOODS.fold([UnitCleared(SOON, "X1", outcome)], blocked).sellable == sellable


def test_what_a_machine_says_again_and_again_is_recorded_once_a_minute(given: Given) -> None:
    """A fifth of its ttl of five minutes."""
    first = given(registered).when(NoteMachine("M1", "ready", NOON))
    first.then(on(MACHINE, "M1", MachineHeard(NOON, "ready")))
    first.when(NoteMachine("M1", "ready", NOON + MINUTE - timedelta(seconds=1))).then_nothing()
    later = NoteMachine("M1", "ready", NOON + MINUTE)
    first.when(later).then(on(MACHINE, "M1", MachineHeard(NOON + MINUTE, "ready")))


def test_a_change_of_its_state_is_recorded_at_once_unless_it_is_an_older_word(given: Given) -> None:
    broken = NoteMachine("M1", "out_of_order", NOON)
    given(machine_known).when(broken).then(on(MACHINE, "M1", MachineHeard(NOON, "out_of_order")))
    given(machine_known).when(msgspec.structs.replace(broken, now=NOON - 2 * MINUTE)).then_nothing()


def test_a_machine_nobody_has_registered_is_not_found(given: Given) -> None:
    given().when(NoteMachine("M1", "ready", NOON)).then_refused(NotFound)


def test_no_two_machines_and_items_share_a_name() -> None:
    assert goods_id("a", "b") == "a/b"
    assert goods_id("a:b", "c") != goods_id("a", "b:c")


def test_what_machines_tell_asks_for_its_command_at_its_receipt() -> None:
    asked = contracts.GoodsRequested(redemption_id="X1", member_id="V1", machine_id="M1", item_id="soap")
    assert INTAKE.command(asked, RECEIPT) == Redeem("X1", "V1", "M1", "soap", NOON)
    done = contracts.DispenseReported(redemption_id="X1", machine_id="M1", result="dispensed")
    assert INTAKE.command(done, RECEIPT) == ReportDispense("X1", "M1", "dispensed", "", NOON)
    jam = contracts.DispenseReported(redemption_id="X1", machine_id="M1", result="failed", reason="jammed")
    assert INTAKE.command(jam, RECEIPT) == ReportDispense("X1", "M1", "failed", "jammed", NOON)
    alive = contracts.MachineReported(machine_id="M1", state="ready")
    assert INTAKE.command(alive, RECEIPT) == NoteMachine("M1", "ready", NOON)


def test_a_failure_says_why() -> None:
    jam = contracts.DispenseReported(redemption_id="X1", machine_id="M1", result="failed")
    with pytest.raises(ValidationFailed) as refused:
        INTAKE.command(jam, RECEIPT)
    assert refused.value.field == "reason"


def test_the_timer_of_a_redemption_asks_for_its_end() -> None:
    assert TIMERS["redemption", "confirm"]("X1", "X1", UNTIL) == ExpireRedemption("X1", UNTIL)


@pytest.mark.parametrize(
    "event,late", [(GoodsDispensed(SOON, order, ()), False), (LateDispenseConfirmed(SOON, order, (), 2), True)]
)
def test_what_came_out_is_told_under_its_redemption(event: DomainEvent, late: bool) -> None:
    published = PUBLISHING.publish(event, "X1")
    assert published is not None
    assert published.key == "X1"
    assert published.data == contracts.GoodsDispensed(
        redemption_id="X1", member_id="V1", machine_id="M1", station_id="S1", item_id="soap", points=4, late=late
    )


def test_a_failure_is_told_with_its_reason() -> None:
    published = PUBLISHING.publish(DispenseFailed(SOON, order, "jammed", late=False), "X1")
    assert published is not None
    assert published.data == contracts.DispenseFailed(
        redemption_id="X1", member_id="V1", machine_id="M1", station_id="S1", item_id="soap", reason="jammed"
    )
    assert PUBLISHING.publish(RedemptionExpired(SOON, "unconfirmed"), "X1") is None


def test_row_22_what_checkin_says_of_members_is_noted() -> None:
    suspended = MemberSuspended(member_id="V1", reason="misuse", suspended_at=SOON)
    assert when_member_suspended(suspended) == [NoteSuspension("V1", "misuse", SOON)]
    assert when_member_reinstated(MemberReinstated(member_id="V1", reinstated_at=SOON)) == [
        NoteReinstatement("V1", SOON)
    ]
    assert when_member_left(MemberLeft(member_id="V1", left_at=SOON)) == [NoteLeaving("V1", SOON)]
