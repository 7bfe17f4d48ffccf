"""What the day has no courses for: a ballot with a vote, and a session that somebody attends and rates."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from scenario.acts import STAFF, Caller, Order
from scenario.doors import Doors
from scenario.player import Player
from scenario.system import System

POOL, BALLOT, MEMBER = "R9-tea", "BL-9", "W02"
PERIOD = {"from": "2026-01-01", "to": "2026-03-01"}
QUERIES: tuple[tuple[str, dict[str, str]], ...] = (
    ("/ballots", {}),
    ("/ballots/{ballot_id}", {}),
    ("/ballots/{ballot_id}/counts", {}),
    ("/members/{member_id}/votes", {}),
    ("/sessions", PERIOD),
    ("/sessions/{session_id}", {}),
    ("/sessions/{session_id}/attendances", {}),
    ("/members/{member_id}/sessions", {}),
    ("/session-quality", {**PERIOD, "against_from": "2025-01-01", "against_to": "2025-03-01"}),
    ("/session-quality/courses", PERIOD),
)
IDS = {"ballot_id": BALLOT, "session_id": POOL, "member_id": MEMBER}


async def courses_beside_the_day(system: System, doors: Doors) -> None:
    """The session is a slot pool, so checkin must have told of it, and of who has come, before it is rated."""
    member, player = Caller(MEMBER, ("worker",)), Player(system, doors, lambda _said: None)
    now = system.clock.now()
    course = {"course_id": "tea", "place_id": "R9", "capacity": 5}
    pool = {"pool_id": POOL, "purpose": "course", **course, **_times(now - timedelta(minutes=10))}
    choice = {"ballot_id": BALLOT, "member_id": MEMBER, "choices": ["tea"]}
    ballot = {"max_choices": 1, "to_run": 1, "closes_at": (now + timedelta(days=1)).isoformat()}
    later = {**course, **_times(now + timedelta(days=7))}
    came = {"member_id": MEMBER, "place_id": "R9", "device_id": "R9-desk"}
    orders: tuple[tuple[str, str, dict[str, Any], Caller], ...] = (
        ("welfare", f"/ballots/{BALLOT}/open", {**ballot, "courses": [later]}, STAFF),
        ("welfare", "/votes", choice, member),
        ("checkin", "/slot-pools", pool, STAFF),
        ("checkin", f"/slot-pools/{POOL}/book", {"member_id": MEMBER}, STAFF),
        ("checkin", "/bookings/present", came, Caller("R9-desk", ("desk",))),
        ("welfare", f"/sessions/{POOL}/rate", {"member_id": MEMBER, "stars": 5}, member),
    )
    for service, path, body, caller in orders:
        await player.idle()
        await doors.order(Order(service, path, body, f"beside {path}", caller))
    await player.idle()


def _times(starts_at: datetime) -> dict[str, str]:
    return {"starts_at": starts_at.isoformat(), "ends_at": (starts_at + timedelta(hours=1)).isoformat()}
