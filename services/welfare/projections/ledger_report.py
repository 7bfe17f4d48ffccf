"""ledger_report: refund ledgers 免申即享, their lines, what is wrong with which, and the transfers to the bank."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, Index, Integer, Text

from shared.log.read import Recorded
from shared.projecting import Projection, Put, RowChange, Set

from ..domain import ledger as facts
from ..domain import ledger_lines as lines
from ..domain.ledger_file import LedgerPartTaken, ReturnsPartTaken
from ..domain.refusals import AccountInvalid, LedgerLineConflict

LEDGER_REPORT = Projection("ledger_report", 1, page=200)  # events of a hundred rows each
LEDGER = LEDGER_REPORT.table(
    "ledger",
    Column("ledger_id", Text, primary_key=True),
    Column("org_id", Text, nullable=False),
    Column("quarter", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("checked_by", Text),
    Column("batches", Integer, nullable=False, server_default="0"),
)
FILE = LEDGER_REPORT.table(
    "ledger_file",
    Column("ledger_id", Text, primary_key=True),
    Column("file_id", Text, primary_key=True),
    Column("state", Text, nullable=False),  # importing, imported, abandoned
)
PART = LEDGER_REPORT.table(
    "ledger_part",
    Column("ledger_id", Text, primary_key=True),
    Column("file_id", Text, primary_key=True),
    Column("first_row", Integer, primary_key=True),
    Column("kind", Text, nullable=False),  # lines, returns
    Column("rows", Integer, nullable=False),
    Column("good", Integer, nullable=False),  # accepted, or paid
    Column("other", Integer, nullable=False),  # held, or returned
    Column("faults", Integer, nullable=False),
)
LINE = LEDGER_REPORT.table(
    "ledger_line",
    Column("ledger_id", Text, primary_key=True),
    Column("firm_id", Text, primary_key=True),
    Column("fen", BigInteger, primary_key=True),
    Column("path", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("code", Text),  # why it is held, was dropped, or came back
    Column("account", Text, nullable=False),
    Column("account_ref", Text, nullable=False),
    Column("row", Integer, nullable=False),
    Column("import_id", Text),
    Column("attempt", Integer, nullable=False, server_default="0"),
)
FAULT = LEDGER_REPORT.table(
    "ledger_fault",
    Column("ledger_id", Text, primary_key=True),
    Column("file_id", Text, primary_key=True),
    Column("row", Integer, primary_key=True),
    Column("firm_id", Text),
    Column("code", Text, nullable=False),
    Column("cell", Text),  # its column
    Column("reason", Text),
)
PAYMENT = LEDGER_REPORT.table(
    "ledger_payment",
    Column("ledger_id", Text, primary_key=True),
    Column("firm_id", Text, primary_key=True),
    Column("attempt", Integer, primary_key=True),
    Column("batch", Integer, nullable=False),
    Column("fen", BigInteger, nullable=False),
    Column("row", Integer, nullable=False),
    Column("account_ref", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("reason", Text),
)
Index(f"{PAYMENT.name}_batch", PAYMENT.c.ledger_id, PAYMENT.c.batch, PAYMENT.c.firm_id)
BATCH = LEDGER_REPORT.table(
    "ledger_batch",
    Column("ledger_id", Text, primary_key=True),
    Column("batch", Integer, primary_key=True),
    Column("lines", Integer, nullable=False),
    Column("fen", BigInteger, nullable=False),
    Column("sent_by", Text, nullable=False),
    Column("sent_at", DateTime(timezone=True), nullable=False),
)


@LEDGER_REPORT.on(facts.LedgerOpened)
def opened(event: facts.LedgerOpened, row: Recorded) -> list[RowChange]:
    what = {"org_id": event.org_id, "quarter": event.quarter, "stage": "imported"}
    return [Put(LEDGER, {"ledger_id": row.entity, **what})]


@LEDGER_REPORT.on(facts.LedgerCollated)
def collated(_event: facts.LedgerCollated, row: Recorded) -> list[RowChange]:
    return [_ledger(row, stage="collated", checked_by=None)]


@LEDGER_REPORT.on(facts.LedgerReopened)
def reopened(_event: facts.LedgerReopened, row: Recorded) -> list[RowChange]:
    return [_ledger(row, stage="imported", checked_by=None)]


@LEDGER_REPORT.on(facts.LedgerChecked)
def checked(event: facts.LedgerChecked, row: Recorded) -> list[RowChange]:
    return [_ledger(row, stage="checked", checked_by=event.by)]


@LEDGER_REPORT.on(facts.LedgerUnchecked)
def unchecked(event: facts.LedgerUnchecked, row: Recorded) -> list[RowChange]:
    return [_ledger(row, stage="sent" if event.batches else "collated", checked_by=None)]


@LEDGER_REPORT.on(facts.LedgerSent)
def sent(event: facts.LedgerSent, row: Recorded) -> list[RowChange]:
    batch = {"ledger_id": row.entity, "batch": event.batch, "lines": event.lines, "fen": event.fen}
    return [
        Put(BATCH, {**batch, "sent_by": event.by, "sent_at": event.at}),
        _ledger(row, stage="sent", checked_by=None),
        Set(LEDGER, {"ledger_id": row.entity, "batches": event.batch}),
    ]


@LEDGER_REPORT.on(facts.LedgerReconciled)
def reconciled(_event: facts.LedgerReconciled, row: Recorded) -> list[RowChange]:
    return [_ledger(row, stage="reconciled", checked_by=None)]


def _ledger(row: Recorded, **what: Any) -> RowChange:
    return Set(LEDGER, {"ledger_id": row.entity, **what})


@LEDGER_REPORT.on(facts.LedgerImportBegun)
def import_begun(event: facts.LedgerImportBegun, row: Recorded) -> list[RowChange]:
    return [_file(row, event.import_id, "importing")]


@LEDGER_REPORT.on(facts.LedgerImported)
def imported(event: facts.LedgerImported, row: Recorded) -> list[RowChange]:
    return [_file(row, event.import_id, "imported")]


@LEDGER_REPORT.on(facts.LedgerImportAbandoned)
def abandoned(event: facts.LedgerImportAbandoned, row: Recorded) -> list[RowChange]:
    return [_file(row, event.import_id, "abandoned")]


def _file(row: Recorded, file_id: str, state: str) -> RowChange:
    return Put(FILE, {"ledger_id": row.entity, "file_id": file_id, "state": state})


@LEDGER_REPORT.on(LedgerPartTaken)
def part_taken(event: LedgerPartTaken, row: Recorded) -> Iterable[RowChange]:
    return _part(event, row, kind="lines", good=event.accepted, other=event.held)


@LEDGER_REPORT.on(ReturnsPartTaken)
def returns_taken(event: ReturnsPartTaken, row: Recorded) -> Iterable[RowChange]:
    return _part(event, row, kind="returns", good=event.paid, other=event.returned)


def _part(event: LedgerPartTaken | ReturnsPartTaken, row: Recorded, **counts: Any) -> Iterable[RowChange]:
    ledger_id, _, file_id = row.entity.partition("/")
    of = {"ledger_id": ledger_id, "file_id": file_id}
    yield Put(PART, {**of, "first_row": event.first_row, "rows": event.rows, **counts, "faults": len(event.faults)})
    for one in event.faults:
        why = {"code": one.code, "cell": one.column, "reason": one.reason}
        yield Put(FAULT, {**of, "row": one.row, "firm_id": one.firm_id, **why})


@LEDGER_REPORT.on(lines.LedgerLinesAccepted)
def accepted(event: lines.LedgerLinesAccepted, row: Recorded) -> Iterable[RowChange]:
    return [_line(row, one, event, "accepted", None) for one in event.lines]


@LEDGER_REPORT.on(lines.LedgerLinesHeld)
def held(event: lines.LedgerLinesHeld, row: Recorded) -> Iterable[RowChange]:
    for one in event.lines:
        yield _line(row, one.line, event, "held", one.code)
    for claim in event.also:
        yield _said(row, claim, status="held", code=LedgerLineConflict.code)


def _line(
    row: Recorded,
    one: lines.Line,
    event: lines.LedgerLinesAccepted | lines.LedgerLinesHeld,
    status: str,
    code: str | None,
) -> RowChange:
    return Put(
        LINE,
        {
            "ledger_id": _ledger_of(row),
            "firm_id": one.firm_id,
            "fen": one.fen,
            "path": one.path,
            "status": status,
            "code": code,
            "account": one.account,
            "account_ref": event.account_ref,
            "row": one.row,
            "import_id": event.import_id,
        },
    )


@LEDGER_REPORT.on(lines.LedgerLinePicked)
def picked(event: lines.LedgerLinePicked, row: Recorded) -> Iterable[RowChange]:
    bad = event.account == "bad"
    status, code = ("held", AccountInvalid.code) if bad else ("accepted", None)
    yield _said(row, event, status=status, code=code)
    for fen in event.dropped:
        yield _said(row, lines.Claim(event.firm_id, fen), status="rejected", code=LedgerLineConflict.code)


@LEDGER_REPORT.on(lines.LedgerLineCorrected)
def corrected(event: lines.LedgerLineCorrected, row: Recorded) -> Iterable[RowChange]:
    yield _said(row, event, status="accepted", code=None)
    if event.account_ref is not None:
        yield _said(row, event, account="good", account_ref=event.account_ref)


@LEDGER_REPORT.on(lines.LedgerAccountsSeen)
def accounts_seen(event: lines.LedgerAccountsSeen, row: Recorded) -> Iterable[RowChange]:
    for claim in event.good:
        yield _said(row, claim, account="good")
    for claim in event.bad:
        yield _said(row, claim, account="bad", status="held", code=AccountInvalid.code)


@LEDGER_REPORT.on(lines.RefundsSent)
def refunds_sent(event: lines.RefundsSent, row: Recorded) -> Iterable[RowChange]:
    ledger_id = _ledger_of(row)
    for one in event.payments:
        status = "sent" if one.attempt == 1 else "resent"
        yield _said(row, one, status=status, code=None, attempt=one.attempt)
        payment = {"ledger_id": ledger_id, "firm_id": one.firm_id, "attempt": one.attempt, "batch": event.batch}
        content = {"row": one.row, "account_ref": one.account_ref}
        yield Put(PAYMENT, {**payment, "fen": one.fen, **content, "status": "sent", "reason": None})


@LEDGER_REPORT.on(lines.RefundsPaid)
def refunds_paid(event: lines.RefundsPaid, row: Recorded) -> Iterable[RowChange]:
    return _answered(event, row, "paid")


@LEDGER_REPORT.on(lines.RefundsReturned)
def refunds_returned(event: lines.RefundsReturned, row: Recorded) -> Iterable[RowChange]:
    return _answered(event, row, "returned")


def _answered(event: lines.RefundsPaid | lines.RefundsReturned, row: Recorded, status: str) -> Iterable[RowChange]:
    ledger_id = _ledger_of(row)
    for one in event.payments:
        yield _said(row, one, status=status, code=one.reason)
        payment = {"ledger_id": ledger_id, "firm_id": one.firm_id, "attempt": one.attempt}
        yield Set(PAYMENT, {**payment, "status": status, "reason": one.reason})


def _said(row: Recorded, one: Any, **what: Any) -> RowChange:
    return Set(LINE, {"ledger_id": _ledger_of(row), "firm_id": one.firm_id, "fen": one.fen, **what})


def _ledger_of(row: Recorded) -> str:
    return row.entity.partition("/")[0]
