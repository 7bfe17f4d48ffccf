"""What others are told about refund ledgers: what came of one, once it is over (row 29)."""

from __future__ import annotations

from shared.contracts import welfare_ledger as contracts
from shared.publishing import Publishing

from ..domain.ledger import LedgerReconciled

PUBLISHING = Publishing()


@PUBLISHING.on(LedgerReconciled)
def ledger_reconciled(event: LedgerReconciled, ledger_id: str) -> contracts.LedgerReconciled:
    sums = event.sums
    return contracts.LedgerReconciled(
        ledger_id=ledger_id,
        org_id=event.org_id,
        quarter=event.quarter,
        eligible=sums.eligible,
        paid=sums.paid,
        eligible_fen=sums.eligible_fen,
        paid_fen=sums.paid_fen,
        rate_e4=sums.rate,
    )
