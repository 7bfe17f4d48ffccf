"""The events of the refund ledger."""

from __future__ import annotations

from shared.contracts import welfare_ledger
from shared.contracts.event_type import EventType

EVENTS: tuple[EventType, ...] = (
    EventType(
        welfare_ledger.LedgerLineReported,
        "welfare",
        "intake",
        "A firm is to be paid back dues of a quarter, without applying for it.",
        "firm_id",
        {
            "firm_id": "F-0001",
            "org_id": "default",
            "quarter": "2026Q1",
            "union": True,
            "own_account": True,
            "yearly_fen": 480_000,
            "fen": 120_000,
            "account_ref": "0b7c1c1e-5f0a-5d0e-9a41-2f1f7f0c7a10",
        },
        data_class="none",
    ),
    EventType(
        welfare_ledger.LedgerReconciled,
        "welfare",
        "published",
        "A quarter's refunds are over: how many were paid, for a public page.",
        "ledger_id",
        {
            "ledger_id": "default:2026Q1",
            "org_id": "default",
            "quarter": "2026Q1",
            "eligible": 4,
            "paid": 3,
            "eligible_fen": 410_000,
            "paid_fen": 330_000,
            "rate_e4": 7_500,
        },
        data_class="none",
    ),
)
