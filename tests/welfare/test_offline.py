"""Offline terminals (WF3): what they tell later is judged by when it happened and paid within allowance and budget."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from services.welfare.domain import refusals
from services.welfare.domain.allowance import AllowanceUsed
from services.welfare.domain.budget import (
    BUDGET,
    BudgetCommitted,
    BudgetConsumed,
    BudgetFrozen,
    BudgetRestored,
)
from services.welfare.domain.campaign import CampaignPaused
from services.welfare.domain.device_time import CLOCK_CORRECTED, LATE
from services.welfare.domain.member import MEMBER, SuspensionNoted
from services.welfare.domain.merchant import MERCHANT, MerchantLeft, MerchantSuspended, TerminalRemoved
from services.welfare.domain.takings import TAKINGS, LineAdded, TakingsClosed
from shared.decider import Change
from shared.errors import IdempotencyKeyReused, NotFound, Refused, ValidationFailed
from shared.testing.given import Given, on

from .shop import BREAKFAST, allowance, at, budget, campaign, meal, merchant, refused, reverse, verified

HAPPENED, TOLD = at("07:00"), at("09:30")
PAST: tuple[Change, ...] = (merchant("K1"), campaign("breakfast"), budget("B-BRK", 900), *allowance("K1", "B-BRK", 500))


def eaten(redemption_id: str = "R1", member: str = "W01", told: datetime = HAPPENED, **more: Any) -> Any:
    """A meal that the till tells at half past nine."""
    return meal(redemption_id, member, more.pop("now", TOLD), told=told, **more)


def test_wf3_an_offline_meal_is_paid_first_from_the_terminals_allowance(given: Given) -> None:
    events = given(*PAST).when(eaten()).events
    assert events["allowance-K1/K1-till"] == [AllowanceUsed(TOLD, "K1", "K1-till", "B-BRK", "R1", 300)]
    assert events["budget-B-BRK"] == [BudgetConsumed(TOLD, "allowance:K1-till", 300)]
    event = verified(events)
    assert (event.at, event.purchase.redeemed_at, event.purchase.offline) == (TOLD, HAPPENED, True)
    assert (event.period, event.allowed_fen) == ("2026-01-23", 300)


def test_wf3_then_from_what_the_budget_has(given: Given) -> None:
    events = given(*PAST).when(eaten("R1")).when(eaten("R2", "W02")).events
    assert events["budget-B-BRK"] == [
        BudgetConsumed(TOLD, "allowance:K1-till", 200),
        BudgetCommitted(TOLD, "R2", 100, "breakfast"),
        BudgetConsumed(TOLD, "R2", 100, "breakfast"),
    ]
    assert verified(events, "R2").allowed_fen == 200


def test_wf3_beyond_both_the_merchant_bears_it_and_the_fact_is_recorded(given: Given) -> None:
    scenario = given(*PAST)
    for n in (1, 2, 3):
        scenario.when(eaten(f"R{n}", f"W0{n}"))
    beyond = eaten("R4", "W04")
    scenario.when(beyond).then_refused(
        refusals.OfflineAllowanceExceeded, refused(beyond, refusals.OfflineAllowanceExceeded)
    )


def test_wf3_a_frozen_budget_pays_what_it_has_promised_and_no_more(given: Given) -> None:
    frozen = on(BUDGET, "B-BRK", BudgetFrozen(at("08:00"), "audit"))
    scenario = given(*PAST, frozen).when(eaten("R1"))
    assert verified(scenario.events).allowed_fen == 300
    beyond = eaten("R2", "W02")
    scenario.when(beyond).then_refused(
        refusals.OfflineAllowanceExceeded, refused(beyond, refusals.OfflineAllowanceExceeded)
    )


def test_wf3_online_meals_leave_the_allowance_alone(given: Given) -> None:
    events = given(*PAST).when(meal("R1", "W01", HAPPENED)).events
    assert "allowance-K1/K1-till" not in events


@pytest.mark.parametrize("first,second", [("07:00", "06:30"), ("06:30", "07:00")])
def test_wf3_of_two_meals_of_a_day_the_later_received_is_at_the_limit(given: Given, first: str, second: str) -> None:
    later = eaten("R2", told=at(second))
    scenario = given(*PAST).when(meal("R1", "W01", at(first))).when(later)
    scenario.then_refused(refusals.LimitReached, refused(later, refusals.LimitReached))


def test_wf3_the_window_is_that_of_the_meal_and_not_of_its_upload(given: Given) -> None:
    outside = eaten(told=at("08:30"))
    given(*PAST).when(outside).then_refused(
        refusals.OutsideServiceWindow, refused(outside, refusals.OutsideServiceWindow)
    )


def test_wf3_the_day_of_an_offline_meal_is_its_own(given: Given) -> None:
    yesterday = eaten(told=at("07:00", "2026-01-22"))
    scenario = given(*PAST).when(yesterday)
    assert verified(scenario.events).period == "2026-01-22"
    assert verified(scenario.when(meal("R2", "W01", at("07:30"))).events, "R2").period == "2026-01-23"


CHANGED_SINCE: list[tuple[str, Change]] = [
    ("member suspended", on(MEMBER, "W01", SuspensionNoted(at("08:00")))),
    ("merchant suspended", on(MERCHANT, "K1", MerchantSuspended(at("08:00"), "K1", "hygiene"))),
    ("merchant left", on(MERCHANT, "K1", MerchantLeft(at("08:00"), "K1"))),
    ("terminal removed", on(MERCHANT, "K1", TerminalRemoved(at("08:00"), "K1", "K1-till"))),
    ("campaign paused", campaign("breakfast", None, CampaignPaused(at("08:00"), "kitchen"))),
]


@pytest.mark.parametrize("since", [one[1] for one in CHANGED_SINCE], ids=[one[0] for one in CHANGED_SINCE])
def test_wf3_what_changed_after_it_happened_does_not_undo_it(given: Given, since: Change) -> None:
    past = PAST if since.entity != "breakfast" else (PAST[0], *PAST[2:])
    verified(given(*past, since).when(eaten()).events)


BEFORE_THAT: list[tuple[str, Change, type[Refused]]] = [
    ("member suspended", on(MEMBER, "W01", SuspensionNoted(at("06:59"))), refusals.MemberSuspended),
    ("merchant suspended", on(MERCHANT, "K1", MerchantSuspended(HAPPENED, "K1", "x")), refusals.MerchantSuspended),
    ("merchant left", on(MERCHANT, "K1", MerchantLeft(at("06:00"), "K1")), NotFound),
    ("terminal removed", on(MERCHANT, "K1", TerminalRemoved(at("06:00"), "K1", "K1-till")), refusals.TerminalUnknown),
]


@pytest.mark.parametrize("before,refusal", [one[1:] for one in BEFORE_THAT], ids=[one[0] for one in BEFORE_THAT])
def test_wf3_what_was_so_when_it_happened_refuses_it(given: Given, before: Change, refusal: type[Refused]) -> None:
    given(*PAST, before).when(eaten()).then_refused(refusal, refused(eaten(), refusal))


def test_a_meal_before_its_campaign_began_is_refused(given: Given) -> None:
    begun = msgspec.structs.replace(BREAKFAST, starts_at=at("08:00"))
    past = (merchant("K1"), campaign("breakfast", begun), budget("B-BRK", 900))
    given(*past).when(eaten()).then_refused(refusals.CampaignNotOpen, refused(eaten(), refusals.CampaignNotOpen))


def test_k4_a_clock_that_is_off_by_more_than_two_minutes_is_corrected(given: Given) -> None:
    ahead = timedelta(minutes=7)
    event = verified(given(*PAST).when(eaten(told=HAPPENED + ahead, sent=TOLD + ahead)).events)
    assert (event.purchase.redeemed_at, event.purchase.flags) == (HAPPENED, (CLOCK_CORRECTED,))


@pytest.mark.parametrize("off", [timedelta(seconds=120), timedelta(seconds=-120)])
def test_k4_within_two_minutes_the_terminal_is_believed(given: Given, off: timedelta) -> None:
    event = verified(given(*PAST).when(eaten(sent=TOLD + off)).events)
    assert (event.purchase.redeemed_at, event.purchase.flags) == (HAPPENED, ())


def test_k4_nothing_happened_after_we_heard_of_it(given: Given) -> None:
    soon = TOLD + timedelta(seconds=60)
    past = (merchant("K1"), campaign("breakfast", msgspec.structs.replace(BREAKFAST, window_from=None)))
    event = verified(given(*past, budget("B-BRK", 900)).when(eaten(told=soon, sent=soon)).events)
    assert event.purchase.redeemed_at == TOLD


@pytest.mark.parametrize(
    "told,sent", [(TOLD, TOLD - timedelta(seconds=1)), (TOLD - timedelta(days=3654), TOLD)], ids=["after", "too old"]
)
def test_k4_times_that_cannot_be_are_refused(told: datetime, sent: datetime) -> None:
    with pytest.raises(ValidationFailed):
        eaten(told=told, sent=sent)


@pytest.mark.parametrize("hours,flags", [(72, ()), (73, (LATE,))])
def test_k5_k6_a_late_upload_is_a_fact_and_its_money_goes_by_the_day_of_the_upload(
    given: Given, hours: int, flags: tuple[str, ...]
) -> None:
    happened = at("07:00", "2026-01-20")
    now = happened + timedelta(hours=hours)
    closed = [on(TAKINGS, f"K1/2026-01-{day}", TakingsClosed(at("22:00", f"2026-01-{day}"))) for day in (20, 21, 22)]
    events = given(*PAST, *closed).when(eaten(told=happened, now=now)).events
    event = verified(events)
    assert (event.period, event.at, event.purchase.flags) == ("2026-01-20", now, flags)
    (line, _) = events["takings-K1/2026-01-23"]
    assert isinstance(line, LineAdded)
    assert line.line.verified_at == now


def test_e47_the_same_form_sent_again_and_again_is_one_meal(given: Given) -> None:
    """The till sends it later each time, and its clock may be corrected by another second."""
    again = eaten(now=at("09:45"), sent=at("09:44"))
    given(*PAST).when(eaten()).when(again).then_nothing()


def test_e47_another_meal_under_its_id_is_refused(given: Given) -> None:
    given(*PAST).when(eaten()).when(eaten(told=at("07:01"))).then_refused(IdempotencyKeyReused)


def test_wf7_what_the_allowance_paid_goes_back_to_the_budget(given: Given) -> None:
    scenario = given(*PAST).when(eaten("R1")).when(eaten("R2", "W02")).when(reverse("R2", at("10:00")))
    now = at("10:00")
    assert scenario.events["budget-B-BRK"] == [
        BudgetRestored(now, "allowance:K1-till", 200),
        BudgetRestored(now, "R2", 100, "breakfast"),
    ]


def test_an_allowance_is_one_terminals_and_one_budgets(given: Given) -> None:
    other = (merchant("K1"), campaign("breakfast"), budget("B-BRK", 900), *allowance("K1", "B-DRINK", 500)[:1])
    assert verified(given(*other).when(eaten()).events).allowed_fen == 0
