"""Sheets as people have them, row by row: CSV in UTF-8 or as Chinese spreadsheets write it, and XLSX."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from shared.cli.saying import Failure
from shared.contracts.ledger_sheet import ColumnsMissing, places

ENCODINGS = ("utf-8-sig", "gb18030")
PIECE = 1 << 20


@dataclass(frozen=True)
class Sheet:
    """A file: which one it is, about how many rows it has, and these rows, with the columns that were asked for."""

    digest: str
    about: int
    rows: Iterator[list[str]]


@contextmanager
def opened(path: Path, columns: Mapping[str, tuple[str, ...]]) -> Iterator[Sheet]:
    """The rows under the header of a file, each with these columns in this order."""
    try:
        digest, lines = _looked_through(path)
        if path.suffix.lower() == ".xlsx":
            from openpyxl import load_workbook  # slower to load than most files are to read

            book = load_workbook(path, read_only=True, data_only=True)
            try:
                sheet = book.worksheets[0]
                cells = ([_text(cell) for cell in row] for row in sheet.iter_rows(values_only=True))
                yield Sheet(digest, max((sheet.max_row or 1) - 1, 0), _chosen(cells, columns, path))
            finally:
                book.close()
        else:
            with path.open(encoding=_encoding(path), newline="") as file:
                yield Sheet(digest, max(lines - 1, 0), _chosen(csv.reader(file), columns, path))
    except OSError as error:
        raise Failure(f"{path} cannot be read ({error.strerror}).", "Name another file.", field="FILE") from error
    except (BadZipFile, KeyError, ValueError, csv.Error) as error:
        why = f"{path} is no sheet that can be read ({error})."
        raise Failure(why, "Save it as CSV in UTF-8, or as XLSX.", field="FILE") from error


def _looked_through(path: Path) -> tuple[str, int]:
    """Its digest, by which it is known again, and how many lines it has."""
    hashed, lines, last = hashlib.sha256(), 0, b""
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            hashed.update(piece)
            lines += piece.count(b"\n")
            last = piece
    return hashed.hexdigest()[:32], lines + (last != b"" and not last.endswith(b"\n"))


def _encoding(path: Path) -> str:
    for encoding in ENCODINGS:
        try:
            with path.open(encoding=encoding) as file:
                while file.read(PIECE):
                    pass
            return encoding
        except UnicodeDecodeError:
            continue
    raise Failure(f"{path} is neither UTF-8 nor GB 18030.", "Save it as CSV in UTF-8, or as XLSX.", field="FILE")


def _chosen(rows: Iterator[list[str]], columns: Mapping[str, tuple[str, ...]], path: Path) -> Iterator[list[str]]:
    """Only these columns: nobody is told what else is in the file. Rows that are too short are filled up."""
    header = next(rows, [])
    try:
        at = places(header, columns)
    except ColumnsMissing as missing:
        names = ", ".join(" or ".join(columns[name]) for name in missing.names)
        why = f"The first row of {path} does not name: {names}."
        raise Failure(why, "Write the names of the columns into the first row.", field="FILE") from missing
    empty = 0
    for row in rows:
        width = len(row)
        chosen = [row[place].strip() if place is not None and place < width else "" for place in at]
        if not any(chosen):
            empty += 1  # at the end of a sheet they are no rows; before others they are
            continue
        yield from ([""] * len(at) for _ in range(empty))
        empty = 0
        yield chosen


def _text(cell: Any) -> str:
    """A cell as people see it. A long number that the spreadsheet has rounded shows its exponent, and is no account."""
    match cell:
        case None:
            return ""
        case bool():
            return "yes" if cell else "no"
        case float():
            return f"{cell:.2f}" if abs(cell) < 1e13 and abs(cell - round(cell, 2)) < 1e-9 else repr(cell)
        case int() if abs(cell) >= 10**15:
            return repr(float(cell))  # a spreadsheet keeps 15 digits of a number: the others are none of the account's
        case datetime() | date():
            return cell.isoformat()
        case _:
            return str(cell)
