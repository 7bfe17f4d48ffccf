"""What welfare takes and tells about ballots 点单 and course sessions."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StrictInt

from shared.contracts.model import Contract, Count, Flag, Id, Instant
from shared.contracts.welfare import Course

Choices = Annotated[list[Id], Field(min_length=1, max_length=50, description="Courses, the most wanted first.")]


class VoteCast(Contract):
    """A member has chosen courses (WF12). Intake; key: the member."""

    ballot_id: Id = Field(examples=["BL-1"])
    member_id: Id = Field(examples=["W01"])
    choices: Choices = Field(examples=[["first_aid", "tea"]])
    change: Flag = Field(default=False, description="These take the place of what the member has chosen before.")


class SessionRated(Contract):
    """How a member likes a session that he has attended (WF12): once, within seven days. Intake; key: the member."""

    session_id: Id = Field(description="The slot pool that he has booked.", examples=["S1-0201-14"])
    member_id: Id = Field(examples=["W01"])
    stars: Annotated[StrictInt, Field(ge=1, le=5)] = Field(examples=[5])
    via: Literal["scan", "callback"] = Field(
        default="scan", description="The member scanned the session's code, or was called back 回访."
    )
    rated_at: Instant | None = Field(
        default=None, description="The device's time. Given together with sent_at by an offline upload."
    )
    sent_at: Instant | None = Field(
        default=None, description="The device's time when it uploads; tells how wrong the device's clock is (K4)."
    )


class BallotOpened(Contract):
    """Members may vote for courses. Published; key: the ballot."""

    ballot_id: Id
    courses: list[Course]
    max_choices: Count = Field(description="For how many a member may vote.")
    to_run: Count = Field(description="How many of them will be held.")
    closes_at: Instant


class SessionAttended(Contract):
    """A member has attended a session of a course: he is invited to rate it. Published; key: the member."""

    session_id: Id
    member_id: Id
    course_id: Id
    place_id: Id
    attended_at: Instant
    rated_until: Instant = Field(description="Exclusive.")
