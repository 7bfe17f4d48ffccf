"""Decide many, commit once: commands that wait together are decided together and appended by one short statement.

While PostgreSQL writes one batch the next is decided, over the states that the first will have left. A batch that read
something stale is done once more under the log's lock, so that contention between processes costs speed and never a
conflict. A lone caller is not delayed: a batch starts as soon as the one before it has ended.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from shared import failpoints
from shared.clock import Clock
from shared.database import Connection, Database, Link, is_transient
from shared.decider import Command, Handlers
from shared.deciding import Batch, Decided, Epilogue, Pending, Refusal, Result, Work
from shared.errors import IdempotencyKeyReused, LogCorrupted, Unavailable
from shared.log.append import Appended, Context, append
from shared.log.codec import Codec, event_id
from shared.log.read import COMMANDS, EVENTS
from shared.log.states import States
from shared.publishing import Publishing
from shared.waking import Signal

log = logging.getLogger(__name__)

BATCH = 1_000  # commands decided together
SHARE = 64  # of fewer, all are one batch; of more that wait, one half is decided while the other is written
BATCH_UNDER_LOCK = 300  # fewer, as everybody waits for the lock meanwhile
QUEUE = 20_000  # commands waiting; one more is told to come back
MAX_LOADS = 16  # rounds of reading states for one batch
# A process that hangs under the lock loses its transaction after two seconds.
LOCK = "set local idle_in_transaction_session_timeout = '2s'; select position from log_head where id = 1 for update"
BACKOFF_FIRST, BACKOFF_MOST = 0.05, 2.0  # seconds, while the database is away

_result = msgspec.json.Decoder(Result)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command led to; the same for every repeat of it."""

    result: Result
    events: tuple[Decided, ...]
    position: int
    repeated: bool = False

    @property
    def refusal(self) -> Refusal | None:
        return self.result.refusal


@dataclass(slots=True)
class _Attempt:
    """Commands to be one batch, and that batch; without it they are to be settled with care."""

    pending: list[Pending]
    batch: Batch | None


class Committer:
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
        self._link, self._loads = Link(database, "committer"), Link(database, "committer loads")
        self._handlers, self._codec, self._clock, self._signal = handlers, codec, clock, signal
        self._states = States(handlers.deciders, codec)
        self._publishing = publishing or Publishing()
        self._waiting: deque[Pending] = deque()
        self._running: dict[str, Pending] = {}
        self._wake = asyncio.Event()
        self._contended = self._stopped = False
        self.batches = self.stale_batches = 0

    @property
    def idle(self) -> bool:
        return not self._running

    async def drained(self) -> None:
        """Wait until every command that was given has its outcome."""
        while self._running:
            await asyncio.wait([pending.future for pending in self._running.values()])

    async def submit(
        self,
        command: Command,
        context: Context,
        *,
        body_hash: bytes = b"",
        if_match: tuple[str, int] | None = None,
    ) -> Answer:
        """Decide and append one command; the same id again gives the same answer, also while it is still running.

        Raises `IdempotencyKeyReused` when the id was used for another body, and `Unavailable` when too many wait.
        """
        return await asyncio.shield(self.enqueue(command, context, body_hash=body_hash, if_match=if_match))

    def enqueue(
        self,
        command: Command,
        context: Context,
        *,
        body_hash: bytes = b"",
        if_match: tuple[str, int] | None = None,
        epilogue: Epilogue | None = None,
    ) -> asyncio.Future[Answer]:
        """Like `submit`, without waiting. Commands are decided in the order in which they are given here."""
        running = self._running.get(context.command_id)
        if running is not None and running.body_hash == body_hash:
            return running.future
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        pending = Pending(command, context, body_hash, future, if_match, epilogue)
        if running is not None:
            self._fail(pending, IdempotencyKeyReused())
        elif len(self._running) >= QUEUE or self._stopped:
            self._fail(pending, Unavailable("too many commands wait" if not self._stopped else "the service stops"))
        else:
            self._running[context.command_id] = pending
            future.add_done_callback(lambda _: self._running.pop(context.command_id, None))
            self._waiting.append(pending)
            self._wake.set()
        return future

    async def run(self) -> None:
        """Commit what waits, until cancelled; then what still waits is told that its outcome is unknown."""
        try:
            while True:
                await self._wake.wait()
                if self._contended:
                    await self._settle(self._take(BATCH_UNDER_LOCK))
                else:
                    await self._flow(self._take(min(BATCH, max(SHARE, len(self._running) // 2))))
        finally:
            self._stopped = True
            for pending in list(self._running.values()):
                self._fail(pending, Unavailable("the service stops; repeat the command with the same key"))
            await self._link.close()
            await self._loads.close()

    def _take(self, most: int) -> list[Pending]:
        batch = [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]
        if not self._waiting:
            self._wake.clear()
        return batch

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
            coming = asyncio.create_task(self._wake.wait(), name="coming")
            try:
                await asyncio.wait([sending, coming], return_when=asyncio.FIRST_COMPLETED)
            finally:
                coming.cancel()
            await self._extended(attempt, self._take(BATCH - len(attempt.pending)))
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
                    self._fail(pending[0], error)
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
                if not await self._states.refresh(
                    connection, appended.stale
                ):  # streams that the first try did not read
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
        position = appended.base
        for (pending, result, events), count in zip(batch.outcomes, batch.commands.events, strict=True):
            position += count
            if not pending.future.done():
                pending.future.set_result(Answer(result, tuple(events), position))
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
                self._fail(pending, error)

    async def _answer_known(self, connection: Connection, pending: list[Pending], known: list[str]) -> list[Pending]:
        """Answer repeated commands as they were answered first; what remains is decided without them."""
        rows = await (await connection.execute(COMMANDS, (known,))).fetchall()
        first = {command_id: (body_hash, _result.decode(result), at) for command_id, body_hash, result, at in rows}
        events = await self._events(connection, {c: result.events for c, (_, result, _) in first.items()})
        for one in pending:
            command_id = one.context.command_id
            if command_id in first and not one.future.done():
                body_hash, result, position = first[command_id]
                if body_hash == one.body_hash:
                    one.future.set_result(Answer(result, events[command_id], position, repeated=True))
                else:
                    self._fail(one, IdempotencyKeyReused())
        return [one for one in pending if one.context.command_id not in first]

    async def _events(self, connection: Connection, counts: dict[str, int]) -> dict[str, tuple[Decided, ...]]:
        ids = {command: [event_id(command, i) for i in range(count)] for command, count in counts.items()}
        wanted = [identity for some in ids.values() for identity in some]
        found: dict[str, Decided] = {}
        if wanted:
            for identity, stream, version, name, data in await (await connection.execute(EVENTS, (wanted,))).fetchall():
                entity = stream.partition("-")[2]
                found[identity] = Decided(identity, entity, version, self._codec.decode(name, data))
        return {command: tuple(found[identity] for identity in some) for command, some in ids.items()}

    @staticmethod
    def _fail(pending: Pending, error: BaseException) -> None:
        if not pending.future.done():
            pending.future.set_exception(error)
            pending.future.exception()  # seen here, so that a caller that went away leaves no warning
