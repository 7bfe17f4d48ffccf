"""Rows for people, in a terminal of any width; what others wrote in them steers none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.cells import cell_len
from rich.table import Table

LAST = 30  # columns that the last cell of a row needs at least; it alone is wrapped


def steerless(text: str, kept: str = "\n\t") -> str:
    """The text without what would steer a terminal: such letters are written as Python escapes them."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() or one in kept else ascii(one)[1:-1] for one in text)


def cells_of(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> list[list[str]]:
    """What is not known is left empty."""
    return [[_cell(row[column]) for column in columns] for row in rows]


def _cell(value: Any) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    return "" if value is None else steerless(str(value), kept="")


def least_width(columns: Sequence[str], cells: Sequence[Sequence[str]]) -> int:
    """How wide a terminal must be for a table of them."""
    widths = [max(map(cell_len, column)) for column in zip(columns, *cells, strict=True)]
    return sum(widths[:-1]) + min(widths[-1], LAST) + 2 * (len(widths) - 1)


def table(columns: Sequence[str], cells: Sequence[Sequence[str]]) -> Table:
    """One line for each row, but for what its last cell has to say."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        made.add_column(column, no_wrap=column != columns[-1])
    for row in cells:
        made.add_row(*row)
    return made


def below_each_other(columns: Sequence[str], cells: Sequence[Sequence[str]]) -> str:
    """The same rows where there is no width for a table: a line for each cell that is not empty."""
    rows = [[f"{column}: {cell}" for column, cell in zip(columns, row, strict=True) if cell] for row in cells]
    return "\n\n".join("\n".join(lines) for lines in rows)
