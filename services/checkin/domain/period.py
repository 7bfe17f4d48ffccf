"""The period of a star review 星级评定: a calendar quarter in China, half-open (K1), and its name, as in `2026-Q1`."""

from __future__ import annotations

import re
from datetime import datetime
from typing import NamedTuple

from shared.clock import CHINA
from shared.errors import ValidationFailed

from .values import REVIEW_AFTER, REVIEW_PERIOD

_LETTER, _MONTHS = REVIEW_PERIOD
_NAME = re.compile(rf"(2[01]\d\d)-{_LETTER}([1-9]\d?)")


class Period(NamedTuple):
    name: str
    begins: datetime
    ends: datetime

    @property
    def close_from(self) -> datetime:
        """From when on its review may be closed."""
        return self.ends + REVIEW_AFTER


def period_at(moment: datetime) -> str:
    """The name of the period in which a moment lies. Names sort as their periods do."""
    try:
        local = moment.astimezone(CHINA)
    except OverflowError:  # the last hours of the year 9999
        local = moment
    return _name(local.year, (local.month - 1) // _MONTHS + 1)


def period_named(name: str) -> Period:
    """Raises `ValidationFailed`."""
    found = _NAME.fullmatch(name)
    if found is None or int(found[2]) > 12 // _MONTHS:
        raise ValidationFailed(f"a period is named like {_name(2026, 1)}", field="period")
    year, number = int(found[1]), int(found[2])
    return Period(name, _month(12 * year + (number - 1) * _MONTHS), _month(12 * year + number * _MONTHS))


def _name(year: int, number: int) -> str:
    return f"{year:04}-{_LETTER}{number:0{len(str(12 // _MONTHS))}}"


def _month(count: int) -> datetime:
    return datetime(count // 12, count % 12 + 1, 1, tzinfo=CHINA)
