"""session_quality: sessions of courses, who has come, and how they are rated, exactly to a hundredth of a star."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from fractions import Fraction
from math import floor
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    DateTime,
    Index,
    Integer,
    Select,
    Text,
    and_,
    case,
    func,
    select,
)

from shared.clock import CHINA
from shared.errors import ValidationFailed
from shared.log.read import Recorded
from shared.projecting import Add, Projection, Put, RowChange, Set
from shared.queries import View

from ..domain.attendance import SessionAttended, SessionRated
from ..domain.session import SessionCancelled, SessionScheduled

SESSION_QUALITY = Projection("session_quality", 1)
SESSION = SESSION_QUALITY.table(
    "session",
    Column("session_id", Text, primary_key=True),
    Column("org_id", Text, nullable=False),
    Column("course_id", Text, nullable=False),
    Column("place_id", Text, nullable=False),
    Column("campaign_id", Text),
    Column("starts_at", DateTime(timezone=True), nullable=False),
    Column("ends_at", DateTime(timezone=True), nullable=False),
    Column("capacity", Integer, nullable=False),
    Column("reason", Text),  # why it was called off, if it was
)
Index("session_v1_time", SESSION.c.org_id, SESSION.c.starts_at, SESSION.c.session_id)
Index("session_v1_place", SESSION.c.place_id, SESSION.c.starts_at)
HEADS = SESSION_QUALITY.table(
    "session_heads",
    Column("session_id", Text, primary_key=True),
    Column("attended", Integer, nullable=False),
)
RATINGS = SESSION_QUALITY.table(
    "session_ratings",
    Column("session_id", Text, primary_key=True),
    Column("via", Text, primary_key=True),
    Column("rated", Integer, nullable=False),
    Column("stars", Integer, nullable=False),  # all together
)
ATTENDANCE = SESSION_QUALITY.table(
    "attendance",
    Column("member_id", Text, primary_key=True),
    Column("session_id", Text, primary_key=True),
    Column("place", BigInteger, nullable=False),  # in the log, by which they are listed
    Column("course_id", Text, nullable=False),
    Column("place_id", Text, nullable=False),
    Column("attended_at", DateTime(timezone=True), nullable=False),
    Column("rated_until", DateTime(timezone=True), nullable=False),
    Column("stars", Integer),
    Column("via", Text),
    Column("rated_at", DateTime(timezone=True)),
)
Index("attendance_v1_member", ATTENDANCE.c.member_id, ATTENDANCE.c.place)
Index("attendance_v1_session", ATTENDANCE.c.session_id, ATTENDANCE.c.member_id)


@SESSION_QUALITY.on(SessionScheduled)
def scheduled(event: SessionScheduled, row: Recorded) -> list[RowChange]:
    names = ("place_id", "campaign_id", "starts_at", "ends_at", "capacity")
    who = {"session_id": row.entity, "org_id": row.context().org, "course_id": event.course_id}
    return [Put(SESSION, {**who, **{name: getattr(event.slot, name) for name in names}, "reason": None})]


@SESSION_QUALITY.on(SessionCancelled)
def cancelled(event: SessionCancelled, row: Recorded) -> list[RowChange]:
    return [Set(SESSION, {"session_id": row.entity, "reason": event.reason})]


@SESSION_QUALITY.on(SessionAttended)
def attended(event: SessionAttended, row: Recorded) -> list[RowChange]:
    names = ("member_id", "session_id", "course_id", "place_id", "rated_until")
    unrated = {"stars": None, "via": None, "rated_at": None}
    came = {**{name: getattr(event, name) for name in names}, "attended_at": event.at, "place": row.position, **unrated}
    return [Add(HEADS, {"session_id": event.session_id, "attended": 1}), Put(ATTENDANCE, came)]


@SESSION_QUALITY.on(SessionRated)
def rated(event: SessionRated, row: Recorded) -> list[RowChange]:
    key = {"member_id": event.member_id, "session_id": event.session_id}
    sums = {"session_id": event.session_id, "via": event.via, "rated": 1, "stars": event.stars}
    given = {"stars": event.stars, "via": event.via, "rated_at": event.at}
    return [Add(RATINGS, sums), Set(ATTENDANCE, {**key, **given})]


class Period(NamedTuple):
    """Sessions that begin on these days of China's calendar (K1): from the first up to the one after the last."""

    first: date
    after: date

    @property
    def span(self) -> tuple[datetime, datetime]:
        begins, ends = (datetime(one.year, one.month, one.day, tzinfo=CHINA) for one in self)
        return begins, ends


FIRST, LAST, MOST_DAYS = date(2000, 1, 1), date(2999, 12, 31), 731  # two years, so that one can be told from another


def period(first: date, after: date, names: tuple[str, str] = ("from", "to")) -> Period:
    """Raises `ValidationFailed` when it is no time, too long a one, or not of this age."""
    if not FIRST <= first <= LAST:
        raise ValidationFailed(f"A day is from {FIRST} to {LAST}.", field=names[0])
    if not timedelta(0) < after - first <= timedelta(days=MOST_DAYS):
        raise ValidationFailed(f"It is the day after the last, at most {MOST_DAYS} days on.", field=names[1])
    return Period(first, after)


class Wanted(NamedTuple):
    """Which sessions; what is None does not matter."""

    org_id: str
    course_id: str | None = None
    place_id: str | None = None
    campaign_id: str | None = None

    def within(self, when: Period) -> list[ColumnElement[bool]]:
        begins, ends = when.span
        given = [SESSION.c[name] == value for name, value in self._asdict().items() if value is not None]
        return [*given, SESSION.c.starts_at >= begins, SESSION.c.starts_at < ends]


VIA = ("scan", "callback")
_rated = {via: func.sum(case((RATINGS.c.via == via, RATINGS.c.rated), else_=0)).label(f"rated_{via}") for via in VIA}
_stars = {via: func.sum(case((RATINGS.c.via == via, RATINGS.c.stars), else_=0)).label(f"stars_{via}") for via in VIA}
_BY_SESSION = select(RATINGS.c.session_id, *_rated.values(), *_stars.values()).group_by(RATINGS.c.session_id).subquery()
_FIGURES = [name for via in VIA for name in (f"rated_{via}", f"stars_{via}")]


def counted() -> Select[Any]:
    """Sessions, with how many came, rated, and gave stars."""
    attended = func.coalesce(HEADS.c.attended, 0).label("attended")
    figures = [func.coalesce(_BY_SESSION.c[name], 0).label(name) for name in _FIGURES]
    joined = SESSION.outerjoin(HEADS, HEADS.c.session_id == SESSION.c.session_id)
    joined = joined.outerjoin(_BY_SESSION, _BY_SESSION.c.session_id == SESSION.c.session_id)
    return select(SESSION, attended, *figures).select_from(joined)


def _summed(wanted: Wanted, when: Period, *by: str) -> Select[Any]:
    found = counted().where(and_(*wanted.within(when))).subquery()
    columns = [found.c[name] for name in by]
    held = func.count(case((found.c.attended > 0, 1))).label("held")
    cancelled = func.count(found.c.reason).label("cancelled")
    sums = [func.coalesce(func.sum(found.c[name]), 0).label(name) for name in ("attended", *_FIGURES)]
    return select(*columns, func.count().label("sessions"), held, cancelled, *sums).group_by(*columns)


async def quality(view: View, wanted: Wanted, when: Period) -> dict[str, Any]:
    """How many sessions and visits there were, and how they were rated."""
    row = (await view.db.execute(_summed(wanted, when))).one()
    return {"from": when.first, "to": when.after, **shown(row._mapping)}


async def by_course(view: View, wanted: Wanted, when: Period, limit: int, after: str | None) -> dict[str, Any]:
    """The same, course by course."""
    query = _summed(wanted, when, "course_id").order_by("course_id").limit(limit)
    if after is not None:
        query = query.where(query.selected_columns.course_id > after)
    rows = [{"course_id": row.course_id, **shown(row._mapping)} for row in await view.db.execute(query)]
    return {"courses": rows, "next": rows[-1]["course_id"] if len(rows) == limit else None}


def change(before: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    """By how much the mean has changed since: in stars, and in percent of what it was (W7). None without ratings."""
    means = [Fraction(one["stars"], one["rated"]) if one["rated"] else None for one in (before, now)]
    old, new = means
    if old is None or new is None:
        return {"mean": None, "percent": None}
    return {"mean": hundredths(new - old), "percent": hundredths((new - old) / old * 100)}


def shown(row: Mapping[str, Any]) -> dict[str, Any]:
    """Figures of one session or of many, with the means."""
    rated = {via: int(row[f"rated_{via}"]) for via in VIA}
    stars = {via: int(row[f"stars_{via}"]) for via in VIA}
    names = [name for name in ("sessions", "held", "cancelled") if name in row]
    total = sum(rated.values())
    attended = int(row["attended"])
    return {
        **{name: int(row[name]) for name in names},
        "attended": attended,
        "rated": total,
        "rated_percent": hundredths(Fraction(total * 100, attended)) if attended else None,
        "stars": sum(stars.values()),
        "mean": mean(sum(stars.values()), total),
        "by_via": {via: {"rated": rated[via], "mean": mean(stars[via], rated[via])} for via in VIA},
    }


def mean(stars: int, rated: int) -> str | None:
    return hundredths(Fraction(stars, rated)) if rated else None


def hundredths(value: Fraction) -> str:
    """Rounded half up, away from zero."""
    exact = floor(abs(value) * 100 + Fraction(1, 2))
    return f"{'-' if value < 0 and exact else ''}{exact // 100}.{exact % 100:02}"
