"""PointsAccount: lots and their expiry (PT5), the order of spending (PT6), each source once (E24)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec
import pytest

from services.points.domain.account import (
    ACCOUNT,
    AlreadyEarned,
    ChargePoints,
    EarnPoints,
    ExpireLot,
    GrantOpeningLot,
    InsufficientPoints,
)
from services.points.domain.ledger import PointsEarned, PointsExpired, PointsHeld, PointsSpent
from services.points.domain.lots import lot_expiry, lot_id_of
from shared.decider import Change, DeadlineCleared, DeadlineSet
from shared.errors import ValidationFailed
from shared.testing.given import Given, Scenario, on, scenarios

from .accounts import HANDLERS, hold
from .the_day import FROM, INSTANT, RECEIVED, at, book, rules_known, rules_v1

NOON = at("12:00")
FEBRUARY_2027 = at("00:00", "2027-02-01")
FEBRUARY_2026 = at("00:00", "2026-02-01")
EARN = EarnPoints("V1", 2, "patrol", "R1", FROM, RECEIVED)
OPENING_V1 = GrantOpeningLot("V1", 5, "old-17", at("10:00", "2025-01-20"), RECEIVED)


@pytest.fixture
def given() -> Iterator[Given]:
    with scenarios(HANDLERS) as given:
        yield given


def earned(lot_id: str, points: int, day: str, expires_at: datetime | None) -> PointsEarned:
    reason, _, source = lot_id.partition(":")
    moment = at("10:00", day)
    return PointsEarned(moment, lot_id, points, reason, source, moment, expires_at)


opening_v1 = earned("opening:old-17", 5, "2025-01-20", FEBRUARY_2026)
earned_today = earned("patrol:R1", 2, "2026-01-23", FEBRUARY_2027)


def account(*events: PointsEarned | PointsSpent | PointsExpired) -> Change:
    return on(ACCOUNT, "V1", *events)


def allocations(scenario: Scenario) -> list[tuple[str, int]]:
    (event,) = scenario.events["account-V1"]
    assert isinstance(event, PointsHeld | PointsSpent)
    return [(taken.lot_id, taken.points) for taken in event.allocations]


def test_pt5_what_is_earned_is_one_lot_with_a_deadline(given: Given) -> None:
    given(rules_known).when(EARN).then(
        on(
            ACCOUNT,
            "V1",
            PointsEarned(RECEIVED, "patrol:R1", 2, "patrol", "R1", FROM, FEBRUARY_2027),
            DeadlineSet(at=RECEIVED, name="lot", ref="patrol:R1", due_at=FEBRUARY_2027),
        )
    )


def test_e24_the_same_source_is_credited_once_and_silently(given: Given) -> None:
    given(rules_known).when(EARN).when(msgspec.structs.replace(EARN, now=NOON)).then_nothing()


def test_e24_a_source_stays_known_when_its_lot_is_spent(given: Given) -> None:
    past = given(rules_known).when(EARN).when(ChargePoints("X1", 2, NOON))
    past.when(EARN).then_nothing()


def test_e24_a_source_stays_known_when_its_lot_is_expired(given: Given) -> None:
    past = given(rules_known).when(EARN).when(ExpireLot("V1", "patrol:R1", FEBRUARY_2027))
    past.when(EARN).then_nothing()


def test_one_source_may_be_credited_for_two_reasons(given: Given) -> None:
    scenario = given(account(earned_today)).when(msgspec.structs.replace(EARN, reason="hazard"))
    assert len(scenario.events["account-V1"]) == 2


@pytest.mark.parametrize("points", [0, -1])
def test_no_lot_is_empty(given: Given, points: int) -> None:
    given().when(msgspec.structs.replace(EARN, points=points)).then_refused(ValidationFailed)


def test_an_opening_lot_keeps_the_day_it_was_earned(given: Given) -> None:
    (event, deadline) = given(rules_known).when(OPENING_V1).events["account-V1"]
    assert event == msgspec.structs.replace(opening_v1, at=RECEIVED)
    assert deadline == DeadlineSet(at=RECEIVED, name="lot", ref="opening:old-17", due_at=FEBRUARY_2026)


def test_an_opening_lot_granted_again_is_refused_as_already_earned(given: Given) -> None:
    given(account(opening_v1)).when(OPENING_V1).then_refused(AlreadyEarned)


def test_a_lot_that_is_past_its_expiry_when_credited_is_recorded_and_expires_by_its_timer(given: Given) -> None:
    old = msgspec.structs.replace(OPENING_V1, earned_at=at("10:00", "2024-01-20"))
    past = given(rules_known).when(old)
    past.when(hold("X1", 1, RECEIVED)).then_refused(InsufficientPoints)
    past.when(ExpireLot("V1", "opening:old-17", RECEIVED)).then(
        on(ACCOUNT, "V1", PointsExpired(RECEIVED, "opening:old-17", 5), _cleared("opening:old-17", RECEIVED, "expired"))
    )


@pytest.mark.parametrize(
    "earned_at, expires_at",
    [
        (at("10:00", "2025-01-20"), FEBRUARY_2026),
        (at("00:00", "2025-11-10"), at("00:00", "2026-12-01")),
        (at("00:00", "2025-12-05"), at("00:00", "2027-01-01")),
        (at("00:00", "2026-01-01"), FEBRUARY_2027),
        (FEBRUARY_2026 - INSTANT, FEBRUARY_2027),
        (FEBRUARY_2026, at("00:00", "2027-03-01")),
        (datetime(2026, 1, 31, 16, 0, tzinfo=UTC), at("00:00", "2027-03-01")),  # February began in China
        (at("12:00", "2024-02-29"), at("00:00", "2025-03-01")),
    ],
)
def test_pt5_a_lot_of_month_m_expires_as_month_m_plus_13_begins(earned_at: datetime, expires_at: datetime) -> None:
    assert lot_expiry(earned_at, 12) == expires_at


def test_pt5_e27_rules_may_switch_expiry_off(given: Given) -> None:
    never = book(msgspec.structs.replace(rules_v1, lot_months=None))
    (event,) = given(never).when(EARN).events["account-V1"]
    assert isinstance(event, PointsEarned)
    assert event.expires_at is None


def test_pt6_the_earliest_expiry_is_spent_first(given: Given) -> None:
    scenario = given(account(earned_today, opening_v1)).when(hold("X1", 6, NOON))
    assert allocations(scenario) == [("opening:old-17", 5), ("patrol:R1", 1)]


def test_pt6_of_equal_expiry_the_earlier_earned_is_spent_first(given: Given) -> None:
    earlier = earned("patrol:R9", 2, "2026-01-22", FEBRUARY_2027)
    scenario = given(account(earned_today, earlier)).when(hold("X1", 3, NOON))
    assert allocations(scenario) == [("patrol:R9", 2), ("patrol:R1", 1)]


def test_pt6_of_equal_times_the_lower_lot_id_is_spent_first(given: Given) -> None:
    twin = earned("hazard:R1", 2, "2026-01-23", FEBRUARY_2027)
    scenario = given(account(earned_today, twin)).when(hold("X1", 3, NOON))
    assert allocations(scenario) == [("hazard:R1", 2), ("patrol:R1", 1)]


def test_pt6_lots_that_never_expire_are_spent_last(given: Given) -> None:
    for_ever = earned("patrol:R0", 2, "2020-01-01", None)
    scenario = given(account(for_ever, earned_today)).when(hold("X1", 3, NOON))
    assert allocations(scenario) == [("patrol:R1", 2), ("patrol:R0", 1)]


def test_pt6_e30_an_empty_lot_gives_nothing(given: Given) -> None:
    past = given(account(opening_v1, earned_today)).when(ChargePoints("X1", 5, NOON))
    assert allocations(past.when(hold("X2", 2, NOON))) == [("patrol:R1", 2)]


def test_all_that_is_available_can_be_spent_and_not_one_point_more(given: Given) -> None:
    given(account(opening_v1)).when(hold("X1", 6, NOON)).then_refused(InsufficientPoints)
    assert allocations(given(account(opening_v1)).when(hold("X1", 5, NOON))) == [("opening:old-17", 5)]


def test_an_unknown_member_has_no_points(given: Given) -> None:
    given().when(hold("X1", 1, NOON)).then_refused(InsufficientPoints)


def test_pt5_a_lot_is_good_until_its_last_instant(given: Given) -> None:
    last = given(account(opening_v1)).when(hold("X1", 5, FEBRUARY_2026 - INSTANT))
    assert allocations(last) == [("opening:old-17", 5)]
    given(account(opening_v1)).when(hold("X1", 1, FEBRUARY_2026)).then_refused(InsufficientPoints)


def test_e28_points_past_their_expiry_are_passed_over_before_their_timer_comes(given: Given) -> None:
    scenario = given(account(opening_v1, earned_today)).when(hold("X1", 1, FEBRUARY_2026))
    assert allocations(scenario) == [("patrol:R1", 1)]


def test_pt5_what_is_left_of_a_lot_expires(given: Given) -> None:
    past = given(account(opening_v1)).when(ChargePoints("X1", 2, NOON))
    past.when(ExpireLot("V1", "opening:old-17", FEBRUARY_2026)).then(
        on(
            ACCOUNT,
            "V1",
            PointsExpired(FEBRUARY_2026, "opening:old-17", 3),
            _cleared("opening:old-17", FEBRUARY_2026, "expired"),
        )
    )


def test_e28_a_lot_that_was_spent_does_not_expire_again(given: Given) -> None:
    past = given(account(opening_v1)).when(ChargePoints("X1", 5, NOON))
    past.when(ExpireLot("V1", "opening:old-17", FEBRUARY_2026)).then(
        on(ACCOUNT, "V1", _cleared("opening:old-17", FEBRUARY_2026, "spent"))
    )


def test_a_lot_never_expires_before_its_time(given: Given) -> None:
    given(account(opening_v1)).when(ExpireLot("V1", "opening:old-17", FEBRUARY_2026 - INSTANT)).then_nothing()


def test_a_lot_id_is_never_longer_than_an_id_may_be() -> None:
    assert lot_id_of("patrol", "R" * 89) == "patrol:" + "R" * 89
    assert len(lot_id_of("patrol", "R" * 90)) <= 96
    assert lot_id_of("patrol", "R" * 90) != lot_id_of("patrol", "R" * 91)


def _cleared(lot_id: str, now: datetime, reason: str) -> DeadlineCleared:
    return DeadlineCleared(at=now, name="lot", ref=lot_id, reason=reason)
