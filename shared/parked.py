"""What subscriptions have set aside: to look at, to have replayed, to drop. Any process may ask; the owner does it.

`parking.py` says how events come here. A drop is a fact in the log, with who and why, so that a rebuild leaves out what
was dropped, too.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import msgspec

from shared.answering import dropped_answer
from shared.clock import Clock, SystemClock
from shared.database import Connection
from shared.errors import LogCorrupted, ValidationFailed
from shared.log.append import Actor, Commands, Context, Loose, Rows, Streams, append
from shared.log.codec import derived_id, encode, event_id
from shared.waking import tell

INTAKE = "intake"  # the subscription whose events have publishers that wait for an answer
CATEGORY = "parked"  # of the streams of drops, one for each subscription


class ParkedRow(NamedTuple):
    """One event that waits to be replayed or dropped."""

    subscription: str
    version: int
    position: int
    event_id: str
    origin: str
    stream: str
    type: str
    error: str
    parked_at: datetime
    tries: int  # 0: it only waits behind another event of its stream
    wanted: str | None  # "replay" once that was asked for


class ParkedDropped(msgspec.Struct, frozen=True):
    """A parked event is not to be handled any more. The reason names no person."""

    subscription: str
    position: int
    event_id: str
    reason: str


LISTED = f"select {', '.join(ParkedRow._fields)} from parked"
# Locked first, in this order: nothing is parked or replayed from here to the commit.
SUBSCRIPTIONS = "select from subscription where name = %s order by version for no key update"
ASK = """update parked p set wanted = 'replay' where subscription = %(name)s
  and (%(stream)s::text is null or stream = %(stream)s)
  and (%(position)s::bigint is null or exists (
    select from parked a where a.subscription = p.subscription and a.version = p.version and a.stream = p.stream
      and a.position = %(position)s and p.position <= a.position))"""
DROP = "delete from parked where subscription = %s and position = %s returning event_id, origin, stream"
ANSWERED = "select from event where origin = '' and event_id = %s"
SOMEBODY_LOOKED = "update subscription set in_a_row = 0 where name = %s"
DROPPED = "select (data->>'position')::bigint from event where stream = %s and version > 0"


async def listed(connection: Connection, subscription: str | None = None) -> list[ParkedRow]:
    """All that is parked, in order; of one subscription if named."""
    where, values = ("", ()) if subscription is None else (" where subscription = %s", (subscription,))
    cursor = await connection.execute(f"{LISTED}{where} order by subscription, version, position", values)
    return [ParkedRow._make(row) for row in await cursor.fetchall()]


async def ask_replay(
    connection: Connection, subscription: str, *, stream: str | None = None, position: int | None = None
) -> int:
    """Have parked events handled again, in order: those of a stream, a position with what waits before it, or all.

    Answers how many. Their owner does it soon, stops each stream at its first failure, and what comes to a stream
    meanwhile is part of it.
    """
    async with connection.transaction():
        await connection.execute(SUBSCRIPTIONS, (subscription,))
        wanted = {"name": subscription, "stream": stream, "position": position}
        marked = (await connection.execute(ASK, wanted)).rowcount
    if marked:
        await _wake(connection)
    return marked


async def drop(
    connection: Connection, subscription: str, position: int, actor: str, reason: str, *, clock: Clock | None = None
) -> bool:
    """Give up a parked event for good; False when none is parked there. The reason is kept for ever: name no person.

    What waits behind it in its stream goes on waiting until a replay is asked for. A replay of a policy that is on its
    way at this very moment may still give the event's commands; a read table changes with the event or not at all.
    """
    if not reason.strip():
        raise ValidationFailed("a drop needs a reason", field="reason")
    async with connection.transaction():
        await connection.execute(SUBSCRIPTIONS, (subscription,))
        found = await (await connection.execute(DROP, (subscription, position))).fetchone()
        if found is None:
            return False
        await connection.execute(SOMEBODY_LOOKED, (subscription,))
        event = ParkedDropped(subscription, position, found[0], reason)
        answers = await _answers(connection, *found) if subscription == INTAKE else []
        await _record(connection, event, answers, actor, (clock or SystemClock()).now())
    await _wake(connection)
    return True


async def dropped(connection: Connection, subscription: str) -> set[int]:
    """Positions that this subscription, in whatever version, must leave out. Drops may come at any time: ask again."""
    cursor = await connection.execute(DROPPED, (f"{CATEGORY}-{subscription}",))
    return {position for (position,) in await cursor.fetchall()}


async def _answers(connection: Connection, event_id: str, source: str, stream: str) -> list[Loose]:
    """What the publisher of a dropped intake event is told, unless it has been told already what became of it."""
    answer = dropped_answer(source, event_id, stream.partition("/")[2])
    if (await (await connection.execute(ANSWERED, (answer.event_id,))).fetchone()) is not None:
        return []
    return [answer]


async def _record(
    connection: Connection, event: ParkedDropped, answers: list[Loose], actor: str, now: datetime
) -> None:
    """One more event of the subscription's drops. That it was recorded before is all right."""
    stream = f"{CATEGORY}-{event.subscription}"
    head = await (await connection.execute("select version from stream_head where stream = %s", (stream,))).fetchone()
    version = head[0] if head else 0
    command = derived_id("drop", event.subscription, str(event.position))
    meta = encode(Context(command, Actor("operator", actor), command, event.event_id))
    rows = Rows()
    rows.add(event_id(command, 0), CATEGORY, stream, version + 1, type(event).__name__, 1, encode(event), meta, now)
    for answer in answers:
        rows.add(answer.event_id, answer.category, answer.stream, None, answer.type, 1, answer.data, meta, now)
    commands = Commands([command], [b""], ['{"events":1,"outcome":"accepted"}'], [1 + len(answers)])
    appended = await append(connection, commands, Streams([stream], [version], [1]), rows, now)
    if appended.stale:
        raise LogCorrupted(f"the head of {stream} disagrees with its events")


async def _wake(connection: Connection) -> None:
    async with connection.transaction():
        await tell(connection, CATEGORY)
