"""C5: the eight-have standard, closing a review, and what counts for its stars (CK12; rows 4, 19, 23)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from services.checkin.domain.demand import DemandClosed, DemandRecorded
from services.checkin.domain.duty_events import (
    DutyAssigned,
    DutyCancelled,
    DutyFulfilled,
    DutyFulfilmentRevoked,
    DutyKind,
    DutyMissed,
    DutyPlanned,
)
from services.checkin.domain.overdue import OVERDUE, NoteOverdue, NoteSettled
from services.checkin.domain.period import period_at, period_named
from services.checkin.domain.refusals import ReviewAlreadyClosed, ReviewNotDue, StandardNotInspected
from services.checkin.domain.review import REVIEW, StandardInspected, StandardItem, StarRatingAwarded
from services.checkin.domain.scoring import Tally
from services.checkin.domain.standing import STANDING, NotePatrol, PatrolNote, PatrolNoted, RatingCounted, Standing
from services.checkin.domain.station import STATION, StationRetired
from services.checkin.domain.values import SETTLED_KEPT, STANDARD_ITEMS
from services.checkin.domain.visits import VisitRated, VisitVoided
from services.checkin.publishing import PUBLISHING
from shared.clock import CHINA
from shared.contracts import checkin_stations as contracts
from shared.errors import NotFound, ValidationFailed
from shared.testing.given import Given, on
from tests.checkin.review import (
    ALL_PASS,
    DUE,
    NOON,
    Q1,
    Books,
    action_overdue,
    asked,
    close,
    close_of,
    content,
    inspect,
    overdue,
    put_right,
)
from tests.checkin.town import HOUR, LONG_AGO, S1, S2, SECOND, at, s1_registered

NIGHT = at("20:00")
INSPECTED = on(REVIEW, f"S1_{Q1}", StandardInspected(NOON, "S1", Q1, ALL_PASS, "I1"))
NOTHING = Tally(8, 0, 0, 0, 0, 0, 0, 0)
AWARDED = StarRatingAwarded(DUE, "S1", Q1, 6_800, 2, (), NOTHING, "P1")


# The period.


def test_a_period_is_a_quarter_of_chinas_calendar() -> None:
    assert period_named(Q1) == (Q1, datetime(2026, 1, 1, tzinfo=CHINA), datetime(2026, 4, 1, tzinfo=CHINA))
    assert period_named("2026-Q4").ends == datetime(2027, 1, 1, tzinfo=CHINA)
    assert [period_at(datetime(2026, month, 1, tzinfo=CHINA))[-2:] for month in (1, 3, 4, 6, 7, 9, 10, 12)] == [
        "Q1", "Q1", "Q2", "Q2", "Q3", "Q3", "Q4", "Q4",
    ]  # fmt: skip
    assert period_at(at("00:00", 1, 4)) == "2026-Q2"
    assert period_at(at("00:00", 1, 4) - SECOND) == "2026-Q1", "half-open, by the clock of China"
    assert period_at(datetime.fromisoformat("9999-12-31T23:59:59+00:00")) == "9999-Q4"


@pytest.mark.parametrize("name", ["2026", "2026-Q5", "2026-Q0", "2026-1", "1999-Q1", "2026-Q1\n", "", "2026-Q10"])
def test_what_is_no_period_is_refused(name: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        period_named(name)
    assert refused.value.field == "period"


# Inspecting.


def test_c5_the_eight_items_are_inspected(given: Given) -> None:
    shuffled = msgspec.structs.replace(inspect(now=NOON), items=ALL_PASS[::-1])
    given(S1).when(shuffled).then(INSPECTED)


@pytest.mark.parametrize(
    "items",
    [
        ALL_PASS[1:],
        (*ALL_PASS[1:], StandardItem("sauna", True)),
        (*ALL_PASS, StandardItem("sauna", True)),
        (*ALL_PASS, ALL_PASS[0]),
        (*ALL_PASS, StandardItem("sign", False)),
        (),
    ],
    ids=["one missing", "one strange", "nine", "one twice", "one both", "none"],
)
def test_c5_exactly_the_eight_each_once(given: Given, items: tuple[StandardItem, ...]) -> None:
    with pytest.raises(ValidationFailed) as refused:
        Books(S1).do(msgspec.structs.replace(inspect(), items=items))
    assert refused.value.field == "items"


def test_c5_a_later_inspection_replaces_the_one_before_until_the_review_is_closed(given: Given) -> None:
    books = Books(S1)
    books.do(inspect("toilet", "books", now=NOON))
    books.do(inspect("books"))
    (awarded,) = books.do(close())
    assert awarded.caps == ("books",)
    with pytest.raises(ReviewAlreadyClosed):
        books.do(inspect())


def test_a_period_that_has_not_begun_is_not_inspected(given: Given) -> None:
    given(S1).when(inspect(period="2026-Q2", now=NOON)).then_refused(ValidationFailed)
    begins = at("00:00", 1, 4)
    assert given(S1).when(inspect(period="2026-Q2", now=begins)).events
    given(S1).when(inspect(period="2026-Q2", now=begins - SECOND)).then_refused(ValidationFailed)


def test_a_period_before_the_station_was_there_has_no_review(given: Given) -> None:
    given(S1).when(inspect(period="2025-Q4")).then_refused(ValidationFailed)
    given(S1).when(close(period="2025-Q4")).then_refused(ValidationFailed)


def test_k10_a_station_that_nobody_knows_comes_first(given: Given) -> None:
    given().when(inspect(period="never")).then_refused(NotFound)
    given().when(close(period="never")).then_refused(NotFound)
    given(S1).when(close(period="never")).then_refused(ValidationFailed)


# Closing.


def test_ck12_a_review_is_closed_once(given: Given) -> None:
    scenario = given(S1, INSPECTED).when(close()).then(on(REVIEW, f"S1_{Q1}", AWARDED))
    scenario.when(close(now=DUE + HOUR)).then_refused(ReviewAlreadyClosed)


def test_a_review_is_closed_from_72_hours_after_its_period_on(given: Given) -> None:
    """K5, CK11: before that something may still be told that counts."""
    given(S1, INSPECTED).when(close(now=NOON)).then_refused(ReviewNotDue)
    given(S1, INSPECTED).when(close(now=DUE - SECOND)).then_refused(ReviewNotDue)
    given(S1, INSPECTED).when(close(now=DUE)).then(on(REVIEW, f"S1_{Q1}", AWARDED))


def test_a_review_without_an_inspection_is_not_closed(given: Given) -> None:
    given(S1).when(close()).then_refused(StandardNotInspected)
    given(S1, INSPECTED, S2).when(close("S2")).then_refused(StandardNotInspected)


def test_a_retired_station_has_its_last_review(given: Given) -> None:
    retired = on(STATION, "S1", StationRetired(NIGHT, "S1"))
    assert given(S1, INSPECTED, retired).when(close()).events


def test_ck12_any_failed_item_caps_at_three_stars_and_says_which(given: Given) -> None:
    books = Books(S1).hear(rated("v1", 5), scheduled("d1"), fulfilled("d1"))
    awarded = close_of(books, "toilet")
    assert (awarded.score_e2, awarded.stars, awarded.caps) == (9_500, 3, ("toilet",))


def test_every_item_can_cap() -> None:
    assert len(STANDARD_ITEMS) == 8
    for code in STANDARD_ITEMS:
        assert close_of(Books(S1), code).caps == (code,)


def test_what_is_told_after_closing_changes_no_stars() -> None:
    books = Books(S1)
    awarded = close_of(books)
    books.hear(rated("v1", 1), overdue("RC-1", NOON))
    assert books.read(STANDING, f"S1_{Q1}").ratings == 1
    with pytest.raises(ReviewAlreadyClosed):
        books.do(close(now=DUE + HOUR))
    assert [one for one in books.events if isinstance(one, StarRatingAwarded)] == [awarded]


def test_stars_are_published_by_station() -> None:
    published = PUBLISHING.publish(msgspec.structs.replace(AWARDED, caps=("toilet",)), f"S1_{Q1}")
    assert published is not None
    assert published.key == "S1"
    assert published.data == contracts.StarRatingAwarded(
        station_id="S1", period=Q1, score_e2=6_800, stars=2, caps=["toilet"], awarded_at=DUE
    )


# What counts.


def rated(visit: str, stars: int, moment: datetime = NOON, station: str = "S1") -> VisitRated:
    return VisitRated(moment, visit, f"W-{visit}", station, stars)


def voided(visit: str, stars: int | None, rated_at: datetime | None = NOON, moment: datetime = NIGHT) -> VisitVoided:
    at_that_time = rated_at if stars is not None else None
    return VisitVoided(moment, visit, f"W-{visit}", "S1", NOON - HOUR, "C1", "gate_fault", stars, at_that_time)


def scheduled(duty: str, begins: datetime = NOON, kind: DutyKind = "patrol_daily", station: str = "S1") -> DutyAssigned:
    return DutyAssigned(LONG_AGO, duty, kind, station, begins, begins + HOUR, ("V1",))


def planned(duty: str, begins: datetime = NOON) -> DutyPlanned:
    return DutyPlanned(LONG_AGO, duty, "patrol_weekly", "S1", begins, begins + HOUR)


def fulfilled(duty: str, begins: datetime = NOON, *, in_time: bool = True, station: str = "S1") -> DutyFulfilled:
    return DutyFulfilled(begins + HOUR, duty, "patrol_daily", station, begins, f"R-{duty}", in_time)


def revoked(duty: str, begins: datetime = NOON) -> DutyFulfilmentRevoked:
    return DutyFulfilmentRevoked(NIGHT, duty, "patrol_daily", "S1", begins, f"R-{duty}")


def missed(duty: str, begins: datetime = NOON, kind: DutyKind = "patrol_daily") -> DutyMissed:
    return DutyMissed(begins + 25 * HOUR, duty, kind, "S1", begins, ("V1",))


def cancelled(duty: str, begins: datetime = NOON) -> DutyCancelled:
    return DutyCancelled(NIGHT, duty, "patrol_daily", "S1", begins, "station_suspended")


def demand(identity: str, deadline: datetime, station: str = "S1") -> DemandRecorded:
    return DemandRecorded(NOON, identity, "chief", station, "C1", "meals", deadline, "ref", None, None, ())


def met(identity: str, deadline: datetime, *, in_time: bool = True, station: str = "S1") -> DemandClosed:
    closed = deadline if in_time else deadline + HOUR
    return DemandClosed(closed, identity, "chief", station, "meals", deadline, "CS", "done", in_time)


def tally(*causes: Any) -> Tally:
    return close_of(Books(S1).hear(*causes)).tally


def test_ck12_ratings_count_when_they_are_given() -> None:
    april = at("00:00", 1, 4)
    causes = [rated("v1", 5), rated("v2", 4), rated("v3", 1, april)]
    assert (tally(*causes).ratings, tally(*causes).stars) == (2, 9)


def test_a_voided_visit_takes_its_rating_back_in_the_period_in_which_it_was_given() -> None:
    april = at("08:00", 1, 4)
    assert tally(rated("v1", 5), rated("v2", 1), voided("v2", 1, moment=april)).stars == 5
    assert tally(rated("v1", 5), rated("v2", 1), voided("v2", 1, moment=april)).ratings == 1
    assert tally(rated("v1", 5), voided("v2", None)).ratings == 1, "nobody had rated it"


def test_ck11_patrols_count_by_the_day_they_begin_and_chiefs_not_at_all() -> None:
    april = at("00:00", 1, 4)
    causes = [
        scheduled("d1"), fulfilled("d1"), scheduled("d2"), missed("d2"), scheduled("d3", april), scheduled("d4"),
        scheduled("c1", kind="chief"), missed("c1", kind="chief"),
    ]  # fmt: skip
    assert (tally(*causes).scheduled, tally(*causes).fulfilled) == (3, 1)


def test_a_patrol_that_is_planned_and_assigned_is_one() -> None:
    assert tally(planned("d1"), scheduled("d1")).scheduled == 1
    assert tally(planned("d1"), missed("d1")).scheduled == 1, "that nobody was named for is no excuse"


def test_what_is_cancelled_was_not_scheduled() -> None:
    assert tally(scheduled("d1"), cancelled("d1"), scheduled("d2"), fulfilled("d2")).scheduled == 1


def test_ck11_in_time_but_told_late_takes_a_miss_back_and_too_late_does_not() -> None:
    assert tally(scheduled("d1"), missed("d1"), fulfilled("d1")).fulfilled == 1
    assert tally(scheduled("d1"), missed("d1"), fulfilled("d1", in_time=False)).fulfilled == 0


def test_a_patrol_whose_report_is_voided_is_not_fulfilled_until_another_report_is_accepted() -> None:
    causes = [scheduled("d1"), fulfilled("d1"), revoked("d1")]
    assert (tally(*causes).scheduled, tally(*causes).fulfilled) == (1, 0)
    assert tally(*causes, missed("d1")).fulfilled == 0
    assert tally(*causes, fulfilled("d1")).fulfilled == 1


def test_row_19_demands_count_where_they_fall_due() -> None:
    january, april = at("18:00"), at("18:00", 1, 4)
    causes = [demand("a", january), met("a", january), demand("b", january), demand("c", april), met("c", april)]
    assert (tally(*causes).due, tally(*causes).met) == (2, 1)
    late = [demand("a", january), met("a", january, in_time=False)]
    assert (tally(*late).due, tally(*late).met) == (1, 0)


def test_row_19_a_rectification_counts_while_it_is_overdue_at_the_end_of_the_period() -> None:
    march, april = at("12:00", 31, 3), at("12:00", 1, 4)
    assert tally(overdue("RC-1", NOON), overdue("RC-1", NOON)).overdue == 1
    assert tally(overdue("RC-1", NOON), put_right("RC-1", march)).overdue == 0, "late, but put right"
    assert tally(overdue("RC-1", NOON), put_right("RC-1", april)).overdue == 1
    assert tally(overdue("RC-1", april)).overdue == 0
    assert tally(put_right("RC-1", NOON)).overdue == 0


def test_row_19_what_is_never_put_right_counts_in_every_period() -> None:
    books = Books(S1).hear(overdue("RC-1", NOON), overdue("RC-2", NOON), put_right("RC-2", at("12:00", 1, 4)))
    assert close_of(books).tally.overdue == 2
    july = datetime(2026, 7, 4, tzinfo=CHINA)
    books.do(inspect(period="2026-Q2", now=july))
    assert books.do(close(period="2026-Q2", now=july))[0].tally.overdue == 1


def test_closed_rectifications_are_forgotten_the_earliest_first() -> None:
    first = [put_right(f"RC-{number}", NOON + number * SECOND) for number in range(SETTLED_KEPT + 1)]
    state = Books(S1).hear(overdue("RC-0", NOON - HOUR), *first, overdue("RC-open", NOON)).read(OVERDUE, "S1")
    assert len(state.settled) == SETTLED_KEPT
    assert sorted(state.since) == ["RC-open"]


def test_row_19_answers_and_overdue_actions_are_beside_the_score() -> None:
    beside = [content("CS-1", 1), action_overdue("PP-1", NOON), action_overdue("PP-1", NOON)]
    assert tally(*beside) == NOTHING
    books = Books(S1).hear(*beside)
    assert books.read(STANDING, f"S1_{Q1}").actions == ("PP-1",)
    assert asked(content("CS-1", 5, station=None)) == []
    assert asked(action_overdue("PP-1", NOON, station=None)) == []


def test_an_answer_counts_when_its_rating_was_given_as_the_envelope_says() -> None:
    for moment, period in ((NOON, Q1), (at("00:00", 1, 4), "2026-Q2")):
        (command,) = asked(content("CS-1", 5), moment)
        assert (getattr(command, "period"), getattr(command, "now")) == (period, moment)  # noqa: B009


def test_of_a_station_that_we_do_not_know_there_is_nothing_to_say() -> None:
    told = [overdue("RC-1", NOON, "S9"), put_right("RC-1", NOON, "S9"), content("CS-1", 1, station="S9")]
    books = Books(S1).hear(*told, action_overdue("PP-1", NOON, "S9"))
    assert not any(name.endswith(("S9", f"S9_{Q1}")) for name in books.states)


def test_what_counts_is_what_this_stations_people_did() -> None:
    books = Books(S1, S2).hear(rated("v1", 5), rated("v2", 1, station="S2"), scheduled("d1", station="S2"))
    assert close_of(books).tally == msgspec.structs.replace(NOTHING, ratings=1, stars=5)
    assert close_of(books, station="S2").tally == msgspec.structs.replace(NOTHING, ratings=1, stars=1, scheduled=1)


LATER = at("12:00", 1, 4)
CAUSES = [
    rated("v1", 5), rated("v2", 2), voided("v2", 2), rated("v3", 4, LATER),
    planned("d1"), scheduled("d1"), missed("d1"), fulfilled("d1"), scheduled("d2"), cancelled("d2"), missed("d3"),
    fulfilled("d4"), revoked("d4"), fulfilled("d5"), revoked("d5"), fulfilled("d5"),
    demand("a", NIGHT), met("a", NIGHT), demand("b", NIGHT), met("b", NIGHT, in_time=False),
    overdue("RC-1", NOON), put_right("RC-1", NIGHT), overdue("RC-2", NOON), overdue("RC-2", NIGHT),
    put_right("RC-3", NOON), put_right("RC-4", LATER), overdue("RC-4", NIGHT), action_overdue("PP-1", NOON),
]  # fmt: skip
EXPECTED = Tally(passed=8, ratings=1, stars=5, scheduled=4, fulfilled=2, due=2, met=1, overdue=2)


def test_what_has_happened_counts() -> None:
    assert tally(*CAUSES) == EXPECTED


@drawn(st.permutations(CAUSES))
def test_ck12_in_whatever_order_it_is_told(causes: list[Any]) -> None:
    assert tally(*causes) == EXPECTED


def test_a_patrol_noted_again_appends_nothing(given: Given) -> None:
    """Only what can happen again is told again: a fulfilment that is revoked, and another one."""
    notes: tuple[PatrolNote, ...] = ("scheduled", "missed", "cancelled")
    for note in notes:
        command = NotePatrol("S1", Q1, "d1", note, NOON)
        given().when(command).then(on(STANDING, f"S1_{Q1}", PatrolNoted(NOON, "S1", Q1, "d1", note)))
        given().when(command).when(command).then_nothing()


def test_a_rectification_told_again_appends_nothing(given: Given) -> None:
    for command in (NoteOverdue("S1", "RC-1", NOON), NoteSettled("S1", "RC-1", NOON)):
        given(S1).when(command).when(command).then_nothing()


def test_a_hundred_thousand_ratings_leave_a_state_of_two_numbers() -> None:
    events = [RatingCounted(NOON, "S1", Q1, f"v{number}", 1 + number % 5) for number in range(100_000)]
    state = STANDING.fold(events)
    assert state == Standing(ratings=100_000, stars=300_000)
    assert len(msgspec.json.encode(state)) < 200


# The day.


def test_ck12_the_days_figures_of_both_stations() -> None:
    """Section 4: S1's mean is 4.75, S2's 4.00; four patrols; 13 demands at S1, of which four are closed in time."""
    february = at("18:00", 6, 2)
    dues = [NIGHT] * 4 + [february] * 9
    causes: list[Any] = [rated(f"s1-{n}", stars) for n, stars in enumerate((5, 5, 4, 5))]
    causes += [rated("s2", 4, station="S2")]
    for duty, station in (("morning", "S1"), ("weekly", "S1"), ("heating", "S2"), ("evening", "S2")):
        causes += [scheduled(duty, station=station), fulfilled(duty, station=station)]
    causes += [demand(f"DM-{n}", due) for n, due in enumerate(dues)]
    causes += [met(f"DM-{n}", NIGHT) for n in range(4)]
    books = Books(S1, S2).hear(*causes)
    one, two = close_of(books), close_of(books, station="S2")
    assert one.tally == Tally(passed=8, ratings=4, stars=19, scheduled=2, fulfilled=2, due=13, met=4, overdue=0)
    assert (one.score_e2, one.stars) == (4_000 + 2_850 + 2_000 + 308, 5)
    assert two.tally == Tally(passed=8, ratings=1, stars=4, scheduled=2, fulfilled=2, due=0, met=0, overdue=0)
    assert (two.score_e2, two.stars) == (4_000 + 2_400 + 2_000 + 1_000, 5)


def test_the_period_of_the_day_is_the_first_quarter() -> None:
    assert period_at(datetime.combine(date(2026, 1, 23), NOON.time(), CHINA)) == Q1
    assert period_named(Q1).close_from - period_named(Q1).ends == timedelta(hours=72)
    assert s1_registered.at < period_named(Q1).ends
