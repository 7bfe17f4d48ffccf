"""Erasing a subject: its key, its content and the fact that this was done, in one transaction.

The log is never rewritten: it holds references and keyed hashes only, which without the key say nothing. What is left
of the rows in the write-ahead log, in dead tuples and in backups is ciphertext; see docs/content.md for the keys there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import msgspec

from shared.clock import Clock
from shared.database import Connection, Database
from shared.deciding import Result
from shared.errors import IdempotencyKeyReused
from shared.log.append import LOCK, Commands, Context, Rows, Streams, append
from shared.log.codec import encode, event_id
from shared.log.read import COMMANDS, EVENTS
from shared.waking import Signal

Outcome: TypeAlias = Literal["accepted", "unchanged"]

CATEGORY = "content"
HOLD_KEY = "select key_id from content_key where subject = %s for update"  # whoever stores under it has ended, then
ERASE = """with erased as (delete from content where subject = %s returning ref)
  insert into content_erased (ref, erased_at) select ref, clock_timestamp() from erased on conflict (ref) do nothing"""
DROP_KEY = "delete from content_key where key_id = %s"


class ContentErased(msgspec.Struct, frozen=True):
    """All content of a subject was erased: how much there was, and why. The subject is a pseudonym, as everywhere."""

    subject: str
    refs: int
    reason: str


ERASED_TYPE = ContentErased.__name__
_fact = msgspec.json.Decoder(ContentErased)
_result = msgspec.json.Decoder(Result)


@dataclass(frozen=True)
class Erased:
    """What an erasure did; the same for every repeat of it."""

    outcome: Outcome
    refs: int
    position: int
    repeated: bool = False


class Eraser:
    """Erases content. Beside the committer the only writer of own events, by the same append."""

    def __init__(self, database: Database, clock: Clock, signal: Signal) -> None:
        self._database, self._clock, self._signal = database, clock, signal

    async def erase(self, subject: str, reason: str, context: Context, body_hash: bytes) -> Erased:
        """Erase all content of a subject. Nothing to erase is no fault, and leaves no event.

        Raises `IdempotencyKeyReused` when the command's id was used for another one.
        """
        async with self._database.borrowed() as connection, connection.transaction():
            await connection.execute(LOCK)  # as every append: the log's head first, then anything else
            known = await _known(connection, context.command_id, body_hash)
            if known is not None:
                return known
            refs = await _erased(connection, subject)
            fact = None if refs is None else ContentErased(subject, refs, reason)
            position = await self._append(connection, fact, context, body_hash)
        if fact is not None:
            self._signal.appended([ERASED_TYPE])
        return Erased("unchanged" if fact is None else "accepted", refs or 0, position)

    async def _append(
        self, connection: Connection, fact: ContentErased | None, context: Context, body_hash: bytes
    ) -> int:
        """Tell the log; answers the position after it. Under the lock nothing can be known or stale."""
        now = self._clock.now()
        rows, count = Rows(), 0 if fact is None else 1
        if fact is not None:
            identity, stream = event_id(context.command_id, 0), f"{CATEGORY}/{fact.subject}"
            rows.add(identity, CATEGORY, stream, None, ERASED_TYPE, 1, encode(fact), encode(context), now)
        result = encode(Result("unchanged" if fact is None else "accepted", count))
        commands = Commands([context.command_id], [body_hash], [result], [count])
        return (await append(connection, commands, Streams(), rows, now)).base + count


async def _erased(connection: Connection, subject: str) -> int | None:
    """Delete what is there of a subject; answers how many references there were, None when there was nothing.

    Only the key that is held is dropped: where there was none, one may come while we erase, and content under it.
    """
    held = await (await connection.execute(HOLD_KEY, (subject,))).fetchone()
    refs = (await connection.execute(ERASE, (subject,))).rowcount
    if held is not None:
        await connection.execute(DROP_KEY, held)
    return refs if refs or held else None


async def _known(connection: Connection, command_id: str, body_hash: bytes) -> Erased | None:
    row = await (await connection.execute(COMMANDS, ([command_id],))).fetchone()
    if row is None:
        return None
    if bytes(row[1]) != body_hash:
        raise IdempotencyKeyReused(field="Idempotency-Key")
    outcome: Outcome = "accepted" if _result.decode(row[2]).events else "unchanged"
    events: Sequence[tuple[object, ...]] = await (
        await connection.execute(EVENTS, ([event_id(command_id, 0)],))
    ).fetchall()
    refs = sum(_fact.decode(str(event[4])).refs for event in events)
    return Erased(outcome, refs, row[3], repeated=True)
