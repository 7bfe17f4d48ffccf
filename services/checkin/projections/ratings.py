"""ratings: what visitors thought of a station, in stars. A voided visit takes its rating with it."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sqlalchemy import Column, DateTime, Index, Integer, Text, func, select

from shared.log.read import Recorded
from shared.projecting import Drop, Projection, Put, RowChange
from shared.queries import View

from ..domain.visits import VisitRated, VisitVoided
from .scope import Days

RATINGS = Projection("ratings", 1)
RATING = RATINGS.table(
    "rating",
    Column("visit_id", Text, primary_key=True),
    Column("station_id", Text, nullable=False),
    Column("rated_at", DateTime(timezone=True), nullable=False),
    Column("stars", Integer, nullable=False),
)
Index("rating_v1_station", RATING.c.station_id, RATING.c.rated_at)


@RATINGS.on(VisitRated)
def visit_rated(event: VisitRated, row: Recorded) -> list[RowChange]:
    rating = {"visit_id": event.visit_id, "station_id": event.station_id, "rated_at": event.at, "stars": event.stars}
    return [Put(RATING, rating)]


@RATINGS.on(VisitVoided)
def visit_voided(event: VisitVoided, row: Recorded) -> list[RowChange]:
    return [Drop(RATING, {"visit_id": event.visit_id})]


async def of_station(view: View, station_id: str, wanted: Days) -> dict[str, Any]:
    """How many gave how many stars in these days, and the mean, half-up to a hundredth; none where nobody rated."""
    query = select(RATING.c.stars, func.count()).where(
        RATING.c.station_id == station_id, RATING.c.rated_at >= wanted.begins, RATING.c.rated_at < wanted.ends
    )
    found = await view.db.execute(query.group_by(RATING.c.stars))
    counts: dict[int, int] = {row[0]: row[1] for row in found}
    ratings, total = sum(counts.values()), sum(stars * count for stars, count in counts.items())
    by_stars = {str(stars): counts.get(stars, 0) for stars in range(1, 6)}
    return {"station_id": station_id, "ratings": ratings, "mean": mean_of(total, ratings), "stars": by_stars}


def mean_of(total: int, ratings: int) -> str | None:
    """Half-up to a hundredth."""
    return str((Decimal(total) / ratings).quantize(Decimal("0.01"), ROUND_HALF_UP)) if ratings else None
