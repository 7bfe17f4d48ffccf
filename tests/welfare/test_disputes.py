"""Disputed lines (WF8, row 18): left out before the cut-off, held after it, and then paid or taken back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from services.welfare.domain import refusals
from services.welfare.domain.budget import BudgetRestored
from services.welfare.domain.dispute import DISPUTE, DisputeEnded, DisputeLine, DisputeNoted, LineDisputed
from services.welfare.domain.entitlement import EntitlementRestored
from services.welfare.domain.redemption_events import RedemptionReversed
from services.welfare.domain.settlement import SETTLEMENT, SettlementDisputed, SettlementDisputeEnded, SettlementPaid
from services.welfare.domain.takings import (
    CUT_OFF_TIMER,
    TAKINGS,
    Adjustment,
    AdjustmentAdded,
    LineAdded,
    LineDropped,
    TakingsClosed,
    cut_off,
)
from services.welfare.policies import POLICIES
from services.welfare.publishing import PUBLISHING
from shared.contracts.grievance import CaseClosed
from shared.contracts.welfare_settlements import SettlementDisputed as Told
from shared.decider import Change, DeadlineSet
from shared.errors import NotFound
from shared.testing.given import Given, Scenario, on
from tests.welfare.settling import (
    CUT,
    K1,
    K1_NEXT,
    NEXT,
    SHOP,
    approve,
    created,
    decide,
    deny,
    disputed,
    later,
    line,
    pay,
    settle,
    verify,
)
from tests.welfare.shop import DAY, at, meal, refused, reverse

EARLY = at("09:00")  # of the day itself: nothing is settled yet
LATE = later("09:00")
NEXT_REF = "K1/2026-01-24"


def a_meal(given: Given, *more: Change) -> Scenario:
    return given(*SHOP, *more).when(meal("R1", "W01", at("07:00")))


def opened(moment: datetime, *, settled: bool, case_id: str = "") -> LineDisputed:
    return LineDisputed(moment, "R1", "K1", DAY, settled, "not_served", "" if case_id else "A1", case_id)


def meals_line() -> Any:
    return line("R1", at("07:00"))


def test_wf8_a_line_disputed_before_the_cut_off_is_left_out(given: Given) -> None:
    scenario = a_meal(given).when(disputed("R1", EARLY, K1))
    scenario.then(
        on(DISPUTE, "R1", opened(EARLY, settled=False)), on(TAKINGS, "K1/2026-01-23", LineDropped(EARLY, "R1"))
    )
    scenario.when(settle()).then(on(TAKINGS, "K1/2026-01-23", TakingsClosed(CUT)))


def test_wf8_a_line_that_is_upheld_is_in_the_next_settlement_and_in_no_other(given: Given) -> None:
    scenario = a_meal(given).when(disputed("R1", EARLY)).when(settle()).when(decide("R1", "upheld", LATE))
    added = LineAdded(LATE, "K1", NEXT, meals_line())
    scenario.then(
        on(TAKINGS, NEXT_REF, added, DeadlineSet(LATE, CUT_OFF_TIMER, NEXT_REF, cut_off(NEXT))),
        on(DISPUTE, "R1", DisputeEnded(LATE, "R1", "upheld", False, NEXT, "A1")),
    )
    assert scenario.when(settle(NEXT)).events[f"settlement-{K1_NEXT}"] == [created(meals_line(), day=NEXT)]


def test_wf8_a_line_that_is_upheld_before_the_cut_off_is_settled_with_its_day(given: Given) -> None:
    scenario = a_meal(given).when(disputed("R1", EARLY)).when(decide("R1", "upheld", at("10:00")))
    assert scenario.when(settle()).events[f"settlement-{K1}"] == [created(meals_line())]


def check_taken_back(scenario: Scenario, moment: datetime, adjusted_day: Any) -> None:
    events = scenario.events
    assert events["budget-B-BRK"] == [BudgetRestored(moment, "R1", 300, "breakfast")]
    (reversal,) = events["redemption-R1"]
    assert isinstance(reversal, RedemptionReversed)
    assert (reversal.reason, reversal.fen, reversal.adjusted_day) == ("line_denied", 300, adjusted_day)
    assert events["entitlement-breakfast/W01"] == [EntitlementRestored(moment, "2026-01-23", "R1")]


def test_wf8_a_line_that_was_left_out_and_is_denied_gives_the_money_back_and_is_never_settled(given: Given) -> None:
    """And the member his day: he has not had what the merchant should have served."""
    scenario = a_meal(given).when(disputed("R1", EARLY)).when(settle()).when(decide("R1", "denied", LATE))
    check_taken_back(scenario, LATE, None)
    assert not [stream for stream in scenario.events if stream.startswith("takings-")]
    assert scenario.events["dispute-R1"] == [DisputeEnded(LATE, "R1", "denied", False, None, "A1")]


def test_wf8_a_settlement_with_a_disputed_line_is_not_denied_either(given: Given) -> None:
    """The next one would open with its amount, and be paid while nobody has decided about the line."""
    scenario = a_meal(given).when(settle()).when(disputed("R1", LATE, K1))
    scenario.when(deny()).then_refused(refusals.SettlementDisputed)
    scenario.when(decide("R1", "upheld", LATE)).when(deny())
    assert "balance-K1" in scenario.events


def test_wf8_a_dispute_of_a_settled_line_holds_the_approval_until_it_is_decided(given: Given) -> None:
    scenario = a_meal(given).when(settle()).when(verify()).when(disputed("R1", LATE, K1))
    scenario.then(on(DISPUTE, "R1", opened(LATE, settled=True)), on(SETTLEMENT, K1, SettlementDisputed(LATE, "R1")))
    scenario.when(approve()).then_refused(refusals.SettlementDisputed)
    scenario.when(decide("R1", "upheld", later("10:05"))).then(
        on(DISPUTE, "R1", DisputeEnded(later("10:05"), "R1", "upheld", True, None, "A1")),
        on(SETTLEMENT, K1, SettlementDisputeEnded(later("10:05"), "R1", "upheld")),
    )
    assert scenario.when(approve()).events[f"settlement-{K1}"]


def test_wf8_a_settled_line_that_is_denied_is_paid_and_taken_from_the_next_settlement(given: Given) -> None:
    """E41: what was settled stays. The money is there again, and the merchant owes it."""
    scenario = a_meal(given).when(settle()).when(disputed("R1", LATE)).when(decide("R1", "denied", LATE))
    check_taken_back(scenario, LATE, NEXT)
    assert scenario.events[f"takings-{NEXT_REF}"][0] == AdjustmentAdded(
        LATE, "K1", NEXT, Adjustment("R1", -300, "denied")
    )
    assert scenario.events[f"settlement-{K1}"] == [SettlementDisputeEnded(LATE, "R1", "denied")]
    paid = scenario.when(verify()).when(approve()).when(pay()).events
    assert paid[f"settlement-{K1}"] == [SettlementPaid(later("10:30"), "K1", DAY, 300, "BANK-1", "A1")]


@pytest.mark.parametrize("steps", [(verify(), approve()), (verify(), approve(), pay())])
def test_wf8_after_the_approval_a_dispute_holds_nothing_and_its_end_is_an_adjustment(
    given: Given, steps: tuple[Any, ...]
) -> None:
    """A file may be at the bank: what it pays must be noted."""
    scenario = a_meal(given).when(settle())
    for step in (*steps, disputed("R1", later("11:00"))):
        scenario.when(step)
    if len(steps) == 2:
        assert scenario.when(pay()).events[f"settlement-{K1}"]
    check_taken_back(scenario.when(decide("R1", "denied", later("12:00"))), later("12:00"), NEXT)


def test_wf8_a_line_is_denied_also_when_it_could_not_be_reversed_any_more(given: Given) -> None:
    """WF7's seven days are for who takes back by himself."""
    month = at("09:00", "2026-02-20")
    scenario = a_meal(given).when(settle()).when(disputed("R1", month))
    scenario.when(reverse("R1", month)).then_refused(refusals.ReversalWindowClosed)
    assert scenario.when(decide("R1", "denied", month)).events["budget-B-BRK"]


def test_wf7_a_disputed_line_may_be_reversed_which_ends_the_dispute(given: Given) -> None:
    left_out = a_meal(given).when(disputed("R1", EARLY)).when(reverse("R1", at("09:30")))
    assert left_out.events["dispute-R1"] == [DisputeEnded(at("09:30"), "R1", "reversed", False, None, "")]
    assert "takings-K1/2026-01-23" not in left_out.events
    left_out.when(decide("R1", "upheld", at("10:00"))).then_refused(refusals.SettlementClosed)
    held = a_meal(given).when(settle()).when(disputed("R1", LATE)).when(reverse("R1", later("09:30")))
    assert held.events[f"settlement-{K1}"] == [SettlementDisputeEnded(later("09:30"), "R1", "reversed")]


def test_wf7_a_line_that_moved_is_taken_out_of_where_it_is(given: Given) -> None:
    """It was upheld after the cut-off and is in the takings of the next day, which are open, and then settled."""
    moved = a_meal(given).when(disputed("R1", EARLY)).when(settle()).when(decide("R1", "upheld", LATE))
    moved.when(disputed("R1", later("10:00"), K1)).then_refused(NotFound)
    moved.when(reverse("R1", later("11:00")))
    assert moved.events[f"takings-{NEXT_REF}"] == [LineDropped(later("11:00"), "R1")]
    settled = a_meal(given).when(disputed("R1", EARLY)).when(settle()).when(decide("R1", "upheld", LATE))
    settled.when(settle(NEXT)).when(reverse("R1", at("09:00", "2026-01-25")))
    assert "takings-K1/2026-01-25" in settled.events


def test_a_line_is_disputed_once_at_a_time(given: Given) -> None:
    scenario = a_meal(given).when(disputed("R1", EARLY)).when(disputed("R1", at("09:01"), case_id="CS-1"))
    scenario.then_nothing()
    again = scenario.when(decide("R1", "upheld", at("10:00"))).when(disputed("R1", at("11:00")))
    assert again.events["takings-K1/2026-01-23"] == [LineDropped(at("11:00"), "R1")]


def test_a_decision_that_is_repeated_is_nothing_new_and_another_one_is_refused(given: Given) -> None:
    scenario = a_meal(given).when(disputed("R1", EARLY)).when(decide("R1", "upheld", at("10:00")))
    scenario.when(decide("R1", "upheld", at("10:01"))).then_nothing()
    scenario.when(decide("R1", "denied", at("10:02"))).then_refused(refusals.SettlementClosed)


@pytest.mark.parametrize("name", ["K1-2026-01-22", "K2-2026-01-23"])
def test_a_line_is_disputed_and_decided_in_its_own_settlement(given: Given, name: str) -> None:
    scenario = a_meal(given).when(disputed("R1", EARLY, name))
    scenario.then_refused(NotFound)
    scenario.when(decide("R1", "upheld", EARLY, name)).then_refused(NotFound)
    scenario.when(disputed("R1", EARLY)).when(decide("R1", "upheld", EARLY, name)).then_refused(NotFound)


def test_what_is_unknown_or_reversed_is_not_disputed(given: Given) -> None:
    scenario = a_meal(given).when(reverse("R1", at("08:10")))
    scenario.when(disputed("R1", EARLY)).then_refused(refusals.AlreadyReversed)
    scenario.when(disputed("R9", EARLY)).then_refused(NotFound)


CASE = CaseClosed(
    case_id="CS-1",
    kind="complaint",
    category="meals",
    outcome="merchant_fault",
    redemption_id="R1",
    round=1,
    closed_at=datetime(2026, 1, 23, 1, tzinfo=UTC),
    in_time=True,
)


def asked_for(case: CaseClosed) -> list[Any]:
    return [command for reaction in POLICIES.reactions[CaseClosed] for command in reaction(case)]


def test_row_18_a_case_that_finds_the_merchant_at_fault_disputes_the_line(given: Given) -> None:
    (command,) = asked_for(CASE)
    assert command == DisputeLine("R1", "merchant_fault", "", CASE.closed_at, case_id="CS-1")
    scenario = a_meal(given).when(command)
    told = LineDisputed(CASE.closed_at, "R1", "K1", DAY, False, "merchant_fault", "", "CS-1")
    assert scenario.events["dispute-R1"] == [told]
    sent = PUBLISHING.publish(told, "R1")
    assert sent is not None
    assert (sent.key, sent.data) == (
        K1,
        Told(settlement_id=K1, merchant_id="K1", redemption_id="R1", reason="merchant_fault", case_id="CS-1"),
    )
    scenario.when(command).then_nothing()


def test_row_18_the_same_case_disputes_a_line_once_though_it_was_upheld_meanwhile(given: Given) -> None:
    (command,) = asked_for(CASE)
    scenario = a_meal(given).when(command).when(decide("R1", "upheld", at("10:00")))
    scenario.when(command).then_nothing()


@pytest.mark.parametrize("change", [{"outcome": "done"}, {"redemption_id": None}])
def test_row_18_other_cases_dispute_nothing(change: dict[str, Any]) -> None:
    assert asked_for(CASE.model_copy(update=change)) == []


def test_row_18_a_case_that_is_closed_before_an_offline_terminal_tells_the_redemption_waits_for_it(
    given: Given,
) -> None:
    (command,) = asked_for(CASE)
    scenario = given(*SHOP).when(command)
    scenario.then(on(DISPUTE, "R1", DisputeNoted(CASE.closed_at, "CS-1", "merchant_fault")))
    scenario.when(command).then_nothing()
    told = at("12:00")
    offline = scenario.when(meal("R1", "W01", told, told=at("07:00"), sent=told)).events
    assert isinstance(offline["dispute-R1"][0], LineDisputed)
    assert [type(event) for event in offline["takings-K1/2026-01-23"]] == [LineAdded, DeadlineSet, LineDropped]


def test_row_18_a_case_about_what_was_refused_or_reversed_disputes_nothing(given: Given) -> None:
    (command,) = asked_for(CASE)
    wrong = meal("R1", "W01", at("07:00"), 599)
    scenario = given(*SHOP).when(wrong)
    scenario.then_refused(refusals.AmountMismatch, refused(wrong, refusals.AmountMismatch))
    scenario.when(command).then_refused(NotFound)
    a_meal(given).when(reverse("R1", at("08:10"))).when(command).then_refused(refusals.AlreadyReversed)
