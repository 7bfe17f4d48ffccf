"""PT3: what to answer a patrol report, weighed over the duty, the visits and the rules. A person is asked last.

The report, the right and the visits may arrive in any order; whichever comes last, the same weighing is done.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple, TypeAlias

from shared.decider import Change, IntakeRef

from .presence import PRESENCE, AwaitPresence, EndWait, Presence
from .report import (
    AUTOMATIC,
    REPORT,
    AcceptReport,
    EndDutyWait,
    KindPaid,
    PatrolReportSubmitted,
    Quarantined,
    RejectReport,
    Report,
    Submitted,
    UnderReview,
    WaitForDuty,
    WaitForPresence,
)
from .rights import RIGHTS, DutyNotAssigned, DutySlotFilled, PatrolKind, PayClaim, ReleaseClaim, Right, RightOpened
from .rules import PointsRulesPublished, RuleBook


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


def weigh(patrol: PatrolReportSubmitted, right: Right, presence: Presence, book: RuleBook) -> Verdict:
    """PT1-PT3. The checklist is complete by then, as no other report gets past the door."""
    duty = right.duty
    if duty is None:
        return None
    if right.excludes(patrol.volunteer_id, patrol.station_id):
        return Rejects(DutyNotAssigned.code)
    if not right.has_slot_for(patrol.report_id):
        return Rejects(DutySlotFilled.code)
    rules = book.in_force_at(patrol.performed_from)
    if rules is None or not _in_window(patrol, duty):
        return None
    if not presence.proves(patrol.station_id, patrol.performed_from, patrol.performed_to):
        return None
    return _pay(patrol, duty, rules, book)


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


def answer(report: Report, right: Right, presence: Presence, book: RuleBook, now: datetime | None) -> list[Change]:
    """The changes that accept or reject an open report on all streams that know of it; none while it must wait.

    A cause without a time (None), or from before the receipt of the report, decides at the receipt.
    """
    if not isinstance(report, Submitted | UnderReview):
        return []
    patrol = report.patrol
    at = max(now or patrol.received_at, patrol.received_at)
    match weigh(patrol, right, presence, book):
        case None:
            return []
        case Pays(kind, points, version):
            accept = AcceptReport(kind, points, version, AUTOMATIC, at)
            decision = REPORT.decide(accept, report)
            claim = RIGHTS.decide(PayClaim(patrol.report_id, at), right)
        case Rejects(code):
            decision = REPORT.decide(RejectReport(code, AUTOMATIC, at), report)
            claim = RIGHTS.decide(ReleaseClaim(patrol.report_id, at), right)
    listed = PRESENCE.decide(EndWait(patrol.report_id, at), presence)
    changes = [
        Change(REPORT, patrol.report_id, decision),
        Change(RIGHTS, patrol.duty_id, claim),
        Change(PRESENCE, patrol.volunteer_id, listed),
    ]
    return [change for change in changes if change.events]


def wait(
    report: Submitted, right: Right, presence: Presence, now: datetime, intake: IntakeRef | None = None
) -> list[Change]:
    """Until a deadline: for the duty first, then for presence (amendment 5), where each of his visits will look.

    `intake` is needed only where the duty may be unknown.
    """
    patrol = report.patrol
    listed = AwaitPresence(
        patrol.report_id, patrol.duty_id, patrol.station_id, patrol.performed_from, patrol.performed_to, now
    )
    waits = WaitForDuty(intake, now) if right.duty is None and intake else WaitForPresence(now)
    return [
        Change(REPORT, patrol.report_id, REPORT.decide(waits, report)),
        Change(PRESENCE, patrol.volunteer_id, PRESENCE.decide(listed, presence)),
    ]


def set_aside(report: Submitted | Quarantined, right: Right, presence: Presence, now: datetime) -> list[Change]:
    """The duty was not told in time: the report is quarantined, its place is free, and no visit looks for it."""
    patrol = report.patrol
    return [
        Change(REPORT, patrol.report_id, REPORT.decide(EndDutyWait(patrol.report_id, now), report)),
        Change(RIGHTS, patrol.duty_id, RIGHTS.decide(ReleaseClaim(patrol.report_id, now), right)),
        Change(PRESENCE, patrol.volunteer_id, PRESENCE.decide(EndWait(patrol.report_id, now), presence)),
    ]
