"""Opening hours as one text column, so that a query can lay them out by the domain's own rules."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ..domain.hours import DateException, WeeklyInterval


class _Hours(msgspec.Struct, frozen=True):
    weekly: tuple[WeeklyInterval, ...]
    exceptions: tuple[DateException, ...]


_decoder = msgspec.json.Decoder(_Hours)


def hours_text(weekly: Sequence[WeeklyInterval], exceptions: Sequence[DateException]) -> str:
    return msgspec.json.encode(_Hours(tuple(weekly), tuple(exceptions))).decode()


def parse_hours(text: str) -> tuple[tuple[WeeklyInterval, ...], tuple[DateException, ...]]:
    hours = _decoder.decode(text)
    return hours.weekly, hours.exceptions
