"""The events of checkin's rota 值班表 and of the demands that station chiefs record."""

from __future__ import annotations

from shared.contracts import checkin, checkin_rota
from shared.contracts.event_type import EventType

_PATROL = {"duty_id": "D-S1-daily", "kind": "patrol_daily", "station_id": "S1"}
_DEMAND = {
    "demand_id": "DM-1",
    "duty_id": "D-S1-chief",
    "station_id": "S1",
    "category": "charging",
    "deadline": "2026-01-23T10:00:00Z",
    "content_ref": "2b1e7c1c-6c2f-5a55-8f0e-0f6c1d2a9b77",
}

EVENTS: tuple[EventType, ...] = (
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
        checkin_rota.DutySwapped,
        "checkin",
        "published",
        "Somebody else is on a duty: the right to file a report goes with it.",
        "duty_id",
        {**_PATROL, "from_person": "W02", "to_person": "W19", "people": ["W13", "W19"]},
        consumers=("points",),
    ),
    EventType(
        checkin_rota.DutyMissed,
        "checkin",
        "published",
        "A duty was not done in time: a note in the ranking of its people.",
        "duty_id",
        {**_PATROL, "people": ["W13", "W02"], "missed_at": "2026-01-24T01:30:00Z"},
        consumers=("points",),
    ),
    EventType(
        checkin_rota.DutyCancelled,
        "checkin",
        "published",
        "A duty will not be: no report of it is expected any more.",
        "duty_id",
        {**_PATROL, "reason": "station_suspended"},
        consumers=("points",),
    ),
    EventType(
        checkin_rota.DemandHeard,
        "checkin",
        "intake",
        "A station chief on duty has heard a demand and says by when it will be met.",
        "duty_id",
        {**_DEMAND, "chief_id": "C1"},
    ),
    EventType(
        checkin_rota.DemandRecorded,
        "checkin",
        "published",
        "A demand is to be met by its deadline: it becomes a case.",
        "demand_id",
        {**_DEMAND, "heard_at": "2026-01-23T01:00:00Z", "flags": []},
    ),
)
