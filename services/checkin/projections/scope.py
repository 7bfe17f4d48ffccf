"""Where and when a figure is asked for: days of China's calendar; all stations, one, those of a county or city."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, Table, true

from shared.clock import CHINA
from shared.errors import ValidationFailed

MOST_DAYS = 366
FIRST, LAST = date(2000, 1, 1), date(2999, 12, 31)  # beyond them a time cannot be reckoned with everywhere


class Days(NamedTuple):
    """K1: half-open, from one day to the day after the last."""

    first: date
    after: date

    @property
    def begins(self) -> datetime:
        return midnight(self.first)

    @property
    def ends(self) -> datetime:
        return midnight(self.after)


class Scope(NamedTuple):
    """All that is given must hold."""

    station_id: str | None = None
    county: str | None = None
    city: str | None = None

    def of(self, column: ColumnElement[Any], stations: Table) -> ColumnElement[bool]:
        """The condition that a column of station ids is within, by a projection's own table of stations."""
        wanted: ColumnElement[bool] = true() if self.station_id is None else column == self.station_id
        if self.county is None and self.city is None:
            return wanted
        inside: Select[Any] = stations.select().with_only_columns(stations.c.station_id)
        for name in ("county", "city"):
            if (value := getattr(self, name)) is not None:
                inside = inside.where(stations.c[name] == value)
        return wanted & column.in_(inside)


def one_day(day: date) -> Days:
    """Raises `ValidationFailed` as `days` does."""
    return days(day, min(day, LAST) + timedelta(days=1))


def days(first: date, after: date) -> Days:
    """Raises `ValidationFailed` when it is no time, too long a one, or not of this age."""
    if not FIRST <= first <= LAST:
        raise ValidationFailed(f"a day is from {FIRST} to {LAST}", field="from")
    if not timedelta(0) < after - first <= timedelta(days=MOST_DAYS):
        raise ValidationFailed(f"it is the day after the last, at most {MOST_DAYS} days after the first", field="to")
    return Days(first, after)


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=CHINA)


def day_of(moment: datetime) -> date:
    return moment.astimezone(CHINA).date()
