"""CK10: a swap needs both people; E21: after it the one is on the duty and the other is not."""

from __future__ import annotations

import msgspec
import pytest

from services.checkin.domain.chief_day import CHIEF_DAY, ChiefDayFreed, ChiefDayTaken
from services.checkin.domain.duty import DUTY
from services.checkin.domain.duty_commands import AcceptSwap, CancelDuty, MissDuty, OfferSwap, StartDuty, WithdrawSwap
from services.checkin.domain.duty_events import DutySwapped, SwapOffered, SwapWithdrawn
from services.checkin.domain.refusals import DutyNotAssigned, RotaConflict
from shared.decider import Change
from shared.errors import NotFound
from shared.testing.given import Given, on
from tests.checkin.rota import CHIEF_OF_S1, CHIEF_OF_S2, EVE, MORNING, TOWN, told
from tests.checkin.town import at

OFFER = OfferSwap("chief-S1", "C1", "C3", EVE)
ACCEPT = AcceptSwap("chief-S1", "C1", "C3", EVE)
NAMED = told(*TOWN, CHIEF_OF_S1)
OFFERED = told(*NAMED, OFFER)
SWAPPED = told(*OFFERED, ACCEPT)


def test_ck10_an_offer_alone_changes_nobody(given: Given) -> None:
    given(*NAMED).when(OFFER).then(on(DUTY, "chief-S1", SwapOffered(EVE, "chief-S1", "C1", "C3")))
    given(*OFFERED).when(OFFER).then_nothing()
    given(*OFFERED).when(StartDuty("chief-S1", "C3", at("05:25"))).then_refused(DutyNotAssigned)


def test_ck10_when_both_have_agreed_the_duty_and_the_date_change_hands(given: Given) -> None:
    given(*OFFERED).when(ACCEPT).then(
        on(DUTY, "chief-S1", DutySwapped(EVE, "chief-S1", "chief", "S1", "C1", "C3", ("C3",))),
        on(CHIEF_DAY, "C1_2026-01-23", ChiefDayFreed(EVE, "chief-S1")),
        on(CHIEF_DAY, "C3_2026-01-23", ChiefDayTaken(EVE, "S1", "chief-S1")),
    )


def test_e21_after_a_swap_the_other_one_starts_and_the_first_does_not(given: Given) -> None:
    given(*SWAPPED).when(StartDuty("chief-S1", "C1", at("05:25"))).then_refused(DutyNotAssigned)
    assert "duty-chief-S1" in given(*SWAPPED).when(StartDuty("chief-S1", "C3", at("05:25"))).events


def test_e21_a_swap_puts_one_in_the_place_of_the_other_and_never_adds_one(given: Given) -> None:
    offered = told(*TOWN, MORNING, OfferSwap("morning", "V1", "V3", EVE))
    swapped = DutySwapped(EVE, "morning", "patrol_daily", "S1", "V1", "V3", ("V3", "V2"))
    given(*offered).when(AcceptSwap("morning", "V1", "V3", EVE)).then(on(DUTY, "morning", swapped))


def test_ck10_a_swap_accepted_twice_is_one_swap(given: Given) -> None:
    given(*SWAPPED).when(ACCEPT).then_nothing()


def test_ck10_only_the_one_who_is_asked_accepts(given: Given) -> None:
    given(*OFFERED).when(AcceptSwap("chief-S1", "C1", "C4", EVE)).then_refused(DutyNotAssigned)
    given(*NAMED).when(ACCEPT).then_refused(DutyNotAssigned)
    given(*TOWN).when(ACCEPT).then_refused(NotFound)


def test_ck10_only_who_is_on_the_duty_offers_it(given: Given) -> None:
    """So neither leader nor officer swaps for others."""
    given(*NAMED).when(OfferSwap("chief-S1", "L1", "C3", EVE)).then_refused(DutyNotAssigned)


def test_ck10_who_is_chief_elsewhere_on_that_date_cannot_accept(given: Given) -> None:
    past = told(*NAMED, CHIEF_OF_S2, OfferSwap("chief-S1", "C1", "C2", EVE))
    given(*past).when(AcceptSwap("chief-S1", "C1", "C2", EVE)).then_refused(RotaConflict)


def test_e21_who_is_on_a_patrol_already_cannot_take_a_second_place_of_it(given: Given) -> None:
    past = told(*TOWN, MORNING)
    given(*past).when(OfferSwap("morning", "V1", "V2", EVE)).then_refused(RotaConflict)
    both = told(*past, OfferSwap("morning", "V1", "V3", EVE), OfferSwap("morning", "V2", "V3", EVE))
    once = told(*both, AcceptSwap("morning", "V1", "V3", EVE))
    given(*once).when(AcceptSwap("morning", "V2", "V3", EVE)).then_refused(RotaConflict)


@pytest.mark.parametrize("by", ["C1", "C3"])
def test_an_offer_is_taken_back_or_declined(given: Given, by: str) -> None:
    withdraw = WithdrawSwap("chief-S1", "C1", by, EVE)
    withdrawn = on(DUTY, "chief-S1", SwapWithdrawn(EVE, "chief-S1", "C1", "C3", by))
    given(*OFFERED).when(withdraw).then(withdrawn).when(ACCEPT).then_refused(DutyNotAssigned)


def test_an_offer_is_nobody_elses_to_withdraw(given: Given) -> None:
    given(*OFFERED).when(WithdrawSwap("chief-S1", "C1", "L1", EVE)).then_refused(DutyNotAssigned)
    given(*NAMED).when(WithdrawSwap("chief-S1", "C1", "C1", EVE)).then_nothing()


@pytest.mark.parametrize(
    "after",
    [
        StartDuty("chief-S1", "C1", at("05:25")),
        MissDuty("chief-S1", at("06:00")),
        CancelDuty("chief-S1", "S1", "illness", EVE),
    ],
    ids=["begun", "missed", "cancelled"],
)
def test_what_has_begun_or_is_over_is_not_swapped(given: Given, after: StartDuty | MissDuty | CancelDuty) -> None:
    past: list[Change] = told(*OFFERED, after)
    later = at("06:10")
    given(*past).when(msgspec.structs.replace(ACCEPT, now=later)).then_refused(DutyNotAssigned)
    given(*past).when(msgspec.structs.replace(OFFER, now=later)).then_refused(DutyNotAssigned)
