"""Redemptions: voucher or meal, budget, entitlement, receipt and the merchant's line, in one decision (E35, E37)."""

from __future__ import annotations

from datetime import datetime

from shared.clock import CHINA
from shared.decider import Changes, Draft, Handlers, Read, decided
from shared.errors import Refused

from ..domain import refusals
from ..domain.allowance import ALLOWANCE, UseAllowance, allowance_id, allowance_ref
from ..domain.budget import BUDGET, CommitMoney, ConsumeMoney, ReleaseMoney
from ..domain.campaign import CAMPAIGN, Campaign
from ..domain.dispute import DISPUTE
from ..domain.entitlement import ENTITLEMENT, Scope, Use, entitlement_id
from ..domain.giving import check_eligible
from ..domain.member import MEMBER
from ..domain.merchant import MERCHANT
from ..domain.redemption import REDEMPTION, Redeem, Refuse, Verify
from ..domain.redemption_events import Asked, Purchase, Split
from ..domain.takings import TAKINGS, AddLine, Line, receipt_no, takings_id
from ..domain.terms import Terms
from ..domain.voucher import VOUCHER, check_hold
from ..domain.voucher_commands import RedeemVoucher
from ..domain.voucher_state import Voucher
from .issuing import voucher_id_of
from .lines import dispute_as_noted, open_takings
from .vouchers import change

HANDLERS = Handlers(REDEMPTION, MEMBER, MERCHANT, ALLOWANCE, CAMPAIGN, ENTITLEMENT, VOUCHER, BUDGET, TAKINGS, DISPUTE)


@HANDLERS.on(Redeem)
def redeem(command: Redeem, read: Read) -> Changes:
    """A repeat is answered as the first was (E46, E47). What is refused is recorded with its code."""
    draft, asked = Draft(read), command.asked
    if draft.state(REDEMPTION, asked.redemption_id).repeats(asked):
        return []
    try:
        _verify(draft, asked, command.now)
    except Refused as refusal:
        refuse = Refuse(asked, refusal.code, command.now)
        raise refusal.recording(decided(REDEMPTION, asked.redemption_id, refuse, read)) from None
    return draft.changes


def _verify(draft: Draft, asked: Asked, now: datetime) -> None:
    """In K10's order. What an offline terminal tells is judged by how things stood when it happened."""
    draft.state(MEMBER, asked.member_id).check(asked.redeemed_at)
    merchant = draft.state(MERCHANT, asked.merchant_id)
    merchant.check_serves(asked.redeemed_at)
    merchant.check_terminal(asked.terminal_id, asked.redeemed_at)
    if asked.voucher_id is not None:
        _purchase(draft, asked, asked.voucher_id, now)
        return
    campaign = draft.state(CAMPAIGN, asked.campaign_id or "")
    if campaign.known.kind == "meal":
        _meal(draft, asked, campaign, now)
    else:
        _purchase(draft, asked, _voucher_of(draft, asked), now)


def _voucher_of(draft: Draft, asked: Asked) -> str:
    """The member's voucher of this campaign that ends first, of those that he had then and that nothing keeps from this
    till; without a good one the last that he had, to say why not.

    Raises VOUCHER_NOT_FOUND for who never had one.
    """
    campaign_id, member_id, moment = asked.campaign_id or "", asked.member_id, asked.redeemed_at
    periods = draft.state(ENTITLEMENT, entitlement_id(campaign_id, member_id)).periods
    had = [voucher_id_of(campaign_id, member_id, period) for period, how in periods.items() if how != "declined"]
    if not had:
        raise refusals.VoucherNotFound("The member has no voucher of this campaign.", field="campaign_id")
    vouchers = {voucher_id: draft.state(VOUCHER, voucher_id) for voucher_id in had}
    good = [voucher_id for voucher_id, voucher in vouchers.items() if _good(voucher, asked)]

    def rank(voucher_id: str) -> tuple[bool, bool, datetime]:
        voucher = vouchers[voucher_id]
        return voucher.known.at > moment, not _free(voucher, asked), voucher.known.valid_until

    return min(good, key=rank) if good else had[-1]


def _good(voucher: Voucher, asked: Asked) -> bool:
    """It is not used, and had not ended then."""
    moment = asked.redeemed_at
    ended_later = asked.offline and voucher.ended_at is not None and moment < voucher.ended_at
    unused = voucher.promised or (ended_later and voucher.stage != "redeemed")
    return unused and (moment < voucher.known.valid_until or voucher.held(moment) is not None)


def _free(voucher: Voucher, asked: Asked) -> bool:
    try:
        check_hold(_taking(asked, 0, asked.redeemed_at), voucher)
    except Refused:
        return False
    return True


def _meal(draft: Draft, asked: Asked, campaign: Campaign, now: datetime) -> None:
    """WF2: at the campaign's price, once for each member and day, and only while the union's part is there."""
    terms, campaign_id = campaign.known, asked.campaign_id or ""
    _check_served(asked, campaign, terms)
    member = draft.state(MEMBER, asked.member_id)
    check_eligible(terms, member)
    split = Split(terms.face_fen, terms.worker_fen, terms.canteen_fen)
    if asked.basket_fen != split.union_fen + split.worker_fen + split.merchant_fen:
        raise refusals.AmountMismatch(field="basket_fen")
    purchase = _turned_out(asked, None, campaign_id, terms.budget_id)
    period = asked.redeemed_at.astimezone(CHINA).date().isoformat()
    use = Use(period, asked.redemption_id, terms.limit, now, Scope(member.trade or ""))
    draft.decide(ENTITLEMENT, entitlement_id(campaign_id, asked.member_id), use)
    allowed = _pay(draft, purchase, split.union_fen, now)
    _write_off(draft, purchase, split, period, allowed, now)


def _check_served(asked: Asked, campaign: Campaign, terms: Terms) -> None:
    """Offline a terminal does not know that a campaign was paused or closed meanwhile; its times it knows."""
    if not terms.accepts(asked.merchant_id):
        raise refusals.MerchantNotAccepted(field="merchant_id")
    if not asked.offline:
        campaign.open_at(asked.redeemed_at)
    elif campaign.stage == "draft" or not terms.starts_at <= asked.redeemed_at < terms.ends_at:
        raise refusals.CampaignNotOpen(field="campaign_id")
    if not terms.in_window(asked.redeemed_at):
        raise refusals.OutsideServiceWindow(field="campaign_id")


def _purchase(draft: Draft, asked: Asked, voucher_id: str, now: datetime) -> None:
    """WF4: the lesser of face and basket, once; the rest of what was promised for the voucher is released."""
    voucher = draft.state(VOUCHER, voucher_id)
    issued = voucher.known
    if asked.campaign_id not in (None, issued.campaign_id):
        raise refusals.VoucherNotFound("The voucher is of another campaign.", field="campaign_id")
    if not draft.state(CAMPAIGN, issued.campaign_id).known.accepts(asked.merchant_id):
        raise refusals.MerchantNotAccepted(field="merchant_id")
    fen = min(issued.face_fen, asked.basket_fen)
    purchase = _turned_out(asked, voucher_id, issued.campaign_id, issued.budget_id)
    change(draft, voucher_id, _taking(asked, fen, now))
    use = Use(issued.period, asked.redemption_id, 0, now)
    draft.decide(ENTITLEMENT, entitlement_id(issued.campaign_id, issued.member_id), use)
    allowed = 0
    if voucher.promised:
        rest = issued.face_fen - fen
        draft.decide(BUDGET, issued.budget_id, ConsumeMoney(voucher_id, fen, now, issued.campaign_id))
        draft.decide(BUDGET, issued.budget_id, ReleaseMoney(voucher_id, rest, now, issued.campaign_id))
    else:
        allowed = _pay(draft, purchase, fen, now)
    _write_off(draft, purchase, Split(fen, asked.basket_fen - fen, 0), issued.period, allowed, now)


def _taking(asked: Asked, fen: int, now: datetime) -> RedeemVoucher:
    return RedeemVoucher(
        member_id=asked.member_id,
        redemption_id=asked.redemption_id,
        merchant_id=asked.merchant_id,
        terminal_id=asked.terminal_id,
        fen=fen,
        offline=asked.offline,
        redeemed_at=asked.redeemed_at,
        reservation_ref=asked.reservation_ref,
        now=now,
    )


def _turned_out(asked: Asked, voucher_id: str | None, campaign_id: str, budget_id: str) -> Purchase:
    return Purchase(
        redemption_id=asked.redemption_id,
        member_id=asked.member_id,
        merchant_id=asked.merchant_id,
        terminal_id=asked.terminal_id,
        basket_fen=asked.basket_fen,
        redeemed_at=asked.redeemed_at,
        told_at=asked.told_at,
        flags=asked.flags,
        voucher_id=voucher_id,
        campaign_id=campaign_id,
        budget_id=budget_id,
    )


def _pay(draft: Draft, purchase: Purchase, fen: int, now: datetime) -> int:
    """What nothing was promised for: online from the budget; offline first from the terminal's allowance (WF3).

    Answers how much came from the allowance.
    """
    budget_id, redemption_id, campaign_id = purchase.budget_id, purchase.redemption_id, purchase.campaign_id
    allowed = _allowed(draft, purchase, fen, now) if purchase.offline else 0
    if fen == allowed:
        return allowed
    try:
        draft.decide(BUDGET, budget_id, CommitMoney(redemption_id, fen - allowed, now, campaign_id))
    except (refusals.BudgetExhausted, refusals.BudgetFrozen) as refusal:
        raise refusals.OfflineAllowanceExceeded if purchase.offline else refusal from None
    draft.decide(BUDGET, budget_id, ConsumeMoney(redemption_id, fen - allowed, now, campaign_id))
    return allowed


def _allowed(draft: Draft, purchase: Purchase, fen: int, now: datetime) -> int:
    who, budget_id = (purchase.merchant_id, purchase.terminal_id), purchase.budget_id
    entity = allowance_id(*who)
    allowed = min(draft.state(ALLOWANCE, entity).left.get(budget_id, 0), fen)
    draft.decide(ALLOWANCE, entity, UseAllowance(*who, budget_id, purchase.redemption_id, allowed, now))
    draft.decide(BUDGET, budget_id, ConsumeMoney(allowance_ref(purchase.terminal_id), allowed, now))
    return allowed


def _write_off(draft: Draft, purchase: Purchase, split: Split, period: str, allowed: int, now: datetime) -> None:
    """The receipt, and the line by which the merchant is paid (row 15)."""
    day, verified_at = open_takings(draft, purchase.merchant_id, now)
    entity = takings_id(purchase.merchant_id, day)
    receipt = receipt_no(purchase.merchant_id, day, draft.state(TAKINGS, entity))
    which = (purchase.redemption_id, receipt, purchase.campaign_id, purchase.budget_id)
    line = Line(*which, split.union_fen, verified_at)
    draft.decide(TAKINGS, entity, AddLine(purchase.merchant_id, day, line, verified_at))
    verify = Verify(purchase, split, receipt, day, period, allowed, verified_at)
    draft.decide(REDEMPTION, purchase.redemption_id, verify)
    dispute_as_noted(draft, purchase.redemption_id, verified_at)
