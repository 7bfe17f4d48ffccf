"""A rectification 隐患整改 of grievance, as far as it is worth points: the reports that are part of it, who earned.

What grievance tells may come before a report is known here, and twice; whatever comes last, the same reports are
weighed (`hazard_reward`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, TypeAlias, assert_never, get_args

import msgspec
from msgspec.structs import replace

from shared.decider import Command, Decider, DomainEvent


class AddReport(Command, frozen=True):
    """A report that is known here is part of this rectification."""

    hazard_id: str
    reporter_id: str | None
    spotted_at: datetime
    received_at: datetime
    late: bool
    now: datetime


class Told(Command, frozen=True):
    """What an inspector of grievance has said about a hazard, in one of their rectifications."""

    rectification_id: str
    hazard_id: str
    now: datetime


class VerifyHazard(Told, frozen=True):
    """The hazard is there."""


class DismissHazard(Told, frozen=True):
    """There is no hazard."""


class LinkDuplicate(Told, frozen=True):
    """Grievance was told of it before; who has seen it first may still be this one (PT4)."""


class RevokeVerification(Told, frozen=True):
    """The hazard was not there after all."""


class GiveReward(Command, frozen=True):
    hazard_id: str
    now: datetime


class TakeRewardBack(Command, frozen=True):
    now: datetime


class ReportAdded(DomainEvent, frozen=True):
    hazard_id: str
    reporter_id: str | None
    spotted_at: datetime
    received_at: datetime
    late: bool


class RectificationVerified(DomainEvent, frozen=True):
    hazard_id: str


class RectificationDismissed(DomainEvent, frozen=True):
    hazard_id: str


class VerificationRevoked(DomainEvent, frozen=True):
    hazard_id: str


class RewardGiven(DomainEvent, frozen=True):
    hazard_id: str


class RewardTakenBack(DomainEvent, frozen=True):
    hazard_id: str


Verdict: TypeAlias = Literal["open", "verified", "dismissed"]
ToldCommand: TypeAlias = VerifyHazard | DismissHazard | LinkDuplicate | RevokeVerification
RectificationCommand: TypeAlias = AddReport | ToldCommand | GiveReward | TakeRewardBack
RectificationEvent: TypeAlias = (
    ReportAdded | RectificationVerified | RectificationDismissed | VerificationRevoked | RewardGiven | RewardTakenBack
)


class Rectification(msgspec.Struct, frozen=True):
    """`revoked_ahead`: the verification was taken back before it was told here, so it will be worth nothing."""

    verdict: Verdict = "open"
    verified_once: bool = False
    revoked_ahead: bool = False
    reports: tuple[ReportAdded, ...] = ()
    rewarded: str | None = None

    @property
    def earliest(self) -> ReportAdded | None:
        """PT4: by when it was seen, then by receipt. A report beyond the window of K5 is nobody's rival."""
        return min(self.reports, key=lambda r: (r.late, r.spotted_at, r.received_at, r.hazard_id), default=None)

    def reporter_of(self, hazard_id: str | None) -> str | None:
        return next((report.reporter_id for report in self.reports if report.hazard_id == hazard_id), None)


def decide(command: RectificationCommand, case: Rectification) -> Sequence[RectificationEvent]:
    match command:
        case AddReport(hazard_id) if any(report.hazard_id == hazard_id for report in case.reports):
            return []
        case AddReport(hazard_id, reporter_id, spotted_at, received_at, late, now):
            return [ReportAdded(now, hazard_id, reporter_id, spotted_at, received_at, late)]
        case VerifyHazard(hazard_id=hazard_id, now=now):
            return [RectificationVerified(now, hazard_id)] if case.verdict != "verified" else []
        case DismissHazard(hazard_id=hazard_id, now=now):
            return [RectificationDismissed(now, hazard_id)] if case.verdict == "open" else []
        case LinkDuplicate():
            return []  # the report is added, and that is all
        case RevokeVerification(hazard_id=hazard_id, now=now):
            told_before = case.revoked_ahead or (case.verified_once and case.verdict != "verified")
            return [] if told_before else [VerificationRevoked(now, hazard_id)]
        case GiveReward(hazard_id, now):
            return [RewardGiven(now, hazard_id)] if case.rewarded is None else []
        case TakeRewardBack(now):
            return [RewardTakenBack(now, case.rewarded)] if case.rewarded is not None else []
        case _:
            assert_never(command)


def evolve(case: Rectification, event: RectificationEvent) -> Rectification:
    match event:
        case ReportAdded():
            return replace(case, reports=(*case.reports, event))
        case RectificationVerified() if case.revoked_ahead:
            return replace(case, revoked_ahead=False, verified_once=True)
        case RectificationVerified():
            return replace(case, verdict="verified", verified_once=True)
        case RectificationDismissed():
            return replace(case, verdict="dismissed")
        case VerificationRevoked() if case.verdict == "verified":
            return replace(case, verdict="open")
        case VerificationRevoked():
            return replace(case, revoked_ahead=True)
        case RewardGiven(hazard_id=hazard_id):
            return replace(case, rewarded=hazard_id)
        case RewardTakenBack():
            return replace(case, rewarded=None)
        case _:
            assert_never(event)


RECTIFICATION: Decider[RectificationCommand, RectificationEvent, Rectification] = Decider(
    "rectification", Rectification(), decide, evolve, get_args(RectificationEvent)
)
