"""The events of ballots and course sessions."""

from __future__ import annotations

from shared.contracts import welfare_courses as courses
from shared.contracts.event_type import EventType

_COURSE = {
    "course_id": "first_aid",
    "place_id": "S1",
    "starts_at": "2026-02-01T06:00:00Z",
    "ends_at": "2026-02-01T07:30:00Z",
    "capacity": 20,
}
_SESSION = {"session_id": "S1-0201-14", "member_id": "W01"}

EVENTS: tuple[EventType, ...] = (
    EventType(
        courses.VoteCast,
        "welfare",
        "intake",
        "A member has chosen courses in an app: counted until the ballot closes.",
        "member_id",
        {"ballot_id": "BL-1", "member_id": "W01", "choices": ["first_aid", "tea"]},
    ),
    EventType(
        courses.SessionRated,
        "welfare",
        "intake",
        "A member has rated a session that he has attended, by a scan or when he was called back.",
        "member_id",
        {**_SESSION, "stars": 5},
    ),
    EventType(
        courses.SessionAttended,
        "welfare",
        "published",
        "A member has attended a session: apps and call centres invite him to rate it.",
        "member_id",
        {
            **_SESSION,
            "course_id": "first_aid",
            "place_id": "S1",
            "attended_at": "2026-02-01T06:05:00Z",
            "rated_until": "2026-02-08T06:05:00Z",
        },
    ),
    EventType(
        courses.BallotOpened,
        "welfare",
        "published",
        "Members may vote for courses: apps show the ballot until it closes.",
        "ballot_id",
        {
            "ballot_id": "BL-1",
            "courses": [_COURSE],
            "max_choices": 1,
            "to_run": 1,
            "closes_at": "2026-01-25T10:00:00Z",
        },
        data_class="none",
    ),
)
