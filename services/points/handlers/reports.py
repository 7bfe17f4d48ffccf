"""Patrol reports: which streams their commands and proofs read and change."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from shared.decider import Change, Changes, Handlers, Read, decided
from shared.errors import NotFound

from ..domain.acceptance import answer, set_aside, wait
from ..domain.presence import PRESENCE, NoteDeparture, NotePresence, Presence
from ..domain.report import (
    DUTY_TIMER,
    REPORT,
    Closed,
    EndDutyWait,
    FileAgain,
    NotFiled,
    Quarantined,
    Report,
    RetryAcceptance,
    SendToReview,
    SubmitReport,
    Submitted,
    UnderReview,
)
from ..domain.rights import RIGHTS, ClaimSlot, DutySlotFilled, OpenRight, Right
from ..domain.rules import RULE_BOOK, RULES

HANDLERS = Handlers(REPORT, RIGHTS, PRESENCE, RULES)


@HANDLERS.on(SubmitReport)
def submit_report(command: SubmitReport, read: Read) -> Changes:
    """Accepted at once where everything proves it (PT3), else it claims its place (PT2) and waits."""
    report = read(REPORT, command.report_id)
    right = read(RIGHTS, command.duty_id)
    presence = read(PRESENCE, command.volunteer_id)
    book = read(RULES, RULE_BOOK)
    submitted = REPORT.decide(command, report)
    if not submitted:
        return []
    right.check_on_duty(command.volunteer_id, command.station_id)
    filed = REPORT.fold(submitted, report)
    changes = [Change(REPORT, command.report_id, submitted)]
    if not isinstance(filed, Submitted):
        return changes  # K5: too late, so recorded for the statistics of its own day without any reaction
    claim = RIGHTS.decide(ClaimSlot(command.report_id, command.volunteer_id, command.station_id, command.now), right)
    changes.append(Change(RIGHTS, command.duty_id, claim))
    answered = answer(filed, RIGHTS.fold(claim, right), presence, book, command.now)
    return [*changes, *(answered or wait(filed, RIGHTS.fold(claim, right), presence, command.now, command.intake))]


@HANDLERS.on(EndDutyWait)
def end_duty_wait(command: EndDutyWait, read: Read) -> Changes:
    """Looks for the duty once more. A replay asks for this too: what was set aside is filed anew if it is there."""
    report = read(REPORT, command.report_id)
    if not isinstance(report, Submitted | Quarantined):
        return [decided(REPORT, command.report_id, command, read)]
    right = read(RIGHTS, report.patrol.duty_id)
    presence = read(PRESENCE, report.patrol.volunteer_id)
    book = read(RULES, RULE_BOOK)
    if right.duty is None:
        return set_aside(report, right, presence, command.now)
    if isinstance(report, Submitted):
        return []  # it was weighed when the duty came
    patrol, again = report.patrol, REPORT.decide(FileAgain(), report)
    filed = REPORT.fold(again, report)
    assert isinstance(filed, Submitted)
    changes = [Change(REPORT, patrol.report_id, again)]
    with suppress(DutySlotFilled):  # without a place it is rejected when it is weighed
        claim = ClaimSlot(patrol.report_id, patrol.volunteer_id, patrol.station_id, command.now)
        claimed = RIGHTS.decide(claim, right)
        right = RIGHTS.fold(claimed, right)
        changes.append(Change(RIGHTS, patrol.duty_id, claimed))
    answered = answer(filed, right, presence, book, command.now)
    return [*changes, *(answered or wait(filed, right, presence, command.now))]


@HANDLERS.on(NotePresence)
def note_presence(command: NotePresence, read: Read) -> Changes:
    """PT3: a visit told after the report may be its proof."""
    return _visit_told(command, command.started_at, read)


@HANDLERS.on(NoteDeparture)
def note_departure(command: NoteDeparture, read: Read) -> Changes:
    """PT3, as above: the end of a visit whose start was never told proves as much."""
    return _visit_told(command, command.ended_at, read)


def _visit_told(command: NotePresence | NoteDeparture, now: datetime, read: Read) -> Changes:
    """Which reports it reads is known only from the member's own stream: those that his visits prove."""
    presence = read(PRESENCE, command.member_id)
    noted = PRESENCE.decide(command, presence)
    if not noted:
        return []
    presence = PRESENCE.fold(noted, presence)
    proven = presence.proven
    reports = [read(REPORT, patrol.report_id) for patrol in proven]
    rights = [read(RIGHTS, patrol.duty_id) for patrol in proven]
    book = read(RULES, RULE_BOOK)
    changes = [Change(PRESENCE, command.member_id, noted)]
    for report, right in zip(reports, rights, strict=True):
        changes += answer(report, right, presence, book, now)
    return changes


@HANDLERS.on(OpenRight)
def open_right(command: OpenRight, read: Read) -> Changes:
    """The reports that came before the duty are answered in the order of their submission (PT2)."""
    right = read(RIGHTS, command.duty_id)
    opened = RIGHTS.decide(command, right)
    if not opened:
        return []
    reports = [read(REPORT, claim.report_id) for claim in right.waiting]
    visits = [read(PRESENCE, claim.volunteer_id) for claim in right.waiting]
    book = read(RULES, RULE_BOOK)
    changes = [Change(RIGHTS, command.duty_id, opened)]
    right = RIGHTS.fold(opened, right)
    for report, presence in zip(reports, visits, strict=True):
        changes += answer(report, right, presence, book, None) or _wait_on(report, right, presence)
    return changes


def _wait_on(report: Report, right: Right, presence: Presence) -> list[Change]:
    """The duty was all it waited for so far; now it waits for presence, from its receipt on."""
    if not isinstance(report, Submitted) or report.waits != DUTY_TIMER:
        return []
    return wait(report, right, presence, report.patrol.received_at)


@HANDLERS.on(SendToReview)
def send_to_review(command: SendToReview, read: Read) -> Changes:
    """Amendment 5: the wait for presence is over. What else has changed since, as the rules, is weighed before."""
    report = read(REPORT, command.report_id)
    if not isinstance(report, Submitted):
        return [decided(REPORT, command.report_id, command, read)]
    return _weighed_again(report, command.now, read) or [decided(REPORT, command.report_id, command, read)]


@HANDLERS.on(RetryAcceptance)
def retry_acceptance(command: RetryAcceptance, read: Read) -> Changes:
    """For what no arriving event would trigger, such as rules published after the patrol."""
    report = read(REPORT, command.report_id)
    match report:
        case NotFiled():
            raise NotFound
        case Closed() | Quarantined():
            return []
        case Submitted() | UnderReview():
            return _weighed_again(report, command.now, read)


def _weighed_again(report: Submitted | UnderReview, now: datetime, read: Read) -> list[Change]:
    right = read(RIGHTS, report.patrol.duty_id)
    presence = read(PRESENCE, report.patrol.volunteer_id)
    book = read(RULES, RULE_BOOK)
    return answer(report, right, presence, book, now)
