"""Duties of the day as the rota's tests need them: C1 is chief of S1, C2 of S2; V1 and V2 patrol S1 in the morning.

past = told(S1, S2, CHIEF_OF_S1)            # everything that these facts and commands lead to
given(*past).when(StartDuty("chief-S1", "C1", at("05:25"))).then(...)
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from services.checkin.domain.duty_commands import AssignDuty
from services.checkin.domain.duty_events import DutyKind
from services.checkin.handlers import HANDLERS
from shared.decider import Change, Command, Decider
from tests.checkin.town import S1, S2, at

FRIDAY = date(2026, 1, 23)
EVE = at("12:00", 22)


def told(*past: Change | Command) -> list[Change]:
    """These facts, and what these commands lead to, one after the other."""
    states: dict[str, Any] = {}
    changes: list[Change] = []

    def read(decider: Decider[Any, Any, Any], entity: str) -> Any:
        return states.get(decider.stream(entity), decider.initial)

    for one in past:
        for change in [one] if isinstance(one, Change) else HANDLERS.handle(one, read):
            states[change.decider.stream(change.entity)] = change.decider.fold(
                change.events, read(change.decider, change.entity)
            )
            changes.append(change)
    return changes


def assign(
    duty: str, kind: DutyKind, station: str, begins: str, ends: str, *people: str, day: int = 23, now: datetime = EVE
) -> AssignDuty:
    return AssignDuty(duty, kind, station, at(begins, day), at(ends, day), people, now)


CHIEF_OF_S1 = assign("chief-S1", "chief", "S1", "05:30", "22:00", "C1")
CHIEF_OF_S2 = assign("chief-S2", "chief", "S2", "08:00", "18:00", "C2")
MORNING = assign("morning", "patrol_daily", "S1", "07:30", "09:30", "V1", "V2")
EVENING = assign("evening", "patrol_daily", "S2", "17:00", "19:00", "V1")
TOWN = (S1, S2)
