"""What people look at: registers, the review queue, rankings and teams, by given events, in a real PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from datetime import date, timedelta
from typing import Any

import pytest

from services.points.domain.checklist import CheckedItem
from services.points.domain.hazard import ReportHazard
from services.points.domain.presence import NotePresence
from services.points.domain.rectification import RevokeVerification, VerifyHazard
from services.points.domain.report_commands import EscalateReport, SendToReview, VoidReport
from services.points.domain.review import Reviewer, ReviewReport
from services.points.domain.rights import RIGHTS, DutyMissNoted, DutyMissWithdrawn, MoveRight, NoteMissedDuty
from services.points.domain.team import AppointLeader, DisbandTeam, FormTeam, JoinTeam, LeaveTeam
from services.points.main import SERVICE
from services.points.projections import hazard_register, leaderboard, patrol_register, review_queue, teams
from services.points.projections.review_queue import Wanted
from shared.database import Database
from shared.decider import Change, Command
from shared.errors import NotFound
from shared.log.append import Actor, Context
from shared.log.codec import encode
from shared.log.read import Recorded
from shared.projecting import Projection, apply
from shared.queries import Queries, View
from shared.testing.given import on
from shared.testing.infrastructure import Databases
from tests.running import migrated

from .play import Appended, history
from .test_hazards import report, verify
from .the_day import DUE, MINUTE, at, duty_known, rules_known, submit, submitted, v1_inside

META = encode(Context("c", Actor("person", "V1"), "c", None, None, "O1"))
DAY = date(2026, 1, 23)
EVE = at("09:00", "2026-01-22")
TODAY = leaderboard.Period("O1", at("00:00"), at("00:00", "2026-01-24"))
AT_WORK: tuple[Change, ...] = (rules_known, duty_known)


def recorded(position: int, one: Appended) -> Recorded:
    data, at = encode(one.event), one.event.at
    stream = f"{one.category}-{one.entity}"
    return Recorded(position, f"e{position}", "", one.category, stream, 1, type(one.event).__name__, data, META, at, at)


@pytest.fixture
async def database(databases: Databases) -> AsyncIterator[Database]:
    database = Database(migrated(databases, SERVICE), name="test", pool=2)
    yield database
    await database.close()


Query = Callable[[View], Any]


async def seen(database: Database, query: Query, commands: Iterable[Command], *past: Change) -> Any:
    """What a query answers after these commands. All read tables of this file are filled, as queries join them."""
    rows = [recorded(position, one) for position, one in enumerate(history(commands, *past), 1)]
    shown: list[Projection] = [
        patrol_register.PATROL_REGISTER,
        hazard_register.HAZARD_REGISTER,
        review_queue.REVIEW_QUEUE,
        leaderboard.LEADERBOARD,
        teams.TEAMS,
    ]
    async with await database.connect("rows") as connection:
        for projection in shown:
            mine = [row for row in rows if row.type in projection.rules]
            await apply(connection, projection.project(mine, SERVICE.codec))
    async with Queries("points", database).view(teams.TEAMS) as view:
        return await query(view)


def of_day(view: View) -> Any:
    return patrol_register.of_day(view, "O1", "S1", DAY)


FAILED = (CheckedItem("water", False), CheckedItem("toilet", True), CheckedItem("books", False))


async def test_patrol_register_has_a_stations_day_with_kinds_states_and_missed_items(database: Database) -> None:
    reports = [submit(checklist=FAILED), submit(report_id="R2", volunteer_id="V2")]
    day = await seen(database, of_day, reports, *AT_WORK, v1_inside)
    assert (day["kinds"], day["states"]) == ({"daily": 1}, {"accepted": 1, "submitted": 1})
    assert day["missed_items"] == {"books": 1, "water": 1}
    first, second = day["reports"]
    assert (first["report_id"], first["points"], first["missed_items"]) == ("R1", 2, ["water", "books"])
    assert (second["state"], second["points"]) == ("submitted", None)


async def test_patrol_register_keeps_days_stations_and_unions_apart(database: Database) -> None:
    await seen(database, of_day, [submit()], *AT_WORK, v1_inside)
    for org, station, day in (("O2", "S1", DAY), ("O1", "S2", DAY), ("O1", "S1", date(2026, 1, 22))):
        async with Queries("points", database).view(patrol_register.PATROL_REGISTER) as view:
            assert (await patrol_register.of_day(view, org, station, day))["reports"] == []


LEADER = Reviewer("L1", officer=False)
ANSWERS: list[tuple[list[Command], str, str | None]] = [
    ([], "under_review", None),
    ([EscalateReport("R1", DUE + timedelta(hours=48))], "escalated", None),
    ([ReviewReport("R1", LEADER, "reject", "photos_missing", DUE)], "rejected", "photos_missing"),
    ([ReviewReport("R1", LEADER, "return", "photos_missing", DUE)], "returned", "photos_missing"),
    ([ReviewReport("R1", LEADER, "accept", "", DUE)], "accepted", None),
    ([ReviewReport("R1", LEADER, "accept", "", DUE), VoidReport("R1", "mistake", "P1", DUE)], "voided", "mistake"),
]
TEAM: list[Command] = [FormTeam("T1", "xintu", "L1", EVE), JoinTeam("T1", "V1", EVE)]


@pytest.mark.parametrize("then, state, code", ANSWERS, ids=[state for _, state, _ in ANSWERS])
async def test_patrol_register_follows_the_review(
    database: Database, then: list[Command], state: str, code: str | None
) -> None:
    commands = [*TEAM, submit(), SendToReview("R1", DUE), *then]
    row = await seen(database, lambda view: patrol_register.of(view, "R1"), commands, *AT_WORK)
    assert (row["state"], row["code"]) == (state, code)


async def test_k5_patrol_register_notes_what_came_too_late(database: Database) -> None:
    late = submit(now=at("09:00", "2026-01-26"))
    row = await seen(database, lambda view: patrol_register.of(view, "R1"), [late], *AT_WORK)
    assert (row["state"], row["code"]) == ("submitted", "LATE_BEYOND_WINDOW")


async def test_what_was_never_told_is_not_found(database: Database) -> None:
    queries: list[Query] = [
        lambda view: patrol_register.of(view, "R9"),
        lambda view: hazard_register.of(view, "HZ9"),
        lambda view: teams.of(view, "T9"),
    ]
    for query in queries:
        with pytest.raises(NotFound):
            await seen(database, query, [])


def queue(leader: str | None = None, *, escalated: bool = False, limit: int = 50, after: int = 0) -> Query:
    return lambda view: review_queue.page(view, Wanted("O1", leader, escalated, limit, after), DUE + 90 * MINUTE)


TWO_WAIT: list[Command] = [
    *TEAM,
    submit(),
    submit(report_id="R2", volunteer_id="V2"),
    SendToReview("R1", DUE),
    SendToReview("R2", DUE + 30 * MINUTE),
]


async def test_review_queue_has_the_longest_waiting_first_with_leader_and_age(database: Database) -> None:
    found = (await seen(database, queue(), TWO_WAIT, *AT_WORK))["reports"]
    assert [(r["report_id"], r["leader_id"], r["age_min"]) for r in found] == [("R1", "L1", 90), ("R2", None, 60)]


async def test_review_queue_of_a_leader_has_his_team_only(database: Database) -> None:
    found = (await seen(database, queue("L1"), TWO_WAIT, *AT_WORK))["reports"]
    assert [r["report_id"] for r in found] == ["R1"]


async def test_review_queue_of_what_nobody_has_reviewed(database: Database) -> None:
    late = [*TWO_WAIT, EscalateReport("R2", DUE + timedelta(hours=49))]
    found = (await seen(database, queue(escalated=True), late, *AT_WORK))["reports"]
    assert [r["report_id"] for r in found] == ["R2"]


async def test_review_queue_goes_on_where_a_page_ends(database: Database) -> None:
    first = await seen(database, queue(limit=1), TWO_WAIT, *AT_WORK)
    second = await seen(database, queue(limit=1, after=first["next"]), [])
    assert [r["report_id"] for r in (*first["reports"], *second["reports"])] == ["R1", "R2"]


@pytest.mark.parametrize("verdict", ["accept", "reject", "return"])
async def test_review_queue_forgets_what_was_answered(database: Database, verdict: Any) -> None:
    answered = ReviewReport("R1", LEADER, verdict, "photos_missing", DUE + MINUTE)
    found = (await seen(database, queue(), [*TWO_WAIT, answered], *AT_WORK))["reports"]
    assert [r["report_id"] for r in found] == ["R2"]


async def test_review_queue_forgets_what_a_late_visit_has_proved(database: Database) -> None:
    visit = NotePresence("V1", "visit-1", "S1", at("07:58"))
    found = (await seen(database, queue(), [*TWO_WAIT, visit], *AT_WORK))["reports"]
    assert [r["report_id"] for r in found] == ["R2"]


HAZARDS: list[Command] = [report(), report("HZ2", None, at("09:00")), verify(), verify("HZ2", "RC2")]


def hazards(limit: int = 50, before: int | None = None, **wanted: str) -> Query:
    return lambda view: hazard_register.page(view, {"org": "O1", **wanted}, limit, before)


async def test_hazard_register_has_what_came_of_each_the_latest_first(database: Database) -> None:
    found = (await seen(database, hazards(), HAZARDS, rules_known))["hazards"]
    shown = [(h["hazard_id"], h["reporter_id"], h["rectification_id"], h["state"], h["points"]) for h in found]
    assert shown == [("HZ2", None, "RC2", "accepted", 0), ("HZ1", "V2", "RC1", "accepted", 2)]


async def test_hazard_register_by_station_state_and_page(database: Database) -> None:
    first = await seen(database, hazards(limit=1), HAZARDS, rules_known)
    assert [h["hazard_id"] for h in first["hazards"]] == ["HZ2"]
    second = await seen(database, hazards(limit=1, before=first["next"]), [])
    assert [h["hazard_id"] for h in second["hazards"]] == ["HZ1"]
    assert (await seen(database, hazards(station_id="S2"), []))["hazards"] == []
    assert (await seen(database, hazards(state="rejected"), []))["hazards"] == []


async def test_hazard_register_does_not_show_what_only_grievance_has_told(database: Database) -> None:
    assert (await seen(database, hazards(), [verify()], rules_known))["hazards"] == []
    found = (await seen(database, hazards(), [verify(), report()], rules_known))["hazards"]
    assert [(h["hazard_id"], h["state"], h["rectification_id"]) for h in found] == [("HZ1", "accepted", "RC1")]


async def test_hazard_register_notes_what_was_revoked_and_what_came_late(database: Database) -> None:
    revoked = [report(), verify(), RevokeVerification("RC1", "HZ1", at("12:00"))]
    row = await seen(database, lambda view: hazard_register.of(view, "HZ1"), revoked, rules_known)
    assert (row["state"], row["points"], row["note"]) == ("revoked", 0, None)
    late = ReportHazard("HZ3", "V3", "S1", None, "noise", "general", None, at("08:00"), at("08:01", "2026-01-26"),
                        at("08:01", "2026-01-26"))  # fmt: skip
    row = await seen(database, lambda view: hazard_register.of(view, "HZ3"), [late], rules_known)
    assert row["note"] == "LATE_BEYOND_WINDOW"


def members(limit: int = 20, team: str | None = None, period: leaderboard.Period = TODAY) -> Query:
    return lambda view: leaderboard.of_members(view, period, limit, team)


def seen_by(*reporters: str) -> list[Command]:
    """Each has reported one hazard, verified in this order, all seen at 08:15 of D."""
    told = [(f"HZ{n}", f"RC{n}", who) for n, who in enumerate(reporters, 1)]
    return [c for hazard, case, who in told for c in (report(hazard, who), VerifyHazard(case, hazard, at("10:00")))]


async def test_pt13_of_equals_whoever_got_there_first_is_before(database: Database) -> None:
    found = await seen(database, members(), seen_by("V1", "V2", "V3", "V2", "V1"), rules_known)
    assert [(r["rank"], r["member_id"], r["points"]) for r in found] == [(1, "V2", 4), (2, "V1", 4), (3, "V3", 2)]


async def test_pt13_points_count_by_when_they_were_earned(database: Database) -> None:
    yesterday = leaderboard.Period("O1", at("00:00", "2026-01-22"), at("00:00"))
    night = report("HZ9", "V9", at("00:00") - timedelta(microseconds=1))
    commands = [*seen_by("V1"), night, VerifyHazard("RC9", "HZ9", at("11:00"))]
    assert [r["member_id"] for r in await seen(database, members(), commands, rules_known)] == ["V1"]
    found = await seen(database, members(period=yesterday), [])
    assert [r["member_id"] for r in found] == ["V9"]


async def test_e34_what_was_revoked_leaves_the_ranking(database: Database) -> None:
    commands = [*seen_by("V1", "V2"), RevokeVerification("RC1", "HZ1", at("12:00"))]
    assert [r["member_id"] for r in await seen(database, members(), commands, rules_known)] == ["V2"]


async def test_row_23_the_ranking_notes_who_has_missed_a_duty(database: Database) -> None:
    missed = NoteMissedDuty("D7", "S1", ("V1", "V5"), at("20:00"))
    taken_back = on(RIGHTS, "D8", DutyMissNoted(at("19:00"), "S1", ("V2",)), DutyMissWithdrawn(at("09:00"), ("V2",)))
    found = await seen(database, members(), [*seen_by("V1", "V2"), missed], rules_known, taken_back)
    assert [(r["member_id"], r["missed"]) for r in found] == [("V1", 1), ("V2", 0)]


BOTH_TEAMS: list[Command] = [*TEAM, FormTeam("T2", "hongxing", "L2", EVE), JoinTeam("T2", "V2", EVE)]


async def test_pt13_teams_have_what_their_members_earned(database: Database) -> None:
    commands = [*BOTH_TEAMS, *seen_by("V1", "V2", "L2", "V7")]
    found = await seen(database, lambda view: leaderboard.of_teams(view, TODAY, 20), commands, rules_known)
    assert [(r["team_id"], r["points"], r["members"]) for r in found] == [("T2", 4, 2), ("T1", 2, 1)]


async def test_pt13_what_was_earned_in_a_team_stays_with_it_when_its_member_leaves(database: Database) -> None:
    moves: list[Command] = [LeaveTeam("T1", "V1", at("09:00")), JoinTeam("T2", "V1", at("09:00"))]
    commands = [*BOTH_TEAMS, *moves, *seen_by("V1")]
    found = await seen(database, lambda view: leaderboard.of_teams(view, TODAY, 20), commands, rules_known)
    assert [(r["team_id"], r["points"]) for r in found] == [("T1", 2)]
    assert [r["member_id"] for r in await seen(database, members(team="T1"), [])] == ["V1"]
    assert await seen(database, members(team="T2"), []) == []


async def test_teams_show_who_leads_whom(database: Database) -> None:
    commands = [*BOTH_TEAMS, AppointLeader("T1", "V1", EVE), DisbandTeam("T2", EVE)]
    team = await seen(database, lambda view: teams.of(view, "T1"), commands)
    assert (team["leader_id"], team["members"], team["disbanded"]) == ("V1", ["L1", "V1"], False)
    listed = await seen(database, lambda view: teams.page(view, "O1", 20, 0), [])
    assert [one["team_id"] for one in listed["teams"]] == ["T1"]


async def test_a_swapped_duty_shows_whose_report_was_rejected(database: Database) -> None:
    swapped = MoveRight("D1", ("V2",), at("08:30"))
    row = await seen(database, lambda view: patrol_register.of(view, "R1"), [submit(), swapped], *AT_WORK)
    assert (row["state"], row["code"], row["station_id"]) == ("rejected", "DUTY_NOT_ASSIGNED", submitted().station_id)
