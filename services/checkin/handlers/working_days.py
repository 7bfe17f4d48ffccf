"""The calendar of working days: one stream."""

from __future__ import annotations

from shared.decider import Changes, Handlers, Read, decided

from ..domain.working_days import CALENDAR, CALENDAR_OF_CHINA, PublishCalendar

HANDLERS = Handlers(CALENDAR)


@HANDLERS.on(PublishCalendar)
def publish_calendar(command: PublishCalendar, read: Read) -> Changes:
    return [decided(CALENDAR, CALENDAR_OF_CHINA, command, read)]
