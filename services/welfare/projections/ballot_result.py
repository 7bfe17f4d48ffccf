"""ballot_result: ballots, how many have voted, the counts, what won. While one is open only its turnout is public."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Index, Integer, Select, Text, func, select

from shared.errors import NotFound
from shared.log.read import Recorded
from shared.projecting import Add, Projection, Put, RowChange, Set
from shared.queries import View

from ..domain.ballot import BallotClosed, BallotOpened, VoteCounted
from ..domain.vote import VoteCast, VoteChanged
from .session_quality import SESSION

BALLOT_RESULT = Projection("ballot_result", 1)
BALLOT = BALLOT_RESULT.table(
    "ballot",
    Column("ballot_id", Text, primary_key=True),
    Column("org_id", Text, nullable=False),
    Column("place", BigInteger, nullable=False),  # in the log, by which they are listed
    Column("opened_at", DateTime(timezone=True), nullable=False),
    Column("closes_at", DateTime(timezone=True), nullable=False),
    Column("closed_at", DateTime(timezone=True)),
    Column("max_choices", Integer, nullable=False),
    Column("to_run", Integer, nullable=False),
)
Index("ballot_v1_place", BALLOT.c.org_id, BALLOT.c.place)
COURSE = BALLOT_RESULT.table(
    "ballot_course",
    Column("ballot_id", Text, primary_key=True),
    Column("course_id", Text, primary_key=True),
    Column("line", Integer, nullable=False),  # of the ballot
    Column("place_id", Text, nullable=False),
    Column("starts_at", DateTime(timezone=True), nullable=False),
    Column("ends_at", DateTime(timezone=True), nullable=False),
    Column("capacity", Integer, nullable=False),
    Column("rank", Integer),
    Column("votes", Integer),  # in the end
    Column("won", Boolean),
)
TURNOUT = BALLOT_RESULT.table(
    "ballot_turnout",
    Column("ballot_id", Text, primary_key=True),
    Column("voters", Integer, nullable=False),
)
COUNT = BALLOT_RESULT.table(
    "ballot_count",
    Column("ballot_id", Text, primary_key=True),
    Column("course_id", Text, primary_key=True),
    Column("votes", Integer, nullable=False),
)
VOTE = BALLOT_RESULT.table(
    "vote",
    Column("member_id", Text, primary_key=True),
    Column("ballot_id", Text, primary_key=True),
    Column("place", BigInteger, nullable=False),
    Column("choices", Text, nullable=False),  # JSON
    Column("cast_at", DateTime(timezone=True), nullable=False),
    Column("changed_at", DateTime(timezone=True)),
)
Index("vote_v1_place", VOTE.c.member_id, VOTE.c.place)


@BALLOT_RESULT.on(BallotOpened)
def opened(event: BallotOpened, row: Recorded) -> list[RowChange]:
    ballot_id, names = row.entity, ("course_id", "place_id", "starts_at", "ends_at", "capacity")
    ballot = {
        "ballot_id": ballot_id,
        "org_id": row.context().org,
        "place": row.position,
        "opened_at": event.at,
        "closes_at": event.closes_at,
        "closed_at": None,
        "max_choices": event.max_choices,
        "to_run": event.to_run,
    }
    unknown = {"rank": None, "votes": None, "won": None}
    courses = [
        Put(COURSE, {"ballot_id": ballot_id, "line": line, **{n: getattr(course, n) for n in names}, **unknown})
        for line, course in enumerate(event.courses)
    ]
    return [Put(BALLOT, ballot), *courses]


@BALLOT_RESULT.on(VoteCounted)
def counted(event: VoteCounted, row: Recorded) -> list[RowChange]:
    moves = [*[(course_id, 1) for course_id in event.added], *[(course_id, -1) for course_id in event.dropped]]
    counts = [Add(COUNT, {"ballot_id": row.entity, "course_id": course, "votes": votes}) for course, votes in moves]
    return [Add(TURNOUT, {"ballot_id": row.entity, "voters": int(event.first)}), *counts]


@BALLOT_RESULT.on(BallotClosed)
def closed(event: BallotClosed, row: Recorded) -> list[RowChange]:
    won = {course.course_id for course in event.winners}
    ranks = [
        Set(
            COURSE,
            {
                "ballot_id": row.entity,
                "course_id": one.course_id,
                "rank": rank,
                "votes": one.votes,
                "won": one.course_id in won,
            },
        )
        for rank, one in enumerate(event.ranking, 1)
    ]
    return [Set(BALLOT, {"ballot_id": row.entity, "closed_at": event.at}), *ranks]


@BALLOT_RESULT.on(VoteCast)
def cast(event: VoteCast, row: Recorded) -> list[RowChange]:
    key = {"member_id": event.member_id, "ballot_id": event.ballot_id, "place": row.position}
    return [Put(VOTE, {**key, "choices": json.dumps(event.choices), "cast_at": event.at, "changed_at": None})]


@BALLOT_RESULT.on(VoteChanged)
def changed(event: VoteChanged, row: Recorded) -> list[RowChange]:
    key = {"member_id": event.member_id, "ballot_id": event.ballot_id}
    return [Set(VOTE, {**key, "choices": json.dumps(event.choices), "changed_at": event.at})]


async def page(view: View, org_id: str, now: datetime, limit: int, before: int | None) -> dict[str, Any]:
    """A union's ballots, the last opened first."""
    query = _ballots().where(BALLOT.c.org_id == org_id).order_by(BALLOT.c.place.desc()).limit(limit)
    if before is not None:
        query = query.where(BALLOT.c.place < before)
    rows = list(await view.db.execute(query))
    ballots = [_shown(row._mapping, now) for row in rows]
    return {"ballots": ballots, "next": rows[-1].place if len(rows) == limit else None}


async def of(view: View, ballot_id: str, now: datetime) -> dict[str, Any]:
    """One ballot. Its courses by rank once it is closed, with the sessions of those that won. Raises `NotFound`."""
    ballot = await _ballot(view, ballot_id)
    held = (SESSION.c.course_id == COURSE.c.course_id) & (SESSION.c.place_id == COURSE.c.place_id)
    session = select(SESSION.c.session_id).where(held, SESSION.c.starts_at == COURSE.c.starts_at, COURSE.c.won)
    columns = [column for column in COURSE.c if column.name not in ("ballot_id", "line")]
    query = select(*columns, session.order_by(SESSION.c.session_id).limit(1).scalar_subquery().label("session_id"))
    query = query.where(COURSE.c.ballot_id == ballot_id).order_by(COURSE.c.rank, COURSE.c.line)
    return {**_shown(ballot, now), "courses": [dict(row._mapping) for row in await view.db.execute(query)]}


async def counts(view: View, ballot_id: str, now: datetime) -> dict[str, Any]:
    """How the votes stand, open or not; of equals the ballot's order, as who is before is known in the end."""
    ballot = await _ballot(view, ballot_id)
    votes = func.coalesce(COUNT.c.votes, 0)
    joined = COURSE.outerjoin(
        COUNT, (COUNT.c.ballot_id == COURSE.c.ballot_id) & (COUNT.c.course_id == COURSE.c.course_id)
    )
    query = select(COURSE.c.course_id, votes.label("votes")).select_from(joined)
    query = query.where(COURSE.c.ballot_id == ballot_id).order_by(votes.desc(), COURSE.c.rank, COURSE.c.line)
    return {**_shown(ballot, now), "counts": [dict(row._mapping) for row in await view.db.execute(query)]}


async def of_member(view: View, member_id: str, limit: int, before: int | None) -> dict[str, Any]:
    """What a member has voted for, the last first."""
    query = select(VOTE).where(VOTE.c.member_id == member_id).order_by(VOTE.c.place.desc()).limit(limit)
    if before is not None:
        query = query.where(VOTE.c.place < before)
    rows = [dict(row._mapping) for row in await view.db.execute(query)]
    names = ("ballot_id", "cast_at", "changed_at")
    votes = [{**{name: row[name] for name in names}, "choices": json.loads(row["choices"])} for row in rows]
    return {"votes": votes, "next": rows[-1]["place"] if len(rows) == limit else None}


def _ballots() -> Select[Any]:
    voters = func.coalesce(TURNOUT.c.voters, 0).label("voters")
    return select(BALLOT, voters).outerjoin(TURNOUT, TURNOUT.c.ballot_id == BALLOT.c.ballot_id)


async def _ballot(view: View, ballot_id: str) -> Mapping[str, Any]:
    row = (await view.db.execute(_ballots().where(BALLOT.c.ballot_id == ballot_id))).first()
    if row is None:
        raise NotFound("No ballot was opened under this id.", field="ballot_id")
    return dict(row._mapping)


def _shown(row: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Open while votes are taken."""
    state = "open" if row["closed_at"] is None and now < row["closes_at"] else "closed"
    names = ("ballot_id", "opened_at", "closes_at", "closed_at", "max_choices", "to_run", "voters")
    return {**{name: row[name] for name in names}, "state": state}
