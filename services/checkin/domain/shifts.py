"""The times of a duty: which date it belongs to, and by when it must be started or reported (CK10, CK11).

All in China's time (K1).
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from shared.clock import CHINA
from shared.errors import ValidationFailed

from .occupancy import month_after, month_of
from .station import Station
from .values import ALWAYS_OPEN_START, CHIEF_GRACE, CHIEF_NAMED_BY, REPORT_WITHIN, ROTA_AHEAD_MONTHS

ONE_DAY = timedelta(days=1)


def day_of(moment: datetime) -> date:
    """The date in China, to which a duty belongs that begins then."""
    return moment.astimezone(CHINA).date()


def months_around(now: datetime) -> list[str]:
    """The months that may hold duties that are not over: from the one before, as a night runs on, to the furthest."""
    return [month_after(month_of(now), steps) for steps in range(-1, ROTA_AHEAD_MONTHS + 1)]


def check_window(window_from: datetime, window_to: datetime, now: datetime, *, chief: bool) -> None:
    """A rota is for what is still to come, and not for years ahead."""
    if window_from >= window_to:
        raise ValidationFailed("a window ends after it begins", field="window_to")
    if window_to <= now:
        raise ValidationFailed("this window is over: a rota is for what is still to come", field="window_to")
    if month_of(window_from) not in months_around(now):
        raise ValidationFailed(f"a rota reaches {ROTA_AHEAD_MONTHS} months ahead", field="window_from")
    if chief and window_to > midnight(day_of(window_from)) + 2 * ONE_DAY:
        raise ValidationFailed("a chief's duty ends by the end of the next day, as opening hours do", field="window_to")


def midnight(day: date) -> datetime:
    """When a date begins."""
    return datetime(day.year, day.month, day.day, tzinfo=CHINA)


def named_by(day: date) -> datetime:
    """CK10: until when the chief of a date is to be named."""
    return datetime.combine(day - ONE_DAY, CHIEF_NAMED_BY, CHINA)


def first_day_to_check(now: datetime) -> date:
    """The first date whose chief may still be named in time."""
    tomorrow = day_of(now) + ONE_DAY
    return tomorrow if named_by(tomorrow) >= now else tomorrow + ONE_DAY


def start_by(station: Station, window_from: datetime, told_at: datetime) -> datetime:
    """CK10: by when a chief has started who is told now: at least half an hour later."""
    return max(_start_rule(station, window_from), told_at + CHIEF_GRACE)


def start_revised(station: Station, window_from: datetime, due: datetime, now: datetime) -> datetime:
    """CK10, when the station's hours may have changed since: an earlier opening, too, leaves half an hour from now."""
    return max(_start_rule(station, window_from), min(due, now + CHIEF_GRACE))


def _start_rule(station: Station, window_from: datetime) -> datetime:
    """Opening + 30 minutes by the hours of that date (CK6), 09:00 where it is always open.

    A duty that begins only then, or on a date without an opening, has half an hour from its own beginning.
    """
    day = day_of(window_from)
    opening = None if station.always_open else station.hours.opening_on(day)
    if station.always_open:
        due = datetime.combine(day, ALWAYS_OPEN_START, CHINA)
    elif opening is not None:
        due = opening + CHIEF_GRACE
    else:
        due = window_from
    return due if window_from < due else window_from + CHIEF_GRACE


def report_by(window_to: datetime) -> datetime:
    """CK11: until when a report of a patrol may be accepted."""
    return window_to + REPORT_WITHIN
