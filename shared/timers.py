"""Deadlines: `DeadlineSet` and `DeadlineCleared` are facts in the log, the timer table is their projection.

A due timer becomes a command with `now` = its due time and an id derived from the very `DeadlineSet`, so it has its
effect once however often it fires, never before its time, and after an outage not before what reached us in time
(`catching_up.py`). With the command a `TimerFired` is appended, whatever was decided; only the projection removes
rows. So a rebuild, or a crash between firing and removal, resurrects nothing.

A timer whose command fails is not parked, as no event is at fault: it stays due, loudly, and is tried again now and
then, while the others fire. A deadline that cannot go into the table is parked as in any other read table.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Column, DateTime, Table, Text, select

from shared import failpoints
from shared.catching_up import CatchingUp
from shared.clock import Clock
from shared.committer import Committer
from shared.database import Database, is_transient
from shared.decider import DeadlineCleared, DeadlineSet
from shared.deciding import Result
from shared.leases import Lease
from shared.log.append import Actor, Context, Loose
from shared.log.codec import Codec, derived_id, encode
from shared.log.read import Page, Recorded
from shared.outcomes import Answer
from shared.policies import Timers
from shared.projecting import Drop, Projection, Put, RowChange
from shared.versions import Version
from shared.waits import WaitResumed

log = logging.getLogger(__name__)

FIRED_AT_ONCE = 500
LOOK_AGAIN = 0.05  # seconds between looks when the table keeps changing
LOOK = 0.25  # seconds between looks at the clock, which may be moved at any time
TRY_AGAIN = 30.0  # seconds between tries of a timer whose command fails


class Due(NamedTuple):
    """A timer whose time has come."""

    stream: str
    name: str
    ref: str
    category: str
    due_at: datetime
    set_by: str
    correlation_id: str
    org: str


class TimerFired(msgspec.Struct, frozen=True):
    """A due timer's command has had its outcome."""

    stream: str
    name: str
    ref: str
    set_by: str


def timers_of(version: int) -> Projection:
    """The timers as a release with this version of them has them."""
    projection = Projection("timers", version)
    table = projection.table(
        "timer",
        Column("stream", Text, primary_key=True),
        Column("name", Text, primary_key=True),
        Column("ref", Text, primary_key=True),
        Column("category", Text, nullable=False),
        Column("due_at", DateTime(timezone=True), nullable=False, index=True),
        Column("set_by", Text, nullable=False),  # the id of the event that set it
        Column("correlation_id", Text, nullable=False),
        Column("org", Text, nullable=False),
    )
    rules: dict[type[Any], Callable[[Table, Any, Recorded], list[RowChange]]]
    rules = {DeadlineSet: _set, DeadlineCleared: _cleared, TimerFired: _gone, WaitResumed: _resumed}
    projection.rules.update({kind.__name__: partial(rule, table) for kind, rule in rules.items()})
    return projection


def _set(table: Table, event: DeadlineSet, row: Recorded) -> list[RowChange]:
    key = {"stream": row.stream, "name": event.name, "ref": event.ref}
    return [Put(table, {**key, "category": row.category, "due_at": event.due_at, **_set_by(row)})]


def _cleared(table: Table, event: DeadlineCleared, row: Recorded) -> list[RowChange]:
    return [Drop(table, {"stream": row.stream, "name": event.name, "ref": event.ref})]


def _gone(table: Table, event: TimerFired, row: Recorded) -> list[RowChange]:
    """Only the timer that fired goes: its command may have set another one of the same name."""
    key = {"stream": event.stream, "name": event.name, "ref": event.ref}
    return [Drop(table, {**key, "set_by": event.set_by})]


def _resumed(table: Table, event: WaitResumed, row: Recorded) -> list[RowChange]:
    """A wait that has run out is looked at again: its timer is due at once."""
    key = {"stream": event.stream, "name": event.timer, "ref": event.ref}
    return [Put(table, {**key, "category": event.category, "due_at": row.occurred_at, **_set_by(row)})]


def _set_by(row: Recorded) -> dict[str, str]:
    context = row.context()
    return {"set_by": row.event_id, "correlation_id": context.correlation_id, "org": context.org}


TIMERS = timers_of(1)


class TimerLoop:
    """Keeps the timer table and fires what is due. One owner at a time, by the subscription's lease."""

    def __init__(
        self,
        database: Database,
        committer: Committer,
        codec: Codec,
        clock: Clock,
        rules: Timers,
        timers: Projection = TIMERS,
        catching_up: CatchingUp | None = None,
    ) -> None:
        self._catching_up = catching_up
        self._database, self._committer, self._clock, self._rules = database, committer, clock, rules
        self.version = Version(timers, codec)
        (self._table,) = timers.metadata.sorted_tables
        self._due = f"""select {", ".join(Due._fields)} from {self._table.name}
          where due_at <= %b and set_by <> all (%b::text[]) order by due_at limit %b""".encode()
        self._looked = -LOOK_AGAIN
        self._failing: dict[str, float] = {}  # which, and until when it is left alone

    @property
    def types(self) -> list[str]:
        return self.version.projection.types

    async def work(self, lease: Lease, page: Page) -> None:
        await self.version.work(lease, page)

    async def tick(self, lease: Lease) -> float:
        """Called when the table is up to date, also many times a second: looks, and says when to call again."""
        if (wait := self._looked + LOOK_AGAIN - time.monotonic()) > 0:
            return wait
        self._looked = time.monotonic()
        if not await self.version.live(lease):  # the live version's owner fires
            return LOOK_AGAIN
        if self._catching_up is not None and not await self._catching_up.done(lease):
            return LOOK
        if await self.fire(lease) == 0:
            return LOOK
        # There may be more, or these have set the next, as daily ones do: fired as soon as the table knows of these.
        self._looked = -LOOK_AGAIN
        return 0.0

    async def fire(self, lease: Lease) -> int:
        """Fire what is due, and say how many there were. Raises transient trouble; then some may have been fired."""
        connection, now = await lease.link.get(), time.monotonic()
        self._failing = {timer: until for timer, until in self._failing.items() if until > now}
        wanted = (self._clock.now(), list(self._failing), FIRED_AT_ONCE)
        due = [Due._make(row) for row in await (await connection.execute(self._due, wanted, prepare=True)).fetchall()]
        answers = await asyncio.gather(*[self._give(timer) for timer in due], return_exceptions=True)
        for timer, answer in zip(due, answers, strict=True):
            self._judge(timer, answer)
        if due:
            failpoints.hit("timer.after_fire")
        return len(due)

    @property
    def trouble(self) -> str | None:
        """Whether commands of timers fail."""
        return f"{len(self._failing)} due timers cannot be fired" if self._failing else None

    def _judge(self, timer: Due, answer: Answer | BaseException) -> None:
        if isinstance(answer, Exception) and not is_transient(answer):
            self._failing[timer.set_by] = time.monotonic() + TRY_AGAIN
            message, more = "the timer %s, due at %s, cannot be fired", {"action": "timer_failed"}
            log.error(message, timer.name, timer.due_at, exc_info=answer, extra=more)
        elif isinstance(answer, BaseException):
            raise answer
        elif answer.refusal is not None and not answer.repeated:
            log.warning("a timer's command was refused: %s", answer.refusal.code, extra={"action": "timer_refused"})

    async def due(self) -> bool:
        """Whether any timer is due that has not been fired."""
        async with self._database.engine.connect() as db:
            columns = self._table.c
            found = await db.execute(select(columns.stream).where(columns.due_at <= self._clock.now()).limit(1))
            return found.first() is not None

    async def _give(self, timer: Due) -> Answer:
        entity = timer.stream[len(timer.category) + 1 :]
        command = self._rules[timer.category, timer.name](entity, timer.ref, timer.due_at)
        command_id = derived_id("timer", timer.set_by)
        actor = Actor("timer", timer.name)
        context = Context(command_id, actor, timer.correlation_id, timer.set_by, None, timer.org)
        fired = TimerFired(timer.stream, timer.name, timer.ref, timer.set_by)
        return await self._committer.enqueue(command, context, epilogue=partial(_fired, fired, command_id))


def _fired(timer: TimerFired, command_id: str, _result: Result) -> Loose:
    return Loose(derived_id("fired", command_id), "timer", f"timer/{timer.stream}", "TimerFired", encode(timer))
