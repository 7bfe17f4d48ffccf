"""Lines of a refund ledger 免申即享 (WF10): what a union pays back to one firm for one quarter.

A ledger is kept in shards by firm, each a stream of its own, and one event holds what has become of many lines at once:
a file of a hundred thousand lines is a few thousand events, and a line meets its twin in its own shard.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, TypeAlias, assert_never, get_args
from zlib import crc32

import msgspec

from shared.decider import Command, Decider, DomainEvent
from shared.errors import NotFound

from . import refusals
from .values import LEDGER_SHARDS

Path: TypeAlias = Literal["A", "B", "C"]  # 快速返还, 原路返还, 容缺返还
Standing: TypeAlias = Literal["good", "bad", "unseen"]  # of an account; unseen: nobody has looked at its number yet
Status: TypeAlias = Literal["accepted", "held", "sent", "paid", "returned"]


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """A line that has passed the path rule. Its account's number is content: `row` finds it under the event's ref."""

    row: int
    firm_id: str
    path: Path
    fen: int
    account: Standing = "good"


class Held(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    line: Line
    code: str


class Claim(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """A line by what it asks for: while amounts conflict, a firm has several."""

    firm_id: str
    fen: int


class Payment(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """One transfer that the bank is asked for. The attempts of a line are numbered from 1."""

    firm_id: str
    fen: int
    attempt: int
    row: int
    account_ref: str


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """What the bank says of a transfer; `reason` is its code when the money came back."""

    firm_id: str
    fen: int
    attempt: int
    reason: str | None = None


class PickLine(Command, frozen=True):
    """Of the amounts that conflict this one holds; the others are dropped."""

    ledger_id: str
    firm_id: str
    fen: int
    now: datetime


class CorrectLine(Command, frozen=True):
    """Its account is another one now; with no `account_ref` it is paid once more as it is."""

    ledger_id: str
    firm_id: str
    account_ref: str | None
    now: datetime


class LedgerLinesAccepted(DomainEvent, frozen=True):
    """`account_ref`: the content with the numbers of their accounts. `import_id`: the file; None for a single line."""

    import_id: str | None
    account_ref: str
    lines: tuple[Line, ...]


class LedgerLinesHeld(DomainEvent, frozen=True):
    """They wait for somebody: `also` are lines that were told before and conflict with them now."""

    import_id: str | None
    account_ref: str
    lines: tuple[Held, ...]
    also: tuple[Claim, ...]


class LedgerLinePicked(DomainEvent, frozen=True):
    firm_id: str
    fen: int
    account: Standing
    dropped: tuple[int, ...]  # the other amounts


class LedgerLineCorrected(DomainEvent, frozen=True):
    """`account_ref` is None when only the payment is to be tried again."""

    firm_id: str
    fen: int
    account_ref: str | None


class LedgerAccountsSeen(DomainEvent, frozen=True):
    """The numbers of accounts that came by reference were looked at."""

    good: tuple[Claim, ...]
    bad: tuple[Claim, ...]


class RefundsSent(DomainEvent, frozen=True):
    batch: int
    payments: tuple[Payment, ...]


class RefundsPaid(DomainEvent, frozen=True):
    payments: tuple[Answer, ...]


class RefundsReturned(DomainEvent, frozen=True):
    payments: tuple[Answer, ...]


LinesCommand: TypeAlias = PickLine | CorrectLine
LinesEvent: TypeAlias = (
    LedgerLinesAccepted
    | LedgerLinesHeld
    | LedgerLinePicked
    | LedgerLineCorrected
    | LedgerAccountsSeen
    | RefundsSent
    | RefundsPaid
    | RefundsReturned
)


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One firm's line, or one of the amounts that conflict. `row` finds its account under `account_ref`."""

    fen: int
    row: int
    path: Path
    account: Standing
    account_ref: str
    status: Status = "accepted"
    attempt: int = 0
    reason: str | None = None


class Shard(msgspec.Struct, frozen=True):
    """Each firm's line; of firms in `conflicts` all amounts that were told, and none is theirs yet."""

    lines: Mapping[str, Entry] = {}
    conflicts: Mapping[str, tuple[Entry, ...]] = {}


def shard_of(ledger_id: str, firm_id: str) -> str:
    """The stream of a firm. No id has a slash in it."""
    return shard_id(ledger_id, crc32(firm_id.encode()) % LEDGER_SHARDS)


def shard_id(ledger_id: str, number: int) -> str:
    return f"{ledger_id}/{number:02}"


def decide(command: LinesCommand, shard: Shard) -> Sequence[LinesEvent]:
    match command:
        case PickLine(_, firm_id, fen, now):
            return _picked(firm_id, fen, now, shard)
        case CorrectLine(_, firm_id, account_ref, now):
            return _corrected(firm_id, account_ref, now, shard)
        case _:
            assert_never(command)


def _picked(firm_id: str, fen: int, now: datetime, shard: Shard) -> Sequence[LinesEvent]:
    line = shard.lines.get(firm_id)
    if line is not None and line.fen == fen:
        return []
    told = {one.fen: one for one in shard.conflicts.get(firm_id, ())}
    if fen not in told:
        raise NotFound("No line of this firm has this amount.", field="fen")
    return [LedgerLinePicked(now, firm_id, fen, told.pop(fen).account, tuple(told))]


def _corrected(firm_id: str, account_ref: str | None, now: datetime, shard: Shard) -> Sequence[LinesEvent]:
    """E45: only what did not succeed is tried again, and never while the bank still has it."""
    if firm_id in shard.conflicts:
        raise refusals.LedgerLineConflict(field="firm_id")
    line = shard.lines.get(firm_id)
    if line is None:
        raise NotFound("This ledger has no line of this firm.", field="firm_id")
    if line.status == "paid":
        raise refusals.RefundAlreadyPaid(field="firm_id")
    if line.status == "sent":
        raise refusals.RefundOutstanding(field="firm_id")
    if account_ref is None and line.status == "held":
        raise refusals.AccountInvalid(field="account")
    if (account_ref is None and line.status == "accepted") or account_ref == line.account_ref:
        return []
    return [LedgerLineCorrected(now, firm_id, line.fen, account_ref)]


def evolve(shard: Shard, event: LinesEvent) -> Shard:
    replace = msgspec.structs.replace
    lines = shard.lines
    match event:
        case LedgerLinesAccepted(account_ref=ref, lines=added):
            new = {one.firm_id: Entry(one.fen, one.row, one.path, one.account, ref) for one in added}
            return replace(shard, lines={**lines, **new})
        case LedgerLinesHeld():
            return _held(shard, event)
        case LedgerLinePicked(firm_id=firm_id, fen=fen):
            rest = dict(shard.conflicts)
            picked = [
                (firm_id, replace(one, status="held" if one.account == "bad" else "accepted"))
                for one in rest.pop(firm_id, ())
                if one.fen == fen
            ]
            return Shard({**lines, **dict(picked)}, rest)
        case LedgerLineCorrected(firm_id=firm_id, account_ref=ref):
            account = {} if ref is None else {"account": "good", "account_ref": ref}
            return _with(shard, {firm_id: {"status": "accepted", "reason": None, **account}})
        case LedgerAccountsSeen(good=good, bad=bad):
            seen: dict[str, dict[str, Any]] = {one.firm_id: {"account": "good"} for one in good}
            return _with(shard, seen | {one.firm_id: {"account": "bad", "status": "held"} for one in bad})
        case RefundsSent(payments=payments):
            return _with(shard, {one.firm_id: {"status": "sent", "attempt": one.attempt} for one in payments})
        case RefundsPaid(payments=payments):
            return _with(shard, {one.firm_id: {"status": "paid"} for one in payments})
        case RefundsReturned(payments=returned):
            return _with(shard, {one.firm_id: {"status": "returned", "reason": one.reason} for one in returned})
        case _:
            assert_never(event)


def _with(shard: Shard, changes: Mapping[str, Mapping[str, Any]]) -> Shard:
    """These lines with these fields changed."""
    replace, known = msgspec.structs.replace, shard.lines
    changed = {firm: replace(known[firm], **fields) for firm, fields in changes.items() if firm in known}
    return replace(shard, lines={**known, **changed})


def _held(shard: Shard, event: LedgerLinesHeld) -> Shard:
    """A first line of a firm waits for its account; a further one turns all of the firm into a conflict."""
    lines, conflicts = dict(shard.lines), dict(shard.conflicts)
    for held in event.lines:
        one = held.line
        entry = Entry(one.fen, one.row, one.path, one.account, event.account_ref, "held")
        if held.code == refusals.AccountInvalid.code:
            lines[one.firm_id] = entry
        else:
            before = lines.pop(one.firm_id, None)
            first = () if before is None else (msgspec.structs.replace(before, status="held"),)
            conflicts[one.firm_id] = (*conflicts.get(one.firm_id, ()), *first, entry)
    return Shard(lines, conflicts)


LEDGER_LINES: Decider[LinesCommand, LinesEvent, Shard] = Decider(
    "ledger_lines", Shard(), decide, evolve, get_args(LinesEvent)
)
