"""reviews: what counts for each station's stars 星级评定 in each period, inspections, and stars awarded (CK12)."""

from __future__ import annotations

from typing import Any, assert_never

import msgspec
from sqlalchemy import Boolean, Column, DateTime, Index, Integer, Text

from shared.log.read import Recorded
from shared.projecting import Add, Projection, Put, RowChange

from ..domain.overdue import OverdueNoted, SettledNoted
from ..domain.review import StandardInspected, StarRatingAwarded
from ..domain.standing import (
    ActionOverdueNoted,
    AnswerRatingNoted,
    DemandClosingNoted,
    DemandNoted,
    PatrolNoted,
    RatingCounted,
    RatingTakenBack,
)
from ..domain.station import StationRegistered

REVIEWS = Projection("reviews", 1)


def _of_period(*more: Column[Any]) -> tuple[Column[Any], ...]:
    return Column("station_id", Text, primary_key=True), Column("period", Text, primary_key=True), *more


STATION = REVIEWS.table(
    "review_station",
    Column("station_id", Text, primary_key=True),
    Column("org", Text, nullable=False),
    Column("city", Text, nullable=False),
    Column("county", Text, nullable=False),
)
REVIEW = REVIEWS.table(
    "review",
    *_of_period(),
    Column("inspected_at", DateTime(timezone=True)),
    Column("inspected_by", Text),
    Column("failed", Text),  # items, by spaces
    Column("awarded_at", DateTime(timezone=True)),
    Column("awarded_by", Text),
    Column("score_e2", Integer),
    Column("stars", Integer),
    Column("caps", Text),  # by spaces
    Column("tally", Text),  # what the score was made from, as JSON
)
RATING = REVIEWS.table(
    "review_rating",
    *_of_period(),
    Column("ratings", Integer, nullable=False),
    Column("stars", Integer, nullable=False),
)
PATROL = REVIEWS.table(
    "review_patrol",
    *_of_period(Column("duty_id", Text, primary_key=True)),
    Column("missed", Boolean, nullable=False, server_default="false"),
    Column("cancelled", Boolean, nullable=False, server_default="false"),
    Column("fulfilments", Integer, nullable=False, server_default="0"),
)
DEMAND = REVIEWS.table(
    "review_demand",
    *_of_period(Column("demand_id", Text, primary_key=True)),
    Column("deadline", DateTime(timezone=True)),
    Column("in_time", Boolean),  # once it is closed
)
ANSWER = REVIEWS.table(
    "review_answer",
    *_of_period(Column("case_id", Text, primary_key=True), Column("round", Integer, primary_key=True)),
    Column("rated", Integer, nullable=False),
    Column("satisfied", Integer, nullable=False),
)
ACTION = REVIEWS.table("review_action", *_of_period(Column("proposal_id", Text, primary_key=True)))
RECTIFICATION = REVIEWS.table(
    "review_rectification",
    Column("station_id", Text, primary_key=True),
    Column("rectification_id", Text, primary_key=True),
    Column("due_at", DateTime(timezone=True)),  # when it is overdue
    Column("closed_at", DateTime(timezone=True)),
)
Index("review_v1_period", REVIEW.c.period, REVIEW.c.station_id)


@REVIEWS.on(StationRegistered)
def station_registered(event: StationRegistered, row: Recorded) -> list[RowChange]:
    place = {"org": event.org_id, "city": event.city, "county": event.county}
    return [Put(STATION, {"station_id": event.station_id, **place})]


@REVIEWS.on(StandardInspected)
def standard_inspected(event: StandardInspected, row: Recorded) -> list[RowChange]:
    failed = " ".join(item.code for item in event.items if not item.passed)
    return [Put(REVIEW, {**_key(event), "inspected_at": event.at, "inspected_by": event.by, "failed": failed})]


@REVIEWS.on(StarRatingAwarded)
def star_rating_awarded(event: StarRatingAwarded, row: Recorded) -> list[RowChange]:
    award = {"awarded_at": event.at, "awarded_by": event.by, "score_e2": event.score_e2, "stars": event.stars}
    why = {"caps": " ".join(event.caps), "tally": msgspec.json.encode(event.tally).decode()}
    return [Put(REVIEW, {**_key(event), **award, **why})]


@REVIEWS.on(RatingCounted)
def rating_counted(event: RatingCounted, row: Recorded) -> list[RowChange]:
    return [Add(RATING, {**_key(event), "ratings": 1, "stars": event.stars})]


@REVIEWS.on(RatingTakenBack)
def rating_taken_back(event: RatingTakenBack, row: Recorded) -> list[RowChange]:
    return [Add(RATING, {**_key(event), "ratings": -1, "stars": -event.stars})]


@REVIEWS.on(PatrolNoted)
def patrol_noted(event: PatrolNoted, row: Recorded) -> list[RowChange]:
    patrol = {**_key(event), "duty_id": event.duty_id}
    match event.note:
        case "scheduled":
            return [Put(PATROL, patrol)]
        case "fulfilled" | "revoked":
            return [Add(PATROL, {**patrol, "fulfilments": 1 if event.note == "fulfilled" else -1})]
        case "missed" | "cancelled":
            return [Put(PATROL, {**patrol, event.note: True})]
        case _:
            assert_never(event.note)


@REVIEWS.on(DemandNoted)
def demand_noted(event: DemandNoted, row: Recorded) -> list[RowChange]:
    return [Put(DEMAND, {**_key(event), "demand_id": event.demand_id, "deadline": event.deadline})]


@REVIEWS.on(DemandClosingNoted)
def demand_closing_noted(event: DemandClosingNoted, row: Recorded) -> list[RowChange]:
    return [Put(DEMAND, {**_key(event), "demand_id": event.demand_id, "in_time": event.in_time})]


@REVIEWS.on(AnswerRatingNoted)
def answer_rating_noted(event: AnswerRatingNoted, row: Recorded) -> list[RowChange]:
    answer = {**_key(event), "case_id": event.case_id, "round": event.round}
    return [Add(ANSWER, {**answer, "rated": 1, "satisfied": int(event.satisfied)})]


@REVIEWS.on(ActionOverdueNoted)
def action_overdue_noted(event: ActionOverdueNoted, row: Recorded) -> list[RowChange]:
    return [Put(ACTION, {**_key(event), "proposal_id": event.proposal_id})]


@REVIEWS.on(OverdueNoted)
def overdue_noted(event: OverdueNoted, row: Recorded) -> list[RowChange]:
    return [Put(RECTIFICATION, {**_rectification(event), "due_at": event.at})]


@REVIEWS.on(SettledNoted)
def settled_noted(event: SettledNoted, row: Recorded) -> list[RowChange]:
    return [Put(RECTIFICATION, {**_rectification(event), "closed_at": event.at})]


def _key(event: Any) -> dict[str, str]:
    return {"station_id": event.station_id, "period": event.period}


def _rectification(event: OverdueNoted | SettledNoted) -> dict[str, str]:
    return {"station_id": event.station_id, "rectification_id": event.rectification_id}
