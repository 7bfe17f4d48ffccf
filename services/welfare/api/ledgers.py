"""Refund ledgers 免申即享: their steps, their lines, and how many were paid."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from pydantic import Field

from shared.content import ContentErased
from shared.contracts.model import Contract
from shared.contracts.welfare_ledger import FirmId, LedgerFen, LedgerLineReported, Quarter
from shared.log.codec import derived_id
from shared.web import Call, MinPosition, Nothing, found

from ..domain import refusals
from ..domain.ledger import ledger_id_of
from ..domain.ledger_commands import CheckLedger, CollateLedger, ReconcileLedger, ReopenLedger, SendLedger
from ..domain.ledger_file import SeeAccounts
from ..domain.ledger_lines import Claim, CorrectLine, PickLine
from ..projections import ledger_queries
from ..projections.ledger_report import LEDGER_REPORT
from . import answers_ledgers as answers
from . import ledger_cells as cells
from .ledger_accounts import Accounts, seal_one
from .ledger_words import after_of

router = APIRouter(tags=["ledgers"])

Status = Literal["accepted", "held", "rejected", "sent", "resent", "paid", "returned"]
WantedStatus = Annotated[Status | None, Query(description="What has become of it.", examples=["held"])]
WantedPath = Annotated[answers.Path | None, Query(description="By which path it is paid.", examples=["B"])]
WantedCode = Annotated[
    str | None,
    Query(
        pattern=r"^[A-Za-z][A-Za-z0-9_]{0,63}$",
        description="Why it is held or came back.",
        examples=["ACCOUNT_INVALID"],
    ),
]


class Picked(Contract):
    """Which of the amounts holds."""

    fen: LedgerFen = Field(examples=[120_000])


class Correction(Contract):
    """The number of the account to pay, or nothing where only the payment is to be tried again."""

    account: Annotated[str, Field(min_length=1, max_length=60)] | None = Field(
        default=None, examples=["6222021234567890128"]
    )


@router.post("/ledger-lines")
async def report_line(event: LedgerLineReported, call: Call) -> Response:
    """One line. The same as the event LedgerLineReported on the intake topic."""
    return await call.take(event)


@router.post("/ledgers/{quarter}/collate")
async def collate(quarter: Quarter, body: Nothing, call: Call) -> Response:
    """No more lines come. Accounts that were told by reference are looked at now."""
    ledger_id = ledger_id_of(call.principal.org, quarter)
    await _look_at_accounts(call, ledger_id)
    return await call.give(CollateLedger(ledger_id, call.now), body)


@router.post("/ledgers/{quarter}/reopen")
async def reopen(quarter: Quarter, body: Nothing, call: Call) -> Response:
    """More lines come after all. Nothing of it was sent yet."""
    return await call.give(ReopenLedger(ledger_id_of(call.principal.org, quarter), call.now), body)


@router.post("/ledgers/{quarter}/check")
async def check(quarter: Quarter, body: Nothing, call: Call) -> Response:
    """The caller has checked it; somebody else sends it (K8)."""
    ledger_id = ledger_id_of(call.principal.org, quarter)
    await _look_at_accounts(call, ledger_id)
    return await call.give(CheckLedger(ledger_id, call.principal.id, call.now), body)


@router.post("/ledgers/{quarter}/send", responses={200: {"model": answers.Sent}})
async def send(quarter: Quarter, body: Nothing, call: Call) -> Response:
    """All lines that can be paid become a batch for the bank; not by who has checked it (K8)."""
    command = SendLedger(ledger_id_of(call.principal.org, quarter), call.principal.id, call.now)
    return await call.give_and_show(command, body.canonical(), answers.sent)


@router.post("/ledgers/{quarter}/reconcile")
async def reconcile(quarter: Quarter, body: Nothing, call: Call) -> Response:
    """The bank has answered for all that was sent: the ledger is over, and its rate is published."""
    return await call.give(ReconcileLedger(ledger_id_of(call.principal.org, quarter), call.now), body)


@router.post("/ledgers/{quarter}/lines/{firm_id}/pick")
async def pick(quarter: Quarter, firm_id: FirmId, body: Picked, call: Call) -> Response:
    """Of the amounts that conflict this one holds; the others are dropped."""
    return await call.give(PickLine(ledger_id_of(call.principal.org, quarter), firm_id, body.fen, call.now), body)


@router.post("/ledgers/{quarter}/lines/{firm_id}/correct")
async def correct(quarter: Quarter, firm_id: FirmId, body: Correction, call: Call) -> Response:
    """Another account for a line that is held or came back; without one, it is only paid once more (E45)."""
    ledger_id, ref, said = ledger_id_of(call.principal.org, quarter), None, ""
    if body.account is not None:
        number = cells.clean(body.account)
        if cells.standing(number) != "good":
            raise refusals.AccountInvalid(field="account")
        ref, said = await seal_one(call, ledger_id, number)
    command = CorrectLine(ledger_id, firm_id, ref, call.now)
    return await call.give_and_show(command, said.encode(), answers.no_events)


async def _look_at_accounts(call: Call, ledger_id: str) -> None:
    """Judge the numbers that came by reference. What cannot be had is no account."""
    async with call.api.database.borrowed() as db, call.reading(LEDGER_REPORT, None) as view:
        accounts = Accounts(call, db)
        good: list[Claim] = []
        bad: list[Claim] = []
        for firm_id, fen, ref in await ledger_queries.unseen(view, ledger_id):
            try:
                number = await accounts.number(ref, 0) or ""
            except ContentErased:
                number = ""
            (good if cells.standing(number) == "good" else bad).append(Claim(firm_id, fen))
    if good or bad:
        command = SeeAccounts(ledger_id, tuple(good), tuple(bad), call.now)
        await call.api.committer.submit(command, call.context(derived_id("accounts", call.command_id())))


@router.get("/ledgers", responses={200: {"model": answers.Ledgers}})
async def list_ledgers(
    call: Call,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    after: Annotated[Quarter | None, Query(description="Continue after this quarter.")] = None,
    min_position: MinPosition = None,
) -> Response:
    """The caller's organisation's ledgers, by quarter."""
    async with call.reading(LEDGER_REPORT, min_position) as view:
        rows = await ledger_queries.page(view, call.principal.org, after or "", limit)
        return found(view, {"ledgers": rows, "next": rows[-1]["quarter"] if len(rows) == limit else None})


@router.get("/ledgers/{quarter}", responses={200: {"model": answers.LedgerReport}})
async def show(quarter: Quarter, call: Call, min_position: MinPosition = None) -> Response:
    """Lines, paths, amounts and the rate of a quarter."""
    async with call.reading(LEDGER_REPORT, min_position) as view:
        return found(view, await ledger_queries.report(view, ledger_id_of(call.principal.org, quarter)))


@router.get("/ledgers/{quarter}/lines", responses={200: {"model": answers.Lines}})
async def list_lines(
    quarter: Quarter,
    call: Call,
    status: WantedStatus = None,
    path: WantedPath = None,
    code: WantedCode = None,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
    after: Annotated[str | None, Query(description="As `next` of the page before.", max_length=200)] = None,
    min_position: MinPosition = None,
) -> Response:
    """Lines by firm, all or those asked for."""
    wanted = ledger_queries.Filter(status, path, code)
    async with call.reading(LEDGER_REPORT, min_position) as view:
        ledger_id = ledger_id_of(call.principal.org, quarter)
        rows = await ledger_queries.lines(view, ledger_id, wanted, after_of(after), limit)
        last = f"{rows[-1]['firm_id']}:{rows[-1]['fen']}" if len(rows) == limit else None
        return found(view, {"lines": rows, "next": last})


@router.get("/ledgers/{quarter}/lines/{firm_id}/account", responses={200: {"model": answers.AccountsOfFirm}})
async def show_account(quarter: Quarter, firm_id: FirmId, call: Call, min_position: MinPosition = None) -> Response:
    """The number of the account that a firm's line is paid to."""
    async with call.api.database.borrowed() as db, call.reading(LEDGER_REPORT, min_position) as view:
        accounts = Accounts(call, db)
        kept = await ledger_queries.account(view, ledger_id_of(call.principal.org, quarter), firm_id)
        numbers = [{"fen": fen, "number": await accounts.number(ref, row)} for fen, ref, row in kept]
        return found(view, {"accounts": numbers})
