"""The calendar of working days: announced by the library, put right by versions of our own."""

from __future__ import annotations

from datetime import date

import pytest

from services.checkin.domain.refusals import AlreadyRegistered
from services.checkin.domain.working_days import (
    CALENDAR,
    CALENDAR_OF_CHINA,
    CalendarPublished,
    Day,
    DayKind,
    Override,
    PublishCalendar,
    Source,
    day_in,
)
from shared.errors import ValidationFailed
from shared.testing.given import Given, on
from tests.checkin.town import at

NOON = at("12:00")
NEW_YEAR = Override(date(2027, 2, 6), "holiday")  # 2027's Spring Festival: not announced when this was written
first = CalendarPublished(NOON, 1, (NEW_YEAR,))


@pytest.mark.parametrize(
    "day,kind,source",
    [
        (date(2026, 1, 23), "workday", "chinese_calendar"),
        (date(2026, 1, 24), "weekend", "chinese_calendar"),
        (date(2026, 2, 17), "holiday", "chinese_calendar"),  # Spring Festival, a Tuesday
        (date(2026, 2, 14), "make_up_workday", "chinese_calendar"),  # a Saturday
        (date(2027, 2, 6), "holiday", "published"),
        (date(2099, 1, 1), "workday", "weekday"),  # years that nobody has announced
        (date(2099, 1, 3), "weekend", "weekday"),
        (date(1999, 10, 1), "workday", "weekday"),
    ],
)
def test_every_date_has_an_answer_and_says_whose_it_is(day: date, kind: DayKind, source: Source) -> None:
    assert day_in({NEW_YEAR.date: NEW_YEAR.kind}, day) == Day(day, kind, source)


def test_what_is_published_wins_over_what_is_announced() -> None:
    friday = date(2026, 1, 23)
    assert day_in({friday: "holiday"}, friday) == Day(friday, "holiday", "published")


@pytest.mark.parametrize(
    "kind,works", [("workday", True), ("make_up_workday", True), ("weekend", False), ("holiday", False)]
)
def test_make_up_days_are_working_days(kind: DayKind, works: bool) -> None:
    assert Day(date(2026, 1, 23), kind, "published").is_workday is works


def test_a_version_replaces_the_one_before(given: Given) -> None:
    scenario = given().when(PublishCalendar(1, (NEW_YEAR,), NOON)).then(on(CALENDAR, CALENDAR_OF_CHINA, first))
    second = PublishCalendar(2, (), NOON)
    scenario.when(second).then(on(CALENDAR, CALENDAR_OF_CHINA, CalendarPublished(NOON, 2, ())))
    assert CALENDAR.fold([first, CalendarPublished(NOON, 2, ())]).overrides == {}


def test_the_same_version_again_changes_nothing(given: Given) -> None:
    given(on(CALENDAR, CALENDAR_OF_CHINA, first)).when(PublishCalendar(1, (NEW_YEAR,), NOON)).then_nothing()


@pytest.mark.parametrize("version", [0, 1, 3])
def test_versions_rise_by_one(given: Given, version: int) -> None:
    known = on(CALENDAR, CALENDAR_OF_CHINA, first)
    given(known).when(PublishCalendar(version, (), NOON)).then_refused(AlreadyRegistered)


def test_a_date_has_one_kind(given: Given) -> None:
    twice = (NEW_YEAR, Override(NEW_YEAR.date, "workday"))
    given().when(PublishCalendar(1, twice, NOON)).then_refused(ValidationFailed)
