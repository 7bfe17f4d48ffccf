"""Which streams each command reads, and which rules decide over them."""

from __future__ import annotations

from shared.decider import Handlers

from . import accounts, reports, rules

HANDLERS = Handlers().including(accounts.HANDLERS, reports.HANDLERS, rules.HANDLERS)
