"""PT3: what to answer a patrol report, weighed over duty, visits, day and rules. A person is asked last.

The report, the right and the visits may arrive in any order; whichever comes last, the same weighing is done.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import NamedTuple, TypeAlias

from shared.decider import Draft, IntakeRef
from shared.errors import Refused

from .checklist import is_complete
from .patrol_day import (
    DAILY_CAP_REACHED,
    PATROL_DAY,
    BookPatrol,
    FreePatrol,
    OverlappingPatrol,
    PatrolDay,
    PayPatrol,
    days_of,
)
from .presence import PRESENCE, AwaitPresence, EndWait, Presence
from .report import AUTOMATIC, REPORT, Submitted, UnderReview
from .report_commands import AcceptReport, RejectReport, WaitForDuty, WaitForPresence
from .report_events import KindPaid, PatrolReportSubmitted
from .rights import (
    RIGHTS,
    ClaimSlot,
    DutyNotAssigned,
    DutySlotFilled,
    PatrolKind,
    PayClaim,
    ReleaseClaim,
    Right,
    RightOpened,
)
from .rules import RULE_BOOK, RULES, PointsRulesPublished, RuleBook


class NoRulesInForce(Refused):
    """No rules were in force when the patrol began, so it has no value. Publish rules for then, and review again."""


class Pays(NamedTuple):
    kind: KindPaid
    points: int
    rules_version: int


class Rejects(NamedTuple):
    code: str


Verdict: TypeAlias = Pays | Rejects | None  # None: not yet

_KIND_PAID: dict[PatrolKind, KindPaid] = {
    "patrol_daily": "daily",
    "patrol_weekly": "weekly",
    "patrol_special": "special",
}


def weigh(patrol: PatrolReportSubmitted, right: Right, presence: Presence, book: RuleBook, day: PatrolDay) -> Verdict:
    """PT1-PT3: what pays by itself, what never can, and what waits, if need be for a person."""
    duty = right.duty
    if duty is None:
        return None
    if right.excludes(patrol.volunteer_id, patrol.station_id):
        return Rejects(DutyNotAssigned.code)
    if not right.has_slot_for(patrol.report_id):
        return Rejects(DutySlotFilled.code)
    if patrol.report_id not in day.booked:
        return Rejects(OverlappingPatrol.code)
    rules = book.in_force_at(patrol.performed_from)
    if rules is None or not _in_window(patrol, duty) or not is_complete(patrol.checklist):
        return None
    if not presence.proves(patrol.station_id, patrol.performed_from, patrol.performed_to):
        return None
    return _pay(patrol, duty, rules, book)


def by_a_person(patrol: PatrolReportSubmitted, right: Right, book: RuleBook) -> Pays:
    """PT3: what a reviewer can accept. He stands for presence, window and checklist; duty and rules must be there."""
    if right.duty is None or right.excludes(patrol.volunteer_id, patrol.station_id):
        raise DutyNotAssigned
    if not right.has_slot_for(patrol.report_id):
        raise DutySlotFilled
    rules = book.in_force_at(patrol.performed_from)
    if rules is None:
        raise NoRulesInForce
    return _pay(patrol, right.duty, rules, book)


def _in_window(patrol: PatrolReportSubmitted, duty: RightOpened) -> bool:
    """A patrol wholly outside the duty's window may be of another duty: for the leader to say."""
    return patrol.performed_from < duty.window_to and duty.window_from < patrol.performed_to


def _pay(patrol: PatrolReportSubmitted, duty: RightOpened, rules: PointsRulesPublished, book: RuleBook) -> Pays:
    """PT1: a key period replaces the value of a daily or weekly patrol; a special one stays what it is."""
    kind = _KIND_PAID[duty.kind]
    if kind != "special" and book.is_key_period(patrol.station_id, patrol.performed_from):
        kind = "key_period"
    return Pays(kind, _value(rules, kind), rules.version)


def _value(rules: PointsRulesPublished, kind: KindPaid) -> int:
    values = {"daily": rules.daily, "weekly": rules.weekly, "key_period": rules.key_period, "special": rules.special}
    return values[kind]


def days(patrol: PatrolReportSubmitted) -> list[str]:
    """The days that a patrol is booked in."""
    return days_of(patrol.volunteer_id, patrol.performed_from, patrol.performed_to)


def look_at(draft: Draft, patrol: PatrolReportSubmitted) -> tuple[Right, Presence, RuleBook, PatrolDay]:
    """All that a report is weighed over."""
    day, *_ = [draft.state(PATROL_DAY, one) for one in days(patrol)]
    right, presence = draft.state(RIGHTS, patrol.duty_id), draft.state(PRESENCE, patrol.volunteer_id)
    return right, presence, draft.state(RULES, RULE_BOOK), day


def book_time(draft: Draft, patrol: PatrolReportSubmitted, now: datetime) -> None:
    """PT2. Raises `OverlappingPatrol`."""
    for day in days(patrol):
        book = BookPatrol(patrol.report_id, patrol.performed_from, patrol.performed_to, now)
        draft.decide(PATROL_DAY, day, book)


def free_time(draft: Draft, patrol: PatrolReportSubmitted, now: datetime) -> None:
    for day in days(patrol):
        draft.decide(PATROL_DAY, day, FreePatrol(patrol.report_id, now))


def answer(draft: Draft, report_id: str, now: datetime | None) -> bool:
    """Accept or reject an open report, on all streams that know of it; answers whether that could be done.

    A cause without a time (None), or from before the receipt of the report, decides at the receipt.
    """
    report = draft.state(REPORT, report_id)
    if not isinstance(report, Submitted | UnderReview):
        return False
    patrol = report.patrol
    at = max(now or patrol.received_at, patrol.received_at)
    match weigh(patrol, *look_at(draft, patrol)):
        case None:
            return False
        case Pays() as pays:
            accept(draft, patrol, pays, AUTOMATIC, at)
        case Rejects(code):
            reject(draft, patrol, code, AUTOMATIC, at)
    return True


def accept(draft: Draft, patrol: PatrolReportSubmitted, pays: Pays, by: str, at: datetime) -> None:
    """PT2: a fourth patrol of the day counts like the others, and pays nothing."""
    day = days(patrol)[0]
    capped = pays.points > 0 and draft.state(PATROL_DAY, day).is_paid_up
    points, note = (0, DAILY_CAP_REACHED) if capped else (pays.points, None)
    draft.decide(REPORT, patrol.report_id, AcceptReport(pays.kind, points, pays.rules_version, by, at, note))
    draft.decide(RIGHTS, patrol.duty_id, PayClaim(patrol.report_id, at))
    draft.decide(PRESENCE, patrol.volunteer_id, EndWait(patrol.report_id, at))
    if points:
        draft.decide(PATROL_DAY, day, PayPatrol(patrol.report_id, at))


def reject(draft: Draft, patrol: PatrolReportSubmitted, code: str, by: str, at: datetime) -> None:
    draft.decide(REPORT, patrol.report_id, RejectReport(code, by, at))
    give_up(draft, patrol, at)


def give_up(draft: Draft, patrol: PatrolReportSubmitted, at: datetime) -> None:
    """Its place and its time are free for others, and no visit looks for it."""
    draft.decide(RIGHTS, patrol.duty_id, ReleaseClaim(patrol.report_id, at))
    draft.decide(PRESENCE, patrol.volunteer_id, EndWait(patrol.report_id, at))
    free_time(draft, patrol, at)


def file_again(draft: Draft, patrol: PatrolReportSubmitted, now: datetime) -> None:
    """What was set aside claims its place and time again; without them it is rejected when it is weighed."""
    claim = ClaimSlot(patrol.report_id, patrol.volunteer_id, patrol.station_id, now)
    with suppress(DutySlotFilled):
        draft.decide(RIGHTS, patrol.duty_id, claim)
    try:
        book_time(draft, patrol, now)
    except OverlappingPatrol:  # of a patrol past midnight, one of its days may have been free
        free_time(draft, patrol, now)


def wait(draft: Draft, patrol: PatrolReportSubmitted, now: datetime, intake: IntakeRef | None = None) -> None:
    """Until a deadline: for the duty first, then for presence (amendment 5), where each of his visits will look.

    `intake` is needed only where the duty may be unknown.
    """
    unknown = draft.state(RIGHTS, patrol.duty_id).duty is None
    waits = WaitForDuty(intake, now) if unknown and intake else WaitForPresence(now)
    draft.decide(REPORT, patrol.report_id, waits)
    listed = AwaitPresence(
        patrol.report_id, patrol.duty_id, patrol.station_id, patrol.performed_from, patrol.performed_to, now
    )
    draft.decide(PRESENCE, patrol.volunteer_id, listed)
