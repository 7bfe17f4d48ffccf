"""Members: registered once, with one code at a time (CK7), suspended and reinstated, and gone for good."""

from __future__ import annotations

from services.checkin.domain.member import (
    MEMBER,
    IssueCode,
    LeaveMembership,
    MemberCodeIssued,
    MemberCodeRevoked,
    MemberLeft,
    MemberRegistered,
    MemberReinstated,
    MemberSuspended,
    RegisterMember,
    ReinstateMember,
    RevokeCode,
    SuspendMember,
)
from services.checkin.domain.refusals import AlreadyRegistered
from services.checkin.domain.values import KEYS_KEPT
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


# CK7: the code

issued = on(MEMBER, "W1", MemberCodeIssued(at("09:00"), "W1", "k1"))
left = on(MEMBER, "W1", MemberLeft(at("10:00"), "W1"))


def test_ck7_a_code_is_issued_and_withdrawn(given: Given) -> None:
    scenario = given(registered).when(IssueCode("W1", "k1", NOON))
    scenario.then(on(MEMBER, "W1", MemberCodeIssued(NOON, "W1", "k1")))
    scenario.when(IssueCode("W1", "k1", NOON)).then_nothing()
    scenario.when(RevokeCode("W1", "k1", NOON)).then(on(MEMBER, "W1", MemberCodeRevoked(NOON, "W1", "k1")))
    scenario.when(RevokeCode("W1", "k1", NOON)).then_nothing()


def test_ck7_a_new_code_withdraws_the_old_one(given: Given) -> None:
    given(registered, issued).when(IssueCode("W1", "k2", NOON)).then(
        on(MEMBER, "W1", MemberCodeRevoked(NOON, "W1", "k1"), MemberCodeIssued(NOON, "W1", "k2"))
    )


def test_ck7_a_withdrawn_key_is_not_issued_again(given: Given) -> None:
    given(registered, issued).when(IssueCode("W1", "k2", NOON)).when(IssueCode("W1", "k1", NOON)).then_refused(
        AlreadyRegistered
    )


def test_ck7_only_a_key_of_the_member_is_withdrawn(given: Given) -> None:
    given(registered, issued).when(RevokeCode("W1", "k9", NOON)).then_refused(NotFound)
    given().when(IssueCode("W9", "k1", NOON)).then_refused(NotFound)


# Leaving


def test_a_member_leaves_once_and_takes_the_code_along(given: Given) -> None:
    scenario = given(registered, issued).when(LeaveMembership("W1", NOON))
    scenario.then(on(MEMBER, "W1", MemberCodeRevoked(NOON, "W1", "k1"), MemberLeft(NOON, "W1")))
    scenario.when(LeaveMembership("W1", NOON)).then_nothing()


def test_a_suspended_member_may_leave_too(given: Given) -> None:
    given(registered, suspended).when(LeaveMembership("W1", NOON)).then(on(MEMBER, "W1", MemberLeft(NOON, "W1")))


def test_who_has_left_does_not_come_back_under_the_same_id(given: Given) -> None:
    given(registered, suspended, left).when(ReinstateMember("W1", NOON)).then_refused(NotFound)
    given(registered, left).when(IssueCode("W1", "k1", NOON)).then_refused(NotFound)
    given(registered, left).when(SuspendMember("W1", "left_trade", NOON)).then_nothing()
    given(registered, left).when(RegisterMember("W1", "courier", "O1", NOON)).then_nothing()


def test_ck7_who_takes_a_new_code_every_day_does_not_make_every_scan_dearer() -> None:
    """Each scan reads the member. A key that is forgotten is no key: it stays withdrawn."""
    member = MEMBER.fold([MemberRegistered(LONG_AGO, "W1", "courier", "O1")])
    for number in range(KEYS_KEPT + 10):
        key = f"k{number}"
        member = MEMBER.fold([MemberCodeIssued(NOON, "W1", key), MemberCodeRevoked(NOON, "W1", key)], member)
    assert len(member.revoked) == KEYS_KEPT
    assert member.is_revoked("k0", LONG_AGO)
    assert not member.is_revoked(f"k{KEYS_KEPT + 9}", LONG_AGO)
