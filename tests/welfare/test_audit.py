"""The audit itself finds what does not add up."""

from __future__ import annotations

from typing import Any

import pytest

from services.welfare.domain.budget import BUDGET, BudgetCommitted, BudgetConsumed, BudgetReleased
from services.welfare.domain.redemption import REDEMPTION
from services.welfare.domain.redemption_events import Purchase, RedemptionVerified, Split
from services.welfare.domain.takings import TAKINGS, Line, LineAdded, takings_id
from services.welfare.domain.voucher import VOUCHER
from services.welfare.domain.voucher_events import VoucherIssued
from shared.decider import Change, Decider
from shared.testing.given import on
from tests.welfare.audit import check
from tests.welfare.campaigns import at

NOW = at(12)
DAY = NOW.date()
ISSUED = VoucherIssued(NOW, "v1", "W01", "drink", "B", "checkin_gift", "d", 300, False, at(0, day=24))
PURCHASE = Purchase(
    redemption_id="X1",
    member_id="W01",
    merchant_id="K1",
    terminal_id="T1",
    basket_fen=600,
    redeemed_at=NOW,
    campaign_id="meal",
    budget_id="B",
)
VERIFIED = on(REDEMPTION, "X1", RedemptionVerified(NOW, PURCHASE, Split(300, 200, 100), "R", DAY, "d"))
PAID = on(BUDGET, "B", BudgetCommitted(NOW, "X1", 300), BudgetConsumed(NOW, "X1", 300))


def line(fen: int) -> Change:
    added = LineAdded(NOW, "K1", DAY, Line("X1", "R", "meal", "B", fen, NOW))
    return on(TAKINGS, takings_id("K1", DAY), added)


def unknown(decider: Decider[Any, Any, Any], entity: str) -> Any:
    return decider.initial


def test_what_adds_up_passes() -> None:
    check([on(VOUCHER, "v1", ISSUED), on(BUDGET, "B", BudgetCommitted(NOW, "v1", 300))], unknown)
    check([VERIFIED, PAID, line(300)], unknown)


@pytest.mark.parametrize(
    "changes",
    [
        [on(VOUCHER, "v1", ISSUED)],
        [on(VOUCHER, "v1", ISSUED), on(BUDGET, "B", BudgetCommitted(NOW, "v1", 299))],
        [on(VOUCHER, "v1", ISSUED), on(BUDGET, "other", BudgetCommitted(NOW, "v1", 300))],
        [on(VOUCHER, "v1", ISSUED), on(BUDGET, "B", BudgetCommitted(NOW, "v2", 300))],
        [on(BUDGET, "B", BudgetReleased(NOW, "v1", 300))],
        [VERIFIED, line(300)],
        [VERIFIED, PAID],
        [VERIFIED, PAID, line(299)],
        [PAID],
        [line(300)],
    ],
)
def test_what_does_not_add_up_is_found(changes: list[Change]) -> None:
    with pytest.raises(AssertionError):
        check(changes, unknown)
