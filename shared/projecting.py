"""Read tables: pure functions from events to row changes, applied by pages together with the position.

A projection's tables are named with its version, so that a new version is built beside the live one: see versions.py.
Its rows and its position are committed in one transaction: after a crash it is where its rows are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple, TypeAlias, TypeVar

from sqlalchemy import Column, Dialect, MetaData, Table
from sqlalchemy.dialects import postgresql

from shared import failpoints
from shared.contracts.registry import stored_type
from shared.database import Connection
from shared.leases import Lease
from shared.log.codec import Codec
from shared.log.read import Page, Recorded

T = TypeVar("T")

PAGE = 4_000  # events; larger than other pages, as each is one transaction and a rebuild has many


class Put(NamedTuple):
    """Insert this row, or give the row of the same key these values."""

    table: Table
    row: Mapping[str, Any]


class Set(NamedTuple):
    """Give the row of this key these values; nothing happens when there is none."""

    table: Table
    row: Mapping[str, Any]


class Add(NamedTuple):
    """Add to the numbers of the row of this key, which is inserted with just these numbers when there is none."""

    table: Table
    row: Mapping[str, Any]


class Drop(NamedTuple):
    """Delete the row of this key; where more than the key is given, only if that is as given too."""

    table: Table
    row: Mapping[str, Any]


RowChange: TypeAlias = Put | Set | Add | Drop
Rule: TypeAlias = Callable[[Any, Recorded], Iterable[RowChange]]


@dataclass(eq=False)
class Projection:
    """One read model: its tables and, for each type of event, what it does to their rows.

    `page` is how many events are applied at once; fewer where one event changes many rows.
    """

    name: str
    version: int
    page: int = field(default=PAGE, kw_only=True)
    rules: dict[str, Rule] = field(default_factory=dict)
    metadata: MetaData = field(default_factory=MetaData)

    @property
    def types(self) -> list[str]:
        """The types of events that change its rows."""
        return sorted(self.rules)

    def table(self, name: str, *columns: Any) -> Table:
        """A table of this projection, named with its version."""
        return Table(f"{name}_v{self.version}", self.metadata, *columns)

    def on(self, event: type[T]) -> Callable[[Callable[[T, Recorded], Iterable[RowChange]]], Rule]:
        """Register the decorated pure function for this event class of ours, or contract of another service."""

        def register(rule: Callable[[T, Recorded], Iterable[RowChange]]) -> Rule:
            self.rules[stored_type(event)] = rule
            return rule

        return register

    def project(self, rows: Iterable[Recorded], codec: Codec) -> list[RowChange]:
        """What these events change, in order. Pure."""
        changes: list[RowChange] = []
        for row in rows:
            changes.extend(self.rules[row.type](codec.decode(row.type, row.data), row))
        return changes


class Projector:
    """Applies a projection to the database that its subscription follows."""

    def __init__(self, projection: Projection, codec: Codec) -> None:
        self.projection, self._codec = projection, codec

    async def work(self, lease: Lease, page: Page) -> None:
        """One page: rows and position together, in one round trip."""
        statements = list(_statements(self.projection.project(page.rows, self._codec)))
        connection = await lease.link.get()
        with lease.owned():
            failpoints.hit("projection.before_commit")
            if len({table for table, _, _ in statements}) == len(statements):
                await _at_once(connection, statements, lease.moving(page.reached))
            else:
                async with connection.pipeline():  # which is one transaction, too
                    await _one_by_one(connection, statements)
                    await connection.execute(*lease.moving(page.reached), prepare=True)
        lease.position = page.reached


_Statement: TypeAlias = tuple[Table, str, list[list[Any]]]


async def apply(connection: Connection, changes: Iterable[RowChange]) -> None:
    """Apply row changes in order, as few statements as keep their meaning."""
    await _one_by_one(connection, _statements(changes))


async def _one_by_one(connection: Connection, statements: Iterable[_Statement]) -> None:
    for _, statement, columns in statements:
        await connection.execute(statement, columns, prepare=True)


async def _at_once(connection: Connection, statements: list[_Statement], move: tuple[str, Sequence[Any]]) -> None:
    """As parts of one statement, which cannot see what the others do: so each has a table of its own."""
    parts = ", ".join(f"c{number} as ({statement})" for number, (_, statement, _) in enumerate(statements))
    values = [column for _, _, columns in statements for column in columns]
    await connection.execute(f"with {parts} {move[0]}" if parts else move[0], [*values, *move[1]], prepare=True)


def _statements(changes: Iterable[RowChange]) -> Iterable[_Statement]:
    """Changes gathered by kind, table and columns. Rows do not depend on one another: only each row's order is kept."""
    tables: dict[Table, _Gathering] = {}
    for change in changes:
        if change.table not in tables:
            tables[change.table] = _Gathering(change.table)
        tables[change.table].add(change)
    for table, gathering in tables.items():
        for group in gathering.groups:
            yield table, _sql(group.shape), group.values()


class _Shape(NamedTuple):
    """What one statement can do: changes of one kind to one table's columns."""

    kind: type[Any]
    table: Table
    columns: tuple[str, ...]


class _Gathering:
    """One table's changes, in groups that are applied one after the other."""

    def __init__(self, table: Table) -> None:
        self.key = tuple(column.name for column in table.primary_key)
        self.groups: list[_Group] = []
        self._table = table
        self._newest: dict[tuple[type[Any], tuple[str, ...]], int] = {}  # the last group of each kind and columns
        self._last: dict[tuple[Any, ...], int] = {}  # the group that changed a row last

    def add(self, change: RowChange) -> None:
        """Into the group that changed the row last if it merges there, else into a later one of its shape."""
        values = change.row
        row = tuple([values[name] for name in self.key])
        last = self._last.get(row, -1)
        if last >= 0 and self.groups[last].merge(row, change):
            return
        kind, columns = type(change), tuple(values)
        index = self._newest.get((kind, columns), -1)
        if index <= last:
            index = self._newest[kind, columns] = len(self.groups)
            self.groups.append(_Group(_Shape(kind, self._table, columns), self.key))
        self.groups[index].rows[row] = values
        self._last[row] = index


class _Group:
    """Changes of one shape, one for each row."""

    def __init__(self, shape: _Shape, key: tuple[str, ...]) -> None:
        self.shape, self.kind, self.columns, self.key = shape, shape.kind, shape.columns, key
        self.rows: dict[tuple[Any, ...], Mapping[str, Any]] = {}

    def merge(self, row: tuple[Any, ...], change: RowChange) -> bool:
        """Whether a further change of a row that is in this group has the same effect as part of it."""
        before, values = self.rows[row], change.row
        if self.kind is Add and isinstance(change, Add) and tuple(values) == self.columns:
            sums = {name: before[name] + values[name] for name in self.columns if name not in self.key}
            self.rows[row] = {**before, **sums}
            return True
        if self.kind in (Put, Set) and isinstance(change, Set) and set(values) <= set(self.columns):
            self.rows[row] = {**before, **values}
            return True
        if self.kind is Put and isinstance(change, Put) and tuple(values) == self.columns:
            self.rows[row] = values
            return True
        return False

    def values(self) -> list[list[Any]]:
        """The rows, as columns."""
        return [*map(list, zip(*(row.values() for row in self.rows.values()), strict=True))]


@cache
def _sql(shape: _Shape) -> str:
    """The statement that makes changes of this shape, all in one, its parameters being the columns."""
    kind, table, names = shape
    key = tuple(column.name for column in table.primary_key)
    values = [name for name in names if name not in key]
    arrays = ", ".join(f"%b::{sql_type(table.c[name])}[]" for name in names)
    source = f"unnest({arrays}) as u({', '.join(names)})"
    match = " and ".join(f"t.{name} = u.{name}" for name in (names if kind is Drop else key))
    if kind is Set:
        return f"update {table.name} t set {', '.join(f'{v} = u.{v}' for v in values)} from {source} where {match}"
    if kind is Drop:
        return f"delete from {table.name} t using {source} where {match}"
    new = "t.{0} + excluded.{0}" if kind is Add else "excluded.{0}"
    then = f"update set {', '.join(f'{v} = {new.format(v)}' for v in values)}" if values else "nothing"
    into = f"insert into {table.name} as t ({', '.join(names)}) select {', '.join(names)} from {source}"
    return f"{into} on conflict ({', '.join(key)}) do {then}"


def sql_type(column: Column[Any]) -> str:
    """As PostgreSQL calls it."""
    return column.type.compile(dialect=_DIALECT)


_DIALECT: Dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
