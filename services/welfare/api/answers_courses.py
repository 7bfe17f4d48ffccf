"""Answers about ballots, votes, sessions and their quality."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from shared.answers import Found, Moment, NextId, NextNumber

Hundredths = Annotated[str | None, Field(description="Exact to a hundredth, half up.", examples=["4.25"])]


class BallotState(BaseModel):
    """A ballot, and how many have voted."""

    ballot_id: str
    opened_at: Moment
    closes_at: Moment
    closed_at: Moment | None
    max_choices: int
    to_run: int
    voters: int
    state: Literal["open", "closed"]


class Ballots(Found):
    """A page of ballots, the last opened first."""

    ballots: list[BallotState]
    next: NextNumber


class CourseResult(BaseModel):
    """A course of a ballot. Votes, rank and whether it is held are null until the ballot has closed."""

    course_id: str
    place_id: str
    starts_at: Moment
    ends_at: Moment
    capacity: int
    rank: int | None
    votes: int | None
    won: bool | None
    session_id: str | None = Field(description="Of a course that has won, once its places can be booked.")


class Ballot(Found, BallotState):
    """A ballot and its courses; by rank once it is closed."""

    courses: list[CourseResult]


class CourseCount(BaseModel):
    """A course, and how many have chosen it by now."""

    course_id: str
    votes: int


class Counts(Found, BallotState):
    """How the votes stand."""

    counts: list[CourseCount]


class OwnVote(BaseModel):
    """What a member has chosen in a ballot."""

    ballot_id: str
    choices: list[str]
    cast_at: Moment
    changed_at: Moment | None


class Votes(Found):
    """A page of a member's votes, the last first."""

    votes: list[OwnVote]
    next: NextNumber


class ByVia(BaseModel):
    """Ratings that came one way."""

    rated: int
    mean: Hundredths


class ByVias(BaseModel):
    """By scan, and by call-back 回访."""

    scan: ByVia
    callback: ByVia


class Figures(BaseModel):
    """How many have come, how many of them have rated, and how."""

    attended: int
    rated: int
    rated_percent: Hundredths = Field(description="Of those who have come.")
    stars: int = Field(description="All together.")
    mean: Hundredths
    by_via: ByVias


class SessionState(Figures):
    """A session of a course, and how it was rated."""

    session_id: str
    course_id: str
    place_id: str
    campaign_id: str | None = Field(description="Only who has a voucher of it could book.")
    starts_at: Moment
    ends_at: Moment
    capacity: int
    reason: str | None = Field(description="Why it was called off.")
    state: Literal["scheduled", "held", "cancelled"] = Field(description="It is held as soon as somebody has come.")


class Session(Found, SessionState):
    """One session, and the position that it was read at."""


class Sessions(Found):
    """A page of sessions, by their time."""

    sessions: list[SessionState]
    next: NextId


class Attended(BaseModel):
    """A session that a member has attended, and how he has rated it."""

    session_id: str
    course_id: str
    place_id: str
    attended_at: Moment
    rated_until: Moment = Field(description="Exclusive.")
    stars: int | None
    via: Literal["scan", "callback"] | None
    rated_at: Moment | None


class Attendance(Attended):
    """The same, and who it was."""

    member_id: str


class Attendances(Found):
    """A page of those who have come to a session, by member."""

    attendances: list[Attendance]
    next: NextId


class OwnAttendance(Attended):
    """The same, and whether the member may rate it now."""

    invited: bool


class AttendedSessions(Found):
    """A page of what a member has attended, the last told first."""

    attended: list[OwnAttendance]
    next: NextNumber


class Sums(Figures):
    """Of many sessions. A session is held when somebody has come."""

    sessions: int
    held: int
    cancelled: int


class PeriodSums(Sums):
    """Of the sessions that began on these days."""

    from_: date = Field(alias="from")
    to: date = Field(description="The day after the last.")


class Change(BaseModel):
    """From one period to another; null where either has no ratings."""

    mean: Hundredths = Field(description="In stars.")
    percent: Hundredths = Field(description="Of what the mean was before.", examples=["30.00"])


class Quality(Found, PeriodSums):
    """A period's figures, and what has changed since another one, if that was asked for."""

    before: PeriodSums | None
    change: Change | None


class CourseSums(Sums):
    """Of one course."""

    course_id: str


class QualityByCourse(Found):
    """A page of figures by course."""

    courses: list[CourseSums]
    next: NextId
