"""rota_week: who is chief on each day of a week, the gaps, misses and swaps; and the duties of one person."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, cast

from sqlalchemy import and_, func, or_, select

from shared.queries import View

from ..domain.shifts import ONE_DAY
from ..domain.working_days import DayKind, day_in
from .rota import CALENDAR, DUTY, GAP, OFFER, OVERRIDE, PERSON, STATION, SWAPS, Where

_DUTY_WITH_SWAPS = select(DUTY, func.coalesce(SWAPS.c.swaps, 0).label("swaps")).outerjoin(
    SWAPS, SWAPS.c.duty_id == DUTY.c.duty_id
)


def monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


async def week(view: View, day: date, where: Where, limit: int = 1, after: str = "") -> dict[str, Any]:
    """The week that holds a date, by station. A retired station has no rota."""
    days = [monday_of(day) + number * ONE_DAY for number in range(7)]
    wanted = [*where.conditions(), STATION.c.station_id > after, STATION.c.state != "retired"]
    query = select(STATION).where(*wanted).order_by(STATION.c.station_id).limit(limit)
    stations = list(await view.db.execute(query))
    chiefs, gaps = await _chiefs(view, [one.station_id for one in stations], days)
    kinds = await _working_days(view, days)
    shown = [
        {
            "station_id": station.station_id,
            "county": station.county,
            "state": station.state,
            "days": [
                _day(chiefs.get((station.station_id, one)), gaps.get((station.station_id, one)), kinds[one])
                for one in days
            ],
        }
        for station in stations
    ]
    return {
        "week_from": days[0],
        "stations": shown,
        "next": stations[-1].station_id if len(stations) == limit else None,
    }


_Days = dict[tuple[str, date], Any]


async def _chiefs(view: View, stations: list[str], days: list[date]) -> tuple[_Days, _Days]:
    of_week = _DUTY_WITH_SWAPS.where(
        DUTY.c.station_id.in_(stations),
        DUTY.c.day.between(days[0], days[-1]),
        DUTY.c.kind == "chief",
        DUTY.c.state != "cancelled",
    )
    chiefs = {(row.station_id, row.day): row for row in await view.db.execute(of_week)}
    told = select(GAP).where(GAP.c.station_id.in_(stations), GAP.c.day.between(days[0], days[-1]))
    return chiefs, {(row.station_id, row.day): row.told_at for row in await view.db.execute(told)}


def _day(duty: Any | None, told_at: datetime | None, working: Mapping[str, Any]) -> dict[str, Any]:
    """A gap is a date for which nobody is named; `unassigned_at` is when that was told, also if it was filled since."""
    named = {
        "chief": (duty.people or None) if duty else None,
        "duty_id": duty.duty_id if duty else None,
        "state": duty.state if duty else None,
        "deputy": duty.deputy if duty else None,
        "started_by": duty.started_by if duty else None,
        "missed_at": duty.missed_at if duty else None,
        "swaps": duty.swaps if duty else 0,
    }
    return {**working, **named, "gap": named["chief"] is None, "unassigned_at": told_at}


async def _working_days(view: View, days: list[date]) -> dict[date, dict[str, Any]]:
    """What each date is by the last version of the calendar."""
    version = select(func.max(CALENDAR.c.version)).scalar_subquery()
    rows = await view.db.execute(select(OVERRIDE).where(OVERRIDE.c.version == version, OVERRIDE.c.day.in_(days)))
    overrides = {row.day: cast("DayKind", row.kind) for row in rows}
    known = {day: day_in(overrides, day) for day in days}
    return {day: {"date": day, "kind": one.kind, "source": one.source} for day, one in known.items()}


async def working_days(view: View, first: date, count: int) -> list[dict[str, Any]]:
    return list((await _working_days(view, [first + number * ONE_DAY for number in range(count)])).values())


async def of_person(view: View, person_id: str, limit: int, before: int | None) -> dict[str, Any]:
    """The duties that a person is on or is asked to take over, newest in the rota first."""
    on_it = select(PERSON.c.duty_id).where(PERSON.c.person_id == person_id)
    asked = select(OFFER.c.duty_id).where(OFFER.c.to_person == person_id)
    wanted = [or_(DUTY.c.duty_id.in_(on_it), and_(DUTY.c.duty_id.in_(asked), DUTY.c.state == "assigned"))]
    wanted += [DUTY.c.number < before] if before is not None else []
    query = _DUTY_WITH_SWAPS.where(*wanted).order_by(DUTY.c.number.desc()).limit(limit)
    rows = list(await view.db.execute(query))
    offers = await _offers(view, [row.duty_id for row in rows if row.state == "assigned"])
    duties = [{**shown(row), "offers": offers.get(row.duty_id, [])} for row in rows]
    return {"duties": duties, "next": rows[-1].number if len(rows) == limit else None}


async def _offers(view: View, duties: list[str]) -> dict[str, list[dict[str, str]]]:
    """What is on offer; once a duty has begun or is over nothing is."""
    offers: dict[str, list[dict[str, str]]] = {}
    for row in await view.db.execute(select(OFFER).where(OFFER.c.duty_id.in_(duties)).order_by(OFFER.c.from_person)):
        offers.setdefault(row.duty_id, []).append({"from_person": row.from_person, "to_person": row.to_person})
    return offers


def shown(row: Any) -> dict[str, Any]:
    """A duty as it is answered."""
    told = {name: value for name, value in row._mapping.items() if name != "number"}
    return {**told, "people": row.people.split()}
