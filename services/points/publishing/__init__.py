"""What other services are told; what is not named here stays private."""

from __future__ import annotations

from shared.publishing import Publishing

from . import accounts, goods, hazards, reports

PUBLISHING = Publishing().including(goods.PUBLISHING, hazards.PUBLISHING, reports.PUBLISHING, accounts.PUBLISHING)
