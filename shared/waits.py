"""Waits that run out: what arrived before its cause, and whose cause was not told before its deadline.

A wait is a state of the domain with a deadline (`DeadlineSet`), no trick of a queue: the cause ends it whenever it
comes. If the deadline comes first, the timer's command decides `WaitExpired`. With it, in the same append, go a row of
the quarantine and an answer to the publisher: the event was accepted, and now it is set aside.

A replay sets that timer once more, due at once. Its command looks for the cause again: it goes on, or runs out anew.
"""

from __future__ import annotations

import logging
from typing import NamedTuple

import msgspec

from shared.answering import ANSWER, quarantine_rows
from shared.contracts.answers import IntakeAnswered, RecordQuarantined
from shared.database import Connection
from shared.decider import IntakeRef, WaitExpired
from shared.errors import CauseMissing, NotFound
from shared.log.append import Context, Loose
from shared.log.codec import derived_id, encode

log = logging.getLogger(__name__)

WAIT = "wait"  # category and stream prefix of rows that resume a wait

EXPIRED = """select category, stream, data::text, meta::text from event
  where origin = '' and event_id = %s and type = 'WaitExpired'"""
TOLD = "select data::text from event where origin = %s and event_id = %s"


class WaitResumed(msgspec.Struct, frozen=True):
    """An operator wants a wait that has run out looked at again; its timer is set, due when this was recorded."""

    intake: IntakeRef
    category: str
    stream: str
    timer: str
    ref: str


class ExpiredWait(NamedTuple):
    """A wait that has run out: where, why, and the context that it has in common with what it waited for."""

    category: str
    stream: str
    event: WaitExpired
    context: Context


def expired_rows(event: WaitExpired, identity: str) -> list[Loose]:
    """What is recorded beside it: the row of the quarantine, under the event's own id, and the publisher's answer."""
    intake = event.intake
    note = RecordQuarantined(
        ref=identity,
        source=intake.source,
        id=intake.id,
        code=CauseMissing.code,
        field=event.field,
        remedy=CauseMissing.message(),
    )
    return quarantine_rows(note, (intake.source, intake.id), intake.subject, retry=True)


def alarm(event: WaitExpired) -> None:
    """Ids and names of fields only."""
    intake, message = event.intake, "%s of %s waited for what its %s names until %s, and is quarantined"
    log.error(message, intake.id, intake.source, event.field, event.at, extra={"action": "cause_missing"})


async def expired_wait(connection: Connection, ref: str) -> ExpiredWait:
    """The wait that a row of the quarantine is about. Raises `NotFound`."""
    found = await (await connection.execute(EXPIRED, (ref,))).fetchone()
    if found is None:
        raise NotFound(f"no wait has run out as {ref}")
    category, stream, data, meta = found
    event = msgspec.json.decode(data, type=WaitExpired)
    return ExpiredWait(category, stream, event, msgspec.json.decode(meta, type=Context))


async def told(connection: Connection, intake: IntakeRef) -> str | None:
    """The data of the event that waited; None where it came by HTTP, as only its effects are in the log."""
    found = await (await connection.execute(TOLD, (intake.source, intake.id))).fetchone()
    return None if found is None else str(found[0])


def resumed_rows(wait: ExpiredWait, ref: str) -> list[Loose]:
    """A replay: the timer is set again, and the publisher is told that its event is accepted once more."""
    intake = wait.event.intake
    resumed = WaitResumed(intake, wait.category, wait.stream, wait.event.timer, wait.event.ref)
    answer = IntakeAnswered(source=intake.source, id=intake.id, status="accepted").canonical().decode()
    answer_id, answered = derived_id("answer again", ref), f"{ANSWER}/{intake.subject}"
    return [
        Loose(derived_id("resumed", ref), WAIT, f"{WAIT}/{wait.stream}", WaitResumed.__name__, encode(resumed)),
        Loose(answer_id, ANSWER, answered, IntakeAnswered.__name__, answer),
    ]
