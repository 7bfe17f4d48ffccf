"""Attendance 到课: one member at one session (row 25), and how he rates it: once, within seven days (WF12).

A rating that other systems tell may come before the attendance, as a desk without network tells later who has come. It
waits for that, and what nobody has attended is not rated.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, TypeAlias, assert_never, get_args

import msgspec

from shared.decider import Command, DeadlineCleared, DeadlineSet, Decider, DomainEvent, IntakeRef, WaitExpired
from shared.errors import NotFound

from . import refusals
from .values import RATING_WAIT, RATING_WINDOW

RATING = "rating"  # the timer of a rating that waits

Via: TypeAlias = Literal["scan", "callback"]


class NoteAttendance(Command, frozen=True):
    """A member has come to his booking (row 25). `now` is when. `course_id` is empty if the pool was for none."""

    session_id: str
    member_id: str
    course_id: str
    place_id: str
    now: datetime


class RateSession(Command, frozen=True):
    """`at` is when it was given. With `intake` it may wait for the attendance."""

    session_id: str
    member_id: str
    stars: int
    via: Via
    at: datetime
    now: datetime
    flags: tuple[str, ...] = ()
    intake: IntakeRef | None = None


class EndRatingWait(Command, frozen=True):
    """What the rating waits for should have been told by now."""

    attendance_id: str
    now: datetime


class SessionAttended(DomainEvent, frozen=True):
    session_id: str
    member_id: str
    course_id: str
    place_id: str

    @property
    def rated_until(self) -> datetime:
        """Exclusive."""
        return self.at + RATING_WINDOW


class SessionRated(DomainEvent, frozen=True):
    session_id: str
    member_id: str
    course_id: str
    stars: int
    via: Via
    flags: tuple[str, ...] = ()


class RatingWaits(DomainEvent, frozen=True):
    """It is a rating once the attendance is told."""

    session_id: str
    member_id: str
    stars: int
    via: Via
    flags: tuple[str, ...]
    intake: IntakeRef


AttendanceCommand: TypeAlias = NoteAttendance | RateSession | EndRatingWait
AttendanceEvent: TypeAlias = SessionAttended | SessionRated | RatingWaits | WaitExpired | DeadlineSet | DeadlineCleared


class Attendance(msgspec.Struct, frozen=True):
    """`waiting`: the rating that waits, or has waited in vain; then it is `set_aside` until somebody asks again."""

    attended: SessionAttended | None = None
    rated: bool = False
    waiting: RatingWaits | None = None
    set_aside: bool = False


def attendance_id(session_id: str, member_id: str) -> str:
    """The stream of a member at a session."""
    return f"{session_id}/{member_id}"


def decide(command: AttendanceCommand, attendance: Attendance) -> Sequence[AttendanceEvent]:
    match command:
        case NoteAttendance(session_id, member_id, course_id, place_id, now):
            if attendance.attended is not None:
                return []
            attended = SessionAttended(now, session_id, member_id, course_id, place_id)
            if attendance.waiting is None or attendance.set_aside:
                return [attended]
            return [attended, *_waited(attended, attendance.waiting, attendance.rated, now)]
        case RateSession():
            return _rated(command, attendance)
        case EndRatingWait(_, now):
            return _wait_over(attendance, now)
        case _:
            assert_never(command)


def _rated(command: RateSession, attendance: Attendance) -> Sequence[AttendanceEvent]:
    session_id, member_id, stars, via, at, now, flags, intake = msgspec.structs.astuple(command)
    attended = attendance.attended
    if attended is None:
        if intake is None:
            raise NotFound("The member has attended no session of this id.", field="session_id")
        if attendance.waiting is not None and not attendance.set_aside:
            raise refusals.RatingAlreadyGiven(field="session_id")
        waits = RatingWaits(at, session_id, member_id, stars, via, flags, intake)
        return [waits, DeadlineSet(now, RATING, "", now + RATING_WAIT)]
    if at >= attended.rated_until:
        raise refusals.RatingWindowClosed(field="session_id")
    if attendance.rated:
        raise refusals.RatingAlreadyGiven(field="session_id")
    return [SessionRated(at, session_id, member_id, attended.course_id, stars, via, flags)]


def _waited(attended: SessionAttended, waiting: RatingWaits, rated: bool, now: datetime) -> Sequence[AttendanceEvent]:
    """The rating that has waited, if it was in time and none was given meanwhile."""
    cleared = DeadlineCleared(now, RATING, "", "attended")
    if rated or waiting.at >= attended.rated_until:
        return [cleared]
    facts = (waiting.session_id, waiting.member_id, attended.course_id, waiting.stars, waiting.via, waiting.flags)
    return [SessionRated(waiting.at, *facts), cleared]


def _wait_over(attendance: Attendance, now: datetime) -> Sequence[AttendanceEvent]:
    """Given again when somebody wants it looked at again (`shared/waits.py`)."""
    attended, waiting = attendance.attended, attendance.waiting
    if waiting is None:
        return []
    if attended is not None:
        return _waited(attended, waiting, attendance.rated, now)
    return [WaitExpired(now, waiting.intake, "session_id", RATING, ""), DeadlineCleared(now, RATING, "", "in_vain")]


def evolve(attendance: Attendance, event: AttendanceEvent) -> Attendance:
    match event:
        case SessionAttended():
            return msgspec.structs.replace(attendance, attended=event)
        case SessionRated():
            return msgspec.structs.replace(attendance, rated=True, waiting=None, set_aside=False)
        case RatingWaits():
            return msgspec.structs.replace(attendance, waiting=event, set_aside=False)
        case WaitExpired():
            return msgspec.structs.replace(attendance, set_aside=True)
        case DeadlineSet() | DeadlineCleared():
            return attendance
        case _:
            assert_never(event)


ATTENDANCE: Decider[AttendanceCommand, AttendanceEvent, Attendance] = Decider(
    "attendance", Attendance(), decide, evolve, get_args(AttendanceEvent)
)
