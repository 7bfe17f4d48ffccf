"""After an outage: what reached our topics meanwhile has its effects before the deadlines that have passed.

A service that was down finds both: deadlines that are due, and in its topics what came before them, as the exit of a
visit, a machine's word, somebody at a desk. Fired first, the timers would make an exit `VISIT_NOT_OPEN` and whoever
came a no-show. So whoever begins to fire waits until everything that lay in the topics then is in the log, and intake
and policies have passed it. From then on they are behind by moments only, and nobody waits any more.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.database import Database
from shared.errors import Unavailable
from shared.ingest import Ingest
from shared.leases import Lease

log = logging.getLogger(__name__)

# In this order, each passes what there was when the one before it had: effects of policies have effects of their own.
FOLLOWERS = ("intake", "policies", "policies", "policies")
PATIENCE = 60.0  # seconds without any progress: of a topic whose last records are gone for good nothing ever comes

HEAD = text("select position from log_head")
BEHIND = text("select coalesce(max(:head - position), 0) from subscription where name = :name")


class CatchingUp:
    """Whether the owner of a lease has seen what reached the service before it had the lease."""

    def __init__(self, database: Database, ingest: Ingest) -> None:
        self._database, self._ingest = database, ingest
        self._lease: Lease | None = None
        self._begin(None)

    async def done(self, lease: Lease) -> bool:
        """Looks, unless it is known to be done. While Kafka is away nobody knows what lies there: it begins anew."""
        if lease is not self._lease or self._ingest.trouble is not None:
            self._begin(lease)
        if not self._steps or self._ingest.trouble is not None:
            return not self._steps
        try:
            async with self._database.engine.connect() as db:
                left = await self._left(db)
        except Unavailable:  # Kafka: to be asked again
            return False
        if left and self._is_stuck(left):
            log.warning("timers fire although %d records or events are not seen to", left, extra={"action": "not_all"})
            self._steps.clear()
        return not self._steps

    def _begin(self, lease: Lease | None) -> None:
        self._lease = lease
        self._steps: list[Callable[[AsyncConnection], Awaitable[int]]] = [_Taken(self._ingest).left]
        self._steps += [_Passed(name).left for name in FOLLOWERS]
        self._seen, self._since = (0, 0), time.monotonic()

    async def _left(self, db: AsyncConnection) -> int:
        while self._steps:
            if left := await self._steps[0](db):
                return left
            del self._steps[0]
        return 0

    def _is_stuck(self, left: int) -> bool:
        seen = (len(self._steps), left)
        if seen != self._seen:
            self._seen, self._since = seen, time.monotonic()
        return time.monotonic() - self._since > PATIENCE


class _Taken:
    """What lay in the topics when it was first asked."""

    def __init__(self, ingest: Ingest) -> None:
        self._ingest = ingest
        self._ends: dict[tuple[str, int], int] | None = None

    async def left(self, db: AsyncConnection) -> int:
        if self._ends is None:
            self._ends = await self._ingest.ends()
        rows = await db.execute(text("select topic, part, next_offset from consumer_offset"))
        reached = {(topic, part): offset for topic, part, offset in rows}
        return sum(max(0, end - reached.get(place, 0)) for place, end in self._ends.items())


class _Passed:
    """What a subscription has not passed of the log as it was when it was first asked."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._head: int | None = None

    async def left(self, db: AsyncConnection) -> int:
        if self._head is None:
            self._head = int((await db.execute(HEAD)).scalar_one())
        return max(0, int((await db.execute(BEHIND, {"head": self._head, "name": self._name})).scalar_one()))
