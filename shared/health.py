"""Health: alive is the event loop and its tasks, ready is the database at its revision and with our read tables built.

Never Kafka: commands go on without it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.committer import Committer
from shared.database import Database
from shared.projecting import Projection
from shared.revision import check_revision
from shared.versions import not_live

if TYPE_CHECKING:
    from shared.running import Worker

BEHIND = text("""select s.name, h.position - s.position as behind from subscription s, log_head h
  where s.position < h.position
    and (s.name, s.version) in (select unnest(cast(:names as text[])), unnest(cast(:versions as int[])))""")
PARKED = text("""select subscription, count(*) from parked
  where (subscription, version) in (select unnest(cast(:names as text[])), unnest(cast(:versions as int[])))
  group by subscription order by subscription""")


class Health:
    """Answers for one process."""

    def __init__(
        self,
        service: str,
        database: Database,
        committer: Committer,
        worker: Worker | None,
        shown: Sequence[Projection] = (),
        *,
        movable: bool,
    ) -> None:
        self._service, self._database, self._committer = service, database, committer
        self._worker, self._shown, self._movable = worker, shown, movable

    def router(self) -> APIRouter:
        router = APIRouter(tags=["health"])
        router.add_api_route("/livez", self.alive, methods=["GET"])
        router.add_api_route("/readyz", self.ready, methods=["GET"])
        if self._movable:
            router.add_api_route("/testing/idle", self.idle, methods=["GET"], include_in_schema=False)
        return router

    async def alive(self) -> Response:
        """The loop answers, and no task of the process has ended."""
        ended = [task.get_name() for task in (self._worker.tasks if self._worker else []) if task.done()]
        return JSONResponse({"service": self._service, "ended": ended}, 503 if ended else 200)

    async def ready(self) -> Response:
        """The database answers, is at the revision that this release needs, and what it shows of it is live.

        Until then processes of the release before answer. What is parked is told, by subscription.
        """
        try:
            async with self._database.engine.connect() as db:
                await db.run_sync(check_revision, self._service)
                parked = await self._parked(db)
                if missing := await not_live(db, self._shown):
                    return JSONResponse({"service": self._service, "trouble": missing, "parked": parked}, 503)
        except Exception as error:
            return JSONResponse({"service": self._service, "trouble": [f"database: {error}"]}, 503)
        return JSONResponse({"service": self._service, "trouble": self._trouble(), "parked": parked})

    async def idle(self) -> Response:
        """For scenarios and tests: whether nothing is left to do, and how long the log is.

        What is parked is told and not waited for: it is left for a person to decide.
        """
        why: list[str] = []
        position, parked = 0, dict[str, int]()
        if not self._committer.idle:
            why.append("commands wait")
        if self._worker is not None:
            if behind := await self._worker.ingest.behind():
                why.append(f"{behind} records are not taken yet")
            async with self._database.engine.connect() as db:
                position = int((await db.execute(text("select position from log_head"))).scalar_one())
                why += [f"{row.name} is {row.behind} behind" for row in await db.execute(BEHIND, self._ours())]
                parked = await self._parked(db)
            if not why and await self._worker.timers.due():
                why.append("a timer is due")
        found = {"idle": not why, "why": why, "position": position, "parked": parked}
        return JSONResponse({"service": self._service, **found})

    def _ours(self) -> dict[str, Any]:
        followers = self._worker.subscriptions if self._worker else []
        return {"names": [s.name for s in followers], "versions": [s.version for s in followers]}

    async def _parked(self, db: AsyncConnection) -> dict[str, int]:
        found = await db.execute(PARKED, self._ours()) if self._worker else ()
        return {row[0]: row[1] for row in found}

    def _trouble(self) -> list[str]:
        if self._worker is None:
            return []
        found = [(s.name, s.trouble) for s in self._worker.subscriptions]
        found += [("due timers", self._worker.timers.trouble), ("ingest", self._worker.ingest.trouble)]
        return [f"{name}: {trouble}" for name, trouble in found if trouble]
