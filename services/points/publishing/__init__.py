"""What other services are told; what is not named here stays private."""

from __future__ import annotations

from shared.publishing import Publishing

from . import accounts, hazards, reports

PUBLISHING = Publishing().including(hazards.PUBLISHING, reports.PUBLISHING, accounts.PUBLISHING)
