"""What fields are called means the same everywhere: one example for each name, and words for the usual parameters.

An example that a field has of its own counts before these; those of `Id` and `Code` say only how such a thing looks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from shared.contracts.model import Code, Id

_UUID = "5f0c2a5e-6d5b-5c6e-9d5c-0d6f3f1f7a11"
GENERIC = [TypeAdapter(kind).json_schema()["examples"] for kind in (Id, Code)]
EXAMPLES: Mapping[str, Any] = {
    # who and what
    "member_id": "W01",
    "person_id": "W02",
    "volunteer_id": "W13",
    "leader_id": "W14",
    "to_member_id": "W02",
    "station_id": "S1",
    "gate_id": "S1-G1",
    "machine_id": "M1",
    "place_id": "M1",
    "merchant_id": "K1",
    "terminal_id": "K1-till",
    "budget_id": "B-BRK",
    "settlement_id": "K1-2026-01-23",
    "list_id": "LIST-1",
    "ballot_id": "BL-1",
    "session_id": "S1-0201-14",
    "voucher_id": _UUID,
    "firm_id": "F-0001",
    "visit_id": _UUID,
    "booking_id": _UUID,
    "duty_id": "D-S1-daily",
    "pool_id": "M1-10",
    "campaign_id": "winter_gift",
    "report_id": "PR-1",
    "hazard_id": "HZ-1",
    "redemption_id": "M1-000042",
    "team_id": "T1",
    "source_ref": "ledger-2025-W13",
    "subject": "case-1",
    "text": "The extinguisher at the door is empty.",
    "ref": _UUID,
    "hmac": "qkJ0v0p8yJ0l3Jq0m3nJ1g",
    # kinds
    "kind": "station",
    "city": "lanzhou",
    "county": "chengguan",
    "trade": "courier",
    "category": "extinguisher",
    "reason": "on_leave",
    "code": "evening_rush",
    "state": "open",
    "by": "team",
    "overdue": True,
    "escalated": True,
    # numbers
    "version": 1,
    "points": 5,
    "weekday": 1,
    "opens_min": 330,
    "closes_min": 1320,
    "lat_e6": 36_065_000,
    "lon_e6": 103_826_000,
    "within_m": 1200,
    "limit": 20,
    "days": 31,
    # times
    "at": "2026-01-23T09:00:00+08:00",
    "heard_from": "2026-01-23T00:00:00+08:00",
    "heard_to": "2026-01-24T00:00:00+08:00",
    "effective_from": "2026-01-01T00:00:00+08:00",
    "earned_at": "2025-12-05T09:00:00+08:00",
    "window_from": "2026-01-23T17:00:00+08:00",
    "window_to": "2026-01-23T19:00:00+08:00",
    "day": "2026-01-23",
    "week_of": "2026-01-23",
    "from_day": "2026-01-19",
    "to_day": "2026-01-25",
}
PARAMETERS: Mapping[str, str] = {
    "limit": "At most so many; ask with `next` for those that follow.",
    "day": "A day of China's calendar.",
    "from_day": "The first day.",
    "to_day": "The last day.",
    "days": "How many, from the first on.",
    "station_id": "Only of this station.",
    "county": "Only of the stations of this county.",
    "city": "Only of the stations of this city.",
    "category": "Only of this category.",
    "state": "Only those that are so now.",
    "overdue": "Only those that are past their deadline, or only the others.",
    "by": "Whom to rank.",
}
