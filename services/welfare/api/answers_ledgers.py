"""Answers about refund ledgers."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from shared.answers import Found, Moment, NextId
from shared.outcomes import Answer

from ..domain.ledger import LedgerSent

Path = Literal["A", "B", "C"]
Stage = Literal["imported", "collated", "checked", "sent", "reconciled"]


class RowFault(BaseModel):
    """A row that somebody should look at."""

    row: int = Field(description="Counted from the first row under the header.")
    code: str = Field(description="VALIDATION_FAILED: the cell cannot be read, and `reason` says why.")
    column: str | None
    firm_id: str | None
    reason: str | None
    message: str


class PartTaken(BaseModel):
    """What became of a part's rows; `rows` is 0 where it came before. Accepted and held are lines."""

    outcome: Literal["accepted", "unchanged"]
    command_id: str
    rows: int
    accepted: int | None = None
    held: int | None = None
    paid: int | None = None
    returned: int | None = None
    faults: list[RowFault]
    position: str


class FaultOfFile(RowFault):
    """The same, and the file that it is in."""

    file_id: str


class Faults(Found):
    """A page of rows that somebody should look at."""

    faults: list[FaultOfFile]
    next: NextId


class FileCounts(BaseModel):
    """A file, as far as it has come: of lines what was accepted and held, of returns what was paid and came back."""

    file_id: str
    kind: Literal["lines", "returns"]
    state: Literal["importing", "imported", "abandoned", "taken"]
    rows: int
    faults: int
    accepted: int | None = None
    held: int | None = None
    paid: int | None = None
    returned: int | None = None


class LedgerFile(Found):
    """How far a file has come."""

    file: FileCounts | None
    parts: list[tuple[int, int]] = Field(description="The first row of each part that has come, and its rows.")


class Amount(BaseModel):
    """Lines, and what they add up to."""

    lines: int
    fen: int


class Batch(BaseModel):
    """What the bank was sent at one time."""

    batch: int
    lines: int
    fen: int
    sent_by: str
    sent_at: Moment
    paid: int
    returned: int


class Sent(BaseModel):
    """The batch that was sent; 0 where this was asked before under another key."""

    outcome: Literal["accepted", "unchanged"]
    command_id: str
    batch: int
    lines: int
    fen: int
    position: str


class LedgerHead(BaseModel):
    """A ledger, and how far it has come."""

    ledger_id: str
    org_id: str
    quarter: str
    stage: Stage
    checked_by: str | None
    batches: int


class Ledgers(Found):
    """A page of ledgers, by quarter."""

    ledgers: list[LedgerHead]
    next: NextId


class LedgerReport(Found, LedgerHead):
    """Lines, paths, amounts, and the rate: paid of eligible lines, in hundredths of a percent."""

    statuses: dict[str, Amount]
    paths: dict[Path, Amount]
    union_to_be_formed: int
    eligible: int
    eligible_fen: int
    paid: int
    paid_fen: int
    rate_e4: int
    batch_list: list[Batch]
    files: list[FileCounts]


class Line(BaseModel):
    """One line of a ledger."""

    firm_id: str
    fen: int
    path: Path
    status: Literal["accepted", "held", "rejected", "sent", "resent", "paid", "returned"]
    code: str | None = Field(description="Why it is held, was dropped, or came back.")
    row: int = Field(description="Of its file; 0 for a line that came by itself.")
    import_id: str | None
    attempt: int
    account: Literal["good", "bad", "not_looked_at"]
    union_to_be_formed: bool


class Lines(Found):
    """A page of lines, by firm."""

    lines: list[Line]
    next: NextId


class Account(BaseModel):
    """The number that one amount is paid to."""

    fen: int
    number: str | None


class AccountsOfFirm(Found):
    """What a firm's line is paid to; several amounts while they conflict."""

    accounts: list[Account]


def sent(answer: Answer) -> dict[str, Any]:
    """What a batch is; its lines are in the bank's file."""
    for one in answer.events:
        if isinstance(one.event, LedgerSent):
            return {"batch": one.event.batch, "lines": one.event.lines, "fen": one.event.fen}
    return {"batch": 0, "lines": 0, "fen": 0}


def no_events(_answer: Answer) -> dict[str, Any]:
    return {"events": []}
