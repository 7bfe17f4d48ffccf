"""Answers about star reviews."""

from __future__ import annotations

from typing import Literal, TypeAlias

from pydantic import BaseModel, Field

from shared.answers import Found, Moment, NextId

from ..domain.review import Stage

HUNDREDTHS = "In hundredths of a point."
Stars: TypeAlias = Literal["1", "2", "3", "4", "5"]


class ItemFound(BaseModel):
    """One item of the standard, as it was found."""

    code: str
    passed: bool


class InspectionFound(BaseModel):
    """The last inspection."""

    at: Moment
    by: str
    items: list[ItemFound]


class ScoreTerms(BaseModel):
    """What each part gives to the score, in hundredths of a point."""

    standard: int
    stars: int
    patrols: int
    demands: int
    overdue: int = Field(description="0 or less.")


class ScoreFigures(BaseModel):
    """What was counted in the period."""

    passed: int = Field(description="Items of the standard that passed.")
    ratings: int
    stars: int = Field(description="The sum of all ratings.")
    scheduled: int = Field(description="Patrols that count.")
    fulfilled: int
    due: int = Field(description="Demands that were due or are closed.")
    met: int = Field(description="Of them, those closed in time.")
    overdue: int = Field(description="Rectifications that were overdue when the period ended.")


class Score(BaseModel):
    """A score, and how it is made."""

    score_e2: int = Field(description=HUNDREDTHS)
    stars: int
    caps: list[str] = Field(description="Items that did not pass, which cap the stars.")
    terms_e2: ScoreTerms
    mean_stars: str | None = Field(description="Rounded to a hundredth; null: nobody rated.", examples=["4.67"])
    figures: ScoreFigures


class Award(Score):
    """The stars that were awarded, for good."""

    at: Moment
    by: str


class AnswersRated(BaseModel):
    """What workers thought of the answers to their cases."""

    rated: int
    satisfied: int


class BesideTheScore(BaseModel):
    """What is shown and counts for nothing."""

    answers: AnswersRated
    actions_overdue: int


class ReviewRow(BaseModel):
    """A station's review of a period."""

    station_id: str
    period: str = Field(examples=["2026-Q1"])
    state: Stage
    inspection: InspectionFound | None = Field(description="null: there was none yet.")
    so_far: Score
    patrols_to_come: int
    beside: BesideTheScore
    awarded: Award | None


class PastReview(BaseModel):
    """The stars of a period."""

    period: str
    score_e2: int = Field(description=HUNDREDTHS)
    stars: int


class StationReview(Found, ReviewRow):
    """A station's review, its times, and its stars in other periods."""

    begins: Moment
    ends: Moment
    close_from: Moment = Field(description="From when on it may be closed.")
    history: list[PastReview]


class PastReviews(BaseModel):
    """How many stations had how many stars in a period."""

    period: str
    scored: int
    stars: dict[Stars, int]


class StationReviews(Found):
    """A page of reviews of one period, by station."""

    period: str
    reviews: list[ReviewRow]
    history: list[PastReviews] = Field(description="The latest first.")
    next: NextId
