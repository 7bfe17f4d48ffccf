"""`scenario/day.yaml` says what `docs/one-day.md` says: cell by cell, and number by number."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from scenario.figures import expected
from scenario.script import Day

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "one-day.md").read_text(encoding="utf-8")
DAY = Day(seed=1)


def rows_below(heading: str) -> list[list[str]]:
    """The cells of the first table below a heading, without its own heading."""
    lines = [line for line in PAGE.split(f"## {heading}\n")[1].split("\n## ")[0].splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def steps_of_the_page() -> dict[int, list[str]]:
    return {int(number): cells for number, *cells in rows_below("The day")}


def numbers(text: object) -> list[str]:
    """Whole numbers; what is said in brackets explains them."""
    return re.findall(r"\d+", re.sub(r"\(.*?\)", "", str(text)))


def values_of_the_day(row: Mapping[str, Any]) -> Sequence[object]:
    return [value["day"] if isinstance(value, dict) else value for value in row["figures"].values()]


def test_every_row_of_the_table_is_in_the_file_in_its_words() -> None:
    page, area = [], ""
    for name, query, value in rows_below("What must come of it"):
        area = name or area
        page.append((area, query, value))
    assert [(row["area"], row["query"], str(row["value"])) for row in DAY.data["expected"]] == page


def test_a_row_has_figures_or_says_what_it_waits_for() -> None:
    assert [row["query"] for row in DAY.data["expected"] if ("figures" in row) == ("waits_for" in row)] == []


@pytest.mark.parametrize("row", [row for row in DAY.data["expected"] if "figures" in row], ids=lambda row: row["query"])
def test_the_figures_of_a_row_are_the_numbers_of_its_cell(row: Mapping[str, Any]) -> None:
    assert numbers(" ".join(map(str, values_of_the_day(row)))) == numbers(row["value"])


def test_a_figure_that_differs_from_the_whole_day_says_why() -> None:
    assert [figure.name for figure in expected(DAY) if figure.now != figure.day and not figure.why] == []


def test_the_steps_that_are_carried_have_the_times_and_effects_of_the_page() -> None:
    page = steps_of_the_page()
    carried = {step["step"]: [step["time"], step["expected"]] for step in DAY.steps}
    assert carried == {number: [page[number][0], page[number][2]] for number in carried}


def test_workers_come_at_five_minutes_after_one_another_and_stay_eighteen() -> None:
    visits = next(step for step in DAY.steps if step["step"] == 2)["visits"]
    assert [visit["who"] for visit in visits] == [f"W{n:02}" for n in range(1, 16)]
    for number, visit in enumerate(visits, 1):
        assert DAY.at(visit["in"]) == DAY.at("05:30") + number * timedelta(minutes=5)
        assert DAY.at(visit["out"]) - DAY.at(visit["in"]) == timedelta(minutes=18)
    assert [visit["who"] for visit in visits if "again" in visit] == ["W03"]


@pytest.mark.parametrize("number", [8, 17, 18, 21, 27])
def test_a_step_begins_and_ends_at_the_times_of_the_page(number: int) -> None:
    first, last = steps_of_the_page()[number][0].split("-")
    times = sorted(m.at for m in DAY.moments for action in m.actions if action.step == number)
    assert (times[0], times[-1]) == (DAY.at(first), DAY.at(last))


@pytest.mark.parametrize("times", ["08:00-08:20", "08:02-08:22", "14:00-14:40", "15:00-15:40", "17:30-17:55"])
def test_a_patrol_of_the_page_is_in_the_file(times: str) -> None:
    patrols = [f"{p['from']}-{p['to']}" for step in DAY.steps for p in step.get("patrols", ())]
    page = " ".join(" ".join(cells) for cells in steps_of_the_page().values())
    assert patrols.count(times) == 1
    assert times in page


def test_another_seed_draws_other_ids_and_doors_for_the_same_day() -> None:
    one, other = told_by(1), told_by(2)
    assert {event for _, event, _ in one} == {event for _, event, _ in other}
    assert {id for id, _, _ in one}.isdisjoint({id for id, _, _ in other})
    assert {(event, door) for _, event, door in one} != {(event, door) for _, event, door in other}


def test_the_same_seed_draws_the_same_day() -> None:
    assert Day(5).moments == Day(5).moments
    assert Day(5).setup == Day(5).setup


def test_one_half_of_what_machines_tell_comes_by_each_door() -> None:
    doors = [door for _, _, door in told_by(3)]
    assert 0.4 < doors.count("http") / len(doors) < 0.6
    assert set(doors) == {"http", "binary", "structured"}


@pytest.mark.parametrize("seed", range(20))
def test_nobody_does_things_in_another_order_under_any_seed(seed: int) -> None:
    orders: dict[str, list[object]] = {}
    for moment in Day(seed).moments:
        for action in moment.actions:
            orders.setdefault(action.who, []).append(moment.at)
    assert all(times == sorted(set(times)) for times in orders.values())  # type: ignore[type-var]


def told_by(seed: int) -> list[tuple[str, tuple[object, ...], str]]:
    """Id, what is told by whom at which time whatever the gate, and door."""
    moments = Day(seed).moments
    return [
        (told.id, (action.at, action.step, action.who, type(told.event).__name__, number), action.door)
        for moment in moments
        for action in moment.actions
        for number, told in enumerate(action.told)
    ]
