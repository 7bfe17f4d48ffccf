"""Makes the rows of live projections anew when an operator asks, beside the live ones, and switches.

Only the owner of a projection's lease builds, on a connection of its own, one projection at a time, into tables of the
same shape in the schema `rebuild`. Rows and `projection.built` are committed together, so a build goes on where it was
left by a crash, or by a former owner, which is fenced off by its epoch.

The switch does not rename tables: a name is looked up outside of a reader's snapshot, so that a reader could find new
rows beside the position it had read before. Instead, in one transaction, the build is run exactly to the live position
and what differs is put right in the live tables. Readers wait for nothing and see all of it or nothing. The owner's
own loop waits for its turn meanwhile; if anybody else has moved, a move to where we stand fails and undoes it all.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Table

from shared import failpoints
from shared.database import Connection, Database, Link, is_transient, retrying
from shared.errors import LeaseLost, ReplayFailed
from shared.leases import LEASE, MOVE, Lease, Leases
from shared.log.codec import Codec
from shared.parked import dropped
from shared.parking import told
from shared.projecting import Projection
from shared.replaying import Replay, live_schema, same, same_key
from shared.subscription import POLL, RELAXED
from shared.waking import Signal, wait_for

log = logging.getLogger(__name__)

QUIET = 0.25  # seconds between looks: whatever is appended wakes us too

WANTED = "select name from projection where building = live and error is null order by started_at"
CLAIM = """with before as (select builder from projection where name = %(name)s for update)
  update projection p set builder = %(epoch)s from before
  where name = %(name)s and live = %(version)s and building = %(version)s and error is null
    and (p.builder is null or p.builder <= %(epoch)s)
  returning p.built, before.builder is null or p.dropped <> %(dropped)s"""
BEGUN = "update projection set built = 0, dropped = %(dropped)s where name = %(name)s"
WITHIN = "select set_config('search_path', 'rebuild, ' || current_setting('search_path'), true)"
OURS = "name = %(name)s and building = %(version)s and builder = %(epoch)s and error is null"
BUILT = f"update projection set built = %(reached)s where {OURS} and built = %(built)s"
DONE = f"update projection set building = null, builder = null, built = 0, started_at = null where {OURS}"
# Its owner, who knows what is parked by heart, is told by the database when it would park behind one of these.
UNPARK = "delete from parked where subscription = %(name)s and version = %(version)s"
FAILED = f"update projection set error = %(error)s where {OURS}"


class Rebuilder:
    """Looks for rebuilds that are wanted of projections which this process owns, and does them one by one."""

    def __init__(
        self, database: Database, signal: Signal, leases: Leases, codec: Codec, projections: Sequence[Projection]
    ) -> None:
        self._database, self._signal, self._leases, self._codec = database, signal, leases, codec
        self._projections = {projection.name: projection for projection in projections}

    async def run(self) -> None:
        """Until cancelled: the page in flight is undone then, and another owner goes on before it."""
        link, waiter = Link(self._database, "rebuild", RELAXED), self._signal.waiter(())
        try:
            while True:
                waiter.clear()
                await retrying(lambda: self._look(link), "rebuilding")
                await asyncio.sleep(QUIET)
                await wait_for(waiter, POLL)
        finally:
            self._signal.release(waiter)
            await link.close()

    async def _look(self, link: Link) -> None:
        connection = await link.get()
        for (name,) in await (await connection.execute(WANTED)).fetchall():
            projection = self._projections.get(name)
            lease = None if projection is None else self._leases.held(name, projection.version)
            if projection is not None and lease is not None:
                try:
                    await Build(projection, self._codec, lease, connection).run()
                except LeaseLost as lost:
                    log.warning("%s: this build is given up: %s", name, lost, extra={"action": "rebuild_lost"})


@dataclass(eq=False)
class Build:
    """One rebuild by one owner."""

    projection: Projection
    codec: Codec
    lease: Lease
    connection: Connection
    built: int = field(default=0, init=False)

    async def run(self) -> None:
        """Build and switch. An event that cannot be applied ends it, and is told; the live rows stay as they are."""
        try:
            if not await self.claim():
                return
            while self.built < self.lease.position:
                await self.page()
            await self.switch()
        except LeaseLost:
            raise
        except Exception as error:
            if is_transient(error):
                raise
            await self._fail(error)

    async def claim(self) -> bool:
        """Make the build ours: go on with what is there, or begin. False when it is not wanted any more."""
        self._dropped = await dropped(self.connection, self.projection.name)
        self._replay = Replay(self.projection, self.codec, self._dropped)
        async with self.connection.transaction():
            values = self._values(dropped=len(self._dropped))
            row = await (await self.connection.execute(CLAIM, values)).fetchone()
            if row is None:
                return False
            self.built, new = row
            if new:
                self.built = 0
                await self.connection.execute(BEGUN, values)
                await self._make_tables()
        message = "%s: its rows are made anew, beside the live ones, from position %d on"
        log.info(message, self.projection.name, self.built, extra={"action": "rebuild_begins"})
        return True

    async def page(self) -> None:
        """One page of the log, up to the live position at most. Raises `LeaseLost`."""
        if self.lease.lost:
            raise LeaseLost(f"{self.projection.name} has another owner")
        rows, reached = await self._replay.page(self.connection, self.built, self.lease.position)
        async with self.connection.transaction():
            await self.connection.execute(WITHIN)
            await self._replay.apply(self.connection, rows)
            await self._ours(BUILT, reached=reached)
            failpoints.hit("rebuild.before_page")
        self.built = reached

    async def switch(self) -> None:
        """Make the live rows what was built, at exactly the live position. Raises `LeaseLost`."""
        for table in self.projection.metadata.sorted_tables:
            await self.connection.execute(f"analyze rebuild.{table.name}".encode())
        async with self.lease.turn:
            while self.built < self.lease.position:  # it moved on while we waited for our turn
                await self.page()
            async with self.connection.transaction():
                schema = await live_schema(self.connection)
                tables = self.projection.metadata.sorted_tables
                changed = [await self._put_right(schema, table) for table in tables]
                await self._fence()  # from here on nobody can drop an event of ours
                if await dropped(self.connection, self.projection.name) != self._dropped:
                    raise LeaseLost(f"{self.projection.name}: an event was dropped, its build begins anew")
                await self.connection.execute(UNPARK, self._values())
                await self._ours(DONE)
                await self._drop_tables()
                failpoints.hit("rebuild.before_switch")
        failpoints.hit("rebuild.after_switch")
        message = "%s: its rows are made anew at position %d, %d of them were wrong"
        log.info(message, self.projection.name, self.built, sum(changed), extra={"action": "rebuilt"})

    async def _put_right(self, schema: str, table: Table) -> int:
        """Deleted first, so that no unique index sees a wrong row beside a right one."""
        live, built, key = f"{schema}.{table.name}", f"rebuild.{table.name}", same_key(table, "l", "b")
        columns = ", ".join(column.name for column in table.columns)
        wrong = f"not exists (select from {built} b where {key} and {same(table, 'l', 'b')})"
        gone = await self.connection.execute(f"delete from {live} l where {wrong}".encode())
        missing = f"select {columns} from {built} b where not exists (select from {live} l where {key})"
        come = await self.connection.execute(f"insert into {live} ({columns}) {missing}".encode())
        return max(gone.rowcount, come.rowcount)

    async def _fence(self) -> None:
        lease = self.lease
        with lease.owned():
            move = (lease.name, lease.version, lease.position, lease.position, lease.epoch, LEASE)
            await self.connection.execute(MOVE, move)

    async def _ours(self, statement: str, **more: object) -> None:
        values = self._values(**more)
        if (await self.connection.execute(statement.encode(), values)).rowcount != 1:
            raise LeaseLost(f"{self.projection.name} is built by another owner, or asked for anew")

    async def _make_tables(self) -> None:
        schema = await live_schema(self.connection)
        await self._drop_tables()
        for table in self.projection.metadata.sorted_tables:
            shape = f"create table rebuild.{table.name} (like {schema}.{table.name} including all)"
            await self.connection.execute(shape.encode())

    async def _drop_tables(self) -> None:
        for table in self.projection.metadata.sorted_tables:
            await self.connection.execute(f"drop table if exists rebuild.{table.name}".encode())

    async def _fail(self, error: Exception) -> None:
        name = self.projection.name
        async with self.connection.transaction():
            await self._ours(FAILED, error=str(error) if isinstance(error, ReplayFailed) else told(error))
            await self._drop_tables()
        log.error("%s cannot be rebuilt: %s", name, error, exc_info=error, extra={"action": "rebuild_failed"})

    def _values(self, **more: object) -> dict[str, object]:
        mine = {"name": self.projection.name, "version": self.projection.version, "epoch": self.lease.epoch}
        return {**mine, "built": self.built, **more}
