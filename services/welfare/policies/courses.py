"""What apps and devices tell about courses, what checkin's slot pools and bookings mean for them, and timers."""

from __future__ import annotations

from datetime import datetime

from shared.contracts.checkin_bookings import BookingAttended, SlotPoolClosed, SlotPoolOpened
from shared.contracts.welfare_courses import SessionRated, VoteCast
from shared.decider import Command
from shared.policies import Intake, Policies, Receipt, Timers

from ..domain.attendance import ATTENDANCE, RATING, EndRatingWait, NoteAttendance, RateSession
from ..domain.ballot import BALLOT, CLOSING, CloseBallot
from ..domain.device_time import moment_of
from ..domain.session import CancelSession, NoteSlot, Slot
from ..domain.vote import CastVote

INTAKE = Intake()
POLICIES = Policies()
TIMERS: Timers = {
    (BALLOT.category, CLOSING): lambda entity, ref, due_at: CloseBallot(entity, due_at),
    (ATTENDANCE.category, RATING): lambda entity, ref, due_at: EndRatingWait(entity, due_at),
}


@INTAKE.on(VoteCast)
def cast_vote(event: VoteCast, received: Receipt) -> Command:
    """A vote counts when it has reached us."""
    return CastVote(event.ballot_id, event.member_id, tuple(event.choices), received.received_at, event.change)


@INTAKE.on(SessionRated)
def rate_session(event: SessionRated, received: Receipt) -> Command:
    """K4: a device without network tells its own times."""
    moment = moment_of(event.rated_at, event.sent_at, received.received_at, "rated_at")
    rating = (event.session_id, event.member_id, event.stars, event.via, moment.at)
    return RateSession(*rating, received.received_at, moment.flags, received.intake)


@POLICIES.timed(SlotPoolOpened)
def when_slot_pool_opened(event: SlotPoolOpened, at: datetime) -> list[Command]:
    """A course's pool is a session; a campaign's can be made one."""
    if event.course_id is None and event.campaign_id is None:
        return []
    slot = Slot(event.place_id, event.starts_at, event.ends_at, event.capacity, event.campaign_id)
    return [NoteSlot(event.pool_id, slot, event.course_id or "", at)]


@POLICIES.timed(SlotPoolClosed)
def when_slot_pool_closed(event: SlotPoolClosed, at: datetime) -> list[Command]:
    return [CancelSession(event.pool_id, event.reason, at)]


@POLICIES.on(BookingAttended)
def when_booking_attended(event: BookingAttended) -> list[Command]:
    """Row 25."""
    if event.course_id is None and event.campaign_id is None:
        return []
    where = (event.course_id or "", event.place_id)
    return [NoteAttendance(event.pool_id, event.member_id, *where, event.attended_at)]
