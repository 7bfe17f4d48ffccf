"""Hazards: a report, or what grievance tells of one, is weighed with all reports of the same rectification (PT4)."""

from __future__ import annotations

from shared.decider import Changes, Draft, Handlers, Read

from ..domain import reward
from ..domain.hazard import HAZARD, ReportHazard
from ..domain.rectification import (
    RECTIFICATION,
    DismissHazard,
    LinkDuplicate,
    RevokeVerification,
    ToldCommand,
    VerifyHazard,
)
from ..domain.rules import RULES

HANDLERS = Handlers(HAZARD, RECTIFICATION, RULES)


@HANDLERS.on(ReportHazard)
def report_hazard(command: ReportHazard, read: Read) -> Changes:
    draft = Draft(read)
    if draft.decide(HAZARD, command.hazard_id, command):
        reward.reported(draft, command.hazard_id, command.now)
    return draft.changes


@HANDLERS.on(VerifyHazard)
def verify_hazard(command: VerifyHazard, read: Read) -> Changes:
    return _told(command, read)


@HANDLERS.on(DismissHazard)
def dismiss_hazard(command: DismissHazard, read: Read) -> Changes:
    return _told(command, read)


@HANDLERS.on(LinkDuplicate)
def link_duplicate(command: LinkDuplicate, read: Read) -> Changes:
    return _told(command, read)


@HANDLERS.on(RevokeVerification)
def revoke_verification(command: RevokeVerification, read: Read) -> Changes:
    return _told(command, read)


def _told(command: ToldCommand, read: Read) -> Changes:
    draft = Draft(read)
    reward.told(draft, command)
    return draft.changes
