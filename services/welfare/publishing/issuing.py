"""What others are told about gifts besides the vouchers: who got none, and why."""

from __future__ import annotations

from shared.contracts import welfare_campaigns as contracts
from shared.publishing import Publishing

from ..domain.entitlement import EntitlementDeclined

PUBLISHING = Publishing()


@PUBLISHING.on(EntitlementDeclined, key=lambda event, _entity: event.member_id)
def entitlement_declined(event: EntitlementDeclined, entity: str) -> contracts.EntitlementDeclined:
    return contracts.EntitlementDeclined(
        member_id=event.member_id, campaign_id=event.campaign_id, period=event.period, code=event.code
    )
