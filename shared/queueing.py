"""Commands that wait for their outcome, in the order in which they were given, and each id once."""

from __future__ import annotations

import asyncio
from collections import deque

from shared.decider import Command
from shared.deciding import Epilogue, Pending
from shared.errors import IdempotencyKeyReused, Unavailable
from shared.log.append import Context
from shared.outcomes import Answer

QUEUE = 20_000  # commands waiting; one more is told to come back


class Queue:
    """What callers see of the committer."""

    def __init__(self) -> None:
        self._waiting: deque[Pending] = deque()
        self._running: dict[str, Pending] = {}
        self.wake = asyncio.Event()  # set while commands wait
        self._stopped = False

    @property
    def running(self) -> int:
        """How many commands have no outcome yet."""
        return len(self._running)

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
            fail(pending, IdempotencyKeyReused(field="Idempotency-Key"))
        elif len(self._running) >= QUEUE or self._stopped:
            fail(pending, Unavailable("too many commands wait" if not self._stopped else "the service stops"))
        else:
            self._running[context.command_id] = pending
            future.add_done_callback(lambda _: self._running.pop(context.command_id, None))
            self._waiting.append(pending)
            self.wake.set()
        return future

    def take(self, most: int) -> list[Pending]:
        """The next commands to be decided, at most so many."""
        batch = [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]
        if not self._waiting:
            self.wake.clear()
        return batch

    def give_up(self) -> None:
        """Take no more, and tell all that wait that their outcome is unknown."""
        self._stopped = True
        for pending in list(self._running.values()):
            fail(pending, Unavailable("the service stops; repeat the command with the same key"))


def fail(pending: Pending, error: BaseException) -> None:
    """End a command without an outcome."""
    if not pending.future.done():
        pending.future.set_exception(error)
        pending.future.exception()  # seen here, so that a caller that went away leaves no warning
