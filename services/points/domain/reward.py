"""PT4: points for a hazard once per rectification, to whoever saw it first. Weighed over its reports and the rules.

What grievance tells and the reports themselves may come in any order; whichever comes last, the same is weighed.
"""

from __future__ import annotations

import hashlib
from datetime import datetime

from shared.decider import Draft

from .hazard import HAZARD, AcceptHazard, LinkHazard, RejectHazard, RejectionCode, RevokeHazard
from .lots import LONGEST_ID
from .rectification import RECTIFICATION, AddReport, GiveReward, Rectification, ReportAdded, TakeRewardBack, ToldCommand
from .rules import RULE_BOOK, RULES


def told(draft: Draft, command: ToldCommand) -> None:
    """Grievance has said something of a hazard in a rectification."""
    draft.decide(HAZARD, command.hazard_id, LinkHazard(command.hazard_id, command.rectification_id, command.now))
    draft.decide(RECTIFICATION, command.rectification_id, command)
    reported(draft, command.hazard_id, command.now)


def reported(draft: Draft, hazard_id: str, now: datetime) -> None:
    """A report is known, or something of it is: once both are, its rectification is weighed."""
    hazard = draft.state(HAZARD, hazard_id)
    if hazard.rectification_id is None:
        return
    if (report := hazard.reported) is not None:
        seen = report.at, report.received_at
        draft.decide(
            RECTIFICATION, hazard.rectification_id, AddReport(hazard_id, report.reporter_id, *seen, report.late, now)
        )
    settle(draft, hazard.rectification_id, now)


def settle(draft: Draft, rectification_id: str, now: datetime) -> None:
    case = draft.state(RECTIFICATION, rectification_id)
    match case.verdict:
        case "dismissed":
            _reject_others(draft, rectification_id, "DISMISSED", now)
        case "verified":
            _reward_the_earliest(draft, rectification_id, case, now)
            _reject_others(draft, rectification_id, "DUPLICATE", now)
        case "open":
            _take_back(draft, rectification_id, case, now)


def _reward_the_earliest(draft: Draft, rectification_id: str, case: Rectification, now: datetime) -> None:
    """An earlier report that is told later takes the reward over; an anonymous one takes nothing from anybody."""
    first = case.earliest
    if first is None or first.hazard_id == case.rewarded:
        return
    if case.rewarded is not None:
        if first.reporter_id in (None, case.reporter_of(case.rewarded)):
            return
        _take_back(draft, rectification_id, case, now)
    points, version = _worth(draft, first)
    at = max(now, first.received_at)
    ref = _source_ref(first.hazard_id, draft.state(HAZARD, first.hazard_id).rewards)
    draft.decide(HAZARD, first.hazard_id, AcceptHazard(rectification_id, points, version, ref, at))
    draft.decide(RECTIFICATION, rectification_id, GiveReward(first.hazard_id, at))


def _worth(draft: Draft, report: ReportAdded) -> tuple[int, int | None]:
    """By the rules in force when it was seen. Nothing for the anonymous, the late (K5), and from before any rules."""
    rules = draft.state(RULES, RULE_BOOK).in_force_at(report.spotted_at)
    if rules is None:
        return 0, None
    return (0 if report.reporter_id is None or report.late else rules.hazard), rules.version


def _source_ref(hazard_id: str, rewards_before: int) -> str:
    """A source is credited once (E24): what is given anew after a revocation has a name of its own in any case."""
    ref = f"{hazard_id}~{rewards_before + 1}" if rewards_before else hazard_id
    return ref if len(ref) <= LONGEST_ID else "hazard:" + hashlib.sha256(ref.encode()).hexdigest()


def _take_back(draft: Draft, rectification_id: str, case: Rectification, now: datetime) -> None:
    if case.rewarded is not None:
        draft.decide(HAZARD, case.rewarded, RevokeHazard(now))
        draft.decide(RECTIFICATION, rectification_id, TakeRewardBack(now))


def _reject_others(draft: Draft, rectification_id: str, code: RejectionCode, now: datetime) -> None:
    case = draft.state(RECTIFICATION, rectification_id)
    for report in case.reports:
        if report.hazard_id != case.rewarded:
            draft.decide(HAZARD, report.hazard_id, RejectHazard(rectification_id, code, max(now, report.received_at)))
