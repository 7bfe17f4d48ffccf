"""Lines of refund ledgers that other systems tell, one by one."""

from __future__ import annotations

from shared.contracts.welfare_ledger import LedgerLineReported
from shared.policies import Intake, Receipt

from ..domain.ledger import ledger_id_of
from ..domain.ledger_file import TakeLine
from ..domain.ledger_lines import Standing
from ..domain.ledger_sorting import NewLine

INTAKE = Intake()


@INTAKE.on(LedgerLineReported)
def ledger_line(event: LedgerLineReported, receipt: Receipt) -> TakeLine:
    """WF10. The number behind `account_ref` is looked at when the ledger is collated; without one it is no account."""
    account: Standing = "unseen" if event.account_ref else "bad"
    line = NewLine(0, event.firm_id, event.union, event.own_account, event.yearly_fen, event.fen, account)
    return TakeLine(
        ledger_id_of(event.org_id, event.quarter),
        event.org_id,
        event.quarter,
        line,
        event.account_ref or "",
        receipt.received_at,
    )
