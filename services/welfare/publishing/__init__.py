"""What other services are told; what is not named here stays private."""

from __future__ import annotations

from shared.publishing import Publishing

from . import budgets, courses, issuing, ledgers, redemptions, settlements, vouchers

PUBLISHING = Publishing().including(
    budgets.PUBLISHING,
    courses.PUBLISHING,
    issuing.PUBLISHING,
    ledgers.PUBLISHING,
    redemptions.PUBLISHING,
    settlements.PUBLISHING,
    vouchers.PUBLISHING,
)
