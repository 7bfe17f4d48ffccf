"""Review 队长审核: a person's answer to a report that nothing proved (PT3)."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias

import msgspec

from shared.decider import Command
from shared.errors import Refused

Verdict: TypeAlias = Literal["accept", "reject", "return"]


class Reviewer(msgspec.Struct, frozen=True):
    """Who answers. An officer may review reports of all teams, anybody else those of the team he leads."""

    id: str
    officer: bool


class ReviewReport(Command, frozen=True):
    """`code` says why, for the volunteer; an acceptance needs none."""

    report_id: str
    reviewer: Reviewer
    verdict: Verdict
    code: str
    now: datetime


class SelfReview(Refused):
    """Nobody reviews or voids his own report. Let the leader of the team or a union officer do it."""
