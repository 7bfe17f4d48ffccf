"""When a station is open and when it closes next (CK6), in whole minutes of China's time (K1).

An interval belongs to the day it starts and may pass midnight. Days and minutes are counted from a Monday, so that the
weekday is a remainder and no time zone is converted on the way.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import TypeAlias

import msgspec

from shared.clock import CHINA
from shared.errors import ValidationFailed

from .values import EXCEPTIONS_KEPT, INTERVALS_A_DAY, LOOK_AHEAD_DAYS, WEEKLY_INTERVALS

MINUTE = timedelta(minutes=1)
DAY = 1440  # minutes
_MONDAY = datetime(2024, 1, 1, tzinfo=CHINA)

Span: TypeAlias = tuple[int, int]  # minutes of the starting day, half-open; past 1440 is the next day


class Interval(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Open from one minute of a day to another; `closes_min` above 1440 lies on the next day."""

    opens_min: int
    closes_min: int


class WeeklyInterval(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Open every week on the day it starts: 1 is Monday, 7 is Sunday."""

    weekday: int
    opens_min: int
    closes_min: int


class DateException(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Replaces the intervals that start on this date, and nothing else: the night before still runs out."""

    date: date
    intervals: tuple[Interval, ...]


class Hours(msgspec.Struct, frozen=True):
    """A station's hours, laid out for asking."""

    weekly: tuple[tuple[Span, ...], ...]
    exceptions: dict[int, tuple[Span, ...]]

    def is_open(self, moment: datetime) -> bool:
        return self._open_until(_minute_of(moment)) is not None

    def closing(self, start: datetime, latest: datetime) -> datetime:
        """The first closing after `start`, or `latest` if that comes first. Intervals that touch do not close."""
        end = self._closing_after(_minute_of(start), _minute_of(latest))
        return latest if end is None else _moment_of(end, start)

    def next_closing(self, moment: datetime) -> datetime | None:
        """When it next goes from open to closed; None when it does not, as far as one looks ahead."""
        minute = _minute_of(moment)
        end = self._closing_after(minute, self._horizon(minute))
        return None if end is None else _moment_of(end, moment)

    def next_opening(self, moment: datetime) -> datetime | None:
        """When it next goes from closed to open; None when it does not, as far as one looks ahead."""
        minute = _minute_of(moment)
        opening, last = minute, self._horizon(minute)
        while (opening := self._opening_after(opening, last)) <= last:
            if self._open_until(opening - 1) is None:  # else it only touches what was open before
                return _moment_of(opening, moment)
        return None

    def _closing_after(self, minute: int, last: int) -> int | None:
        """The first minute from which on it is closed after having been open, up to `last`."""
        end = self._open_until(minute) or self._opening_after(minute, last)
        while end <= last:
            further = self._open_until(end)
            if further is None:
                return end
            end = further
        return None

    def _horizon(self, minute: int) -> int:
        """Past this minute nothing new comes: by then a whole week without exceptions has begun and ended."""
        told = max(minute, (max(self.exceptions, default=0) + 2) * DAY) + 8 * DAY
        return min(told, minute + LOOK_AHEAD_DAYS * DAY)

    def opening_on(self, day: date) -> datetime | None:
        """The first opening that belongs to a date; None when it has none."""
        number = (day - _MONDAY.date()).days
        spans = self._starting_on(number)
        return _MONDAY + (number * DAY + spans[0][0]) * MINUTE if spans else None

    def _starting_on(self, day: int) -> tuple[Span, ...]:
        exception = self.exceptions.get(day)
        return self.weekly[day % 7] if exception is None else exception

    def _open_until(self, minute: int) -> int | None:
        """Until when the intervals that hold this minute last; None when it is closed."""
        today, now = divmod(minute, DAY)
        until = 0
        for opens, closes in self._starting_on(today):
            if opens <= now < closes and closes > until:
                until = closes
        for opens, closes in self._starting_on(today - 1):
            if opens <= now + DAY < closes and closes - DAY > until:  # began yesterday and passes midnight
                until = closes - DAY
        return today * DAY + until if until else None

    def _opening_after(self, minute: int, last: int) -> int:
        """The next opening up to the day of `last`, or a minute after it."""
        for day in range(minute // DAY, last // DAY + 1):
            for opens, _ in self._starting_on(day):
                if day * DAY + opens > minute:
                    return day * DAY + opens
        return last + 1


NEVER_OPEN = Hours(((),) * 7, {})


def _minute_of(moment: datetime) -> int:
    return (moment - _MONDAY) // MINUTE


def _moment_of(minute: int, asked: datetime) -> datetime:
    """In the zone of the time that was asked about."""
    return (_MONDAY + minute * MINUTE).astimezone(asked.tzinfo)


def hours_of(weekly: Sequence[WeeklyInterval], exceptions: Sequence[DateException]) -> Hours:
    """The hours that these lists mean."""
    days: list[list[Span]] = [[] for _ in range(7)]
    for interval in weekly:
        days[interval.weekday - 1].append((interval.opens_min, interval.closes_min))
    dates = {
        (exception.date - _MONDAY.date()).days: tuple(sorted((i.opens_min, i.closes_min) for i in exception.intervals))
        for exception in exceptions
    }
    return Hours(tuple(tuple(sorted(day)) for day in days), dates)


def check_hours(weekly: Sequence[WeeklyInterval], exceptions: Sequence[DateException]) -> None:
    """Refuse what no sign on a door could mean."""
    if len(weekly) > WEEKLY_INTERVALS:
        raise ValidationFailed(f"a week has at most {WEEKLY_INTERVALS} intervals", field="weekly")
    if len(exceptions) > EXCEPTIONS_KEPT or any(len(day.intervals) > INTERVALS_A_DAY for day in exceptions):
        limits = f"{EXCEPTIONS_KEPT} dates with at most {INTERVALS_A_DAY} intervals each"
        raise ValidationFailed(f"there are exceptions for at most {limits}; leave out the past", field="exceptions")
    for interval in weekly:
        if not 1 <= interval.weekday <= 7:
            raise ValidationFailed("a weekday is 1 (Monday) to 7 (Sunday)", field="weekly")
        _check_span(interval.opens_min, interval.closes_min, "weekly")
    for exception in exceptions:
        for part in exception.intervals:
            _check_span(part.opens_min, part.closes_min, "exceptions")
    if len({exception.date for exception in exceptions}) < len(exceptions):
        raise ValidationFailed("a date has one exception, with all its intervals", field="exceptions")


def _check_span(opens: int, closes: int, field: str) -> None:
    if not (0 <= opens < DAY and opens < closes <= 2 * DAY):
        raise ValidationFailed(
            "opens_min is 0 to 1439; closes_min is later, at most 2880, and above 1440 on the next day", field=field
        )
