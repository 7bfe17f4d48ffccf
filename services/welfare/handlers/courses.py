"""Ballots, votes, sessions and ratings."""

from __future__ import annotations

from msgspec.structs import replace

from shared.decider import Changes, Draft, Handlers, Read
from shared.errors import NotFound

from ..domain.attendance import ATTENDANCE, EndRatingWait, NoteAttendance, RateSession, attendance_id
from ..domain.ballot import BALLOT, CloseBallot, CountVote, OpenBallot, check_choices
from ..domain.member import MEMBER
from ..domain.session import SESSION, CancelSession, NoteSlot, ScheduleSession
from ..domain.vote import VOTE, CastVote, vote_id

HANDLERS = Handlers(BALLOT, VOTE, MEMBER, SESSION, ATTENDANCE)
HANDLERS.each(BALLOT, "ballot_id", OpenBallot, CloseBallot)
HANDLERS.each(SESSION, "session_id", NoteSlot, ScheduleSession, CancelSession)
HANDLERS.each(ATTENDANCE, "attendance_id", EndRatingWait)


@HANDLERS.on(CastVote)
def cast_vote(command: CastVote, read: Read) -> Changes:
    """WF12 in the order of K10: who, whether it is open, what he has voted before. Vote and counts change together."""
    draft, ballot_id, now = Draft(read), command.ballot_id, command.now
    member = draft.state(MEMBER, command.member_id)
    member.check()
    if member.trade is None:
        raise NotFound("No member of this id is known here yet.", field="member_id")
    check_choices(draft.state(BALLOT, ballot_id).check_open(now), command.choices)
    vote = vote_id(ballot_id, command.member_id)
    before = draft.state(VOTE, vote)
    if draft.decide(VOTE, vote, command):
        added = tuple(one for one in command.choices if one not in before)
        dropped = tuple(one for one in before if one not in command.choices)
        draft.decide(BALLOT, ballot_id, CountVote(ballot_id, added, dropped, not before, now))
    return draft.changes


@HANDLERS.on(NoteAttendance)
def note_attendance(command: NoteAttendance, read: Read) -> Changes:
    """Row 25. Of a pool that is for no course, only those count that staff have made a session."""
    draft = Draft(read)
    course_id = command.course_id or draft.state(SESSION, command.session_id).course_id
    if course_id:
        attendance = attendance_id(command.session_id, command.member_id)
        draft.decide(ATTENDANCE, attendance, replace(command, course_id=course_id))
    return draft.changes


@HANDLERS.on(RateSession)
def rate_session(command: RateSession, read: Read) -> Changes:
    """WF12. Only what can have been attended by now is waited for."""
    draft = Draft(read)
    attendance = attendance_id(command.session_id, command.member_id)
    attended = draft.state(ATTENDANCE, attendance).attended is not None
    if not attended and not draft.state(SESSION, command.session_id).begun(command.at):
        command = replace(command, intake=None)
    draft.decide(ATTENDANCE, attendance, command)
    return draft.changes
