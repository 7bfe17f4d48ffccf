"""Who gets what from a campaign: the entitlement, the voucher and the budget in one decision."""

from __future__ import annotations

from shared.log.codec import derived_id


def voucher_id_of(campaign_id: str, member_id: str, period: str) -> str:
    """One for each period of a member in a campaign, however often it is asked for."""
    return derived_id("voucher", campaign_id, member_id, period)
