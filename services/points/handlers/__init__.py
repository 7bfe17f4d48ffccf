"""Which streams each command reads, and which rules decide over them."""

from __future__ import annotations

from shared.decider import Handlers

from . import accounts, goods, hazards, redemptions, reports, reviews, rules, teams

HANDLERS = Handlers().including(
    accounts.HANDLERS,
    goods.HANDLERS,
    hazards.HANDLERS,
    redemptions.HANDLERS,
    reports.HANDLERS,
    reviews.HANDLERS,
    rules.HANDLERS,
    teams.HANDLERS,
)
