"""Patrol reports: which streams their commands and proofs read and change."""

from __future__ import annotations

from datetime import datetime

from shared.decider import Changes, Draft, Handlers, Read
from shared.errors import NotFound

from ..domain.acceptance import answer, book_time, file_again, free_time, give_up, look_at, wait
from ..domain.patrol_day import PATROL_DAY
from ..domain.presence import PRESENCE, ForgetVisit, NoteDeparture, NotePresence
from ..domain.report import DUTY_TIMER, REPORT, Closed, NotFiled, Quarantined, Returned, Submitted, UnderReview
from ..domain.report_commands import EndDutyWait, FileAgain, RetryAcceptance, SendToReview, SubmitReport
from ..domain.rights import RIGHTS, ClaimSlot, CloseRight, MoveRight, NoteMissedDuty, OpenRight
from ..domain.rules import RULES

HANDLERS = Handlers(REPORT, RIGHTS, PRESENCE, PATROL_DAY, RULES)
HANDLERS.each(PRESENCE, "member_id", ForgetVisit)
HANDLERS.each(RIGHTS, "duty_id", CloseRight, NoteMissedDuty)


@HANDLERS.on(SubmitReport)
def submit_report(command: SubmitReport, read: Read) -> Changes:
    """Accepted at once where everything proves it (PT3), else it claims its place (PT2) and waits."""
    draft = Draft(read)
    before = draft.state(REPORT, command.report_id)
    right = draft.state(RIGHTS, command.duty_id)
    if not draft.decide(REPORT, command.report_id, command):
        return []
    right.check_on_duty(command.volunteer_id, command.station_id)
    filed = draft.state(REPORT, command.report_id)
    if not isinstance(filed, Submitted):
        return draft.changes  # K5: too late, so recorded for the statistics of its own day without any reaction
    look_at(draft, filed.patrol)
    if isinstance(before, Returned):
        free_time(draft, before.patrol, command.now)
    claim = ClaimSlot(command.report_id, command.volunteer_id, command.station_id, command.now)
    draft.decide(RIGHTS, command.duty_id, claim)
    book_time(draft, filed.patrol, command.now)
    if not answer(draft, command.report_id, command.now):
        wait(draft, filed.patrol, command.now, command.intake)
    return draft.changes


@HANDLERS.on(EndDutyWait)
def end_duty_wait(command: EndDutyWait, read: Read) -> Changes:
    """Looks for the duty once more. A replay asks for this too: what was set aside is filed anew if it is there."""
    draft = Draft(read)
    report = draft.state(REPORT, command.report_id)
    if not isinstance(report, Submitted | Quarantined):
        draft.decide(REPORT, command.report_id, command)
        return draft.changes
    patrol = report.patrol
    right, *_ = look_at(draft, patrol)
    if right.duty is None:
        draft.decide(REPORT, command.report_id, command)
        give_up(draft, patrol, command.now)
    elif isinstance(report, Quarantined):  # else it was weighed when the duty came
        draft.decide(REPORT, command.report_id, FileAgain())
        file_again(draft, patrol, command.now)
        if not answer(draft, command.report_id, command.now):
            wait(draft, patrol, command.now)
    return draft.changes


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
    draft = Draft(read)
    if draft.decide(PRESENCE, command.member_id, command):
        for patrol in draft.state(PRESENCE, command.member_id).proven:
            answer(draft, patrol.report_id, now)
    return draft.changes


@HANDLERS.on(OpenRight)
def open_right(command: OpenRight, read: Read) -> Changes:
    return _duty_told(command, None, read)


@HANDLERS.on(MoveRight)
def move_right(command: MoveRight, read: Read) -> Changes:
    return _duty_told(command, command.now, read)


def _duty_told(command: OpenRight | MoveRight, now: datetime | None, read: Read) -> Changes:
    """The reports that came before are answered in the order of their submission (PT2)."""
    draft = Draft(read)
    if draft.decide(RIGHTS, command.duty_id, command):
        for claim in draft.state(RIGHTS, command.duty_id).waiting:
            if not answer(draft, claim.report_id, now):
                _wait_on(draft, claim.report_id)
    return draft.changes


def _wait_on(draft: Draft, report_id: str) -> None:
    """The duty was all it waited for so far; now it waits for presence, from its receipt on."""
    report = draft.state(REPORT, report_id)
    known = isinstance(report, Submitted) and draft.state(RIGHTS, report.patrol.duty_id).duty is not None
    if isinstance(report, Submitted) and known and report.waits == DUTY_TIMER:
        wait(draft, report.patrol, report.patrol.received_at)


@HANDLERS.on(SendToReview)
def send_to_review(command: SendToReview, read: Read) -> Changes:
    """Amendment 5: the wait for presence is over. What else has changed since, as the rules, is weighed before."""
    draft = Draft(read)
    if not (isinstance(draft.state(REPORT, command.report_id), Submitted) and _again(draft, command)):
        draft.decide(REPORT, command.report_id, command)
    return draft.changes


@HANDLERS.on(RetryAcceptance)
def retry_acceptance(command: RetryAcceptance, read: Read) -> Changes:
    """For what no arriving event would trigger, such as rules published after the patrol."""
    draft = Draft(read)
    match draft.state(REPORT, command.report_id):
        case NotFiled():
            raise NotFound
        case Submitted() | UnderReview():
            _again(draft, command)
        case Closed() | Quarantined() | Returned():
            pass
    return draft.changes


def _again(draft: Draft, command: SendToReview | RetryAcceptance) -> bool:
    return answer(draft, command.report_id, command.now)
