"""CK6 and K1: when a station is open, and when it closes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given as every
from hypothesis import strategies as st

from services.checkin.domain.hours import (
    NEVER_OPEN,
    DateException,
    Hours,
    Interval,
    WeeklyInterval,
    check_hours,
    hours_of,
)
from services.checkin.domain.values import EXCEPTIONS_KEPT, INTERVALS_A_DAY, WEEKLY_INTERVALS
from shared.errors import ValidationFailed
from tests.checkin.town import EVERY_DAY, HOUR, MINUTE, SECOND, at

FRIDAY_NIGHT = WeeklyInterval(5, 20 * 60, 26 * 60)  # Friday 20:00 to Saturday 02:00
FRIDAY, SATURDAY = 23, 24
BY_DAY = hours_of(EVERY_DAY, ())


def test_ck6_opening_is_inside_and_closing_is_outside() -> None:
    assert not BY_DAY.is_open(at("05:29:59"))
    assert BY_DAY.is_open(at("05:30"))
    assert BY_DAY.is_open(at("21:59:59"))
    assert not BY_DAY.is_open(at("22:00"))


def test_k1_the_hours_are_chinas_whatever_zone_the_time_is_told_in() -> None:
    assert BY_DAY.is_open(datetime(2026, 1, 22, 21, 30, tzinfo=UTC))  # 05:30 on the 23rd
    assert not BY_DAY.is_open(datetime(2026, 1, 23, 14, 0, tzinfo=UTC))  # 22:00


def test_ck6_a_night_belongs_to_the_day_it_starts() -> None:
    hours = hours_of([FRIDAY_NIGHT], ())
    assert hours.is_open(at("01:59", SATURDAY))
    assert not hours.is_open(at("02:00", SATURDAY))
    assert not hours.is_open(at("01:00", FRIDAY))


def test_ck6_sunday_night_passes_into_monday() -> None:
    assert hours_of([WeeklyInterval(7, 1320, 1500)], ()).is_open(at("00:59", 26))


def test_ck6_e16_a_holiday_does_not_cut_the_night_before() -> None:
    """E16: the exception of Saturday leaves what began on Friday."""
    hours = hours_of([FRIDAY_NIGHT, WeeklyInterval(6, 600, 1200)], [DateException(date(2026, 1, SATURDAY), ())])
    assert hours.is_open(at("01:30", SATURDAY))
    assert not hours.is_open(at("12:00", SATURDAY))
    assert hours.is_open(at("12:00", 31))


def test_ck6_an_exception_replaces_all_that_starts_on_its_date_and_may_pass_midnight() -> None:
    special = DateException(date(2026, 1, FRIDAY), (Interval(540, 600), Interval(1380, 1500)))
    hours = hours_of([FRIDAY_NIGHT], [special])
    assert [hours.is_open(at(clock, FRIDAY)) for clock in ("09:00", "10:00", "20:30", "23:00")] == [
        True,
        False,
        False,
        True,
    ]
    assert hours.is_open(at("00:59", SATURDAY))
    assert not hours.is_open(at("01:30", SATURDAY))


def test_ck3_the_next_closing_is_the_end_of_the_interval_or_the_latest_if_sooner() -> None:
    assert BY_DAY.closing(at("20:30"), at("22:30")) == at("22:00")
    assert BY_DAY.closing(at("20:30"), at("22:00")) == at("22:00")
    assert BY_DAY.closing(at("20:30"), at("21:59:59")) == at("21:59:59")
    assert BY_DAY.closing(at("21:59:59"), at("22:00:30")) == at("22:00")


def test_ck6_days_that_touch_at_midnight_do_not_close() -> None:
    round_the_clock = hours_of([WeeklyInterval(day, 0, 1440) for day in range(1, 8)], ())
    assert round_the_clock.closing(at("22:00"), at("02:00", SATURDAY)) == at("02:00", SATURDAY)


def test_ck3_out_of_hours_the_next_closing_is_that_of_the_next_opening() -> None:
    market = hours_of([WeeklyInterval(5, 540, 600)], ())
    assert market.closing(at("08:30"), at("12:30")) == at("10:00")
    assert market.closing(at("10:30"), at("14:30")) == at("14:30")


@pytest.mark.parametrize(
    "weekday,opens,closes", [(0, 0, 60), (8, 0, 60), (1, -1, 60), (1, 1440, 1500), (1, 60, 60), (1, 0, 2881)]
)
def test_ck6_hours_that_no_door_could_keep_are_refused(weekday: int, opens: int, closes: int) -> None:
    with pytest.raises(ValidationFailed, match=r"weekday|opens_min"):
        check_hours([WeeklyInterval(weekday, opens, closes)], ())


def test_ck6_the_widest_hours_are_accepted() -> None:
    check_hours([WeeklyInterval(1, 0, 2880), WeeklyInterval(7, 1439, 1440)], ())


def test_ck6_a_date_has_one_exception() -> None:
    closed = DateException(date(2026, 1, FRIDAY), ())
    with pytest.raises(ValidationFailed) as refused:
        check_hours((), [closed, closed])
    assert refused.value.field == "exceptions"


@pytest.mark.parametrize(
    "weekly,exceptions",
    [
        ([WeeklyInterval(1, 0, 60)] * (WEEKLY_INTERVALS + 1), []),
        ([], [DateException(date(2026, 1, 1) + timedelta(days=n), ()) for n in range(EXCEPTIONS_KEPT + 1)]),
        ([], [DateException(date(2026, 1, 1), (Interval(0, 60),) * (INTERVALS_A_DAY + 1))]),
    ],
    ids=["intervals", "dates", "intervals of a date"],
)
def test_ck6_hours_without_end_are_refused(weekly: list[WeeklyInterval], exceptions: list[DateException]) -> None:
    with pytest.raises(ValidationFailed, match="at most"):
        check_hours(weekly, exceptions)
    check_hours(weekly[1:], exceptions[1:])


def test_ck6_the_next_opening_and_closing_of_a_day() -> None:
    assert BY_DAY.next_opening(at("05:29:59")) == at("05:30")
    assert BY_DAY.next_opening(at("05:30")) == at("05:30", SATURDAY), "it is open already"
    assert BY_DAY.next_opening(at("22:00")) == at("05:30", SATURDAY)
    assert BY_DAY.next_closing(at("05:00")) == at("22:00")
    assert BY_DAY.next_closing(at("21:59:59")) == at("22:00")
    assert BY_DAY.next_closing(at("22:00")) == at("22:00", SATURDAY)


def test_ck6_e16_at_two_in_the_night_the_next_closing_is_that_of_the_evening_before() -> None:
    """E16."""
    hours = hours_of([FRIDAY_NIGHT], ())
    assert hours.next_closing(at("01:00", SATURDAY)) == at("02:00", SATURDAY)
    assert hours.next_opening(at("02:00", SATURDAY)) == at("20:00", 30)


def test_ck6_e16_the_next_opening_is_after_the_holiday_and_not_on_it() -> None:
    """E16: the Spring Festival of 2026, 15 to 23 February, closed but for two hours on New Year's Eve."""
    closed = [DateException(date(2026, 2, day), ()) for day in range(15, 24) if day != 16]
    eve = DateException(date(2026, 2, 16), (Interval(600, 720),))
    hours = hours_of(EVERY_DAY, [*closed, eve])
    assert hours.next_opening(at("22:00", 14, 2)) == at("10:00", 16, 2)
    assert hours.next_closing(at("22:00", 14, 2)) == at("12:00", 16, 2)
    assert hours.next_opening(at("12:00", 16, 2)) == at("05:30", 24, 2)
    assert hours.next_closing(at("12:00", 17, 2)) == at("22:00", 24, 2)


def test_ck6_a_holiday_far_ahead_may_be_the_only_opening() -> None:
    """E16."""
    fair = hours_of((), [DateException(date(2026, 12, 31), (Interval(1380, 1500),))])
    assert fair.next_opening(at("12:00")) == at("23:00", 31, 12)
    assert fair.next_closing(at("12:00")) == at("01:00", 1, 1).replace(year=2027)
    assert fair.next_opening(at("23:00", 31, 12)) is None


def test_ck6_e16_a_night_that_runs_into_a_morning_is_one_opening() -> None:
    """E16: the night before a holiday passes into what is open on the holiday."""
    holiday = DateException(date(2026, 1, SATURDAY), (Interval(120, 600),))
    hours = hours_of([FRIDAY_NIGHT], [holiday])
    assert hours.next_closing(at("21:00")) == at("10:00", SATURDAY)
    assert hours.next_opening(at("21:00")) == at("20:00", 30)


def test_ck6_what_never_opens_or_never_closes_has_no_next() -> None:
    round_the_clock = hours_of([WeeklyInterval(day, 0, 1440) for day in range(1, 8)], ())
    assert (round_the_clock.next_opening(at("12:00")), round_the_clock.next_closing(at("12:00"))) == (None, None)
    assert (NEVER_OPEN.next_opening(at("12:00")), NEVER_OPEN.next_closing(at("12:00"))) == (None, None)
    long_past = hours_of((), [DateException(date(2020, 1, 1), (Interval(0, 60),))])
    assert (long_past.next_opening(at("12:00")), long_past.next_closing(at("12:00"))) == (None, None)


def test_ck6_nobody_looks_for_ever_for_an_exception_of_another_century() -> None:
    far = [DateException(date(year, 12, 31), (Interval(0, 2880),)) for year in (1, 9999)]
    assert hours_of((), far).next_opening(at("12:00")) is None
    assert hours_of((), far).next_closing(at("12:00")) is None
    assert hours_of(EVERY_DAY, far).next_opening(at("22:00")) == at("05:30", SATURDAY)


def test_k1_e17_next_times_are_the_same_whatever_zone_they_are_asked_in() -> None:
    """E17: 21:00 UTC is 05:00 in China; the answer is in the zone of the question, and there is no summer time."""
    utc = datetime(2026, 1, 22, 21, 0, tzinfo=UTC)
    assert BY_DAY.next_opening(utc) == at("05:30")
    assert BY_DAY.next_closing(utc) == at("22:00")
    assert BY_DAY.next_opening(utc).utcoffset() == timedelta(0)  # type: ignore[union-attr]
    for day in range(1, 8):  # the week in which Europe changes its clocks
        assert BY_DAY.next_opening(at("23:00", day - 1 or 31, 4 if day > 1 else 3)) == at("05:30", day, 4)


def spans() -> st.SearchStrategy[tuple[int, int]]:
    return st.tuples(st.integers(0, 23), st.integers(1, 30)).map(
        lambda s: (s[0] * 60, min(s[0] * 60 + s[1] * 60, 2880))
    )


def plans() -> st.SearchStrategy[Hours]:
    weekly = st.lists(st.builds(lambda day, s: WeeklyInterval(day, *s), st.integers(1, 7), spans()), max_size=6)
    parts = st.lists(spans().map(lambda s: Interval(*s)), max_size=2).map(tuple)
    dates = st.integers(20, 26).map(lambda day: date(2026, 1, day))
    exceptions = st.lists(st.builds(DateException, dates, parts), max_size=2, unique_by=lambda e: e.date)
    return st.builds(hours_of, weekly, exceptions)


@every(plans(), st.integers(0, 4 * 1440), st.integers(0, 59), st.integers(1, 1440))
def test_ck6_closing_is_where_a_walk_minute_by_minute_finds_it(
    hours: Hours, minute: int, second: int, stay: int
) -> None:
    """The walk asks only `is_open`, so the two ways to compute are checked against one another."""
    start = at("00:00", 21) + minute * MINUTE + second * SECOND
    latest = start + stay * MINUTE
    moment, was_open = start.replace(second=0), hours.is_open(start)
    while moment <= latest:
        if was_open and not hours.is_open(moment):
            break
        was_open = hours.is_open(moment)
        moment += MINUTE
    assert hours.closing(start, latest) == min(moment, latest)


@every(plans(), st.integers(0, 12 * 1440), st.integers(0, 59))
def test_ck6_next_times_are_where_a_walk_minute_by_minute_finds_them(hours: Hours, minute: int, second: int) -> None:
    start = at("00:00", 19) + minute * MINUTE + second * SECOND
    moment, opening, closing = start.replace(second=0), None, None
    for _ in range(14 * 1440):
        was_open, moment = hours.is_open(moment), moment + MINUTE
        if opening is None and not was_open and hours.is_open(moment):
            opening = moment
        if closing is None and was_open and not hours.is_open(moment):
            closing = moment
        if opening and closing:
            break
    assert (hours.next_opening(start), hours.next_closing(start)) == (opening, closing)


@every(plans(), st.integers(0, 7 * 24))
def test_ck6_a_minute_is_open_when_some_interval_of_its_day_or_the_day_before_holds_it(hours: Hours, hour: int) -> None:
    moment = at("00:30", 20) + hour * HOUR
    today = moment.replace(hour=0, minute=0)
    held = False
    for start in (today, today - timedelta(days=1)):
        day = (start - at("00:00", 19)).days  # the 19th is a Monday
        special = hours.exceptions.get((start.date() - date(2024, 1, 1)).days)
        for opens, closes in hours.weekly[day % 7] if special is None else special:
            held = held or start + opens * MINUTE <= moment < start + closes * MINUTE
    assert hours.is_open(moment) == held
