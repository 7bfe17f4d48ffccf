"""Which version of each projection is live, and how the next one takes its place.

A new release brings version n+1, whose tables bear that number. Its worker follows the log into them from position 0
on, while processes of the old release go on with n. When n+1 has caught up, one transaction locks n's position, applies
what is missing up to exactly there and moves the pointer: what is live never goes back. Only then is the new release's
API ready. Versions before n are dropped by the next release's migration, so that one step back is always possible.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable

from sqlalchemy import Connection as SyncConnection
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared import failpoints
from shared.database import Connection, is_transient
from shared.errors import BuildHeld, LeaseLost
from shared.leases import Lease
from shared.log.codec import Codec
from shared.log.read import Page
from shared.parked import dropped
from shared.parking import told
from shared.projecting import Projection, Projector
from shared.replaying import Replay

log = logging.getLogger(__name__)

# A projection of a log that is still empty is live at once; of any other, when it is up to date.
ENTER = text("""insert into projection (name, live)
  select :name, case when position = 0 then cast(:version as int) end from log_head on conflict do nothing""")
ENTER_VERSION = text("""insert into projection_version (name, version, tables) values (:name, :version, :tables)
  on conflict (name, version) do update set tables = excluded.tables""")
ANNOUNCE = text("""update projection set building = :version, built = 0, builder = null, error = null,
    started_at = clock_timestamp()
  where name = :name and (live is null or live < :version)""")
OLD = text("""select v.name, v.version, v.tables from projection_version v join projection p using (name)
  where v.version < p.live - 1""")
FORGET = ("subscription", "projection_version")
NOT_LIVE = text("""select p.name, u.version, p.live, coalesce(s.position, 0) as position, h.position as head, p.error
  from unnest(cast(:names as text[]), cast(:versions as int[])) as u(name, version)
    join projection p using (name) cross join log_head h
    left join subscription s on s.name = u.name and s.version = u.version
  where p.live is null or p.live < u.version order by p.name""")

POINTER = "select live from projection where name = %s"
LOCK = """select version, position from subscription where name = %s and version = any(%s)
  order by version for no key update"""
SWITCH = """update projection set live = %(version)s, building = null, built = 0, builder = null, error = null
  where name = %(name)s and live is not distinct from %(before)s"""
FAILED = """update projection set building = %(version)s, error = %(error)s
  where name = %(name)s and (live is null or live < %(version)s)"""


def enter(connection: SyncConnection, projection: Projection) -> None:
    """Enter a projection and the version of it that this release has."""
    tables = [table.name for table in projection.metadata.sorted_tables]
    values = {"name": projection.name, "version": projection.version}
    connection.execute(ENTER, values)
    connection.execute(ENTER_VERSION, {**values, "tables": tables})
    connection.execute(ANNOUNCE, values)


def drop_old(connection: SyncConnection) -> None:
    """Drop what no running process has any use for: versions older than the one before the live one."""
    for name, version, tables in connection.execute(OLD).all():
        for table in tables:
            connection.execute(text(f'drop table if exists "{table}"'))
        for table in FORGET:
            values = {"name": name, "version": version}
            connection.execute(text(f"delete from {table} where name = :name and version = :version"), values)


async def not_live(db: AsyncConnection, projections: Iterable[Projection]) -> list[str]:
    """Which of these versions do not answer yet, and how far they are."""
    wanted = [(projection.name, projection.version) for projection in projections]
    values = {"names": [name for name, _ in wanted], "versions": [version for _, version in wanted]}
    return [
        f"{row.name}: version {row.version} is not live yet, built up to {row.position} of {row.head}"
        + (f", held by {row.error}" if row.error else "")
        for row in await db.execute(NOT_LIVE, values)
    ]


class Version(Projector):
    """One version of a projection, which goes live when it has caught up with the one that is."""

    def __init__(self, projection: Projection, codec: Codec) -> None:
        super().__init__(projection, codec)
        self._live = False

    async def work(self, lease: Lease, page: Page) -> None:
        """As a projector. Before it is live, an event that cannot be applied holds it, as the old version is right."""
        try:
            await super().work(lease, page)
        except Exception as error:
            if self._live or isinstance(error, LeaseLost) or is_transient(error) or len(page.rows) > 1:
                raise
            why = f"{page.rows[0].type} at position {page.rows[0].position}: {told(error)}"
            if await self._failed(await lease.link.get(), why):
                raise BuildHeld(f"version {self.projection.version} is held by {why}") from error
            raise

    async def idle(self, lease: Lease) -> float:
        """Called when it is up to date. Says when to call again."""
        return math.inf if await self.live(lease) else 0.0

    async def live(self, lease: Lease) -> bool:
        """Called when it is up to date: goes live if it is not, and answers whether it is."""
        self._live = self._live or await self._go_live(await lease.link.get(), lease)
        return self._live

    async def _go_live(self, connection: Connection, lease: Lease) -> bool:
        """Whether it is live now; not if the live version has gone too far ahead meanwhile."""
        name, version = self.projection.name, self.projection.version
        row = await (await connection.execute(POINTER, (name,))).fetchone()
        if row is None or (row[0] is not None and row[0] >= version):
            return True
        with lease.owned():
            async with connection.transaction():
                locked: dict[int, int] = dict(
                    await (await connection.execute(LOCK, (name, [row[0], version]))).fetchall()
                )
                target = max(locked.get(row[0], 0), lease.position)
                replay = Replay(self.projection, self._codec, await dropped(connection, name))
                rows, reached = await replay.page(connection, lease.position, target)
                if reached < target:
                    return False
                await replay.apply(connection, rows)
                await connection.execute(*lease.moving(target))
                values = {"name": name, "version": version, "before": row[0]}
                switched = (await connection.execute(SWITCH, values)).rowcount == 1
                failpoints.hit("projection.before_switch")
        lease.position = target
        if switched:
            message = "%s: version %d is live from position %d on, after version %s"
            log.info(message, name, version, target, row[0], extra={"action": "version_live"})
        return switched

    async def _failed(self, connection: Connection, error: str) -> bool:
        """Tell what holds it; False if it is live, and no build at all."""
        values = {"name": self.projection.name, "version": self.projection.version, "error": error}
        held = (await connection.execute(FAILED, values)).rowcount == 1
        if held:
            log.error("%s: version %d cannot be built: %s", *values.values(), extra={"action": "build_held"})
        return held
