"""Members: registered once, suspended and reinstated."""

from __future__ import annotations

from services.checkin.domain.member import (
    MEMBER,
    MemberRegistered,
    MemberReinstated,
    MemberSuspended,
    RegisterMember,
    ReinstateMember,
    SuspendMember,
)
from services.checkin.domain.refusals import AlreadyRegistered
from shared.errors import NotFound
from shared.testing.given import Given, on
from tests.checkin.town import LONG_AGO, at

NOON = at("12:00")
registered = on(MEMBER, "W1", MemberRegistered(LONG_AGO, "W1", "courier", "O1"))
suspended = on(MEMBER, "W1", MemberSuspended(at("09:00"), "W1", "left_trade"))


def test_a_member_is_registered(given: Given) -> None:
    given().when(RegisterMember("W1", "courier", "O1", NOON)).then(
        on(MEMBER, "W1", MemberRegistered(NOON, "W1", "courier", "O1"))
    )


def test_registering_the_same_facts_again_changes_nothing(given: Given) -> None:
    given(registered).when(RegisterMember("W1", "courier", "O1", NOON)).then_nothing()


def test_registering_other_facts_under_the_same_id_is_refused(given: Given) -> None:
    given(registered).when(RegisterMember("W1", "cleaner", "O1", NOON)).then_refused(AlreadyRegistered)


def test_a_member_is_suspended_once(given: Given) -> None:
    given(registered).when(SuspendMember("W1", "left_trade", NOON)).then(
        on(MEMBER, "W1", MemberSuspended(NOON, "W1", "left_trade"))
    )
    given(registered, suspended).when(SuspendMember("W1", "left_trade", NOON)).then_nothing()


def test_a_member_is_reinstated_once(given: Given) -> None:
    given(registered, suspended).when(ReinstateMember("W1", NOON)).then(on(MEMBER, "W1", MemberReinstated(NOON, "W1")))
    given(registered).when(ReinstateMember("W1", NOON)).then_nothing()


def test_a_member_whom_nobody_knows_cannot_be_suspended_or_reinstated(given: Given) -> None:
    given().when(SuspendMember("W9", "left_trade", NOON)).then_refused(NotFound)
    given().when(ReinstateMember("W9", NOON)).then_refused(NotFound)
