"""Working days 工作日 of China: holidays and make-up working days 调休上班日.

The library `chinese_calendar` knows what the State Council has announced. What it does not know yet, or what a place
decides for itself, is published here in versions; the last version holds. A date that neither knows is told by its
weekday and marked as not announced.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Literal, TypeAlias, assert_never

import chinese_calendar
import msgspec

from shared.decider import Command, Decider, DomainEvent
from shared.errors import ValidationFailed

from .refusals import AlreadyRegistered

CALENDAR_OF_CHINA = "china"  # there is one

DayKind: TypeAlias = Literal["workday", "weekend", "holiday", "make_up_workday"]
Source: TypeAlias = Literal["published", "chinese_calendar", "weekday"]


class Override(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    date: date
    kind: DayKind


class PublishCalendar(Command, frozen=True):
    version: int
    overrides: tuple[Override, ...]
    now: datetime


class CalendarPublished(DomainEvent, frozen=True):
    version: int
    overrides: tuple[Override, ...]


class Calendar(msgspec.Struct, frozen=True):
    version: int = 0
    overrides: dict[date, DayKind] = {}


class Day(msgspec.Struct, frozen=True):
    """What a date is. Nothing is announced of a date whose `source` is its weekday."""

    date: date
    kind: DayKind
    source: Source

    @property
    def is_workday(self) -> bool:
        return self.kind in ("workday", "make_up_workday")


def day_in(overrides: Mapping[date, DayKind], day: date) -> Day:
    """What this date is, by the published overrides, else as announced, else by its weekday."""
    if (kind := overrides.get(day)) is not None:
        return Day(day, kind, "published")
    by_weekday: DayKind = "weekend" if day.isoweekday() > 5 else "workday"
    try:
        works = bool(chinese_calendar.is_workday(day))
        named = day in chinese_calendar.holidays
    except NotImplementedError:  # its years are over, or have not begun
        return Day(day, by_weekday, "weekday")
    if works:
        return Day(day, "make_up_workday" if by_weekday == "weekend" else "workday", "chinese_calendar")
    return Day(day, "holiday" if named else "weekend", "chinese_calendar")


def decide(command: PublishCalendar, calendar: Calendar) -> list[CalendarPublished]:
    """Versions rise by one, so that nobody overwrites what another has just published."""
    dates = {override.date for override in command.overrides}
    if len(dates) < len(command.overrides):
        raise ValidationFailed("a date has one kind", field="overrides")
    facts = {override.date: override.kind for override in command.overrides}
    if command.version == calendar.version and facts == calendar.overrides:
        return []
    if command.version != calendar.version + 1:
        raise AlreadyRegistered(f"the next version is {calendar.version + 1}", field="version")
    return [CalendarPublished(command.now, command.version, command.overrides)]


def evolve(calendar: Calendar, event: CalendarPublished) -> Calendar:
    match event:
        case CalendarPublished(version=version, overrides=overrides):
            return Calendar(version, {override.date: override.kind for override in overrides})
        case _:
            assert_never(event)


CALENDAR: Decider[PublishCalendar, CalendarPublished, Calendar] = Decider(
    "calendar", Calendar(), decide, evolve, (CalendarPublished,)
)
