"""A duty of the rota 值班表: who is station chief 一日站长, and who patrols."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias, assert_never

import msgspec

from shared.decider import Command, Decider, DomainEvent
from shared.errors import ValidationFailed

from .refusals import RotaConflict
from .values import DAILY_PATROL_PEOPLE

DutyKind: TypeAlias = Literal["chief", "patrol_daily", "patrol_weekly", "patrol_special"]


class AssignDuty(Command, frozen=True):
    duty_id: str
    kind: DutyKind
    station_id: str
    window_from: datetime
    window_to: datetime
    people: tuple[str, ...]
    now: datetime
    theme: str | None = None  # a code; of special patrols


class DutyAssigned(DomainEvent, frozen=True):
    duty_id: str
    kind: DutyKind
    station_id: str
    window_from: datetime
    window_to: datetime
    people: tuple[str, ...]
    theme: str | None = None


DutyCommand: TypeAlias = AssignDuty
DutyEvent: TypeAlias = DutyAssigned


class Duty(msgspec.Struct, frozen=True):
    assigned: DutyAssigned | None = None


def decide(command: DutyCommand, duty: Duty) -> list[DutyEvent]:
    match command:
        case AssignDuty():
            return assign(command, duty)
        case _:
            assert_never(command)


def assign(command: AssignDuty, duty: Duty) -> list[DutyEvent]:
    """CK10, CK11. The same assignment again is nothing new; another one under this id is a swap, which needs both."""
    check_people(command)
    if command.window_from >= command.window_to:
        raise ValidationFailed("a window ends after it begins", field="window_to")
    if (command.kind == "patrol_special") != (command.theme is not None):
        raise ValidationFailed("a special patrol has a theme, other duties have none", field="theme")
    facts = DutyAssigned(
        command.now,
        command.duty_id,
        command.kind,
        command.station_id,
        command.window_from,
        command.window_to,
        command.people,
        command.theme,
    )
    if duty.assigned is None:
        return [facts]
    if msgspec.structs.replace(facts, at=duty.assigned.at) == duty.assigned:
        return []
    raise RotaConflict(field="duty_id")


def check_people(command: AssignDuty) -> None:
    """CK10: one chief. CK11: one or two on a daily patrol; a weekly or special one has at least its leader."""
    count = len(command.people)
    if len(set(command.people)) < count:
        raise ValidationFailed("a person is named once", field="people")
    match command.kind:
        case "chief":
            fits, wanted = count == 1, "one chief"
        case "patrol_daily":
            fits, wanted = 1 <= count <= DAILY_PATROL_PEOPLE, f"one to {DAILY_PATROL_PEOPLE} volunteers"
        case "patrol_weekly" | "patrol_special":
            fits, wanted = count >= 1, "at least one volunteer"
        case _:
            assert_never(command.kind)
    if not fits:
        raise ValidationFailed(f"this duty needs {wanted}", field="people")


def evolve(duty: Duty, event: DutyEvent) -> Duty:
    match event:
        case DutyAssigned():
            return msgspec.structs.replace(duty, assigned=event)
        case _:
            assert_never(event)


DUTY = Decider("duty", Duty(), decide, evolve, (DutyAssigned,))
