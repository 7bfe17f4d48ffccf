"""What others are told about settlements: sums and ids, not who took which step."""

from __future__ import annotations

from shared.contracts import welfare_settlements as contracts
from shared.publishing import Publishing

from ..domain.dispute import LineDisputed
from ..domain.settlement import SettlementCreated, SettlementPaid, settlement_id_of

PUBLISHING = Publishing()


def _settlement_of(event: SettlementCreated | SettlementPaid | LineDisputed, _entity: str = "") -> str:
    return settlement_id_of(event.merchant_id, event.day)


@PUBLISHING.on(SettlementCreated, key=_settlement_of)
def settlement_created(event: SettlementCreated, _entity: str) -> contracts.SettlementCreated:
    return contracts.SettlementCreated(
        settlement_id=_settlement_of(event),
        merchant_id=event.merchant_id,
        day=event.day,
        lines=len(event.lines),
        adjustments=len(event.adjustments),
        opening_fen=event.opening_fen,
        net_fen=event.net_fen,
    )


@PUBLISHING.on(SettlementPaid, key=_settlement_of)
def settlement_paid(event: SettlementPaid, _entity: str) -> contracts.SettlementPaid:
    return contracts.SettlementPaid(
        settlement_id=_settlement_of(event),
        merchant_id=event.merchant_id,
        day=event.day,
        paid_fen=event.fen,
        bank_ref=event.bank_ref,
    )


@PUBLISHING.on(LineDisputed, key=_settlement_of)
def settlement_disputed(event: LineDisputed, _entity: str) -> contracts.SettlementDisputed:
    """The settlement that the line is in, or would be in at the cut-off."""
    return contracts.SettlementDisputed(
        settlement_id=_settlement_of(event),
        merchant_id=event.merchant_id,
        redemption_id=event.redemption_id,
        reason=event.reason,
        case_id=event.case_id or None,
    )
