"""patrol_coverage: patrols of each station and week by kind: scheduled, fulfilled, missed (CK11).

Scheduled are duties, not rounds: reports beyond the first change nothing (E15). What is cancelled was not scheduled.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import Date, cast, func, select

from shared.queries import View

from .rota import DUTY, STATION, Where
from .rota_week import monday_of

KINDS = ("patrol_daily", "patrol_weekly", "patrol_special")


async def coverage(view: View, first: date, last: date, where: Where, limit: int, after: str = "") -> dict[str, Any]:
    """From the week of one date to that of another, by station, then week; a station without patrols has no weeks."""
    begins, ends = monday_of(first), monday_of(last) + timedelta(days=7)
    wanted = [*where.conditions(), STATION.c.station_id > after]
    page = select(STATION.c.station_id).where(*wanted).order_by(STATION.c.station_id).limit(limit)
    stations = list((await view.db.execute(page)).scalars())
    week = cast(func.date_trunc("week", DUTY.c.day), Date).label("week_from")
    counted = select(
        DUTY.c.station_id,
        week,
        DUTY.c.kind,
        func.count().label("scheduled"),
        func.count().filter(DUTY.c.state == "fulfilled").label("fulfilled"),
        func.count().filter(DUTY.c.state == "missed").label("missed"),
        func.count().filter(DUTY.c.state == "missed", DUTY.c.report_id.is_not(None)).label("reported_late"),
    ).where(
        DUTY.c.station_id.in_(stations),
        DUTY.c.kind.in_(KINDS),
        DUTY.c.day >= begins,
        DUTY.c.day < ends,
        DUTY.c.state != "cancelled",
    )
    rows = await view.db.execute(counted.group_by(DUTY.c.station_id, week, DUTY.c.kind).order_by(week, DUTY.c.kind))
    by_station: dict[str, list[dict[str, Any]]] = {station: [] for station in stations}
    for row in rows:
        figures = dict(row._mapping)
        by_station[figures.pop("station_id")].append(figures)
    shown = [{"station_id": station, "weeks": weeks} for station, weeks in by_station.items()]
    return {"stations": shown, "next": stations[-1] if len(stations) == limit else None}
