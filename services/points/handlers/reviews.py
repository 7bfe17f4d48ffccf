"""Review (PT3): what the leader of the volunteer's team, or a union officer, answers a report; and voiding."""

from __future__ import annotations

from shared.decider import Changes, Draft, Handlers, Read
from shared.errors import Forbidden, NotFound

from ..domain.acceptance import accept, by_a_person, free_time, give_up, look_at, reject
from ..domain.membership import MEMBERSHIP
from ..domain.patrol_day import PATROL_DAY
from ..domain.presence import PRESENCE
from ..domain.report import REPORT, NotFiled, Returned, under_review
from ..domain.report_commands import EndCorrection, EscalateReport, ReturnReport, VoidReport
from ..domain.report_events import PatrolReportSubmitted
from ..domain.review import Reviewer, ReviewReport, SelfReview
from ..domain.rights import RIGHTS, VoidClaim
from ..domain.rules import RULES
from ..domain.team import TEAM

HANDLERS = Handlers(REPORT, RIGHTS, PRESENCE, PATROL_DAY, RULES, TEAM, MEMBERSHIP)
HANDLERS.each(REPORT, "report_id", EscalateReport)


@HANDLERS.on(ReviewReport)
def review_report(command: ReviewReport, read: Read) -> Changes:
    draft = Draft(read)
    patrol = _whose(draft, command.report_id)
    _check_reviewer(draft, patrol, command.reviewer)
    right, _, book, _ = look_at(draft, patrol)
    under_review(draft.state(REPORT, command.report_id))
    at = max(command.now, patrol.received_at)
    match command.verdict:
        case "accept":
            accept(draft, patrol, by_a_person(patrol, right, book), command.reviewer.id, at)
        case "reject":
            reject(draft, patrol, command.code, command.reviewer.id, at)
        case "return":
            draft.decide(REPORT, command.report_id, ReturnReport(command.code, command.reviewer.id, at))
    return draft.changes


def _whose(draft: Draft, report_id: str) -> PatrolReportSubmitted:
    report = draft.state(REPORT, report_id)
    if isinstance(report, NotFiled):
        raise NotFound(f"no report {report_id} was filed", field="report_id")
    return report.patrol


def _check_reviewer(draft: Draft, patrol: PatrolReportSubmitted, reviewer: Reviewer) -> None:
    """PT3: nobody reviews his own; a leader those of his team, an officer those of all."""
    if reviewer.id == patrol.volunteer_id:
        raise SelfReview
    team_id = draft.state(MEMBERSHIP, patrol.volunteer_id).team_id
    leads = team_id is not None and draft.state(TEAM, team_id).leader_id == reviewer.id
    if not (leads or reviewer.officer):
        raise Forbidden("you do not lead the team of this volunteer. Ask his leader, or a union officer.")


@HANDLERS.on(EndCorrection)
def end_correction(command: EndCorrection, read: Read) -> Changes:
    draft = Draft(read)
    report = draft.state(REPORT, command.report_id)
    draft.decide(REPORT, command.report_id, command)
    if isinstance(report, Returned):
        give_up(draft, report.patrol, command.now)
    return draft.changes


@HANDLERS.on(VoidReport)
def void_report(command: VoidReport, read: Read) -> Changes:
    """E34: the points, the place on the duty and the time of the day are all free again."""
    draft = Draft(read)
    patrol = _whose(draft, command.report_id)
    if command.by == patrol.volunteer_id:
        raise SelfReview
    if draft.decide(REPORT, command.report_id, command):
        draft.decide(RIGHTS, patrol.duty_id, VoidClaim(patrol.report_id, command.now))
        free_time(draft, patrol, command.now)
    return draft.changes
