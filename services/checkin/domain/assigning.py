"""Who is put on a duty 值班 (CK10, CK11), and how two people swap."""

from __future__ import annotations

from typing import assert_never

from shared.errors import ValidationFailed

from .duty_commands import AcceptSwap, AssignDuty, NameDeputy, OfferSwap, PlanDuty, WithdrawSwap
from .duty_events import (
    DeputyNamed,
    DutyAssigned,
    DutyEvent,
    DutyKind,
    DutyPlanned,
    DutySwapped,
    SwapOffered,
    SwapWithdrawn,
)
from .duty_state import Duty, slot_of
from .refusals import DutyNotAssigned, RotaConflict
from .values import DAILY_PATROL_PEOPLE


def plan(command: PlanDuty, duty: Duty) -> list[DutyEvent]:
    _check_theme(command.kind, command.theme)
    facts = DutyPlanned(
        command.now,
        command.duty_id,
        command.kind,
        command.station_id,
        command.window_from,
        command.window_to,
        command.theme,
    )
    if duty.slot is None:
        return [facts]
    if slot_of(facts) == duty.slot:
        return []
    raise RotaConflict("this id is another duty's", field="duty_id")


def assign(command: AssignDuty, duty: Duty) -> list[DutyEvent]:
    """CK10, CK11. The same assignment again is nothing new; other people under this id are a swap, which needs both."""
    _check_people(command)
    _check_theme(command.kind, command.theme)
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
    same = slot_of(facts) == duty.slot
    if duty.slot is None or (same and duty.stage == "planned"):
        return [facts]
    if same and command.people == duty.named:
        return []
    raise RotaConflict("this duty is assigned otherwise: those on it may swap, or cancel it first", field="duty_id")


def _check_theme(kind: DutyKind, theme: str | None) -> None:
    if (kind == "patrol_special") != (theme is not None):
        raise ValidationFailed("a special patrol has a theme, other duties have none", field="theme")


def _check_people(command: AssignDuty) -> None:
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


def name_deputy(command: NameDeputy, duty: Duty) -> list[DutyEvent]:
    """CK10: who may start the chief's duty after a miss; the last one named is the deputy."""
    facts = duty.known_at(command.station_id)
    if facts.kind != "chief":
        raise ValidationFailed("a patrol has no deputy: its people swap", field="duty_id")
    if duty.is_over(command.now) or duty.stage == "on_duty":
        raise RotaConflict("the duty has begun or is over", field="duty_id")
    if command.person in duty.people:
        raise RotaConflict("the chief is no deputy of himself", field="person")
    if command.person == duty.deputy:
        return []
    return [DeputyNamed(command.now, command.duty_id, command.station_id, command.person)]


def offer_swap(command: OfferSwap, duty: Duty) -> list[DutyEvent]:
    """CK10: one of those on the duty asks another; nothing changes until that one accepts."""
    facts = duty.known
    if command.from_person not in duty.people:
        raise DutyNotAssigned("only who is on the duty can offer it", field="duty_id")
    if duty.stage != "assigned" or facts.window_to <= command.now:
        raise DutyNotAssigned("the duty has begun, is over, missed or cancelled", field="duty_id")
    if command.to_person in duty.people:
        raise RotaConflict("this person is on the duty already", field="to_person")
    if duty.offers.get(command.from_person) == command.to_person:
        return []
    return [SwapOffered(command.now, command.duty_id, command.from_person, command.to_person)]


def accept_swap(command: AcceptSwap, duty: Duty) -> list[DutyEvent]:
    """CK10: now both have agreed. Accepted twice is accepted once."""
    facts = duty.known
    if duty.last_swap == (command.from_person, command.to_person):
        return []
    if duty.offers.get(command.from_person) != command.to_person:
        raise DutyNotAssigned("this place was not offered to you, or no longer is", field="from_person")
    if duty.stage != "assigned" or facts.window_to <= command.now:
        raise DutyNotAssigned("the duty has begun, is over, missed or cancelled", field="duty_id")
    if command.to_person in duty.people:
        raise RotaConflict("you are on the duty already", field="duty_id")
    people = tuple(command.to_person if person == command.from_person else person for person in duty.people)
    swap = (command.from_person, command.to_person)
    return [DutySwapped(command.now, command.duty_id, facts.kind, facts.station_id, *swap, people)]


def withdraw_swap(command: WithdrawSwap, duty: Duty) -> list[DutyEvent]:
    """By either of the two."""
    to_person = duty.offers.get(command.from_person) if duty.known else None
    if command.by not in (command.from_person, to_person):
        raise DutyNotAssigned("this offer is none of yours", field="from_person")
    if to_person is None:
        return []
    return [SwapWithdrawn(command.now, command.duty_id, command.from_person, to_person, command.by)]
