"""Refund ledger 免申即享 (WF10): one for each organisation and quarter, and how far it has come.

Its lines are in streams of their own (`ledger_lines.py`); here is what concerns all of them: which files are being
imported, who has checked, which batches the bank was sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, TypeAlias, assert_never, get_args

import msgspec

from shared.decider import Decider, DomainEvent
from shared.errors import NotFound

from . import refusals
from .ledger_commands import (
    BeginImport,
    ChangeLedger,
    CheckLedger,
    CollateLedger,
    EndImport,
    EndLedger,
    LedgerCommand,
    ReopenLedger,
    SendBatch,
    Sums,
)

Stage: TypeAlias = Literal["none", "imported", "collated", "checked", "sent", "reconciled"]
NEXT = {"imported": "collate it", "collated": "have it checked", "checked": "have it sent"}  # what follows a stage


class LedgerOpened(DomainEvent, frozen=True):
    org_id: str
    quarter: str


class LedgerImportBegun(DomainEvent, frozen=True):
    import_id: str


class LedgerImported(DomainEvent, frozen=True):
    """All lines of a file are in."""

    import_id: str
    rows: int


class LedgerImportAbandoned(DomainEvent, frozen=True):
    import_id: str
    rows: int  # that have come


class LedgerCollated(DomainEvent, frozen=True):
    """`at` is when."""


class LedgerReopened(DomainEvent, frozen=True):
    """`at` is when."""


class LedgerChecked(DomainEvent, frozen=True):
    by: str


class LedgerUnchecked(DomainEvent, frozen=True):
    """Something was changed since it was checked. `batches`: how many the bank has."""

    batches: int


class LedgerSent(DomainEvent, frozen=True):
    """To the bank. `batch` counts from 1."""

    batch: int
    lines: int
    fen: int
    by: str


class LedgerReconciled(DomainEvent, frozen=True):
    org_id: str
    quarter: str
    sums: Sums


LedgerEvent: TypeAlias = (
    LedgerOpened
    | LedgerImportBegun
    | LedgerImported
    | LedgerImportAbandoned
    | LedgerCollated
    | LedgerReopened
    | LedgerChecked
    | LedgerUnchecked
    | LedgerSent
    | LedgerReconciled
)


class Ledger(msgspec.Struct, frozen=True):
    org_id: str = ""
    quarter: str = ""
    stage: Stage = "none"
    importing: tuple[str, ...] = ()
    checked_by: str | None = None
    batches: int = 0

    def check_known(self) -> None:
        if self.stage == "none":
            raise NotFound("There is no ledger of this quarter.", field="quarter")

    def check_takes_lines(self) -> None:
        if self.stage not in ("none", "imported"):
            raise refusals.LedgerClosed(f"The ledger is {self.stage} already: it takes no lines.", field="quarter")

    def check_at(self, *stages: Stage) -> None:
        """Raises LEDGER_NOT_READY before them, LEDGER_CLOSED after them."""
        self.check_known()
        if self.stage in stages:
            return
        order = get_args(Stage)
        early = order.index(self.stage) < order.index(stages[0])
        if early:
            raise refusals.LedgerNotReady(f"The ledger is {self.stage}: {NEXT[self.stage]} first.", field="quarter")
        raise refusals.LedgerClosed(f"The ledger is {self.stage}, which is past this step.", field="quarter")


def ledger_id_of(org_id: str, quarter: str) -> str:
    return f"{org_id}:{quarter}"


def decide(command: LedgerCommand, ledger: Ledger) -> Sequence[LedgerEvent]:
    match command:
        case BeginImport(_, org_id, quarter, import_id, now):
            ledger.check_takes_lines()
            events: list[LedgerEvent] = [] if ledger.quarter else [LedgerOpened(now, org_id, quarter)]
            if import_id is not None and import_id not in ledger.importing:
                events.append(LedgerImportBegun(now, import_id))
            return events
        case EndImport(_, import_id, rows, abandoned, now):
            if import_id not in ledger.importing:
                return []
            return [(LedgerImportAbandoned if abandoned else LedgerImported)(now, import_id, rows)]
        case CheckLedger(_, by, now):
            ledger.check_at("collated", "sent", "checked")
            return [] if ledger.checked_by == by else [LedgerChecked(now, by)]
        case ChangeLedger(now):
            ledger.check_at("imported", "collated", "checked", "sent")
            return [LedgerUnchecked(now, ledger.batches)] if ledger.stage == "checked" else []
        case SendBatch(by, lines, fen, now):
            return _sent(by, lines, fen, now, ledger)
        case EndLedger(sums, now):
            return _reconciled(sums, now, ledger)
        case CollateLedger() | ReopenLedger():
            return _moved(command, ledger)
        case _:
            assert_never(command)


def _moved(command: CollateLedger | ReopenLedger, ledger: Ledger) -> Sequence[LedgerEvent]:
    match command:
        case CollateLedger(_, now):
            if ledger.stage == "collated":
                return []
            ledger.check_at("imported")
            if ledger.importing:
                raise refusals.ImportIncomplete(", ".join(ledger.importing), field="quarter")
            return [LedgerCollated(now)]
        case ReopenLedger(_, now):
            if ledger.stage == "imported":
                return []
            ledger.check_at("collated", "checked")
            if ledger.batches:
                raise refusals.LedgerClosed("The bank has some of it: it is not reopened.", field="quarter")
            return [LedgerReopened(now)]
        case _:
            assert_never(command)


def _sent(by: str, lines: int, fen: int, now: datetime, ledger: Ledger) -> Sequence[LedgerEvent]:
    """K8: who has checked does not send. Without lines there is nothing to send, and no batch of it."""
    ledger.check_at("checked")
    if by == ledger.checked_by:
        raise refusals.FourEyesRequired(field="quarter")
    if not lines:
        raise refusals.LedgerNotReady("No line can be paid. Correct or pick those that are held.", field="quarter")
    return [LedgerSent(now, ledger.batches + 1, lines, fen, by)]


def _reconciled(sums: Sums, now: datetime, ledger: Ledger) -> Sequence[LedgerEvent]:
    if ledger.stage == "reconciled":
        return []
    ledger.check_at("sent", "checked")
    if not ledger.batches:
        raise refusals.LedgerNotReady("The bank was sent nothing: send the ledger first.", field="quarter")
    if sums.outstanding:
        raise refusals.RefundOutstanding(f"{sums.outstanding} lines", field="quarter")
    return [LedgerReconciled(now, ledger.org_id, ledger.quarter, sums)]


def evolve(ledger: Ledger, event: LedgerEvent) -> Ledger:
    replace = msgspec.structs.replace
    match event:
        case LedgerOpened(org_id=org_id, quarter=quarter):
            return replace(ledger, org_id=org_id, quarter=quarter, stage="imported")
        case LedgerImportBegun(import_id=import_id):
            return replace(ledger, importing=(*ledger.importing, import_id))
        case LedgerImported(import_id=import_id) | LedgerImportAbandoned(import_id=import_id):
            return replace(ledger, importing=tuple(one for one in ledger.importing if one != import_id))
        case LedgerCollated():
            return replace(ledger, stage="collated")
        case LedgerReopened():
            return replace(ledger, stage="imported", checked_by=None)
        case LedgerChecked(by=by):
            return replace(ledger, stage="checked", checked_by=by)
        case LedgerUnchecked():
            return replace(ledger, stage="sent" if ledger.batches else "collated", checked_by=None)
        case LedgerSent(batch=batch):
            return replace(ledger, stage="sent", checked_by=None, batches=batch)
        case LedgerReconciled():
            return replace(ledger, stage="reconciled")
        case _:
            assert_never(event)


LEDGER: Decider[LedgerCommand, LedgerEvent, Ledger] = Decider("ledger", Ledger(), decide, evolve, get_args(LedgerEvent))
