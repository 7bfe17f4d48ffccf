"""Session 场次: a course held once, at one place and time. It is a slot pool of checkin's, where members book (row 24).

A pool for a course is a session as soon as checkin tells of it. A pool for what a campaign gives, as a health check for
the members of a list, becomes one when staff say so: until then only its facts are noted here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypeAlias, assert_never, get_args

import msgspec

from shared.decider import Command, Decider, DomainEvent
from shared.errors import IdempotencyKeyReused, NotFound, ValidationFailed


class Slot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where and when, for how many; for whom, if only members with a voucher of a campaign may book."""

    place_id: str
    starts_at: datetime
    ends_at: datetime
    capacity: int
    campaign_id: str | None = None


class NoteSlot(Command, frozen=True):
    """Checkin has opened a pool. `course_id` is empty for what is none yet."""

    session_id: str
    slot: Slot
    course_id: str
    now: datetime


class ScheduleSession(Command, frozen=True):
    """A campaign's slot is a session of this course: who attends may rate it."""

    session_id: str
    course_id: str
    now: datetime


class CancelSession(Command, frozen=True):
    """Checkin has called its pool off. Who had come has come."""

    session_id: str
    reason: str
    now: datetime


class SlotNoted(DomainEvent, frozen=True):
    slot: Slot


class SessionScheduled(DomainEvent, frozen=True):
    course_id: str
    slot: Slot


class SessionCancelled(DomainEvent, frozen=True):
    reason: str


SessionCommand: TypeAlias = NoteSlot | ScheduleSession | CancelSession
SessionEvent: TypeAlias = SlotNoted | SessionScheduled | SessionCancelled


class Session(msgspec.Struct, frozen=True):
    """It is a session once it has a course."""

    slot: Slot | None = None
    course_id: str = ""
    cancelled: bool = False

    def begun(self, moment: datetime) -> bool:
        return bool(self.course_id) and self.slot is not None and moment >= self.slot.starts_at


def decide(command: SessionCommand, session: Session) -> Sequence[SessionEvent]:
    match command:
        case NoteSlot(_, slot, course_id, now):
            if session.slot is not None:
                return []
            return [SessionScheduled(now, course_id, slot) if course_id else SlotNoted(now, slot)]
        case ScheduleSession(_, course_id, now):
            return _scheduled(session, course_id, now)
        case CancelSession(_, reason, now):
            return [] if session.slot is None or session.cancelled else [SessionCancelled(now, reason)]
        case _:
            assert_never(command)


def _scheduled(session: Session, course_id: str, now: datetime) -> Sequence[SessionEvent]:
    """Until it begins, as whoever came before it was a session has attended none."""
    if session.slot is None:
        raise NotFound("Checkin has told of no slot of a campaign under this id.", field="session_id")
    if session.course_id == course_id:
        return []
    if session.course_id:
        raise IdempotencyKeyReused("This slot is a session of another course.", field="course_id")
    if session.cancelled or now >= session.slot.starts_at:
        raise ValidationFailed("The slot was called off or has begun: choose another one.", field="session_id")
    return [SessionScheduled(now, course_id, session.slot)]


def evolve(session: Session, event: SessionEvent) -> Session:
    match event:
        case SlotNoted(slot=slot):
            return msgspec.structs.replace(session, slot=slot)
        case SessionScheduled(course_id=course_id, slot=slot):
            return msgspec.structs.replace(session, slot=slot, course_id=course_id)
        case SessionCancelled():
            return msgspec.structs.replace(session, cancelled=True)
        case _:
            assert_never(event)


SESSION: Decider[SessionCommand, SessionEvent, Session] = Decider(
    "session", Session(), decide, evolve, get_args(SessionEvent)
)
