"""Leases: the right of one process at a time to move a subscription, and what each move is one with.

Every move of a position names the old position and the owner's epoch, so that what a former owner still does is undone
or repeated harmlessly.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

import psycopg

from shared.database import Connection, Database, Link, retrying
from shared.errors import LeaseLost, ParkedChanged
from shared.log.read import Page, read_head

LEASE = 10.0  # seconds; renewed every third of it

MOVE = "select move_subscription(%b, %b, %b, %b, %b, %b)"
MOVE_AND_PARK = "select move_and_park(%b, %b, %b, %b, %b, %b, %b::bigint[], %b::text[], %b)"
NOT_OWNER, PARKED_CHANGED = "YZ001", "YZ002"  # what these functions raise

# The lease is free when it has run out, or when its owner's connection is gone: PostgreSQL sees a dead process at once.
# It is ours to take if an acquisition of ours was cancelled on its way, which nobody came to know of.
ACQUIRE = f"""update subscription s set owner = %(owner)s, epoch = epoch + 1,
    lease_until = clock_timestamp() + make_interval(secs => {LEASE})
  where name = %(name)s and version = %(version)s and (
    owner is null or owner = %(owner)s or lease_until < clock_timestamp() or not exists (
      select from pg_stat_activity a where a.pid || '@' || a.backend_start = s.owner))
  returning position, epoch, in_a_row"""
RENEW = f"""update subscription set lease_until = clock_timestamp() + make_interval(secs => {LEASE})
  where owner = %s and (name, version) in (select * from unnest(%s::text[], %s::int[]))
  returning name, version, epoch"""
RELEASE = """update subscription set owner = null, lease_until = null
  where owner = %s and name = %s and version = %s and epoch = %s"""
OWNER = "select pid || '@' || backend_start from pg_stat_activity where pid = pg_backend_pid()"


class Aside(NamedTuple):
    """What a move parks: positions, what went wrong at each (None: it only waits behind another), and the new count."""

    positions: list[int]
    errors: list[str | None]
    in_a_row: int


@dataclass(eq=False)
class Lease:
    """The right to move one subscription, and where it stands."""

    name: str
    version: int
    position: int
    epoch: int
    link: Link  # by which its owner follows the log, and moves
    in_a_row: int = 0  # keys that were parked since anything succeeded
    aside: Aside | None = None  # goes with the next move
    lost: bool = False
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)  # whoever works, moves or switches rows has it meanwhile

    async def move(self, position: int) -> None:
        """Move: what was to do up to there is done. Raises `LeaseLost`."""
        with self.owned():
            await (await self.link.get()).execute(*self.moving(position), prepare=True)
        self.position = position

    def moving(self, position: int) -> tuple[str, Sequence[Any]]:
        """The statement that moves, to be executed within `owned`, together with what it is to be one with."""
        move = (self.name, self.version, self.position, position, self.epoch, LEASE)
        return (MOVE, move) if self.aside is None else (MOVE_AND_PARK, (*move, *self.aside))

    @contextmanager
    def owned(self) -> Iterator[None]:
        """Within it the database's refusal to move is a `LeaseLost`, or a `ParkedChanged`."""
        try:
            yield
        except psycopg.Error as error:
            if error.sqlstate == PARKED_CHANGED:
                raise ParkedChanged(f"{self.name}: what is parked has changed") from error
            if error.sqlstate != NOT_OWNER:
                raise
            self.lost = True
            raise LeaseLost(f"{self.name} has another owner") from error


class Leases:
    """The leases that this process holds, on one connection whose end frees them all."""

    def __init__(self, database: Database) -> None:
        self._link = Link(database, "leases")
        self._lock = asyncio.Lock()
        self._owner = ""
        self._held: dict[tuple[str, int], Lease] = {}

    async def acquire(self, name: str, version: int, link: Link, *, from_end: bool) -> Lease | None:
        """The lease, or None while another process has it. A new subscription is entered first."""
        async with self._lock:
            connection = await self._connect()
            start = await read_head(connection) if from_end else 0
            entry = "insert into subscription (name, version, position) values (%s, %s, %s) on conflict do nothing"
            await connection.execute(entry, (name, version, start))
            if (name, version) in self._held:
                return None  # another of our own has it
            wanted = {"owner": self._owner, "name": name, "version": version}
            row = await (await connection.execute(ACQUIRE, wanted)).fetchone()
            if row is None:
                return None
            lease = Lease(name, version, row[0], row[1], link, row[2])
            self._held[name, version] = lease
            return lease

    async def release(self, lease: Lease) -> None:
        """Hand the lease back, so that another process need not wait for it to run out."""
        if self._held.get((lease.name, lease.version)) is lease:
            del self._held[lease.name, lease.version]
        if not lease.lost:
            async with self._lock:
                connection = await self._connect()
                await connection.execute(RELEASE, (self._owner, lease.name, lease.version, lease.epoch))

    def held(self, name: str, version: int) -> Lease | None:
        """The lease, if this process has it."""
        lease = self._held.get((name, version))
        return None if lease is None or lease.lost else lease

    async def run(self) -> None:
        """Renew all leases until cancelled."""
        try:
            while True:
                await asyncio.sleep(LEASE / 3)
                await retrying(self._renew, "renewing leases")
        finally:
            await self._link.close()

    async def _connect(self) -> Connection:
        connection = await self._link.get()
        row = await (await connection.execute(OWNER)).fetchone()
        assert row is not None
        if row[0] != self._owner:  # a new connection is a new owner: what the old one held is lost
            for lease in self._held.values():
                lease.lost = True
            self._held.clear()
            self._owner = row[0]
        return connection

    async def _renew(self) -> None:
        async with self._lock:
            connection = await self._connect()
            names, versions = [name for name, _ in self._held], [version for _, version in self._held]
            rows = await (await connection.execute(RENEW, (self._owner, names, versions))).fetchall()
        mine = {(name, version): epoch for name, version, epoch in rows}
        for key, lease in list(self._held.items()):
            if mine.get(key) != lease.epoch:
                lease.lost = True


Work: TypeAlias = Callable[[Lease, Page], Awaitable[None]]
