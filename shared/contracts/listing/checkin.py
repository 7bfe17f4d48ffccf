"""The events of checkin."""

from __future__ import annotations

from shared.contracts import checkin
from shared.contracts.event_type import EventType
from shared.contracts.listing import checkin_bookings, checkin_rota, checkin_stations

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
        checkin.ServiceUsed,
        "checkin",
        "intake",
        "A member has used a service during a visit; counted by station, service and day.",
        "member_id",
        {"member_id": "W01", "station_id": "S1", "service": "charge", "qty": 1},
    ),
    EventType(
        checkin.MemberRegistered,
        "checkin",
        "published",
        "Somebody is a member: his trade decides about some gifts.",
        "member_id",
        {"member_id": "W01", "trade": "courier", "registered_at": "2026-01-22T21:35:00Z"},
        consumers=("welfare",),
    ),
    EventType(
        checkin.MemberSuspended,
        "checkin",
        "published",
        "A membership is suspended: holds are released, vouchers rest.",
        "member_id",
        {"member_id": "W01", "reason": "left_trade", "suspended_at": "2026-01-22T21:35:00Z"},
        consumers=("points", "welfare"),
    ),
    EventType(
        checkin.MemberReinstated,
        "checkin",
        "published",
        "A suspension is lifted.",
        "member_id",
        {"member_id": "W01", "reinstated_at": "2026-01-22T21:35:00Z"},
        consumers=("points", "welfare"),
    ),
    EventType(
        checkin.MemberLeft,
        "checkin",
        "published",
        "A member has left for good: points holds are released.",
        "member_id",
        {"member_id": "W01", "left_at": "2026-01-22T21:35:00Z"},
        consumers=("points", "welfare"),
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
        consumers=("points", "welfare"),
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
        checkin.VisitVoided,
        "checkin",
        "published",
        "A visit was none: presence and gifts that rest on it are to be undone.",
        "member_id",
        {
            **_VISIT,
            "started_at": "2026-01-22T21:35:00Z",
            "voided_at": "2026-01-23T01:00:00Z",
            "reason": "gate_fault",
        },
        consumers=("points",),
    ),
    *checkin_rota.EVENTS,
    *checkin_stations.EVENTS,
    *checkin_bookings.EVENTS,
)
