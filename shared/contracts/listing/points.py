"""The events of points."""

from __future__ import annotations

from shared.contracts import points
from shared.contracts.event_type import EventType
from shared.contracts.listing import points_goods

_HAZARD = {
    "hazard_id": "HZ-1",
    "station_id": "S1",
    "asset_id": "EXT-01",
    "category": "extinguisher",
    "suspected_severity": "general",
    "reporter_id": "W02",
    "content_ref": "5f0c2a5e-6d5b-5c6e-9d5c-0d6f3f1f7a11",
}

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
        consumers=("checkin",),
    ),
    EventType(
        points.PatrolReportVoided,
        "points",
        "published",
        "A patrol report counts no longer: its points go back, and the duty is open again.",
        "report_id",
        {
            "report_id": "PR-1",
            "duty_id": "D-S1-daily",
            "station_id": "S1",
            "volunteer_id": "W13",
            "points": 2,
            "reason": "photos_of_another_day",
            "voided_at": "2026-01-24T01:00:00Z",
        },
        consumers=("checkin",),
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
    EventType(
        points.HazardSpotted,
        "points",
        "intake",
        "Somebody reports a hazard at a station; grievance inspects it, and the first reporter of a real one earns.",
        "station_id",
        {**_HAZARD, "spotted_at": "2026-01-23T00:15:00Z", "sent_at": "2026-01-23T00:40:00Z"},
    ),
    EventType(
        points.HazardReported,
        "points",
        "published",
        "A hazard was reported: an inspector has to look at it.",
        "hazard_id",
        {**_HAZARD, "reported_at": "2026-01-23T00:15:00Z"},
    ),
    *points_goods.EVENTS,
)
