"""What should come of the day, and the table in which it stands beside what did."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rich.table import Table

from scenario.facts import Facts
from scenario.script import Day


@dataclass(frozen=True)
class Figure:
    """One expected value. `why` says why it is not yet that of the whole day."""

    area: str
    query: str
    name: str
    day: Any
    now: Any
    why: str = ""


def expected(day: Day) -> list[Figure]:
    """Every figure of the day file, those of single steps first."""
    at_once = day.data["at_once"].items()
    found = [
        Figure(f"step {step}", "", name, value, value) for step, values in at_once for name, value in values.items()
    ]
    for row in day.data["expected"]:
        for name, value in row.get("figures", {}).items():
            both = value if isinstance(value, dict) else {"day": value, "now": value}
            why = row.get("because", "") if both["day"] != both["now"] else ""
            found.append(Figure(row["area"], row["query"], name, both["day"], both["now"], why))
    return found


def differing(figures: list[Figure], found: Facts) -> list[Figure]:
    return [figure for figure in figures if found.get(figure.name) != figure.now]


def table(figures: list[Figure], found: Facts) -> Table:
    """One line a figure."""
    drawn = Table(title="Expected and found", title_justify="left")
    for heading in ("", "figure", "whole day", "expected now", "found", ""):
        drawn.add_column(heading)
    for figure, area in zip(figures, _once([figure.area for figure in figures]), strict=True):
        actual = found.get(figure.name)
        day = "" if figure.day == figure.now else str(figure.day)
        drawn.add_row(area, figure.name, day, str(figure.now), str(actual), "ok" if actual == figure.now else "NO")
    return drawn


def _once(areas: list[str]) -> Iterator[str]:
    """Each name where it begins, and nothing below it."""
    for before, area in zip(["", *areas], areas, strict=False):
        yield area if area != before else ""
