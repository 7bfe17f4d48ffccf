"""The events of grievance: what others react to. The service is not built yet, see `PLANNED` in the registry."""

from __future__ import annotations

from typing import Any

from shared.contracts import grievance
from shared.contracts.event_type import EventType
from shared.contracts.model import Contract

_HAZARD = {"rectification_id": "RC-1", "hazard_id": "HZ-1"}
_WHERE = {"rectification_id": "RC-1", "station_id": "S2"}
_DUE = "2026-01-23T11:25:00Z"


def _of_a_rectification(model: type[Contract], purpose: str, example: dict[str, Any], *consumers: str) -> EventType:
    key = "rectification_id"
    return EventType(model, "grievance", "published", purpose, key, example, consumers, data_class="none")


EVENTS: tuple[EventType, ...] = (
    _of_a_rectification(
        grievance.HazardVerified,
        "A hazard is real: whoever reported it first has points for it.",
        {**_HAZARD, "station_id": "S1", "severity": "general"},
        "points",
    ),
    _of_a_rectification(grievance.HazardDismissed, "There is no hazard: its report is rejected.", _HAZARD, "points"),
    _of_a_rectification(
        grievance.HazardDuplicateLinked,
        "A hazard was reported before: the later report is rejected.",
        _HAZARD,
        "points",
    ),
    _of_a_rectification(
        grievance.HazardVerificationRevoked,
        "The verification was taken back: points for it are reversed.",
        _HAZARD,
        "points",
    ),
    _of_a_rectification(
        grievance.RectificationNoticeIssued,
        "A hazard must be put right; of a major one, the facility is out of service until then.",
        {**_WHERE, "severity": "major", "facility": "power_strips", "due_at": _DUE},
        "checkin",
    ),
    _of_a_rectification(
        grievance.RectificationClosed,
        "A hazard is put right: the facility is back in service, and it is overdue no longer.",
        {**_WHERE, "closed_at": "2026-01-24T03:30:00Z"},
        "checkin",
    ),
    _of_a_rectification(
        grievance.RectificationOverdue,
        "A hazard was not put right in time: it counts against the station's stars.",
        {**_WHERE, "due_at": _DUE},
        "checkin",
    ),
    EventType(
        grievance.ReporterCommended,
        "grievance",
        "published",
        "A major hazard that was reported is put right: its reporter is rewarded.",
        "rectification_id",
        {**_HAZARD, "member_id": "W19"},
        consumers=("welfare",),
    ),
    EventType(
        grievance.CaseClosed,
        "grievance",
        "published",
        "A case has its answer; a station chief's demand counts for the station, a merchant's fault holds his money.",
        "case_id",
        {
            "case_id": "CS-1",
            "kind": "request",
            "category": "charging",
            "station_id": "S1",
            "demand_id": "DM-1",
            "outcome": "done",
            "round": 1,
            "closed_at": "2026-01-23T09:30:00Z",
            "in_time": True,
        },
        consumers=("checkin", "welfare"),
        data_class="none",
    ),
    EventType(
        grievance.SatisfactionGiven,
        "grievance",
        "published",
        "A requester has rated the answer to a case; shown beside the station's review.",
        "case_id",
        {"case_id": "CS-1", "station_id": "S1", "round": 1, "stars": 5},
        consumers=("checkin",),
        data_class="none",
    ),
    EventType(
        grievance.ActionOverdue,
        "grievance",
        "published",
        "What an inquiry meeting promised was not done by its deadline; shown beside the station's review.",
        "proposal_id",
        {"proposal_id": "PP-1", "station_id": "S1", "due_at": _DUE},
        consumers=("checkin",),
        data_class="none",
    ),
)
