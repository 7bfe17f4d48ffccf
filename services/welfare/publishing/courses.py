"""What others are told about courses: what is voted on, what has won, and who may rate. Votes are told to nobody."""

from __future__ import annotations

from msgspec.structs import asdict

from shared.contracts import welfare, welfare_courses
from shared.publishing import Publishing

from ..domain.attendance import SessionAttended
from ..domain.ballot import BallotClosed, BallotOpened, Course

PUBLISHING = Publishing()


@PUBLISHING.on(BallotOpened)
def ballot_opened(event: BallotOpened, ballot_id: str) -> welfare_courses.BallotOpened:
    return welfare_courses.BallotOpened(
        ballot_id=ballot_id,
        courses=[_course(course) for course in event.courses],
        max_choices=event.max_choices,
        to_run=event.to_run,
        closes_at=event.closes_at,
    )


@PUBLISHING.on(BallotClosed)
def ballot_closed(event: BallotClosed, ballot_id: str) -> welfare.BallotClosed:
    """Row 24."""
    return welfare.BallotClosed(ballot_id=ballot_id, winners=[_course(course) for course in event.winners])


@PUBLISHING.on(SessionAttended, key=lambda event, _entity: event.member_id)
def session_attended(event: SessionAttended, entity: str) -> welfare_courses.SessionAttended:
    """Row 25: a rating is invited."""
    return welfare_courses.SessionAttended(
        session_id=event.session_id,
        member_id=event.member_id,
        course_id=event.course_id,
        place_id=event.place_id,
        attended_at=event.at,
        rated_until=event.rated_until,
    )


def _course(course: Course) -> welfare.Course:
    return welfare.Course(**asdict(course))
