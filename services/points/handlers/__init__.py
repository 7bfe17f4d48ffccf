"""Which streams each command reads, and which rules decide over them."""

from __future__ import annotations

from shared.decider import Handlers

from . import accounts, hazards, reports, rules, teams

HANDLERS = Handlers().including(accounts.HANDLERS, hazards.HANDLERS, reports.HANDLERS, rules.HANDLERS, teams.HANDLERS)
