"""Star reviews 星级评定 as people look at them: the figures so far and what they are worth, stars awarded, history.

So far: as if the period ended now, over patrols that are fulfilled or missed and demands that are closed or past their
deadline. Once the review may be closed nothing is open any more, and it is the score that closing gives.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Select, Table, exists, func, select

from shared.errors import NotFound
from shared.queries import View

from ..domain.period import Period
from ..domain.scoring import Tally, stars_for, terms
from ..domain.values import STANDARD_ITEMS
from .ratings import mean_of
from .reviews import ACTION, ANSWER, DEMAND, PATROL, RATING, RECTIFICATION, REVIEW, STATION

HISTORY = 20  # periods
COUNTS = ("ratings", "stars", "scheduled", "fulfilled", "missed", "due", "met", "overdue", "rated", "satisfied", "late")


async def of_station(view: View, station_id: str, period: Period, now: datetime) -> dict[str, Any]:
    """One station's review of a period, and its stars of others. Raises `NotFound`."""
    known = await view.db.execute(select(STATION).where(STATION.c.station_id == station_id))
    if known.first() is None:
        raise NotFound(f"no station is registered as {station_id}", field="station_id")
    (review,) = await _reviews(view, [station_id], period, now)
    times = {"begins": period.begins, "ends": period.ends, "close_from": period.close_from}
    past = select(REVIEW).where(REVIEW.c.station_id == station_id, REVIEW.c.stars.is_not(None))
    rows = await view.db.execute(past.order_by(REVIEW.c.period.desc()).limit(HISTORY))
    history = [{"period": row.period, "score_e2": row.score_e2, "stars": row.stars} for row in rows]
    return {**review, **times, "history": history}


class Where:
    """The stations of a union that are asked for; what is left out does not matter."""

    def __init__(self, org: str, county: str | None = None, city: str | None = None) -> None:
        self.conditions = [STATION.c.org == org]
        self.conditions += [STATION.c.county == county] if county is not None else []
        self.conditions += [STATION.c.city == city] if city is not None else []


async def of_stations(
    view: View, where: Where, period: Period, now: datetime, limit: int, after: str
) -> dict[str, Any]:
    """Reviews of one period by station, and for all of these stations together how many stars there were before."""
    page = select(STATION.c.station_id).where(*where.conditions, STATION.c.station_id > after)
    ids = list((await view.db.execute(page.order_by(STATION.c.station_id).limit(limit))).scalars())
    return {
        "period": period.name,
        "reviews": await _reviews(view, ids, period, now),
        "history": await _history(view, where),
        "next": ids[-1] if len(ids) == limit else None,
    }


async def _history(view: View, where: Where) -> list[dict[str, Any]]:
    """The latest periods first: how many stations have how many stars."""
    inside = select(STATION.c.station_id).where(*where.conditions)
    counts = [func.count().filter(REVIEW.c.stars == stars).label(f"stars_{stars}") for stars in range(1, 6)]
    query = select(REVIEW.c.period, func.count().label("scored"), *counts)
    scored = query.where(REVIEW.c.station_id.in_(inside), REVIEW.c.stars.is_not(None)).group_by(REVIEW.c.period)
    rows = await view.db.execute(scored.order_by(REVIEW.c.period.desc()).limit(HISTORY))
    return [
        {"period": row.period, "scored": row.scored, "stars": {str(n): row[n + 1] for n in range(1, 6)}} for row in rows
    ]


async def _reviews(view: View, ids: Sequence[str], period: Period, now: datetime) -> list[dict[str, Any]]:
    """In the order of the ids."""
    wanted = (REVIEW.c.station_id.in_(ids), REVIEW.c.period == period.name)
    rows = {row.station_id: row for row in await view.db.execute(select(REVIEW).where(*wanted))}
    counts = {station_id: dict.fromkeys(COUNTS, 0) for station_id in ids}
    for query in _counting(ids, period, now):
        for row in await view.db.execute(query):
            found = dict(row._mapping)
            counts[found.pop("station_id")].update(found)
    over = now >= period.close_from
    return [_shown(station_id, period, rows.get(station_id), counts[station_id], over) for station_id in ids]


def _counting(ids: Sequence[str], period: Period, now: datetime) -> list[Select[Any]]:
    """For each part of the figures, a query of its numbers by station."""

    def within(table: Table, *counts: Any) -> Select[Any]:
        of = table.c.station_id.in_(ids) & (table.c.period == period.name)
        return select(table.c.station_id, *counts).where(of).group_by(table.c.station_id)

    ratings = select(RATING.c.station_id, RATING.c.ratings, RATING.c.stars)
    done, due_to_be = PATROL.c.fulfilments > 0, ~PATROL.c.cancelled
    patrols = {"scheduled": due_to_be, "fulfilled": due_to_be & done, "missed": due_to_be & ~done & PATROL.c.missed}
    counted = [func.count().filter(which).label(name) for name, which in patrols.items()]
    due = func.count().filter((DEMAND.c.deadline <= now) | DEMAND.c.in_time.is_not(None)).label("due")
    closed = RECTIFICATION.c.closed_at
    overdue = select(RECTIFICATION.c.station_id, func.count().label("overdue")).where(
        RECTIFICATION.c.station_id.in_(ids),
        RECTIFICATION.c.due_at < period.ends,
        closed.is_(None) | (closed >= period.ends),
    )
    again = ANSWER.alias()
    same_case = [again.c[name] == ANSWER.c[name] for name in ("station_id", "period", "case_id")]
    replaced = exists().where(*same_case, again.c.round > ANSWER.c.round)  # GR7: by a later round
    answers = [func.sum(ANSWER.c[name]).label(name) for name in ("rated", "satisfied")]
    return [
        ratings.where(RATING.c.station_id.in_(ids), RATING.c.period == period.name),
        within(PATROL, *counted),
        within(DEMAND, due, func.count().filter(DEMAND.c.in_time).label("met")),
        overdue.group_by(RECTIFICATION.c.station_id),
        within(ANSWER, *answers).where(~replaced),
        within(ACTION, func.count().label("late")),
    ]


def _shown(station_id: str, period: Period, row: Any, counts: Mapping[str, int], over: bool) -> dict[str, Any]:
    """Once it is `over` a patrol of which nothing was heard counts as closing counts it."""
    failed = row.failed.split() if row is not None and row.failed is not None else None
    passed = 0 if failed is None else len(STANDARD_ITEMS) - len(failed)
    judged = counts["scheduled"] if over else counts["fulfilled"] + counts["missed"]
    figures = {**counts, "passed": passed, "scheduled": judged}
    tally = Tally(**{name: figures[name] for name in Tally.__struct_fields__})
    capped = list(STANDARD_ITEMS) if failed is None else failed
    score_e2 = terms(tally).score_e2
    scored = row is not None and row.stars is not None
    return {
        "station_id": station_id,
        "period": period.name,
        "state": "scored" if scored else "open",
        "inspection": None if failed is None else _inspection(row, failed),
        "so_far": {
            "score_e2": score_e2,
            "stars": stars_for(score_e2, capped=bool(capped)),
            "caps": capped,
            **_explained(tally),
        },
        "patrols_to_come": counts["scheduled"] - judged,
        "beside": {
            "answers": {"rated": counts["rated"], "satisfied": counts["satisfied"]},
            "actions_overdue": counts["late"],
        },
        "awarded": _award(row) if scored else None,
    }


def _inspection(row: Any, failed: Sequence[str]) -> dict[str, Any]:
    items = [{"code": code, "passed": code not in failed} for code in STANDARD_ITEMS]
    return {"at": row.inspected_at, "by": row.inspected_by, "items": items}


def _award(row: Any) -> dict[str, Any]:
    tally = msgspec.json.decode(row.tally, type=Tally)
    what = {"score_e2": row.score_e2, "stars": row.stars, "caps": row.caps.split(), **_explained(tally)}
    return {"at": row.awarded_at, "by": row.awarded_by, **what}


def _explained(tally: Tally) -> dict[str, Any]:
    """The figures of CK12 and what each gives."""
    return {
        "terms_e2": terms(tally)._asdict(),
        "mean_stars": mean_of(tally.stars, tally.ratings),
        "figures": msgspec.structs.asdict(tally),
    }
