"""Teams (P3): one team for each volunteer, and a leader who belongs to his team."""

from __future__ import annotations

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from services.points.domain.membership import MEMBERSHIP, Membership, MembershipBegun, MembershipEnded
from services.points.domain.team import (
    TEAM,
    AppointLeader,
    DisbandTeam,
    FormTeam,
    InAnotherTeam,
    JoinTeam,
    LeaderAppointed,
    LeaderMustStay,
    LeaveTeam,
    NotInTeam,
    Team,
    TeamDisbanded,
    TeamExists,
    TeamFormed,
    TeamIsDisbanded,
    VolunteerJoined,
    VolunteerLeft,
)
from shared.decider import Change, Command
from shared.errors import NotFound
from shared.testing.given import Given, on

from .play import play
from .the_day import at

NOW = at("09:00", "2026-01-22")
FORM = FormTeam("T1", "xintu", "L1", NOW)
JOIN, LEAVE = JoinTeam("T1", "V1", NOW), LeaveTeam("T1", "V1", NOW)


def team(*members: str) -> tuple[Change, ...]:
    """T1, led by L1, with these members."""
    joined = (VolunteerJoined(NOW, "T1", member) for member in ("L1", *members))
    begun = (on(MEMBERSHIP, member, MembershipBegun(NOW, "T1")) for member in ("L1", *members))
    return (on(TEAM, "T1", TeamFormed(NOW, "T1", "xintu", "L1"), *joined), *begun)


def test_a_team_is_formed_with_its_leader_in_it(given: Given) -> None:
    given().when(FORM).then(*team())


def test_the_same_team_is_formed_once(given: Given) -> None:
    given(*team()).when(FORM).then_nothing()


def test_a_team_id_is_not_used_twice(given: Given) -> None:
    given(*team()).when(FormTeam("T1", "other", "L2", NOW)).then_refused(TeamExists)


def test_a_volunteer_joins_and_leaves(given: Given) -> None:
    past = given(*team()).when(JOIN)
    past.then(on(TEAM, "T1", VolunteerJoined(NOW, "T1", "V1")), on(MEMBERSHIP, "V1", MembershipBegun(NOW, "T1")))
    past.when(LEAVE).then(
        on(TEAM, "T1", VolunteerLeft(NOW, "T1", "V1")), on(MEMBERSHIP, "V1", MembershipEnded(NOW, "T1", NOW))
    )


@pytest.mark.parametrize("command", [JOIN, FormTeam("T2", "other", "V1", NOW)], ids=["join", "form"])
def test_nobody_is_in_two_teams(given: Given, command: Command) -> None:
    given(*team(), on(MEMBERSHIP, "V1", MembershipBegun(NOW, "T9"))).when(command).then_refused(InAnotherTeam)


def test_who_is_in_the_team_joins_it_no_more_and_who_is_not_leaves_nothing(given: Given) -> None:
    given(*team("V1")).when(JOIN).then_nothing()
    given(*team()).when(LEAVE).then_nothing()


def test_the_leader_stays_until_another_is_appointed(given: Given) -> None:
    leaves = LeaveTeam("T1", "L1", NOW)
    given(*team("V1")).when(leaves).then_refused(LeaderMustStay)
    past = given(*team("V1")).when(AppointLeader("T1", "V1", NOW))
    past.then(on(TEAM, "T1", LeaderAppointed(NOW, "T1", "V1")))
    past.when(leaves).then(
        on(TEAM, "T1", VolunteerLeft(NOW, "T1", "L1")), on(MEMBERSHIP, "L1", MembershipEnded(NOW, "T1", NOW))
    )


def test_a_leader_belongs_to_the_team(given: Given) -> None:
    given(*team()).when(AppointLeader("T1", "V1", NOW)).then_refused(NotInTeam)


def test_the_members_of_a_disbanded_team_are_free(given: Given) -> None:
    given(*team("V1")).when(DisbandTeam("T1", NOW)).then(
        on(TEAM, "T1", TeamDisbanded(NOW, "T1")),
        on(MEMBERSHIP, "L1", MembershipEnded(NOW, "T1", NOW)),
        on(MEMBERSHIP, "V1", MembershipEnded(NOW, "T1", NOW)),
    )


def test_a_disbanded_team_takes_nobody_and_is_disbanded_once(given: Given) -> None:
    gone = given(*team()).when(DisbandTeam("T1", NOW))
    gone.when(JOIN).then_refused(TeamIsDisbanded)
    gone.when(DisbandTeam("T1", NOW)).then_nothing()


@pytest.mark.parametrize("command", [JOIN, LEAVE, AppointLeader("T1", "V1", NOW), DisbandTeam("T1", NOW)])
def test_what_nobody_has_formed_is_not_found(given: Given, command: Command) -> None:
    given().when(command).then_refused(NotFound)


TEAMS, PEOPLE = ["T1", "T2"], ["V1", "V2", "V3"]
COMMANDS: list[Command] = [
    *(FormTeam(team, "code", person, NOW) for team in TEAMS for person in PEOPLE),
    *(kind(team, person, NOW) for kind in (JoinTeam, LeaveTeam, AppointLeader) for team in TEAMS for person in PEOPLE),
    *(DisbandTeam(team, NOW) for team in TEAMS),
]


@for_all(st.lists(st.sampled_from(COMMANDS), max_size=30))
def test_teams_and_memberships_always_say_the_same(commands: list[Command]) -> None:
    streams = play(commands)
    teams: dict[str, Team] = {name: TEAM.fold(streams.get(f"team-{name}", [])) for name in TEAMS}  # type: ignore[arg-type]
    for person in PEOPLE:
        own: Membership = MEMBERSHIP.fold(streams.get(f"membership-{person}", []))  # type: ignore[arg-type]
        assert [name for name, one in teams.items() if person in one.members] == ([own.team_id] if own.team_id else [])
    assert all(one.leader_id in one.members for one in teams.values() if one.leader_id)
