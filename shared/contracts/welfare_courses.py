"""What welfare takes and tells about ballots 点单 and course sessions."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from shared.contracts.model import Contract, Count, Flag, Id, Instant
from shared.contracts.welfare import Course

Choices = Annotated[list[Id], Field(min_length=1, max_length=50, description="Courses, the most wanted first.")]


class VoteCast(Contract):
    """A member has chosen courses (WF12). Intake; key: the member."""

    ballot_id: Id = Field(examples=["BL-1"])
    member_id: Id = Field(examples=["W01"])
    choices: Choices = Field(examples=[["first_aid", "tea"]])
    change: Flag = Field(default=False, description="These take the place of what the member has chosen before.")


class BallotOpened(Contract):
    """Members may vote for courses. Published; key: the ballot."""

    ballot_id: Id
    courses: list[Course]
    max_choices: Count = Field(description="For how many a member may vote.")
    to_run: Count = Field(description="How many of them will be held.")
    closes_at: Instant
