"""Which streams each command reads, and which rules decide over them."""

from __future__ import annotations

from shared.decider import Handlers

from . import budgets, campaigns, issuing, members

HANDLERS = Handlers().including(
    budgets.HANDLERS,
    campaigns.HANDLERS,
    issuing.HANDLERS,
    members.HANDLERS,
)
