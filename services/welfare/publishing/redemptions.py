"""What others are told about merchants, and what was redeemed at them."""

from __future__ import annotations

from shared.contracts import welfare
from shared.contracts import welfare_redemptions as contracts
from shared.publishing import Publishing

from ..domain.merchant import LEFT, MerchantLeft, MerchantOnboarded, MerchantResumed, MerchantSuspended
from ..domain.redemption_events import RedemptionReversed, RedemptionVerified

PUBLISHING = Publishing()


@PUBLISHING.on(MerchantOnboarded)
def merchant_onboarded(event: MerchantOnboarded, merchant_id: str) -> contracts.MerchantOnboarded:
    """New terms too, as his category may be another one."""
    return contracts.MerchantOnboarded(merchant_id=merchant_id, category=event.terms.category)


@PUBLISHING.on(MerchantSuspended)
def merchant_suspended(event: MerchantSuspended, merchant_id: str) -> welfare.MerchantSuspended:
    return welfare.MerchantSuspended(merchant_id=merchant_id, reason=event.reason)


@PUBLISHING.on(MerchantLeft)
def merchant_left(_event: MerchantLeft, merchant_id: str) -> welfare.MerchantSuspended:
    """Row 17: whoever is gone for good serves nobody either."""
    return welfare.MerchantSuspended(merchant_id=merchant_id, reason=LEFT)


@PUBLISHING.on(MerchantResumed)
def merchant_resumed(_event: MerchantResumed, merchant_id: str) -> contracts.MerchantResumed:
    return contracts.MerchantResumed(merchant_id=merchant_id)


@PUBLISHING.on(RedemptionVerified)
def redemption_verified(event: RedemptionVerified, redemption_id: str) -> contracts.RedemptionVerified:
    purchase, split = event.purchase, event.split
    return contracts.RedemptionVerified(
        redemption_id=redemption_id,
        member_id=purchase.member_id,
        merchant_id=purchase.merchant_id,
        terminal_id=purchase.terminal_id,
        campaign_id=purchase.campaign_id,
        voucher_id=purchase.voucher_id,
        union_fen=split.union_fen,
        worker_fen=split.worker_fen,
        merchant_fen=split.merchant_fen,
        receipt_no=event.receipt_no,
        redeemed_at=purchase.redeemed_at,
        verified_at=event.at,
        offline=purchase.offline,
        flags=list(purchase.flags),
    )


@PUBLISHING.on(RedemptionReversed)
def redemption_reversed(event: RedemptionReversed, redemption_id: str) -> contracts.RedemptionReversed:
    purchase = event.purchase
    return contracts.RedemptionReversed(
        redemption_id=redemption_id,
        member_id=purchase.member_id,
        merchant_id=purchase.merchant_id,
        campaign_id=purchase.campaign_id,
        voucher_id=purchase.voucher_id,
        fen=event.fen,
        reason=event.reason,
        settled=event.adjusted_day is not None,
    )
