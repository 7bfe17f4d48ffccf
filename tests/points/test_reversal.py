"""Reversal and debt (PT9): the source's lot first, then the others in their order, then a debt that comes first."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import msgspec
import pytest

from services.points.domain.account import (
    ACCOUNT,
    AlreadyEarned,
    ChargePoints,
    EarnPoints,
    GrantOpeningLot,
    InsufficientPoints,
    ReleaseHold,
    ReversePoints,
)
from services.points.domain.ledger import (
    LedgerEvent,
    PointsDebtRepaid,
    PointsReleased,
    PointsReversed,
    SourceBarred,
)
from services.points.domain.lots import Allocation
from shared.testing.given import Given, Scenario, on, scenarios

from .accounts import HANDLERS, hold
from .the_day import at, rules_known

NOON, LATER = at("12:00"), at("13:00")
REVERSE = ReversePoints("V1", "patrol", "R1", LATER)


@pytest.fixture
def given() -> Iterator[Given]:
    with scenarios(HANDLERS) as given:
        yield given


def earn(source: str, points: int, earned_at: datetime = NOON) -> EarnPoints:
    return EarnPoints("V1", points, "patrol", source, earned_at, NOON)


def reversed_(points: int, taken: dict[str, int], debt: int) -> PointsReversed:
    parts = tuple(Allocation(f"patrol:{source}", part) for source, part in taken.items())
    return PointsReversed(LATER, "patrol:R1", "patrol", "R1", points, parts, debt)


def events(scenario: Scenario) -> list[object]:
    """Without deadlines, which test_account.py looks at."""
    return [event for event in scenario.events["account-V1"] if not type(event).__name__.startswith("Deadline")]


def test_pt9_a_reversal_takes_from_the_lot_of_its_source_though_others_would_be_spent_first(given: Given) -> None:
    older = earn("R0", 3, at("12:00", "2025-12-01"))
    past = given(rules_known).when(older).when(earn("R1", 2))
    past.when(REVERSE).then(on(ACCOUNT, "V1", reversed_(2, {"R1": 2}, 0)))


def test_pt9_what_the_source_lacks_is_taken_from_the_others_in_the_order_of_spending(given: Given) -> None:
    older, oldest = earn("R2", 2, at("12:00", "2025-12-02")), earn("R3", 1, at("12:00", "2025-12-01"))
    past = given(rules_known).when(earn("R1", 4)).when(ChargePoints("X1", 3, NOON)).when(older).when(oldest)
    past.when(REVERSE).then(on(ACCOUNT, "V1", reversed_(4, {"R1": 1, "R3": 1, "R2": 2}, 0)))


def test_pt9_what_is_spent_becomes_debt(given: Given) -> None:
    past = given(rules_known).when(earn("R1", 4)).when(ChargePoints("X1", 3, NOON))
    past.when(REVERSE).then(on(ACCOUNT, "V1", reversed_(4, {"R1": 1}, 3)))


def test_pt9_new_earnings_repay_the_debt_first(given: Given) -> None:
    past = given(rules_known).when(earn("R1", 3)).when(ChargePoints("X1", 3, NOON)).when(REVERSE)
    first = past.when(earn("R2", 2))
    assert events(first)[1:] == [PointsDebtRepaid(NOON, 2, (Allocation("patrol:R2", 2),))]
    second = first.when(earn("R3", 4))
    assert events(second)[1:] == [PointsDebtRepaid(NOON, 1, (Allocation("patrol:R3", 1),))]
    second.when(hold("X2", 4, NOON)).then_refused(InsufficientPoints)
    assert second.when(hold("X2", 3, NOON)).events


def test_pt9_a_source_is_reversed_once(given: Given) -> None:
    past = given(rules_known).when(earn("R1", 2)).when(earn("R2", 2)).when(REVERSE)
    past.when(msgspec.structs.replace(REVERSE, now=at("14:00"))).then_nothing()


def test_pt9_a_reversed_source_is_not_credited_again(given: Given) -> None:
    given(rules_known).when(earn("R1", 2)).when(REVERSE).when(earn("R1", 2)).then_nothing()


def test_pt9_a_source_that_was_never_credited_is_barred_once(given: Given) -> None:
    barred = given(rules_known).when(REVERSE)
    barred.then(on(ACCOUNT, "V1", SourceBarred(LATER, "patrol:R1", "patrol", "R1")))
    barred.when(REVERSE).then_nothing()
    barred.when(earn("R1", 2)).then_nothing()


def test_a_barred_opening_lot_is_refused_to_the_person_who_grants_it(given: Given) -> None:
    barred = given(rules_known).when(ReversePoints("V1", "opening", "old-17", NOON))
    barred.when(GrantOpeningLot("V1", 5, "old-17", NOON, NOON)).then_refused(AlreadyEarned)


def test_pt9_only_the_named_reason_of_a_source_is_reversed(given: Given) -> None:
    hazard = EarnPoints("V1", 2, "hazard", "R1", NOON, NOON)
    past = given(rules_known).when(earn("R1", 3)).when(hazard)
    past.when(REVERSE).then(on(ACCOUNT, "V1", reversed_(3, {"R1": 3}, 0)))


def test_pt9_held_points_are_promised_and_repay_the_debt_only_when_they_are_released(given: Given) -> None:
    past = given(rules_known).when(earn("R1", 4)).when(hold("X1", 4, NOON))
    owing = past.when(REVERSE)
    owing.then(on(ACCOUNT, "V1", reversed_(4, {}, 4)))
    owing.when(ReleaseHold("X1", "jammed", LATER)).then(
        on(
            ACCOUNT,
            "V1",
            PointsReleased(LATER, "X1", "jammed"),
            PointsDebtRepaid(LATER, 4, (Allocation("patrol:R1", 4),)),
        )
    )


def test_pt10_a_reversal_lowers_the_points_of_a_lifetime_and_spending_does_not(given: Given) -> None:
    history: list[LedgerEvent] = []
    past = given(rules_known)
    for command, lifetime in ((earn("R1", 4), 4), (earn("R2", 3), 7), (ChargePoints("X1", 5, NOON), 7), (REVERSE, 3)):
        past = past.when(command)
        history += past.events["account-V1"]  # type: ignore[arg-type]  # the account's own
        assert ACCOUNT.fold(history).lifetime == lifetime
