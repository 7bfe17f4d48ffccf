"""Decide many, commit once: commands that wait together are decided together and appended by one short statement.

While PostgreSQL writes one batch the next is decided, over the states that the first will have left. A batch that read
something stale is done once more under the log's lock, so that contention between processes costs speed and never a
conflict. A lone caller is not delayed: a batch starts as soon as the one before it has ended.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass

from shared import failpoints
from shared.clock import Clock
from shared.database import Connection, Database, Link, is_transient
from shared.decider import Handlers
from shared.deciding import Batch, Pending, Work
from shared.errors import IdempotencyKeyReused, LogCorrupted
from shared.log.append import LOCK, Appended, append
from shared.log.codec import Codec
from shared.log.snapshots import Snapshots
from shared.log.states import States
from shared.outcomes import Answer, Outcomes
from shared.publishing import Publishing
from shared.queueing import Queue, fail
from shared.waits import alarm
from shared.waking import Signal

log = logging.getLogger(__name__)

BATCH = 1_000  # commands decided together
SHARE = 64  # of fewer, all are one batch; of more that wait, one half is decided while the other is written
BATCH_UNDER_LOCK = 300  # fewer, as everybody waits for the lock meanwhile
MAX_LOADS = 16  # rounds of reading states for one batch
BACKOFF_FIRST, BACKOFF_MOST = 0.05, 2.0  # seconds, while the database is away


@dataclass(slots=True)
class _Attempt:
    """Commands to be one batch, and that batch; without it they are to be settled with care."""

    pending: list[Pending]
    batch: Batch | None


class Committer(Queue):
    """The only writer of own events in this process."""

    def __init__(
        self,
        database: Database,
        handlers: Handlers,
        codec: Codec,
        clock: Clock,
        signal: Signal,
        publishing: Publishing | None = None,
    ) -> None:
        super().__init__()
        self._link, self._loads = Link(database, "committer"), Link(database, "committer loads")
        self._handlers, self._clock, self._signal = handlers, clock, signal
        self._snapshots = Snapshots(database, handlers.deciders)
        self._states, self._outcomes = States(handlers.deciders, codec, self._snapshots), Outcomes(codec)
        self._publishing = publishing or Publishing()
        self._contended = False
        self.batches = self.stale_batches = 0

    async def run(self) -> None:
        """Commit what waits, until cancelled; then what still waits is told that its outcome is unknown."""
        keeping = asyncio.create_task(self._snapshots.run(), name="snapshots")
        try:
            while True:
                await self.wake.wait()
                if self._contended:
                    await self._settle(self.take(BATCH_UNDER_LOCK))
                else:
                    await self._flow(self.take(min(BATCH, max(SHARE, self.running // 2))))
        finally:
            self.give_up()
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
            await self._link.close()
            await self._loads.close()

    async def _flow(self, pending: list[Pending]) -> None:
        """Append batch after batch while commands come in. What goes wrong is done again, one by one, by `_settle`."""
        attempt = await self._extended(_Attempt([], self._batch({})), pending)
        while attempt.pending:
            if attempt.batch is None:
                return await self._settle(attempt.pending)
            sending = asyncio.create_task(self._send(attempt.batch), name="append")
            try:
                following = await self._meanwhile(sending, attempt.batch)
                taken = await self._taken(attempt.batch, sending)
            finally:
                sending.cancel()  # when we are cancelled; its connection is ours until it has ended
                await asyncio.wait([sending])
            if not taken:  # and what was decided over it is void
                await self._settle(attempt.pending)
                return await self._settle(following.pending)
            attempt = following
        return None

    async def _meanwhile(self, sending: asyncio.Task[Appended], ahead: Batch) -> _Attempt:
        """Decide what comes in while a batch is being appended."""
        attempt = _Attempt([], self._batch(ahead.work))
        while not sending.done() and attempt.batch is not None and len(attempt.pending) < BATCH:
            coming = asyncio.create_task(self.wake.wait(), name="coming")
            try:
                await asyncio.wait([sending, coming], return_when=asyncio.FIRST_COMPLETED)
            finally:
                coming.cancel()
            await self._extended(attempt, self.take(BATCH - len(attempt.pending)))
        return attempt

    async def _extended(self, attempt: _Attempt, pending: list[Pending]) -> _Attempt:
        """The attempt with these decided, too; without a batch when one of them cannot be decided now."""
        attempt.pending += pending
        if pending and attempt.batch is not None:
            try:
                if await self._decide(await self._loads.get(), attempt.batch, pending):
                    attempt.batch = None
            except Exception as error:
                log.debug("commands are decided once more: %s", error)  # who does it says what is wrong
                attempt.batch = None
        return attempt

    async def _send(self, batch: Batch) -> Appended:
        connection = await self._link.get()
        failpoints.hit("committer.before_append")
        return await append(connection, batch.commands, batch.streams(), batch.rows, batch.now)

    async def _taken(self, batch: Batch, sending: asyncio.Task[Appended]) -> bool:
        """Whether the log took the batch; then its callers have their answers."""
        try:
            appended = await sending
            if appended.stale:
                self.stale_batches += 1
                self._contended = True
            if appended.done:
                await self._done(await self._link.get(), batch, appended)
        except Exception as error:
            log.debug("a batch is appended once more: %s", error)  # who does it says what is wrong
            return False
        return appended.done

    async def _settle(self, pending: list[Pending]) -> None:
        """Bring a batch to its end, whatever it takes: wait for the database, or find the command it refuses."""
        delay = BACKOFF_FIRST
        while pending:
            try:
                pending = await self._commit(await self._link.get(), pending)
            except Exception as error:
                self._states.clear()
                if is_transient(error):
                    log.warning("the database is away (%s); %d commands wait", error, len(pending))
                    await asyncio.sleep(delay)
                    delay = min(delay * 2, BACKOFF_MOST)
                elif len(pending) == 1:
                    log.error("a command cannot be appended", exc_info=error, extra={"action": "append_failed"})
                    fail(pending[0], error)
                    pending = []
                else:
                    middle = len(pending) // 2
                    await self._settle(pending[:middle])
                    pending = pending[middle:]

    async def _commit(self, connection: Connection, pending: list[Pending]) -> list[Pending]:
        """Append one batch; answers what is left to do of it."""
        batch = self._batch({})
        rest = await self._decide(connection, batch, pending)
        if self._contended:
            return await self._commit_under_lock(connection, pending, batch)
        appended = await self._send(batch)
        if appended.known:
            return await self._answer_known(connection, pending, appended.known)
        if appended.stale:
            self.stale_batches += 1
            return await self._commit_under_lock(connection, pending, batch)
        await self._done(connection, batch, appended)
        return rest

    async def _commit_under_lock(self, connection: Connection, pending: list[Pending], tried: Batch) -> list[Pending]:
        """Lock the log, bring the states up to date, decide, append, commit: nobody can make this stale."""
        pending, later = pending[:BATCH_UNDER_LOCK], pending[BATCH_UNDER_LOCK:]
        async with connection.transaction():
            await connection.execute(LOCK)
            self._contended = await self._states.refresh(connection, list(tried.work))
            while True:
                batch = self._batch({})
                rest = await self._decide(connection, batch, pending)
                appended = await append(connection, batch.commands, batch.streams(), batch.rows, batch.now)
                if not appended.stale:
                    break
                # Streams that the first try did not read.
                if not await self._states.refresh(connection, appended.stale):
                    raise LogCorrupted(f"the heads of {appended.stale} disagree with their events")
        if appended.known:
            return await self._answer_known(connection, pending, appended.known) + later
        await self._done(connection, batch, appended)
        return rest + later

    def _batch(self, ahead: Mapping[str, Work]) -> Batch:
        return Batch(self._states, self._handlers, self._publishing, self._clock.now(), ahead)

    async def _decide(self, connection: Connection, batch: Batch, pending: list[Pending]) -> list[Pending]:
        """Decide commands, reading what they need; answers those that had to be left for the next batch, if any."""
        batch.now, rest = self._clock.now(), pending
        for _ in range(MAX_LOADS):
            rest = rest[batch.decide(rest) :]
            if not rest:
                return []
            await self._states.refresh(connection, sorted(batch.missing))
        if rest[0] is pending[0]:
            error = RuntimeError(f"{type(rest[0].command).__name__} reads streams one after the other without end")
            batch.failed.append((rest[0], error))
            rest = rest[1:]
        return rest

    async def _done(self, connection: Connection, batch: Batch, appended: Appended) -> None:
        failpoints.hit("committer.after_append")
        self.batches += 1
        batch.remember()
        self._snapshots.note(batch.work)
        position = appended.base
        for (pending, result, events), count in zip(batch.outcomes, batch.commands.events, strict=True):
            position += count
            if not pending.future.done():
                pending.future.set_result(Answer(result, tuple(events), position))
        for event in batch.expired:
            alarm(event)
        if batch.rows.id:
            self._signal.appended(batch.rows.type)
        if batch.failed:
            await self._answer_failed(connection, batch)

    async def _answer_failed(self, connection: Connection, batch: Batch) -> None:
        """A command whose handler failed: as it was answered before, if it ever was; else with the failure."""
        ids = [pending.context.command_id for pending, _ in batch.failed]
        unknown = {
            one.context.command_id for one in await self._answer_known(connection, [p for p, _ in batch.failed], ids)
        }
        for pending, error in batch.failed:
            if pending.context.command_id in unknown:
                name = type(pending.command).__name__
                log.error("%s failed", name, exc_info=error, extra={"action": "decide_failed"})
                fail(pending, error)

    async def _answer_known(self, connection: Connection, pending: list[Pending], known: list[str]) -> list[Pending]:
        """Answer repeated commands as they were answered first; what remains is decided without them."""
        first = await self._outcomes.of(connection, known)
        for one in pending:
            command_id = one.context.command_id
            if command_id in first and not one.future.done():
                body_hash, answer = first[command_id]
                if body_hash == one.body_hash:
                    one.future.set_result(answer)
                else:
                    fail(one, IdempotencyKeyReused(field="Idempotency-Key"))
        return [one for one in pending if one.context.command_id not in first]
