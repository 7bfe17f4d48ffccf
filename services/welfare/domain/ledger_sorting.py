"""What becomes of lines that are told to a ledger (WF10): each is accepted, held, rejected, or dropped as told before.

The checks run in K10's order: the path rule (eligibility), the amount, the firm's other lines, the account.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec

from shared.errors import NotFound

from . import refusals
from .ledger_lines import (
    Answer,
    Claim,
    Entry,
    Held,
    LedgerLinesAccepted,
    LedgerLinesHeld,
    Line,
    LinesEvent,
    Path,
    RefundsPaid,
    RefundsReturned,
    Shard,
    Standing,
)
from .values import PATH_C_LIMIT_FEN

NOT_AWAITED = "REFUND_NOT_AWAITED"  # only ever said of a row: this transfer came back before


class NewLine(msgspec.Struct, frozen=True, gc=False):
    """A line as it is told. `own_account`: the firm's union has a bank account of its own."""

    row: int
    firm_id: str
    union: bool
    own_account: bool
    yearly_fen: int
    fen: int
    account: Standing


class Told(msgspec.Struct, frozen=True, gc=False):
    """What the bank tells of one transfer. `reason` is None when it was paid."""

    row: int
    firm_id: str
    attempt: int
    reason: str | None


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """A line that somebody should look at: where it is, the column at fault, and why."""

    row: int
    code: str
    column: str | None
    firm_id: str | None
    reason: str | None = None  # for a cell that cannot be read: what is wrong with it


def path_of(union: bool, own_account: bool, yearly_fen: int) -> Path | None:
    """WF10. A: union with its own account; B: union without one; C: no union, up to the limit, which is within it."""
    if union:
        return "A" if own_account else "B"
    return "C" if yearly_fen <= PATH_C_LIMIT_FEN else None


class Sorted:
    """Lines of one shard, sorted one after the other: a line may conflict with one before it in the same part."""

    def __init__(self, shard: Shard) -> None:
        self._shard = shard
        self._seen: dict[str, list[int]] = {}  # amounts of firms that are told here
        self.accepted: dict[str, Line] = {}
        self.held: list[Held] = []
        self.also: list[Claim] = []
        self.faults: list[Fault] = []

    def take(self, line: NewLine) -> None:
        path = path_of(line.union, line.own_account, line.yearly_fen)
        if path is None:
            return self._fault(line, refusals.PathCLimit.code, "yearly")
        if line.fen <= 0:
            return self._fault(line, refusals.AmountNotPositive.code, "amount")
        told = self._seen.get(line.firm_id) or self._told_before(line.firm_id)
        if line.fen in told:
            return self._fault(line, refusals.DuplicateLedgerLine.code, "amount")
        self._seen[line.firm_id] = [*told, line.fen]
        passed = Line(line.row, line.firm_id, path, line.fen, line.account)
        if told:
            return self._conflict(line, passed)
        if line.account == "bad":
            self._hold(line, passed, refusals.AccountInvalid.code, "account" if path == "A" else "payer_account")
        else:
            self.accepted[line.firm_id] = passed
        return None

    def events(self, import_id: str | None, account_ref: str, now: datetime) -> list[LinesEvent]:
        events: list[LinesEvent] = []
        if self.accepted:
            events.append(LedgerLinesAccepted(now, import_id, account_ref, tuple(self.accepted.values())))
        if self.held:
            events.append(LedgerLinesHeld(now, import_id, account_ref, tuple(self.held), tuple(self.also)))
        return events

    def _told_before(self, firm_id: str) -> list[int]:
        entry = self._shard.lines.get(firm_id)
        if entry is not None:
            return [entry.fen]
        return [one.fen for one in self._shard.conflicts.get(firm_id, ())]

    def _conflict(self, line: NewLine, passed: Line) -> None:
        """Both are held: the line before it too, in the same part or in the ledger."""
        first, *others = self._seen[line.firm_id]
        before = self.accepted.pop(line.firm_id, None)
        if before is not None:
            self.held.append(Held(before, refusals.LedgerLineConflict.code))
            self.faults.append(Fault(before.row, refusals.LedgerLineConflict.code, "amount", before.firm_id))
        elif len(others) == 1:
            self.also.append(Claim(line.firm_id, first))
        self._hold(line, passed, refusals.LedgerLineConflict.code, "amount")

    def _hold(self, line: NewLine, passed: Line, code: str, column: str) -> None:
        self.held.append(Held(passed, code))
        self._fault(line, code, column)

    def _fault(self, line: NewLine, code: str, column: str) -> None:
        self.faults.append(Fault(line.row, code, column, line.firm_id))


def answered(told: Iterable[Told], shard: Shard, now: datetime) -> tuple[list[LinesEvent], list[Fault]]:
    """What the bank's file does to the transfers of one shard (E45). The same answer again is nothing new."""
    paid: dict[str, Answer] = {}
    returned: dict[str, Answer] = {}
    faults: list[Fault] = []
    for one in told:
        entry = shard.lines.get(one.firm_id)
        fault = _unexpected(one, entry, paid, returned)
        if fault is not None:
            faults.append(fault)
        elif entry is not None and entry.status == "sent" and one.firm_id not in paid and one.firm_id not in returned:
            answer = Answer(one.firm_id, entry.fen, one.attempt, one.reason)
            (paid if one.reason is None else returned)[one.firm_id] = answer
    events: list[LinesEvent] = [RefundsPaid(now, tuple(paid.values()))] if paid else []
    if returned:
        events.append(RefundsReturned(now, tuple(returned.values())))
    return events, faults


def _unexpected(told: Told, entry: Entry | None, paid: dict[str, Answer], returned: dict[str, Answer]) -> Fault | None:
    """Whether this answer contradicts what is known of the transfer."""
    if entry is None or not 1 <= told.attempt <= entry.attempt:
        return Fault(told.row, NotFound.code, "payment_ref", told.firm_id)
    is_paid = entry.status == "paid" or told.firm_id in paid
    if is_paid:
        same = told.reason is None and told.attempt == entry.attempt
        return None if same else Fault(told.row, refusals.RefundAlreadyPaid.code, "result", told.firm_id)
    came_back = entry.status == "returned" or told.firm_id in returned or told.attempt < entry.attempt
    if came_back and told.reason is None:
        return Fault(told.row, NOT_AWAITED, "result", told.firm_id)
    return None
