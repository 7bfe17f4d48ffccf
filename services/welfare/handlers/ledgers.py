"""Refund ledgers 免申即享: a part of a file is one decision over the ledger, the file, and the shards of its firms."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from shared.decider import Change, Changes, Handlers, Read
from shared.errors import Refused

from ..domain import refusals
from ..domain.ledger import LEDGER
from ..domain.ledger_commands import (
    BeginImport,
    ChangeLedger,
    CheckLedger,
    CollateLedger,
    EndImport,
    EndLedger,
    ReconcileLedger,
    ReopenLedger,
    SendBatch,
    SendLedger,
    Sums,
)
from ..domain.ledger_file import (
    LEDGER_FILE,
    LedgerPartTaken,
    ReturnsPartTaken,
    SeeAccounts,
    TakeLine,
    TakePart,
    TakeReturns,
    file_id,
)
from ..domain.ledger_lines import (
    LEDGER_LINES,
    Claim,
    CorrectLine,
    LedgerAccountsSeen,
    Payment,
    PickLine,
    RefundsPaid,
    RefundsReturned,
    RefundsSent,
    Shard,
    shard_id,
    shard_of,
)
from ..domain.ledger_sorting import Fault, NewLine, Sorted, Told, answered
from ..domain.values import LEDGER_SHARDS

HANDLERS = Handlers(LEDGER, LEDGER_FILE, LEDGER_LINES)
HANDLERS.each(LEDGER, "ledger_id", CollateLedger, ReopenLedger, CheckLedger)

REFUSALS: dict[str, type[Refused]] = {
    refusal.code: refusal
    for refusal in (
        refusals.PathCLimit,
        refusals.AmountNotPositive,
        refusals.DuplicateLedgerLine,
        refusals.LedgerLineConflict,
        refusals.AccountInvalid,
    )
}


@HANDLERS.on(TakePart)
def take_part(command: TakePart, read: Read) -> Changes:
    """WF10, for each row; a part that has come before is nothing new."""
    ledger_id, now = command.ledger_id, command.now
    begin = BeginImport(ledger_id, command.org_id, command.quarter, command.import_id, now)
    ledger = read(LEDGER, ledger_id)
    file = file_id(ledger_id, command.import_id)
    if not read(LEDGER_FILE, file).is_new(command.first_row, command.rows):
        return []
    changes = [Change(LEDGER, ledger_id, LEDGER.decide(begin, ledger))]
    accepted = held = 0
    faults = list(command.faults)
    for shard, sorted_lines in _sorted(ledger_id, command.lines, read):
        changes.append(Change(LEDGER_LINES, shard, sorted_lines.events(command.import_id, command.account_ref, now)))
        accepted += len(sorted_lines.accepted)
        held += len(sorted_lines.held)
        faults += sorted_lines.faults
    faults.sort(key=lambda fault: fault.row)
    taken = LedgerPartTaken(now, command.first_row, command.rows, accepted, held, tuple(faults))
    return [*changes, Change(LEDGER_FILE, file, [taken])]


def _sorted(ledger_id: str, lines: tuple[NewLine, ...], read: Read) -> Iterator[tuple[str, Sorted]]:
    """The shards of these lines' firms, each with what becomes of its lines."""
    by_shard: dict[str, Sorted] = {}
    for line in lines:
        shard = shard_of(ledger_id, line.firm_id)
        found = by_shard.get(shard)
        if found is None:
            found = by_shard[shard] = Sorted(read(LEDGER_LINES, shard))
        found.take(line)
    yield from by_shard.items()


@HANDLERS.on(TakeLine)
def take_line(command: TakeLine, read: Read) -> Changes:
    """The same for one line. What it is held for is its answer, and is recorded with it."""
    ledger_id, now = command.ledger_id, command.now
    begin = LEDGER.decide(BeginImport(ledger_id, command.org_id, command.quarter, None, now), read(LEDGER, ledger_id))
    ((shard, one),) = _sorted(ledger_id, (command.line,), read)
    events = one.events(None, command.account_ref, now)
    changes = [Change(LEDGER, ledger_id, begin), Change(LEDGER_LINES, shard, events)] if events else []
    if one.faults:
        raise REFUSALS[one.faults[-1].code](field=_field_of(one.faults[-1])).recording(*changes)
    return changes


def _field_of(fault: Fault) -> str | None:
    """The contract's name of the column at fault."""
    names = {"yearly": "yearly_fen", "amount": "fen", "account": "account_ref", "payer_account": "account_ref"}
    return names.get(fault.column or "")


@HANDLERS.on(EndImport)
def end_import(command: EndImport, read: Read) -> Changes:
    """All rows are there, or are said to be missing."""
    ledger = read(LEDGER, command.ledger_id)
    ledger.check_known()
    file = read(LEDGER_FILE, file_id(command.ledger_id, command.import_id))
    if not command.abandoned and file.rows != command.rows:
        raise refusals.ImportIncomplete(f"{file.rows} of {command.rows} rows have come", field="rows")
    counted = EndImport(command.ledger_id, command.import_id, file.rows, command.abandoned, command.now)
    return [Change(LEDGER, command.ledger_id, LEDGER.decide(counted, ledger))]


@HANDLERS.on(PickLine)
def pick_line(command: PickLine, read: Read) -> Changes:
    return _changed(command, read)


@HANDLERS.on(CorrectLine)
def correct_line(command: CorrectLine, read: Read) -> Changes:
    return _changed(command, read)


def _changed(command: PickLine | CorrectLine, read: Read) -> Changes:
    """Who has checked the ledger has not checked this: somebody checks it again before it is paid (K8)."""
    ledger = LEDGER.decide(ChangeLedger(command.now), read(LEDGER, command.ledger_id))
    shard = shard_of(command.ledger_id, command.firm_id)
    events = LEDGER_LINES.decide(command, read(LEDGER_LINES, shard))
    if not events:
        return []
    return [Change(LEDGER_LINES, shard, events), Change(LEDGER, command.ledger_id, ledger)]


@HANDLERS.on(SeeAccounts)
def see_accounts(command: SeeAccounts, read: Read) -> Changes:
    changes = []
    firms = {shard_of(command.ledger_id, claim.firm_id) for claim in (*command.good, *command.bad)}
    for entity in sorted(firms):
        shard = read(LEDGER_LINES, entity)
        good, bad = (tuple(c for c in claims if _unseen(c, shard)) for claims in (command.good, command.bad))
        if good or bad:
            changes.append(Change(LEDGER_LINES, entity, [LedgerAccountsSeen(command.now, good, bad)]))
    return changes


def _unseen(claim: Claim, shard: Shard) -> bool:
    line = shard.lines.get(claim.firm_id)
    return line is not None and (line.fen, line.account, line.status) == (claim.fen, "unseen", "accepted")


@HANDLERS.on(SendLedger)
def send_ledger(command: SendLedger, read: Read) -> Changes:
    """E45: a line is in a new batch only after its last transfer came back."""
    ledger = read(LEDGER, command.ledger_id)
    ledger.check_known()
    changes, count, fen = [], 0, 0
    for entity, shard in _shards(command.ledger_id, read):
        payments = tuple(
            Payment(firm_id, line.fen, line.attempt + 1, line.row, line.account_ref)
            for firm_id, line in shard.lines.items()
            if (line.status, line.account) == ("accepted", "good")
        )
        if payments:
            changes.append(Change(LEDGER_LINES, entity, [RefundsSent(command.now, ledger.batches + 1, payments)]))
            count += len(payments)
            fen += sum(payment.fen for payment in payments)
    sent = LEDGER.decide(SendBatch(command.by, count, fen, command.now), ledger)
    return [Change(LEDGER, command.ledger_id, sent), *changes]


def _shards(ledger_id: str, read: Read) -> list[tuple[str, Shard]]:
    """All of them are read before any is looked at, so that they are loaded together."""
    names = [shard_id(ledger_id, number) for number in range(LEDGER_SHARDS)]
    return [(name, read(LEDGER_LINES, name)) for name in names]


@HANDLERS.on(TakeReturns)
def take_returns(command: TakeReturns, read: Read) -> Changes:
    """E45, for each row; a part that has come before is nothing new."""
    ledger = read(LEDGER, command.ledger_id)
    ledger.check_known()
    file = file_id(command.ledger_id, command.file_id)
    if not read(LEDGER_FILE, file).is_new(command.first_row, command.rows):
        return []
    if not ledger.batches or ledger.stage == "reconciled":
        ledger.check_at("sent")
        raise refusals.LedgerNotReady("The bank was sent nothing: send the ledger first.", field="quarter")
    told: dict[str, list[Told]] = {}
    for one in command.told:
        told.setdefault(shard_of(command.ledger_id, one.firm_id), []).append(one)
    changes, faults, count = [], list(command.faults), Counter[type]()
    for shard, some in told.items():
        events, wrong = answered(some, read(LEDGER_LINES, shard), command.now)
        changes.append(Change(LEDGER_LINES, shard, events))
        faults += wrong
        for event in events:
            if isinstance(event, RefundsPaid | RefundsReturned):
                count[type(event)] += len(event.payments)
    faults.sort(key=lambda fault: fault.row)
    counts = (count[RefundsPaid], count[RefundsReturned])
    taken = ReturnsPartTaken(command.now, command.first_row, command.rows, *counts, tuple(faults))
    return [*changes, Change(LEDGER_FILE, file, [taken])]


@HANDLERS.on(ReconcileLedger)
def reconcile_ledger(command: ReconcileLedger, read: Read) -> Changes:
    """WF10: the rate, by what is recorded of each line."""
    ledger = read(LEDGER, command.ledger_id)
    shards = [shard for _, shard in _shards(command.ledger_id, read)]
    lines = [line for shard in shards for line in shard.lines.values()]
    conflicts = [told for shard in shards for told in shard.conflicts.values()]
    paid = [line.fen for line in lines if line.status == "paid"]
    sums = Sums(
        eligible=len(lines) + len(conflicts),
        eligible_fen=sum(line.fen for line in lines) + sum(min(one.fen for one in told) for told in conflicts),
        paid=len(paid),
        paid_fen=sum(paid),
        outstanding=sum(line.status == "sent" for line in lines),
    )
    return [Change(LEDGER, command.ledger_id, LEDGER.decide(EndLedger(sums, command.now), ledger))]
