"""What other services are told; what is not named here stays private."""

from __future__ import annotations

from shared.publishing import Publishing

from . import budgets, courses, issuing, redemptions, settlements

PUBLISHING = Publishing().including(
    budgets.PUBLISHING,
    courses.PUBLISHING,
    issuing.PUBLISHING,
    redemptions.PUBLISHING,
    settlements.PUBLISHING,
)
