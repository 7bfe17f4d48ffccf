"""Which streams each command reads, and which rules decide over them."""

from __future__ import annotations

from shared.decider import Handlers

from . import (
    budgets,
    campaigns,
    collecting,
    courses,
    issuing,
    ledgers,
    lists,
    members,
    merchants,
    redeeming,
    reversing,
    settling,
    vouchers,
)

HANDLERS = Handlers().including(
    budgets.HANDLERS,
    campaigns.HANDLERS,
    collecting.HANDLERS,
    courses.HANDLERS,
    issuing.HANDLERS,
    ledgers.HANDLERS,
    lists.HANDLERS,
    members.HANDLERS,
    merchants.HANDLERS,
    redeeming.HANDLERS,
    reversing.HANDLERS,
    settling.HANDLERS,
    vouchers.HANDLERS,
)
