"""What terminals ask for: redemptions and their reversal."""

from __future__ import annotations

from shared.contracts.welfare_redemptions import RedemptionRequested, RedemptionReversalRequested
from shared.decider import Command
from shared.errors import ValidationFailed
from shared.policies import Intake, Receipt

from ..domain.device_time import moment_of
from ..domain.redemption import Redeem, ReverseRedemption
from ..domain.redemption_events import Asked

INTAKE = Intake()


@INTAKE.on(RedemptionRequested)
def redeem(event: RedemptionRequested, received: Receipt) -> Command:
    """K4: an offline terminal tells its own times."""
    if event.voucher_id is None and event.campaign_id is None:
        raise ValidationFailed("Name the voucher, or the campaign of the meal or voucher.", field="voucher_id")
    moment = moment_of(event.redeemed_at, event.sent_at, received.received_at, "redeemed_at")
    asked = Asked(
        redemption_id=event.redemption_id,
        member_id=event.member_id,
        merchant_id=event.merchant_id,
        terminal_id=event.terminal_id,
        basket_fen=event.basket_fen,
        redeemed_at=moment.at,
        told_at=moment.told,
        flags=moment.flags,
        voucher_id=event.voucher_id,
        campaign_id=event.campaign_id,
        reservation_ref=event.reservation_ref,
    )
    return Redeem(asked, received.received_at)


@INTAKE.on(RedemptionReversalRequested)
def reverse(event: RedemptionReversalRequested, received: Receipt) -> Command:
    who = (event.member_id, event.merchant_id, event.terminal_id)
    return ReverseRedemption(event.redemption_id, event.reason, received.received_at, *who)
