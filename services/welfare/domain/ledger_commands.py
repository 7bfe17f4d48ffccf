"""What can be asked of a refund ledger 免申即享 as a whole; `ledger.py` answers."""

from __future__ import annotations

from datetime import datetime
from typing import TypeAlias

import msgspec

from shared.decider import Command


class Sums(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Eligible: passed the path rule with a positive amount, held ones included; a firm's conflict is one line."""

    eligible: int
    eligible_fen: int
    paid: int
    paid_fen: int
    outstanding: int = 0  # lines that the bank has not answered for

    @property
    def rate(self) -> int:
        """Paid lines of eligible lines, in hundredths of a percent, rounded down: 100 % is all of them."""
        return self.paid * 10_000 // self.eligible if self.eligible else 0


class BeginImport(Command, frozen=True):
    """Lines come: the first ones make the ledger. `import_id`: the file; None for a single line."""

    ledger_id: str
    org_id: str
    quarter: str
    import_id: str | None
    now: datetime


class EndImport(Command, frozen=True):
    """All lines of a file have come. `abandoned`: no more will come, though some are missing."""

    ledger_id: str
    import_id: str
    rows: int
    abandoned: bool
    now: datetime


class CollateLedger(Command, frozen=True):
    """Nothing is added any more: it can be checked."""

    ledger_id: str
    now: datetime


class ReopenLedger(Command, frozen=True):
    """Lines are missing after all."""

    ledger_id: str
    now: datetime


class CheckLedger(Command, frozen=True):
    """`by` has looked at it, and somebody else may send it (K8)."""

    ledger_id: str
    by: str
    now: datetime


class ChangeLedger(Command, frozen=True):
    """A line was picked or corrected: who has checked has not checked this."""

    now: datetime


class SendLedger(Command, frozen=True):
    """All lines that can be paid go to the bank, as one batch (K8)."""

    ledger_id: str
    by: str
    now: datetime


class SendBatch(Command, frozen=True):
    """The same, with what the lines add up to."""

    by: str
    lines: int
    fen: int
    now: datetime


class ReconcileLedger(Command, frozen=True):
    """The bank has answered for all of it: the ledger is over."""

    ledger_id: str
    now: datetime


class EndLedger(Command, frozen=True):
    """The same, with what the lines add up to."""

    sums: Sums
    now: datetime


LedgerCommand: TypeAlias = (
    BeginImport | EndImport | CollateLedger | ReopenLedger | CheckLedger | ChangeLedger | SendBatch | EndLedger
)
