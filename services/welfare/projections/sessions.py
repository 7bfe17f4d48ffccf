"""Sessions as they are looked at: by day, one by one, who has come, and what a member may still rate."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select, tuple_

from shared.errors import NotFound
from shared.queries import View

from .session_quality import ATTENDANCE, SESSION, Period, Wanted, counted, shown


async def page(view: View, wanted: Wanted, when: Period, limit: int, after: str | None) -> dict[str, Any]:
    """Sessions that begin in a period, by their time."""
    query = counted().where(*wanted.within(when)).order_by(SESSION.c.starts_at, SESSION.c.session_id).limit(limit)
    if after is not None:
        last = SESSION.alias("last")
        there = select(last.c.starts_at, last.c.session_id).where(last.c.session_id == after).subquery()
        query = query.where(tuple_(SESSION.c.starts_at, SESSION.c.session_id) > select(there).scalar_subquery())
    sessions = [_session(row._mapping) for row in await view.db.execute(query)]
    return {"sessions": sessions, "next": sessions[-1]["session_id"] if len(sessions) == limit else None}


async def of(view: View, session_id: str) -> dict[str, Any]:
    """One session. Raises `NotFound`."""
    row = (await view.db.execute(counted().where(SESSION.c.session_id == session_id))).first()
    if row is None:
        raise NotFound("No session is known under this id.", field="session_id")
    return _session(row._mapping)


def _session(row: Mapping[str, Any]) -> dict[str, Any]:
    """It is held as soon as somebody has come."""
    names = ("session_id", "course_id", "place_id", "campaign_id", "starts_at", "ends_at", "capacity", "reason")
    state = "held" if row["attended"] else "cancelled" if row["reason"] else "scheduled"
    return {**{name: row[name] for name in names}, "state": state, **shown(row)}


WHAT = ("session_id", "course_id", "place_id", "attended_at", "rated_until", "stars", "via", "rated_at")


async def attendances(
    view: View, session_id: str, now: datetime, limit: int, after: str | None, *, to_call: bool
) -> dict[str, Any]:
    """Who has come to a session, by member; `to_call`: only those who may rate and have not."""
    columns = [ATTENDANCE.c[name] for name in ("member_id", *WHAT)]
    query = select(*columns).where(ATTENDANCE.c.session_id == session_id).order_by(ATTENDANCE.c.member_id).limit(limit)
    if to_call:
        query = query.where(ATTENDANCE.c.stars.is_(None), ATTENDANCE.c.rated_until > now)
    if after is not None:
        query = query.where(ATTENDANCE.c.member_id > after)
    rows = [dict(row._mapping) for row in await view.db.execute(query)]
    return {"attendances": rows, "next": rows[-1]["member_id"] if len(rows) == limit else None}


async def of_member(view: View, member_id: str, now: datetime, limit: int, before: int | None) -> dict[str, Any]:
    """What a member has attended, the last told first, and whether he is invited to rate it (row 25)."""
    columns = [ATTENDANCE.c[name] for name in ("place", *WHAT)]
    query = select(*columns).where(ATTENDANCE.c.member_id == member_id).order_by(ATTENDANCE.c.place.desc()).limit(limit)
    if before is not None:
        query = query.where(ATTENDANCE.c.place < before)
    rows = [dict(row._mapping) for row in await view.db.execute(query)]
    attended = [
        {**{name: row[name] for name in WHAT}, "invited": row["stars"] is None and now < row["rated_until"]}
        for row in rows
    ]
    return {"attended": attended, "next": rows[-1]["place"] if len(rows) == limit else None}
