"""A duty of the rota 值班表: who is station chief 一日站长, and who patrols.

A chief's duty is planned, assigned, on_duty, completed; a patrol is planned, assigned, fulfilled. Either may be missed
or cancelled. A miss stands, and what comes after it is recorded beside it.
"""

from __future__ import annotations

from datetime import datetime
from typing import assert_never, get_args

from shared.decider import DeadlineCleared, DeadlineSet, Decider
from shared.errors import ValidationFailed

from .assigning import accept_swap, assign, name_deputy, offer_swap, plan, withdraw_swap
from .duty_commands import (
    AcceptSwap,
    AssignDuty,
    CancelDuty,
    DutyCommand,
    EndDuty,
    FulfilDuty,
    MissDuty,
    NameDeputy,
    OfferSwap,
    PlanDuty,
    SetDeadline,
    StartDuty,
    VoidDutyReport,
    WithdrawSwap,
)
from .duty_events import (
    DutyCancelled,
    DutyCompleted,
    DutyEvent,
    DutyFulfilled,
    DutyFulfilmentRevoked,
    DutyMissed,
    DutyReportAdded,
    DutyReportVoided,
    DutyStarted,
)
from .duty_state import END, MISS, Duty, evolve
from .refusals import DutyNotAssigned, RotaConflict
from .shifts import report_by
from .values import CHIEF_EARLY, CHIEF_OVERTIME


def decide(command: DutyCommand, duty: Duty) -> list[DutyEvent]:
    match command:
        case PlanDuty():
            return plan(command, duty)
        case AssignDuty():
            return assign(command, duty)
        case SetDeadline():
            return _deadline(command, duty)
        case NameDeputy():
            return name_deputy(command, duty)
        case OfferSwap():
            return offer_swap(command, duty)
        case AcceptSwap():
            return accept_swap(command, duty)
        case WithdrawSwap():
            return withdraw_swap(command, duty)
        case StartDuty():
            return _start(command, duty)
        case EndDuty():
            return _end(command, duty)
        case FulfilDuty():
            return _fulfil(command, duty)
        case VoidDutyReport():
            return _void_report(command, duty)
        case MissDuty(now=now):
            return [_missed(duty, now)] if duty.waits else []
        case CancelDuty():
            return _cancel(command, duty)
        case _:
            assert_never(command)


def _deadline(command: SetDeadline, duty: Duty) -> list[DutyEvent]:
    """CK10, CK11: by when it is to be started, or a report of it accepted."""
    due = command.start_by if duty.known.kind == "chief" else report_by(duty.known.window_to)
    return [DeadlineSet(command.now, MISS, command.duty_id, due)] if duty.waits and due != duty.miss_due else []


def _missed(duty: Duty, at: datetime) -> DutyMissed:
    facts = duty.known
    return DutyMissed(at, facts.duty_id, facts.kind, facts.station_id, facts.window_from, duty.people)


def _start(command: StartDuty, duty: Duty) -> list[DutyEvent]:
    """CK10. A start after the deadline tells the miss first: so it is the same whether the timer has run or not."""
    facts, person, now = duty.known, command.person, command.now
    if facts.kind != "chief":
        raise ValidationFailed("a patrol is not started: an accepted report fulfils it", field="duty_id")
    if duty.stage == "on_duty" and duty.is_on_duty(person, now):
        return []
    told: list[DutyEvent] = []
    if duty.waits and duty.miss_due is not None and now >= duty.miss_due:
        told = [_missed(duty, duty.miss_due), *_cleared(duty, now, "missed")]
        duty = DUTY.fold(told, duty)
    elif duty.waits:
        told = _cleared(duty, now, "started")
    if duty.stage not in ("assigned", "missed"):
        raise DutyNotAssigned(f"the duty is {duty.stage}", field="duty_id")
    as_deputy = duty.stage == "missed" and person == duty.deputy
    if person not in duty.people and not as_deputy:
        raise DutyNotAssigned("another is named; a deputy may start once the duty is missed", field="duty_id")
    if not facts.window_from - CHIEF_EARLY <= now < facts.window_to:
        raise DutyNotAssigned("the duty is over, or begins in more than an hour", field="duty_id")
    started = DutyStarted(now, facts.duty_id, facts.station_id, facts.window_to, person, as_deputy)
    return [*told, started, DeadlineSet(now, END, facts.duty_id, facts.window_to + CHIEF_OVERTIME)]


def _end(command: EndDuty, duty: Duty) -> list[DutyEvent]:
    """By the one who started it; or by time, as a chief who forgot it is not on duty for ever."""
    facts, started = duty.known, duty.started
    by_time = command.person is None
    if not by_time and (started is None or started.person != command.person):
        raise DutyNotAssigned("you have not started this duty", field="duty_id")
    if started is None or duty.stage != "on_duty":
        return []
    completed = DutyCompleted(command.now, facts.duty_id, facts.station_id, started.person, by_time)
    return [completed] if by_time else [completed, *_cleared(duty, command.now, "ended")]


def _fulfil(command: FulfilDuty, duty: Duty) -> list[DutyEvent]:
    """CK11: once, by the first accepted report; E15: more rounds are only remembered, in case that one is voided.

    Accepted in time but told late takes a miss back. Accepted too late is recorded, and the miss stands (K5).
    """
    facts, at = duty.known, command.accepted_at
    if facts.kind == "chief" or duty.stage in ("planned", "cancelled"):
        return []
    if command.report_id in duty.reports or command.report_id in duty.voided:
        return []
    in_time = at < report_by(facts.window_to)
    if duty.stage == "fulfilled" or (duty.reports and not in_time):
        return [DutyReportAdded(at, facts.duty_id, command.report_id, in_time)]
    told: list[DutyEvent] = [] if in_time or not duty.waits else [_missed(duty, report_by(facts.window_to))]
    fulfilled = DutyFulfilled(
        at, facts.duty_id, facts.kind, facts.station_id, facts.window_from, command.report_id, in_time
    )
    return [*told, fulfilled, *_cleared(duty, at, "fulfilled")]


def _void_report(command: VoidDutyReport, duty: Duty) -> list[DutyEvent]:
    """CK11: what is left fulfils the duty. If nothing in time is, it waits for a report again, or was missed."""
    facts, now, report = duty.known, command.now, command.report_id
    if facts.kind == "chief" or duty.stage in ("planned", "cancelled") or report in duty.voided:
        return []
    left = duty.report_left(report)
    voided = DutyReportVoided(now, facts.duty_id, report, left)
    if duty.stage != "fulfilled" or (left is not None and duty.reports[left]):
        return [voided]
    due = report_by(facts.window_to)
    revoked = DutyFulfilmentRevoked(now, facts.duty_id, facts.kind, facts.station_id, facts.window_from, report)
    waits = _missed(duty, due) if now >= due else DeadlineSet(now, MISS, facts.duty_id, due)
    return [voided, revoked, waits]


def _cancel(command: CancelDuty, duty: Duty) -> list[DutyEvent]:
    """Row 21 cancels what is not over, also a chief on duty; a leader only what has not begun."""
    facts = duty.known_at(command.station_id)
    if duty.stage == "cancelled":
        return []
    if duty.is_over(command.now) or not (duty.waits or (command.suspended and duty.stage == "on_duty")):
        if command.suspended:
            return []
        raise RotaConflict("the duty has begun, is over, or was missed", field="duty_id")
    what = (facts.duty_id, facts.kind, facts.station_id, facts.window_from)
    return [DutyCancelled(command.now, *what, command.reason), *_cleared(duty, command.now, "cancelled")]


def _cleared(duty: Duty, now: datetime, reason: str) -> list[DutyEvent]:
    """Whatever timer is set has nothing left to do."""
    return [
        DeadlineCleared(now, name, duty.known.duty_id, reason)
        for name, due in ((MISS, duty.miss_due), (END, duty.end_due))
        if due is not None
    ]


DUTY: Decider[DutyCommand, DutyEvent, Duty] = Decider("duty", Duty(), decide, evolve, get_args(DutyEvent))
