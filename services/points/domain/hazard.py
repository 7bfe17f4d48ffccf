"""HazardReport 隐患上报: what somebody saw at a station, and what the inspectors of grievance made of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, TypeAlias, assert_never, get_args

import msgspec
from msgspec.structs import replace

from shared.decider import Command, Decider, DomainEvent
from shared.errors import IdempotencyKeyReused

from .device_time import comes_late, moment_of

Severity: TypeAlias = Literal["general", "major"]
Outcome: TypeAlias = Literal["open", "accepted", "rejected", "revoked"]
RejectionCode: TypeAlias = Literal["DISMISSED", "DUPLICATE"]


class ReportHazard(Command, frozen=True):
    """`reporter_id` None: anonymous, for good. `now` is when we received it."""

    hazard_id: str
    reporter_id: str | None
    station_id: str
    asset_id: str | None
    category: str
    suspected_severity: Severity
    content_ref: str | None
    spotted_at: datetime | None
    sent_at: datetime | None
    now: datetime


class LinkHazard(Command, frozen=True):
    """Grievance deals with this hazard in that rectification; the report of it may be known here or not yet."""

    hazard_id: str
    rectification_id: str
    now: datetime


class AcceptHazard(Command, frozen=True):
    """It is real, and this was the first report of it. `source_ref` names its points."""

    rectification_id: str
    points: int
    rules_version: int | None
    source_ref: str
    now: datetime


class RejectHazard(Command, frozen=True):
    rectification_id: str
    code: RejectionCode
    now: datetime


class RevokeHazard(Command, frozen=True):
    """What it was accepted for holds no longer: its points go back."""

    now: datetime


class HazardReported(DomainEvent, frozen=True):
    """`at` is when it was seen; `late`: recorded and passed on, but worth nothing (K5)."""

    hazard_id: str
    reporter_id: str | None
    station_id: str
    asset_id: str | None
    category: str
    suspected_severity: Severity
    content_ref: str | None
    received_at: datetime
    clock_corrected: bool
    late: bool


class HazardLinked(DomainEvent, frozen=True):
    hazard_id: str
    rectification_id: str


class HazardReportAccepted(DomainEvent, frozen=True):
    """`points` is 0 for an anonymous or a late report, and where no rules were in force."""

    hazard_id: str
    rectification_id: str
    reporter_id: str | None
    spotted_at: datetime
    points: int
    rules_version: int | None
    source_ref: str


class HazardReportRejected(DomainEvent, frozen=True):
    hazard_id: str
    rectification_id: str
    code: RejectionCode


class HazardAcceptanceRevoked(DomainEvent, frozen=True):
    hazard_id: str
    rectification_id: str
    reporter_id: str | None
    points: int
    source_ref: str


HazardCommand: TypeAlias = ReportHazard | LinkHazard | AcceptHazard | RejectHazard | RevokeHazard
HazardAnswer: TypeAlias = HazardReportAccepted | HazardReportRejected | HazardAcceptanceRevoked
HazardEvent: TypeAlias = HazardReported | HazardLinked | HazardAnswer


class Hazard(msgspec.Struct, frozen=True):
    """The report, None while only grievance has told of it; the rectification it is part of; its latest answer."""

    reported: HazardReported | None = None
    rectification_id: str | None = None
    outcome: Outcome = "open"
    accepted: HazardReportAccepted | None = None
    rewards: int = 0  # how often it was accepted, in whichever rectification


def decide(command: HazardCommand, hazard: Hazard) -> Sequence[HazardEvent]:
    reported = hazard.reported
    match command:
        case ReportHazard() if reported is not None:
            return _told_again(command, reported)
        case ReportHazard():
            return [_reported(command)]
        case LinkHazard(_, rectification_id, _) if rectification_id == hazard.rectification_id:
            return []
        case LinkHazard(hazard_id, rectification_id, now):
            return [HazardLinked(now, hazard_id, rectification_id)]
        case AcceptHazard() if reported is not None and hazard.outcome != "accepted":
            return [_accepted(command, reported)]
        case RejectHazard(rectification_id, code, now) if reported and hazard.outcome in ("open", "revoked"):
            return [HazardReportRejected(now, reported.hazard_id, rectification_id, code)]
        case AcceptHazard() | RejectHazard():
            return []
        case RevokeHazard(now):
            return _revoked(hazard, now)
        case _:
            assert_never(command)


def _reported(command: ReportHazard) -> HazardReported:
    seen = moment_of(command.spotted_at, command.sent_at, command.now, "spotted_at")
    return HazardReported(
        at=seen.at,
        hazard_id=command.hazard_id,
        reporter_id=command.reporter_id,
        station_id=command.station_id,
        asset_id=command.asset_id,
        category=command.category,
        suspected_severity=command.suspected_severity,
        content_ref=command.content_ref,
        received_at=command.now,
        clock_corrected=seen.clock_corrected,
        late=comes_late(seen.at, command.now),
    )


def _told_again(command: ReportHazard, reported: HazardReported) -> list[HazardEvent]:
    """Nothing new; and who stayed anonymous stays so, whatever is told later (PT4)."""
    told = ("reporter_id", "station_id", "asset_id", "category")
    if any(getattr(command, field) != getattr(reported, field) for field in told):
        raise IdempotencyKeyReused("This hazard_id belongs to another report. Use a new one.", field="hazard_id")
    return []


def _accepted(command: AcceptHazard, reported: HazardReported) -> HazardReportAccepted:
    return HazardReportAccepted(
        at=command.now,
        hazard_id=reported.hazard_id,
        rectification_id=command.rectification_id,
        reporter_id=reported.reporter_id,
        spotted_at=reported.at,
        points=command.points,
        rules_version=command.rules_version,
        source_ref=command.source_ref,
    )


def _revoked(hazard: Hazard, now: datetime) -> list[HazardEvent]:
    was = hazard.accepted
    if was is None:
        return []
    return [
        HazardAcceptanceRevoked(
            at=now,
            hazard_id=was.hazard_id,
            rectification_id=was.rectification_id,
            reporter_id=was.reporter_id,
            points=was.points,
            source_ref=was.source_ref,
        )
    ]


def evolve(hazard: Hazard, event: HazardEvent) -> Hazard:
    match event:
        case HazardReported():
            return replace(hazard, reported=event)
        case HazardLinked(rectification_id=rectification_id):
            return replace(hazard, rectification_id=rectification_id)
        case HazardReportAccepted():
            return replace(hazard, outcome="accepted", accepted=event, rewards=hazard.rewards + 1)
        case HazardReportRejected():
            return replace(hazard, outcome="rejected", accepted=None)
        case HazardAcceptanceRevoked():
            return replace(hazard, outcome="revoked", accepted=None)
        case _:
            assert_never(event)


HAZARD: Decider[HazardCommand, HazardEvent, Hazard] = Decider("hazard", Hazard(), decide, evolve, get_args(HazardEvent))
