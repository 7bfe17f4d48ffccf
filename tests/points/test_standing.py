"""Row 22: who has left for good redeems nothing, and what is held for him is released; his points stay."""

from __future__ import annotations

from services.points.domain.account import ACCOUNT, EarnPoints
from services.points.domain.goods import GOODS, UnitFreed
from services.points.domain.ledger import PointsReleased, PointsSpent
from services.points.domain.lots import Allocation
from services.points.domain.redemption import REDEMPTION, RedemptionExpired
from services.points.domain.standing import (
    STANDING,
    LeavingNoted,
    MemberSuspended,
    NoteLeaving,
    NoteReinstatement,
    NoteSuspension,
)
from shared.decider import DeadlineCleared
from shared.errors import NotFound
from shared.testing.given import Given, on

from .supermarket import SOAP, SOON, a_started_redemption, a_stocked_machine, redeem, said
from .the_day import rules_known

LEFT = NoteLeaving("V1", SOON)


def test_row_22_leaving_frees_points_and_unit(given: Given) -> None:
    given(*a_started_redemption).when(LEFT).then(
        on(STANDING, "V1", LeavingNoted(SOON)),
        on(
            REDEMPTION,
            "X1",
            RedemptionExpired(SOON, "member_left"),
            DeadlineCleared(SOON, "confirm", "X1", "member_left"),
        ),
        on(ACCOUNT, "V1", PointsReleased(SOON, "X1", "member_left")),
        on(GOODS, SOAP, UnitFreed(SOON, "X1")),
    ).when(LEFT).then_nothing()


def test_row_22_goods_that_come_out_after_the_leaving_are_charged_as_late(given: Given) -> None:
    past = given(*a_started_redemption).when(LEFT).when(said("dispensed", SOON))
    assert past.events["account-V1"] == [PointsSpent(SOON, "X1", (Allocation("opening:old-1", 4),), None, 0)]


def test_row_22_who_has_left_starts_no_redemption(given: Given) -> None:
    left = given(*a_stocked_machine).when(LEFT)
    left.when(redeem(now=SOON)).then_refused(NotFound)
    left.when(NoteReinstatement("V1", SOON)).then_nothing()


def test_row_22_a_suspended_member_may_leave_and_one_suspended_only_is_told_so(given: Given) -> None:
    suspended = given(*a_stocked_machine).when(NoteSuspension("V1", "misuse", SOON))
    suspended.when(redeem(now=SOON)).then_refused(MemberSuspended)
    suspended.when(LEFT).then(on(STANDING, "V1", LeavingNoted(SOON))).when(redeem(now=SOON)).then_refused(NotFound)


def test_row_22_what_was_done_before_the_leaving_is_still_paid(given: Given) -> None:
    """The points stay until they expire, and nobody else has them."""
    left = given(rules_known, *a_stocked_machine).when(LEFT)
    assert "account-V1" in left.when(EarnPoints("V1", 2, "patrol", "R9", SOON, SOON)).events
