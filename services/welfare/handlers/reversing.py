"""Reversals of redemptions (WF7): money, line, entitlement and voucher go back in one decision."""

from __future__ import annotations

from datetime import datetime

from shared.decider import Changes, Draft, Handlers, Read

from ..domain import refusals
from ..domain.allowance import allowance_ref
from ..domain.budget import BUDGET, CommitMoney, RestoreMoney
from ..domain.dispute import DISPUTE
from ..domain.entitlement import ENTITLEMENT, End, GiveBack, entitlement_id
from ..domain.merchant import MERCHANT
from ..domain.redemption import REDEMPTION, Reverse, ReverseRedemption
from ..domain.redemption_events import Purchase, RedemptionVerified
from ..domain.settlement import SETTLEMENT, Outcome
from ..domain.takings import TAKINGS
from ..domain.voucher import VOUCHER
from ..domain.voucher_commands import ReinstateVoucher
from .lines import take_out

HANDLERS = Handlers(REDEMPTION, MERCHANT, ENTITLEMENT, VOUCHER, BUDGET, TAKINGS, DISPUTE, SETTLEMENT)


@HANDLERS.on(ReverseRedemption)
def reverse(command: ReverseRedemption, read: Read) -> Changes:
    """Of the merchant's own; one that is suspended may still take back what he did not serve."""
    draft, now = Draft(read), command.now
    if command.terminal_id:
        merchant = draft.state(MERCHANT, command.merchant_id)
        merchant.check_known()
        merchant.check_terminal(command.terminal_id, now)
    verified = draft.state(REDEMPTION, command.redemption_id).to_reverse(command)
    take_back(draft, verified, command.reason, "reversed", command.terminal_id, now)
    return draft.changes


def take_back(
    draft: Draft, verified: RedemptionVerified, reason: str, outcome: Outcome, by: str, now: datetime
) -> None:
    """Line, money, entitlement and voucher of a redemption that the union does not owe any more, whatever its age."""
    purchase, fen = verified.purchase, verified.split.union_fen
    adjusted_day = take_out(draft, verified, outcome, by, now)
    allowed, ref = verified.allowed_fen, purchase.voucher_id or purchase.redemption_id
    draft.decide(BUDGET, purchase.budget_id, RestoreMoney(allowance_ref(purchase.terminal_id), allowed, now))
    draft.decide(BUDGET, purchase.budget_id, RestoreMoney(ref, fen - allowed, now, purchase.campaign_id))
    draft.decide(REDEMPTION, purchase.redemption_id, Reverse(reason, adjusted_day, now))
    member = entitlement_id(purchase.campaign_id, purchase.member_id)
    draft.decide(ENTITLEMENT, member, GiveBack(verified.period, purchase.redemption_id, now))
    if purchase.voucher_id is not None and not _reinstated(draft, purchase, purchase.voucher_id, now):
        draft.decide(ENTITLEMENT, member, End(verified.period, "expired", now))


def _reinstated(draft: Draft, purchase: Purchase, voucher_id: str, now: datetime) -> bool:
    """A voucher that is still valid is good again if the budget can promise its face once more; else it is expired."""
    voucher = draft.state(VOUCHER, voucher_id)
    issued = voucher.known
    promised = voucher.ended_at is None and now < issued.valid_until
    if promised:
        try:
            draft.decide(BUDGET, issued.budget_id, CommitMoney(voucher_id, issued.face_fen, now, issued.campaign_id))
        except (refusals.BudgetExhausted, refusals.BudgetFrozen):
            promised = False
    draft.decide(VOUCHER, voucher_id, ReinstateVoucher(purchase.redemption_id, promised, now))
    return promised
