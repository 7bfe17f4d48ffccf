"""Row changes applied by pages have the effect of applying them one by one, as a plain dictionary would."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, TypeAlias

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, Integer, Text

from shared.database import Connection, Database
from shared.projecting import Add, Drop, Projection, Put, RowChange, Set, _statements, apply

THINGS = Projection("things", 3)
THING = THINGS.table(
    "thing",
    Column("area", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("label", Text),
    Column("total", Integer, nullable=False, server_default="0"),
    Column("seen", Integer, nullable=False, server_default="0"),
)
EMPTY = {"label": None, "total": 0, "seen": 0}
Model: TypeAlias = dict[tuple[str, int], dict[str, Any]]

VALUES: dict[str, st.SearchStrategy[Any]] = {
    "label": st.sampled_from(["x", "y", None]),
    "total": st.integers(-3, 3),
    "seen": st.integers(0, 2),
}


def row(*names: str, least: int = 0) -> st.SearchStrategy[dict[str, Any]]:
    """A key and some of these columns, in any order."""
    some = st.permutations(names).flatmap(lambda order: st.integers(least, len(order)).map(lambda n: order[:n]))
    rest = some.flatmap(lambda chosen: st.fixed_dictionaries({name: VALUES[name] for name in chosen}))
    key = st.fixed_dictionaries({"area": st.sampled_from("ab"), "number": st.integers(1, 2)})
    return st.builds(lambda first, then: {**first, **then}, key, rest)


changes: st.SearchStrategy[RowChange] = st.one_of(
    st.builds(Put, st.just(THING), row("label", "total", "seen")),
    st.builds(Set, st.just(THING), row("label", "total", "seen", least=1)),
    st.builds(Add, st.just(THING), row("total", "seen")),
    st.builds(Drop, st.just(THING), row("total")),
)


def change(model: Model, one: RowChange) -> None:
    """What each kind of change means."""
    key = (one.row["area"], one.row["number"])
    values = {name: value for name, value in one.row.items() if name not in ("area", "number")}
    before = model.get(key)
    match one:
        case Put():
            model[key] = {**(before or EMPTY), **values}
        case Set() if before is not None:
            before.update(values)
        case Add():
            model[key] = {**EMPTY, **(before or {})}
            for name, number in values.items():
                model[key][name] += number
        case Drop() if before is not None and values.items() <= before.items():
            del model[key]


@pytest_asyncio.fixture
async def things(url: str) -> AsyncIterator[Database]:
    database = Database(url, name="things")
    async with database.engine.begin() as db:
        await db.run_sync(THINGS.metadata.create_all)
    yield database
    await database.close()


async def stored(connection: Connection) -> Model:
    names = ("area", "number", *EMPTY)
    rows = await (await connection.execute(f"select {', '.join(names)} from {THING.name}")).fetchall()
    found = [dict(zip(names, row, strict=True)) for row in rows]
    return {(each["area"], each["number"]): {name: each[name] for name in EMPTY} for each in found}


A1 = {"area": "a", "number": 1}


@given(pages=st.lists(st.lists(changes, max_size=12), max_size=4))
@example(pages=[[Put(THING, {**A1, "total": 1}), Set(THING, {**A1, "label": "x"}), Put(THING, {**A1, "total": 2})]])
@example(pages=[[Add(THING, {**A1, "total": 1}), Drop(THING, A1), Add(THING, {**A1, "total": 2})]])
@example(pages=[[Put(THING, {**A1, "total": 1}), Put(THING, {**A1, "total": 2}), Drop(THING, {**A1, "total": 1})]])
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.timeout(300)  # in trouble, to find the shortest case
async def test_a_page_of_changes_does_what_they_do_one_by_one(things: Database, pages: list[list[RowChange]]) -> None:
    model: Model = {}
    async with await things.connect("changes") as connection, connection.transaction(force_rollback=True):
        for page in pages:
            await apply(connection, page)
            for one in page:
                change(model, one)
        assert await stored(connection) == model


def test_changes_of_different_rows_are_one_statement() -> None:
    """A rebuild reads millions of events; a statement for each would take days."""
    page = [Add(THING, {"area": "a", "number": n % 500, "total": 1}) for n in range(1000)]
    ((_, _, columns),) = _statements(page)
    assert columns == [["a"] * 500, list(range(500)), [2] * 500]


def test_the_version_is_part_of_a_tables_name() -> None:
    assert THING.name == "thing_v3"
