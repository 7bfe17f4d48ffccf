"""Files of refund ledgers: lines to import and what the bank says, in parts; what is wrong in them; the bank's file."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Sequence
from io import StringIO
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Response
from fastapi import Path as PathField
from pydantic import Field

from shared.contracts.ledger_sheet import MOST_ROWS
from shared.contracts.model import Contract, Id
from shared.contracts.welfare_ledger import Quarter
from shared.errors import Trouble
from shared.money import yuan
from shared.outcomes import Answer
from shared.web import Call, MinPosition, found

from ..domain.ledger import ledger_id_of
from ..domain.ledger_commands import EndImport
from ..domain.ledger_file import LedgerPartTaken, ReturnsPartTaken, TakePart, TakeReturns
from ..projections import ledger_queries
from ..projections.ledger_report import LEDGER_REPORT
from . import answers_ledgers as answers
from . import ledger_cells as cells
from .ledger_accounts import Accounts, seal
from .ledger_cells import payment_ref
from .ledger_words import after_of, told

router = APIRouter(prefix="/ledgers/{quarter}", tags=["ledgers"])

Cell = Annotated[str, Field(max_length=200)]
Row = Annotated[int, Field(strict=True, ge=1, le=10**7, description="Counted from the first row under the header.")]
FileId = Annotated[Id | None, Query(description="Of this file only.", examples=["file1"])]
BatchNumber = Annotated[int, PathField(ge=1, le=9_999, examples=[1])]
CSV: dict[int | str, Any] = {200: {"content": {"text/csv": {"schema": {"type": "string"}}}}}
BANK_COLUMNS = ("payment_ref", "account", "amount", "firm_id")


class LinesPart(Contract):
    """Rows of a sheet of lines: firm_id, union, account, payer_account, yearly, amount, each as people write it."""

    first_row: Row = Field(examples=[1])
    rows: list[tuple[Cell, Cell, Cell, Cell, Cell, Cell]] = Field(
        min_length=1,
        max_length=MOST_ROWS,
        examples=[[["F-0001", "yes", "6222021234567890128", "", "4800.00", "1200.00"]]],
    )


class ReturnsPart(Contract):
    """Rows of the bank's file: payment_ref, result (paid or returned), reason."""

    first_row: Row = Field(examples=[1])
    rows: list[tuple[Cell, Cell, Cell]] = Field(
        min_length=1, max_length=MOST_ROWS, examples=[[["2026Q1-F-0001-1", "returned", "account_closed"]]]
    )


class WholeFile(Contract):
    """How many rows the file has under its header."""

    rows: Row = Field(examples=[12_516])


class Abandoned(Contract):
    """No more of it will come: what has come stays."""


@router.post("/imports/{import_id}/parts", responses={200: {"model": answers.PartTaken}})
async def take_part(quarter: Quarter, import_id: Id, body: LinesPart, call: Call) -> Response:
    """Import rows of a file. A part that came before is nothing new; `import_id` is best made of the file's digest."""
    ledger_id, first = ledger_id_of(call.principal.org, quarter), body.first_row
    read = cells.lines(body.rows, first)
    sealed = await seal(call, ledger_id, read.accounts)
    lines, faults = tuple(read.lines), tuple(read.faults)
    org, now = call.principal.org, call.now
    command = TakePart(ledger_id, org, quarter, import_id, first, len(body.rows), lines, faults, sealed.ref, now)
    # Not the numbers themselves: whoever has the hash of so few digits finds them by trying.
    said = msgspec.json.encode((first, lines, faults, sealed.hmac))
    return await call.give_and_show(command, said, _taken)


@router.post("/imports/{import_id}/complete")
async def complete(quarter: Quarter, import_id: Id, body: WholeFile, call: Call) -> Response:
    """All rows have come: without this the ledger cannot be collated."""
    ledger_id = ledger_id_of(call.principal.org, quarter)
    return await call.give(EndImport(ledger_id, import_id, body.rows, False, call.now), body)


@router.post("/imports/{import_id}/abandon")
async def abandon(quarter: Quarter, import_id: Id, body: Abandoned, call: Call) -> Response:
    """The rest of the file will not come. What has come stays."""
    return await call.give(EndImport(ledger_id_of(call.principal.org, quarter), import_id, 0, True, call.now), body)


@router.post("/returns/{file_id}/parts", responses={200: {"model": answers.PartTaken}})
async def take_returns(quarter: Quarter, file_id: Id, body: ReturnsPart, call: Call) -> Response:
    """What became of transfers, as the bank's file says. A part that came before is nothing new (E45)."""
    told, faults = cells.returns(body.rows, body.first_row, quarter)
    command = TakeReturns(
        ledger_id_of(call.principal.org, quarter),
        file_id,
        body.first_row,
        len(body.rows),
        tuple(told),
        tuple(faults),
        call.now,
    )
    return await call.give_and_show(command, body.canonical(), _taken)


@router.get("/files/{file_id}", responses={200: {"model": answers.LedgerFile}})
async def show_file(quarter: Quarter, file_id: Id, call: Call, min_position: MinPosition = None) -> Response:
    """How far a file has come: a file that was broken off goes on with the rows that are missing."""
    async with call.reading(LEDGER_REPORT, min_position) as view:
        ledger_id = ledger_id_of(call.principal.org, quarter)
        files = await ledger_queries.files(view, ledger_id, file_id)
        came = await ledger_queries.parts(view, ledger_id, file_id)
        return found(view, {"file": files[0] if files else None, "parts": came})


@router.get("/faults", responses={200: {"model": answers.Faults}})
async def list_faults(
    quarter: Quarter,
    call: Call,
    file_id: FileId = None,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
    after: Annotated[str | None, Query(description="As `next` of the page before.", max_length=200)] = None,
    min_position: MinPosition = None,
) -> Response:
    """Rows of files that are held, rejected, dropped or unreadable: where, which column, and why."""
    async with call.reading(LEDGER_REPORT, min_position) as view:
        rows = await ledger_queries.faults(
            view, ledger_id_of(call.principal.org, quarter), file_id, after_of(after), limit
        )
        last = f"{rows[-1]['file_id']}:{rows[-1]['row']}" if len(rows) == limit else None
        return found(view, {"faults": [told(row) for row in rows], "next": last})


@router.get("/faults.csv", response_class=Response, responses=CSV)
async def download_faults(
    quarter: Quarter,
    call: Call,
    file_id: FileId = None,
    min_position: MinPosition = None,
) -> Response:
    """The same as a file for a spreadsheet, all of them."""
    columns = ("file_id", "row", "firm_id", "column", "code", "reason", "message")
    text, after = _sheet([columns]), None
    async with call.reading(LEDGER_REPORT, min_position) as view:
        while rows := await ledger_queries.faults(
            view, ledger_id_of(call.principal.org, quarter), file_id, after, ledger_queries.AT_ONCE
        ):
            text += _sheet([told(row)[name] or "" for name in columns] for row in rows)
            after = rows[-1]["file_id"], rows[-1]["row"]
    return Response("\ufeff" + text, media_type="text/csv; charset=utf-8", headers=_named(f"faults-{quarter}.csv"))


@router.get("/batches/{batch}/bank-file", response_class=Response, responses=CSV)
async def bank_file(
    quarter: Quarter,
    batch: BatchNumber,
    call: Call,
    min_position: MinPosition = None,
) -> Response:
    """The transfers of a batch for the bank. The last row says how many they are, their sum, and their SHA-256.

    The same batch has the same file for ever, whatever became of its lines since.
    """
    ledger_id = ledger_id_of(call.principal.org, quarter)
    text, count, fen = _sheet([BANK_COLUMNS]), 0, 0
    async with call.api.database.borrowed() as db, call.reading(LEDGER_REPORT, min_position) as view:
        accounts, sums = Accounts(call, db), await ledger_queries.batch(view, ledger_id, batch)
        async for payments in ledger_queries.payments(view, ledger_id, batch):
            numbers = [await accounts.number(one.account_ref, one.row) for one in payments]
            text += _sheet(
                (payment_ref(quarter, one.firm_id, one.attempt), number or "", yuan(one.fen), one.firm_id)
                for one, number in zip(payments, numbers, strict=True)
            )
            count, fen = count + len(payments), fen + sum(one.fen for one in payments)
    if (count, fen) != sums:
        raise ControlSumsDiffer(f"{count} lines of {fen} fen are listed, {sums[0]} of {sums[1]} were sent")
    text += _sheet([("total", str(count), yuan(fen), hashlib.sha256(text.encode()).hexdigest())])
    return Response(text, media_type="text/csv; charset=utf-8", headers=_named(f"refunds-{quarter}-{batch}.csv"))


class ControlSumsDiffer(Trouble):
    """A batch is not what was sent: nothing is told to the bank. Rebuild the read table and report it."""


def _taken(answer: Answer) -> dict[str, Any]:
    """What became of a part's rows; nothing where it came before."""
    for one in answer.events:
        match one.event:
            case LedgerPartTaken(rows=rows, accepted=good, held=other, faults=faults):
                return {"rows": rows, "accepted": good, "held": other, "faults": [told(one) for one in faults]}
            case ReturnsPartTaken(rows=rows, paid=good, returned=other, faults=faults):
                return {"rows": rows, "paid": good, "returned": other, "faults": [told(one) for one in faults]}
    return {"rows": 0, "faults": []}


def _sheet(rows: Iterable[Sequence[Any]]) -> str:
    text = StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def _named(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
