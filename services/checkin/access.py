"""Who may do what in checkin: one line for each operation. docs/access/checkin.md is made from it."""

from __future__ import annotations

from shared.access.table import ANY, Access, at, line, on_duty, own
from shared.content_api import CONTENT

ACCESS = Access(
    line("POST /scans", gate=at("station_id")),
    line("POST /scans/override", chief=on_duty("station_id")),
    line("POST /stations", officer=ANY),
    line("POST /stations/{station_id}/set-hours", officer=ANY, chief=on_duty("station_id")),
    line("POST /stations/{station_id}/suspend", officer=ANY),
    line("POST /stations/{station_id}/resume", officer=ANY),
    line("POST /stations/{station_id}/retire", officer=ANY),
    line("POST /stations/{station_id}/change-facilities", officer=ANY, chief=on_duty("station_id")),
    line("POST /stations/{station_id}/list-on-map", officer=ANY),
    line("POST /state-reports", machine=at("station_id")),
    line("POST /work-areas", officer=ANY, planner=ANY),
    line("GET /stations/{station_id}/live", anyone=ANY),
    line("GET /stations/{station_id}/flow", officer=ANY, planner=ANY, chief=on_duty("station_id")),
    line("POST /members", officer=ANY),
    line("POST /members/{member_id}/suspend", officer=ANY),
    line("POST /members/{member_id}/reinstate", officer=ANY),
    line("GET /members/{member_id}/visits", officer=ANY, anyone=own("member_id")),
    line("POST /duties", officer=ANY, leader=at("station_id")),
    line("POST /slot-pools", officer=ANY, planner=ANY),
    line("POST /slot-pools/{pool_id}/close", officer=ANY, planner=ANY),
    line("POST /slot-pools/{pool_id}/book", officer=ANY, anyone=own("member_id")),
    line("POST /slot-pools/{pool_id}/bookings/{booking_id}/cancel", officer=ANY, anyone=own("member_id")),
    line("POST /bookings/present", desk=at("place_id"), machine=at("place_id"), chief=on_duty("place_id")),
    line("GET /slot-pools", anyone=ANY),
    line("GET /slot-pools/{pool_id}", anyone=ANY),
    line("GET /slot-pools/{pool_id}/bookings", officer=ANY, planner=ANY),
    line("GET /members/{member_id}/bookings", officer=ANY, anyone=own("member_id")),
    line("GET /no-shows", officer=ANY, planner=ANY),
    *CONTENT,
)
