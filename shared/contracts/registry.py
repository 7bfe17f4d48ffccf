"""The one list of events that cross a service's border: who owns them, what they are for, and how they travel.

Topics, the ingest's readers, and later schemas, access lists and pages all come from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from shared.contracts import answers, checkin, points
from shared.contracts.model import Contract
from shared.decider import DomainEvent

SERVICES = ("checkin", "points")
PARTITIONS = 6


@dataclass(frozen=True)
class EventType:
    """One version of one event."""

    model: type[Contract]
    service: str
    direction: Literal["intake", "published"]
    purpose: str
    key: str
    example: Mapping[str, Any]
    consumers: tuple[str, ...] = ()
    version: int = 1
    retention_days: int = 30
    data_class: Literal["pseudonymous", "none"] = "pseudonymous"

    @property
    def type(self) -> str:
        return f"cn.yizhan.{self.service}.{self.model.__name__}.v{self.version}"

    @property
    def topic(self) -> str:
        return intake_topic(self.service) if self.direction == "intake" else events_topic(self.service)


def intake_topic(service: str) -> str:
    return f"{service}.intake.v1"


def events_topic(service: str) -> str:
    return f"{service}.events.v1"


def feedback_topic(service: str) -> str:
    return f"{service}.feedback.v1"


def quarantine_topic(service: str) -> str:
    return f"{service}.quarantine.v1"


@dataclass(frozen=True)
class Topic:
    """A topic as it is to be made. Intake topics carry the broker's time: it is the server's receipt (K4)."""

    name: str
    partitions: int = PARTITIONS
    retention_days: int = 30

    @property
    def config(self) -> dict[str, str]:
        stamp = "LogAppendTime" if ".intake." in self.name else "CreateTime"
        return {"retention.ms": str(self.retention_days * 86_400_000), "message.timestamp.type": stamp}


def topics(service: str) -> tuple[Topic, ...]:
    """The four topics of a service."""
    makers = (intake_topic, events_topic, feedback_topic, quarantine_topic)
    return tuple(Topic(make(service)) for make in makers)


_VISIT = {"visit_id": "5f0c2a5e-6d5b-5c6e-9d5c-0d6f3f1f7a11", "member_id": "W01", "station_id": "S1"}

EVENTS: tuple[EventType, ...] = (
    EventType(
        checkin.MemberScanned,
        "checkin",
        "intake",
        "A gate read a member code; it becomes a visit, the end of one, or a refusal.",
        "member_id",
        {"member_id": "W01", "station_id": "S1", "gate_id": "S1-G1", "direction": "entry"},
    ),
    EventType(
        checkin.VisitStarted,
        "checkin",
        "published",
        "A member is inside a station: presence for points, and the occasion of gifts.",
        "member_id",
        {
            **_VISIT,
            "gate_id": "S1-G1",
            "started_at": "2026-01-22T21:35:00Z",
            "offline": False,
            "clock_corrected": False,
            "counted": True,
            "flags": [],
        },
        consumers=("points",),
    ),
    EventType(
        checkin.VisitEnded,
        "checkin",
        "published",
        "A member has left a station.",
        "member_id",
        {
            **_VISIT,
            "started_at": "2026-01-22T21:35:00Z",
            "ended_at": "2026-01-22T21:53:00Z",
            "exit_kind": "scanned",
        },
        consumers=("points",),
    ),
    EventType(
        checkin.DutyAssigned,
        "checkin",
        "published",
        "People are on a duty of the rota; a patrol duty opens their right to file a report.",
        "duty_id",
        {
            "duty_id": "D-S1-daily",
            "kind": "patrol_daily",
            "station_id": "S1",
            "window_from": "2026-01-22T23:30:00Z",
            "window_to": "2026-01-23T01:30:00Z",
            "people": ["W13", "W02"],
        },
        consumers=("points",),
    ),
    EventType(
        points.PatrolReported,
        "points",
        "intake",
        "A volunteer reports a patrol; it is accepted when the duty and the presence bear it out.",
        "volunteer_id",
        {
            "report_id": "PR-1",
            "duty_id": "D-S1-daily",
            "station_id": "S1",
            "volunteer_id": "W13",
            "performed_from": "2026-01-23T00:00:00Z",
            "performed_to": "2026-01-23T00:20:00Z",
            "checklist": [{"item": "extinguisher", "ok": True}],
            "offline": False,
        },
    ),
    EventType(
        points.PatrolReportAccepted,
        "points",
        "published",
        "A patrol report counts: the duty is fulfilled and the points are paid.",
        "report_id",
        {
            "report_id": "PR-1",
            "duty_id": "D-S1-daily",
            "station_id": "S1",
            "volunteer_id": "W13",
            "kind_paid": "daily",
            "points": 2,
            "rules_version": 1,
            "performed_from": "2026-01-23T00:00:00Z",
            "accepted_by": "automatic",
            "failed_items": [],
        },
    ),
    EventType(
        points.PointsEarned,
        "points",
        "published",
        "Points were credited as one lot.",
        "member_id",
        {
            "member_id": "W13",
            "lot_id": "patrol:PR-1",
            "points": 2,
            "reason": "patrol",
            "source_ref": "PR-1",
            "earned_at": "2026-01-23T00:00:00Z",
            "expires_at": "2027-01-31T16:00:00Z",
        },
    ),
)

BY_TYPE: Mapping[str, EventType] = MappingProxyType({event.type: event for event in EVENTS})
_TYPE_OF: Mapping[type[Contract], str] = MappingProxyType({event.model: event.type for event in EVENTS})

ANSWER_TYPES: Mapping[type[Contract], str] = {
    answers.IntakeAnswered: "cn.yizhan.{service}.IntakeAnswered.v1",
    answers.RecordQuarantined: "cn.yizhan.{service}.RecordQuarantined.v1",
}


def stored_type(event: type[Any]) -> str:
    """Under which type an event class is stored: its name for our own events, the contract's type for received ones."""
    return event.__name__ if issubclass(event, DomainEvent) else _TYPE_OF[event]


def taken_by(service: str) -> dict[str, EventType]:
    """Every event type that a service takes: its own intake, and what others publish for it."""
    return {
        event.type: event
        for event in EVENTS
        if (event.direction == "intake" and event.service == service) or service in event.consumers
    }
