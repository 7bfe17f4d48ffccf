"""Read tables: pure functions from events to row changes, applied by pages together with the position.

A projection's tables are named with its version, so that a new version is built beside the live one. Its rows and its
position are committed in one transaction: after a crash it is where its rows are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias, TypeVar

from sqlalchemy import Dialect, MetaData, Table
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from shared import failpoints
from shared.contracts.registry import stored_type
from shared.database import Connection, Database
from shared.log.codec import Codec
from shared.log.read import Page, Recorded
from shared.subscription import Lease

T = TypeVar("T")


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
    """Delete the row of this key."""

    table: Table
    row: Mapping[str, Any]


RowChange: TypeAlias = Put | Set | Add | Drop
Rule: TypeAlias = Callable[[Any, Recorded], Iterable[RowChange]]


@dataclass(eq=False)
class Projection:
    """One read model: its tables and, for each type of event, what it does to their rows."""

    name: str
    version: int
    rules: dict[str, Rule] = field(default_factory=dict)
    metadata: MetaData = field(default_factory=MetaData)

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
    """Applies a projection to a service's database."""

    def __init__(self, database: Database, projection: Projection, codec: Codec) -> None:
        self._database, self._projection, self._codec = database, projection, codec

    async def work(self, lease: Lease, page: Page) -> None:
        """One page: rows and position in one transaction."""
        changes = self._projection.project(page.rows, self._codec)
        async with self._database.engine.begin() as db:
            await lease.move(db, page.reached)
            await apply(db, changes)
            failpoints.hit("projection.before_commit")
        lease.position = page.reached


async def apply(db: AsyncConnection, changes: Iterable[RowChange]) -> None:
    """Apply row changes in order, as few statements as keep their meaning."""
    raw: Connection = (await db.get_raw_connection()).driver_connection  # type: ignore[assignment]
    for statement, columns in _statements(changes):
        await raw.execute(statement, columns, prepare=True)


def _statements(changes: Iterable[RowChange]) -> Iterable[tuple[str, list[list[Any]]]]:
    """Changes gathered by kind, table and columns; a second change of a row that cannot be merged starts anew.

    Tables do not depend on one another, so only the order within a table is kept.
    """
    tables: dict[Table, list[_Group]] = {}
    for change in changes:
        groups = tables.setdefault(change.table, [])
        if not groups or not groups[-1].take(change):
            groups.append(_Group(change))
    for groups in tables.values():
        for group in groups:
            yield group.statement()


class _Group:
    """Changes of one kind to one table, one row a key."""

    def __init__(self, first: RowChange) -> None:
        self.kind, self.table, self.columns = type(first), first.table, tuple(first.row)
        self.key = tuple(column.name for column in first.table.primary_key)
        self.rows: dict[tuple[Any, ...], dict[str, Any]] = {}
        self.take(first)

    def take(self, change: RowChange) -> bool:
        """Whether the change fits here; if it does, it is merged with an earlier one of the same row."""
        row = change.row
        key = tuple(row[name] for name in self.key)
        before = self.rows.get(key)
        if type(change) is self.kind and tuple(row) == self.columns:
            if before is None:
                self.rows[key] = dict(row)
            elif self.kind is Add:
                for name in self.columns:
                    if name not in self.key:
                        before[name] += row[name]
            else:
                before.update(row)
            return True
        if isinstance(change, Set) and self.kind is Put and before is not None and set(row) <= set(self.columns):
            before.update(row)  # a row that is put and then set within one page is put as it ends
            return True
        return False

    def statement(self) -> tuple[str, list[list[Any]]]:
        names = self.columns if self.kind is not Drop else self.key
        values = [name for name in names if name not in self.key]
        arrays = ", ".join(f"%b::{_type(self.table, name)}[]" for name in names)
        source = f"unnest({arrays}) as u({', '.join(names)})"
        match = " and ".join(f"t.{name} = u.{name}" for name in self.key)
        table = self.table.name
        columns = [[row[name] for row in self.rows.values()] for name in names]
        if self.kind is Set:
            return (
                f"update {table} t set {', '.join(f'{v} = u.{v}' for v in values)} from {source} where {match}",
                columns,
            )
        if self.kind is Drop:
            return f"delete from {table} t using {source} where {match}", columns
        new = "t.{0} + excluded.{0}" if self.kind is Add else "excluded.{0}"
        then = f"update set {', '.join(f'{v} = {new.format(v)}' for v in values)}" if values else "nothing"
        into = f"insert into {table} as t ({', '.join(names)}) select {', '.join(names)} from {source}"
        return f"{into} on conflict ({', '.join(self.key)}) do {then}", columns


def _type(table: Table, name: str) -> str:
    return table.c[name].type.compile(dialect=_DIALECT)


_DIALECT: Dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
