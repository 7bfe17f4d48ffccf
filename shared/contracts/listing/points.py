"""The events of points."""

from __future__ import annotations

from shared.contracts import points
from shared.contracts.event_type import EventType

EVENTS: tuple[EventType, ...] = (
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
