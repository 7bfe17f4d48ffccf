"""Held points and expiry (PT7, E28), levels (PT10, E29), what is published of an account."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from services.points.domain.account import (
    ACCOUNT,
    CaptureHold,
    ChargePoints,
    EarnPoints,
    ExpireLot,
    InsufficientPoints,
    RefundPoints,
    ReleaseHold,
)
from services.points.domain.ledger import (
    LevelReached,
    PointsDebtRepaid,
    PointsEarned,
    PointsExpired,
    PointsHeld,
    PointsRefunded,
    PointsReleased,
    PointsReversed,
    PointsSpent,
)
from services.points.domain.lots import Allocation, Portion
from services.points.publishing import PUBLISHING
from shared.contracts import points_goods as contracts
from shared.contracts.model import Contract
from shared.decider import Change, DeadlineCleared, DeadlineSet, DomainEvent
from shared.testing.given import Given, on, scenarios

from .accounts import HANDLERS, hold
from .the_day import MINUTE, at, rules_known

NOON = at("12:00")
END = at("00:00", "2026-02-01")  # of the lot
EVE = END - MINUTE
JUST_AFTER = END + MINUTE
five = PointsEarned(NOON, "opening:old-1", 5, "opening", "old-1", at("09:00", "2025-01-20"), END)
four_held = PointsHeld(EVE, "X1", (Allocation("opening:old-1", 4),), EVE + 5 * MINUTE)
EXPIRE = ExpireLot("V1", "opening:old-1", END)


@pytest.fixture
def given() -> Iterator[Given]:
    with scenarios(HANDLERS) as given:
        yield given


def account(*events: DomainEvent) -> Change:
    return on(ACCOUNT, "V1", *events)


def cleared(reason: str) -> DeadlineCleared:
    return DeadlineCleared(END, "lot", "opening:old-1", reason)


def test_pt7_e28_the_expiry_timer_takes_what_is_not_held_and_leaves_what_is(given: Given) -> None:
    expired = given(account(five, four_held)).when(EXPIRE)
    expired.then(account(PointsExpired(END, "opening:old-1", 1), cleared("held")))
    spent = PointsSpent(JUST_AFTER, "X1", (Allocation("opening:old-1", 4),), "X1", 0)
    expired.when(CaptureHold("X1", "X1", JUST_AFTER)).then(account(spent))


def test_pt7_e28_points_released_after_their_expiry_expire_at_once(given: Given) -> None:
    expired = given(account(five, four_held)).when(EXPIRE)
    released = expired.when(ReleaseHold("X1", "unconfirmed", JUST_AFTER))
    released.then(account(PointsReleased(JUST_AFTER, "X1", "unconfirmed"), PointsExpired(JUST_AFTER, *five_less(1))))
    released.when(EXPIRE).then(account(cleared("spent")))


def test_pt7_released_before_the_lot_timer_has_come_they_expire_once_all_the_same(given: Given) -> None:
    released = given(account(five, four_held)).when(ReleaseHold("X1", "unconfirmed", JUST_AFTER))
    released.then(account(PointsReleased(JUST_AFTER, "X1", "unconfirmed"), PointsExpired(JUST_AFTER, *five_less(1))))
    released.when(EXPIRE).then(account(PointsExpired(END, "opening:old-1", 1), cleared("expired")))


def test_pt7_a_release_whose_time_is_earlier_but_which_comes_after_the_lot_timer_leaves_nothing_behind(
    given: Given,
) -> None:
    """Timers carry their own times: the hold's may be handled after the lot's, with an earlier one."""
    expired = given(account(five, four_held)).when(EXPIRE)
    expired.when(ReleaseHold("X1", "unconfirmed", EVE)).then(
        account(PointsReleased(EVE, "X1", "unconfirmed"), PointsExpired(END, *five_less(1)))
    )


def test_pt8_a_refund_of_an_earlier_time_puts_nothing_into_a_lot_whose_timer_has_come(given: Given) -> None:
    expired = given(account(five, four_held)).when(EXPIRE)
    portion = Portion("opening:old-1", 1, five.earned_at, END)
    (refunded, *_) = expired.when(RefundPoints("X0", (portion,), 0, EVE)).events["account-V1"]
    assert isinstance(refunded, PointsRefunded)
    assert [lot.lot_id for lot in refunded.lots] == ["refund:X0"]


def test_pt7_released_in_time_they_can_be_spent_again(given: Given) -> None:
    released = given(account(five, four_held)).when(ReleaseHold("X1", "unconfirmed", EVE + MINUTE / 2))
    assert released.when(hold("X2", 5, EVE + MINUTE / 2)).events


def test_pt7_what_is_held_is_not_available(given: Given) -> None:
    given(account(five, four_held)).when(hold("X2", 2, EVE)).then_refused(InsufficientPoints)
    assert given(account(five, four_held)).when(hold("X2", 1, EVE)).events


@pytest.mark.parametrize("command", [ReleaseHold("X9", "unconfirmed", EVE), CaptureHold("X9", "X9", EVE)], ids=str)
def test_e33_a_hold_that_has_ended_does_not_end_again(given: Given, command: ReleaseHold | CaptureHold) -> None:
    """E33: cancelled twice."""
    given(account(five, four_held)).when(command).then_nothing()


def test_pt10_e29_a_level_is_reached_at_its_threshold_and_told_once(given: Given) -> None:
    nine = given(rules_known).when(EarnPoints("V1", 9, "patrol", "R1", NOON, NOON))
    assert levels(nine.events) == []
    ten = nine.when(EarnPoints("V1", 1, "patrol", "R2", NOON, NOON))
    assert levels(ten.events) == [LevelReached(NOON, 1, 10)]
    assert levels(ten.when(EarnPoints("V1", 1, "patrol", "R3", NOON, NOON)).events) == []


def test_pt10_whoever_earns_past_two_thresholds_at_once_reaches_both_levels(given: Given) -> None:
    much = given(rules_known).when(EarnPoints("V1", 60, "patrol", "R1", NOON, NOON))
    assert levels(much.events) == [LevelReached(NOON, 1, 60), LevelReached(NOON, 2, 60)]


def test_pt10_e29_spending_and_expiry_leave_the_level(given: Given) -> None:
    ten = given(rules_known).when(EarnPoints("V1", 10, "patrol", "R1", NOON, NOON))
    spent = ten.when(ChargePoints("X1", 8, NOON)).when(ExpireLot("V1", "patrol:R1", at("00:00", "2027-02-01")))
    assert levels(spent.when(EarnPoints("V1", 1, "patrol", "R2", NOON, NOON)).events) == []


def levels(events: dict[str, list[DomainEvent]]) -> list[DomainEvent]:
    return [event for event in events["account-V1"] if isinstance(event, LevelReached)]


def five_less(points: int) -> tuple[str, int]:
    return ("opening:old-1", 5 - points)


TOLD: list[tuple[DomainEvent, Contract]] = [
    (
        PointsSpent(NOON, "X1", (Allocation("a", 2), Allocation("b", 1)), None, 3),
        contracts.PointsSpent(member_id="V1", redemption_id="X1", points=6, debt=3),
    ),
    (
        PointsRefunded(NOON, "X1", (Portion("a", 2, NOON, None),), 3),
        contracts.PointsRefunded(member_id="V1", redemption_id="X1", points=5),
    ),
    (PointsExpired(NOON, "a", 2), contracts.PointsExpired(member_id="V1", lot_id="a", points=2)),
    (
        PointsReversed(NOON, "patrol:R1", "patrol", "R1", 4, (Allocation("a", 1),), 3),
        contracts.PointsReversed(member_id="V1", reason="patrol", source_ref="R1", points=4, debt=3),
    ),
    (LevelReached(NOON, 1, 10), contracts.LevelReached(member_id="V1", level=1, lifetime=10)),
]


@pytest.mark.parametrize("event,contract", TOLD, ids=[type(event).__name__ for event, _ in TOLD])
def test_movements_are_told_under_their_member(event: DomainEvent, contract: Contract) -> None:
    published = PUBLISHING.publish(event, "V1")
    assert published is not None
    assert (published.key, published.data) == ("V1", contract)


@pytest.mark.parametrize(
    "event",
    [
        four_held,
        PointsReleased(NOON, "X1", "unconfirmed"),
        PointsDebtRepaid(NOON, 1, ()),
        DeadlineSet(NOON, "lot", "a", END),
    ],
    ids=lambda event: type(event).__name__,
)
def test_what_has_not_moved_is_told_to_nobody(event: DomainEvent) -> None:
    assert PUBLISHING.publish(event, "V1") is None
