"""What people see of ballots and sessions, by given commands, in a real PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from services.welfare.domain.attendance import NoteAttendance, RateSession, Via
from services.welfare.domain.ballot import CloseBallot, OpenBallot
from services.welfare.domain.member import NoteMember
from services.welfare.domain.session import CancelSession, NoteSlot, ScheduleSession, Slot
from services.welfare.domain.vote import CastVote
from services.welfare.main import SERVICE
from services.welfare.projections import ballot_result, session_quality, sessions
from services.welfare.projections.ballot_result import BALLOT_RESULT
from services.welfare.projections.session_quality import SESSION_QUALITY, Period, Wanted, period
from shared.database import Database
from shared.decider import Command
from shared.errors import NotFound, ValidationFailed
from shared.queries import View
from shared.testing.infrastructure import Databases
from tests.running import migrated
from tests.welfare.campaigns import at
from tests.welfare.courses import CHESS, CLOSES, FIRST_AID, NOON, STARTS, TEA
from tests.welfare.rows import log_of, looking, project

ALL = Wanted("O1")
FEBRUARY = Period(date(2026, 2, 1), date(2026, 3, 1))
LAST_YEAR = Period(date(2025, 2, 1), date(2025, 3, 1))


@pytest.fixture
async def database(databases: Databases) -> AsyncIterator[Database]:
    database = Database(migrated(databases, SERVICE), name="test", pool=2)
    yield database
    await database.close()


async def seen(database: Database, commands: Iterable[Command], *queries: Callable[[View], Any]) -> list[Any]:
    """What these queries answer after these commands."""
    await project(database, log_of(commands), BALLOT_RESULT, SESSION_QUALITY)
    async with looking(database, BALLOT_RESULT) as view:
        return [await query(view) for query in queries]


def vote(member_id: str, *choices: str, change: bool = False) -> CastVote:
    return CastVote("BL-1", member_id, choices, NOON + timedelta(hours=1), change)


MEMBERS = [NoteMember(member_id, "rider", at(0, day=1)) for member_id in ("W01", "W02", "W03")]
OPEN = OpenBallot("BL-1", (FIRST_AID, TEA, CHESS), 2, 1, CLOSES, NOON)
VOTES = [vote("W01", "tea", "chess"), vote("W02", "first_aid"), vote("W03", "chess"), vote("W02", "chess", change=True)]
SESSION_OF_CHESS = NoteSlot("P-9", Slot("at_chess", STARTS, STARTS + timedelta(minutes=90), 20), "chess", CLOSES)


async def test_ballot_result_tells_only_the_turnout_while_it_is_open(database: Database) -> None:
    commands = [*MEMBERS, OPEN, *VOTES]
    soon = NOON + timedelta(hours=2)
    shown, counts, listed, late = await seen(
        database,
        commands,
        lambda view: ballot_result.of(view, "BL-1", soon),
        lambda view: ballot_result.counts(view, "BL-1", soon),
        lambda view: ballot_result.page(view, "O1", soon, 1, None),
        lambda view: ballot_result.of(view, "BL-1", CLOSES),
    )
    assert (shown["state"], shown["voters"], late["state"]) == ("open", 3, "closed")
    assert [(one["course_id"], one["votes"], one["rank"], one["won"]) for one in shown["courses"]] == [
        ("first_aid", None, None, None),
        ("tea", None, None, None),
        ("chess", None, None, None),
    ]
    assert [tuple(one.values()) for one in counts["counts"]] == [("chess", 3), ("tea", 1), ("first_aid", 0)]
    assert [one["ballot_id"] for one in listed["ballots"]] == ["BL-1"]
    with pytest.raises(NotFound):
        await seen(database, [], lambda view: ballot_result.of(view, "unknown", soon))


async def test_ballot_result_tells_all_once_it_is_closed_and_where_the_winner_is_held(database: Database) -> None:
    commands = [*MEMBERS, OPEN, *VOTES, CloseBallot("BL-1", CLOSES), SESSION_OF_CHESS]
    shown, mine, before = await seen(
        database,
        commands,
        lambda view: ballot_result.of(view, "BL-1", CLOSES),
        lambda view: ballot_result.of_member(view, "W02", 50, None),
        lambda view: ballot_result.page(view, "O1", CLOSES, 50, 1),
    )
    assert [
        (one["course_id"], one["votes"], one["rank"], one["won"], one["session_id"]) for one in shown["courses"]
    ] == [
        ("chess", 3, 1, True, "P-9"),
        ("tea", 1, 2, False, None),
        ("first_aid", 0, 3, False, None),
    ]
    assert shown["closed_at"] == CLOSES
    (vote_of_w02,) = mine["votes"]
    assert (vote_of_w02["choices"], vote_of_w02["changed_at"]) == (["chess"], NOON + timedelta(hours=1))
    assert before == {"ballots": [], "next": None}


def session(session_id: str, course_id: str, starts_at: datetime, campaign_id: str | None = None) -> NoteSlot:
    slot = Slot("S1", starts_at, starts_at + timedelta(hours=1), 20, campaign_id)
    return NoteSlot(session_id, slot, course_id, starts_at - timedelta(days=7))


def comes(session_id: str, member_id: str, when: datetime, course_id: str = "tea") -> NoteAttendance:
    return NoteAttendance(session_id, member_id, course_id, "S1", when)


def rates(session_id: str, member_id: str, when: datetime, stars: int, via: Via = "scan") -> RateSession:
    return RateSession(session_id, member_id, stars, via, when, when)


BEFORE = at(14, day=3, month=2).replace(year=2025)
NOW = at(14, day=3, month=2)
PAST = [
    session("old", "tea", BEFORE),
    *[comes("old", member, BEFORE) for member in ("W01", "W02", "W03")],
    rates("old", "W01", BEFORE, 3),
    rates("old", "W02", BEFORE, 4, "callback"),
    rates("old", "W03", BEFORE, 3),
]
PRESENT = [
    comes("early", "W04", NOW),  # told before its session
    session("early", "tea", NOW),
    session("late", "chess", NOW + timedelta(days=1)),
    session("rain", "chess", NOW + timedelta(days=2)),
    session("next", "tea", at(14, day=1, month=3)),
    *[comes("early", member, NOW) for member in ("W01", "W02")],
    comes("late", "W01", NOW + timedelta(days=1), "chess"),
    rates("early", "W01", NOW, 4),
    rates("early", "W02", NOW, 4, "callback"),
    rates("late", "W01", NOW + timedelta(days=1), 5),
    CancelSession("rain", "station_suspended", NOW),
]


async def test_w7_session_quality_answers_the_change_of_the_mean_between_two_periods(database: Database) -> None:
    """3.33 before, 4.33 now: 30 percent more, reckoned with the exact means."""
    now, before, tea = await seen(
        database,
        [*PAST, *PRESENT],
        lambda view: session_quality.quality(view, ALL, FEBRUARY),
        lambda view: session_quality.quality(view, ALL, LAST_YEAR),
        lambda view: session_quality.quality(view, Wanted("O1", course_id="tea"), FEBRUARY),
    )
    assert now == {
        "from": date(2026, 2, 1),
        "to": date(2026, 3, 1),
        "sessions": 3,
        "held": 2,
        "cancelled": 1,
        "attended": 4,
        "rated": 3,
        "rated_percent": "75.00",
        "stars": 13,
        "mean": "4.33",
        "by_via": {"scan": {"rated": 2, "mean": "4.50"}, "callback": {"rated": 1, "mean": "4.00"}},
    }
    assert (before["mean"], tea["mean"], tea["attended"]) == ("3.33", "4.00", 3)
    assert session_quality.change(before, now) == {"mean": "1.00", "percent": "30.00"}
    assert session_quality.change(now, before) == {"mean": "-1.00", "percent": "-23.08"}


async def test_w7_without_ratings_there_is_no_mean_and_no_change(database: Database) -> None:
    nothing, other_union = await seen(
        database,
        PAST,
        lambda view: session_quality.quality(view, ALL, FEBRUARY),
        lambda view: session_quality.quality(view, Wanted("O2"), LAST_YEAR),
    )
    assert (nothing["sessions"], nothing["mean"], nothing["rated_percent"]) == (0, None, None)
    assert other_union["attended"] == 0
    assert session_quality.change(nothing, nothing) == {"mean": None, "percent": None}


async def test_session_quality_by_course_and_by_pages(database: Database) -> None:
    first, second = await seen(
        database,
        PRESENT,
        lambda view: session_quality.by_course(view, ALL, FEBRUARY, 1, None),
        lambda view: session_quality.by_course(view, ALL, FEBRUARY, 1, "chess"),
    )
    assert [(one["course_id"], one["sessions"], one["held"], one["mean"]) for one in first["courses"]] == [
        ("chess", 2, 1, "5.00")
    ]
    assert [(one["course_id"], one["attended"], one["mean"]) for one in second["courses"]] == [("tea", 3, "4.00")]
    assert (first["next"], second["next"]) == ("chess", "tea")


async def test_sessions_by_time_and_what_has_become_of_them(database: Database) -> None:
    listed, rest, one = await seen(
        database,
        PRESENT,
        lambda view: sessions.page(view, ALL, FEBRUARY, 2, None),
        lambda view: sessions.page(view, ALL, FEBRUARY, 2, "late"),
        lambda view: sessions.of(view, "early"),
    )
    assert [(one["session_id"], one["state"]) for one in listed["sessions"]] == [("early", "held"), ("late", "held")]
    assert [(one["session_id"], one["state"], one["reason"]) for one in rest["sessions"]] == [
        ("rain", "cancelled", "station_suspended")
    ]
    assert (listed["next"], rest["next"], one["attended"], one["rated"]) == ("late", None, 3, 2)
    with pytest.raises(NotFound):
        await seen(database, [], lambda view: sessions.of(view, "unknown"))


async def test_who_is_to_be_called_back_and_what_a_member_is_invited_to_rate(database: Database) -> None:
    """Row 25."""
    soon, over = NOW + timedelta(days=2), NOW + timedelta(days=7)
    to_call, too_late, everybody, own = await seen(
        database,
        PRESENT,
        lambda view: sessions.attendances(view, "early", soon, 50, None, to_call=True),
        lambda view: sessions.attendances(view, "early", over, 50, None, to_call=True),
        lambda view: sessions.attendances(view, "early", soon, 2, "W01", to_call=False),
        lambda view: sessions.of_member(view, "W04", soon, 50, None),
    )
    assert [one["member_id"] for one in to_call["attendances"]] == ["W04"]
    assert too_late["attendances"] == []
    assert [(one["member_id"], one["stars"], one["via"]) for one in everybody["attendances"]] == [
        ("W02", 4, "callback"),
        ("W04", None, None),
    ]
    assert [(one["session_id"], one["invited"], one["rated_until"]) for one in own["attended"]] == [
        ("early", True, NOW + timedelta(days=7))
    ]


async def test_w6_a_campaigns_slot_is_listed_once_it_is_a_session(database: Database) -> None:
    slot, made = session("P-2", "", NOW, "care_200"), ScheduleSession("P-2", "health_check", NOW - timedelta(days=1))
    wanted = Wanted("O1", campaign_id="care_200")
    (none,) = await seen(database, [slot], lambda view: sessions.page(view, wanted, FEBRUARY, 50, None))
    (one,) = await seen(database, [slot, made], lambda view: sessions.page(view, wanted, FEBRUARY, 50, None))
    assert none["sessions"] == []
    assert [(one["session_id"], one["course_id"], one["state"]) for one in one["sessions"]] == [
        ("P-2", "health_check", "scheduled")
    ]


@pytest.mark.parametrize(
    ("first", "after", "field"),
    [
        (date(1999, 12, 31), date(2000, 1, 1), "from"),
        (date(2026, 2, 1), date(2026, 2, 1), "to"),
        (date(2026, 1, 1), date(2028, 1, 3), "to"),
    ],
)
def test_a_period_is_a_time_of_at_most_two_years(first: date, after: date, field: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        period(first, after)
    assert refused.value.field == field
