"""Merchants, their terminals, and what these may give while they are offline."""

from __future__ import annotations

from datetime import datetime

from shared.decider import Changes, Draft, Handlers, Read

from ..domain.allowance import ALLOWANCE, SetOfflineAllowance, allowance_id, allowance_ref
from ..domain.budget import BUDGET, CommitMoney, ReleaseMoney
from ..domain.merchant import (
    MERCHANT,
    ApplyAsMerchant,
    LeaveMerchant,
    OnboardMerchant,
    RegisterTerminal,
    RemoveTerminal,
    ResumeMerchant,
    SuspendMerchant,
)

HANDLERS = Handlers(MERCHANT, ALLOWANCE, BUDGET)
HANDLERS.each(
    MERCHANT, "merchant_id", ApplyAsMerchant, OnboardMerchant, SuspendMerchant, ResumeMerchant, RegisterTerminal
)


@HANDLERS.on(SetOfflineAllowance)
def set_allowance(command: SetOfflineAllowance, read: Read) -> Changes:
    """WF3: the budget promises it now."""
    draft = Draft(read)
    merchant = draft.state(MERCHANT, command.merchant_id)
    merchant.check_here()
    merchant.check_terminal(command.terminal_id, command.now)
    _set(draft, command)
    return draft.changes


@HANDLERS.on(RemoveTerminal)
def remove_terminal(command: RemoveTerminal, read: Read) -> Changes:
    draft = Draft(read)
    draft.decide(MERCHANT, command.merchant_id, command)
    _empty(draft, command.merchant_id, command.terminal_id, command.now)
    return draft.changes


@HANDLERS.on(LeaveMerchant)
def leave(command: LeaveMerchant, read: Read) -> Changes:
    draft = Draft(read)
    terminals = draft.state(MERCHANT, command.merchant_id).live_terminals
    draft.decide(MERCHANT, command.merchant_id, command)
    for terminal_id in terminals:
        _empty(draft, command.merchant_id, terminal_id, command.now)
    return draft.changes


def _empty(draft: Draft, merchant_id: str, terminal_id: str, now: datetime) -> None:
    """What a terminal has not given is released."""
    for budget_id in draft.state(ALLOWANCE, allowance_id(merchant_id, terminal_id)).left:
        _set(draft, SetOfflineAllowance(merchant_id, terminal_id, budget_id, 0, now))


def _set(draft: Draft, command: SetOfflineAllowance) -> None:
    entity = allowance_id(command.merchant_id, command.terminal_id)
    more = command.fen - draft.state(ALLOWANCE, entity).left.get(command.budget_id, 0)
    ref = allowance_ref(command.terminal_id)
    if more > 0:
        draft.decide(BUDGET, command.budget_id, CommitMoney(ref, more, command.now))
    elif more < 0:
        draft.decide(BUDGET, command.budget_id, ReleaseMoney(ref, -more, command.now))
    draft.decide(ALLOWANCE, entity, command)
