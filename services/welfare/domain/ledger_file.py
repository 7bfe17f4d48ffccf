"""A file of a refund ledger: lines to import, or what the bank says of its transfers. It comes in parts.

What is known here is which rows have come, so that a file that was broken off goes on, and no part counts twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeAlias, get_args

import msgspec

from shared.decider import Command, Decider, DomainEvent
from shared.errors import ValidationFailed

from .ledger_lines import Claim
from .ledger_sorting import Fault, NewLine, Told


class TakePart(Command, frozen=True):
    """Rows of a file, from `first_row` on; of them `lines` could be read, and `faults` tells of the others.

    The numbers of their accounts are kept as content under `account_ref`, by row.
    """

    ledger_id: str
    org_id: str
    quarter: str
    import_id: str
    first_row: int
    rows: int
    lines: tuple[NewLine, ...]
    faults: tuple[Fault, ...]
    account_ref: str
    now: datetime


class TakeLine(Command, frozen=True):
    """One line, by itself."""

    ledger_id: str
    org_id: str
    quarter: str
    line: NewLine
    account_ref: str
    now: datetime


class SeeAccounts(Command, frozen=True):
    """Somebody has looked at the numbers of accounts that came by reference."""

    ledger_id: str
    good: tuple[Claim, ...]
    bad: tuple[Claim, ...]
    now: datetime


class TakeReturns(Command, frozen=True):
    """Rows of the bank's file: what became of transfers."""

    ledger_id: str
    file_id: str
    first_row: int
    rows: int
    told: tuple[Told, ...]
    faults: tuple[Fault, ...]
    now: datetime


class LedgerPartTaken(DomainEvent, frozen=True):
    """Of `rows` some were accepted, some are held; `faults` are the held ones and all others."""

    first_row: int
    rows: int
    accepted: int
    held: int
    faults: tuple[Fault, ...]


class ReturnsPartTaken(DomainEvent, frozen=True):
    first_row: int
    rows: int
    paid: int
    returned: int
    faults: tuple[Fault, ...]


FileEvent: TypeAlias = LedgerPartTaken | ReturnsPartTaken


class File(msgspec.Struct, frozen=True):
    """How many rows each part has, by its first."""

    parts: Mapping[int, int] = {}

    @property
    def rows(self) -> int:
        return sum(self.parts.values())

    def is_new(self, first_row: int, rows: int) -> bool:
        """Whether a part has not come yet. Raises `ValidationFailed` when only some of it has."""
        if self.parts.get(first_row) == rows:
            return False
        for first, count in self.parts.items():
            if first < first_row + rows and first_row < first + count:
                raise ValidationFailed(f"rows {first} to {first + count - 1} have come", field="first_row")
        return True


def file_id(ledger_id: str, file: str) -> str:
    """The stream of a file. No id has a slash in it."""
    return f"{ledger_id}/{file}"


def decide(_command: TakePart | TakeReturns, _file: File) -> Sequence[FileEvent]:
    raise TypeError("a part is decided together with its lines: see handlers/ledgers.py")


def evolve(file: File, event: FileEvent) -> File:
    return File({**file.parts, event.first_row: event.rows})


LEDGER_FILE: Decider[TakePart | TakeReturns, FileEvent, File] = Decider(
    "ledger_file", File(), decide, evolve, get_args(FileEvent)
)
