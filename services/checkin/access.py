"""Who may do what in checkin: one line for each operation. docs/access/checkin.md is made from it."""

from __future__ import annotations

from shared.access import table
from shared.access.table import ANY, Access, Relation, at, line, own
from shared.content_api import CONTENT

from .projections.rota import is_chief_now


def on_duty(field: str) -> Relation:
    """Chief of the day by a grant in the token, or by checkin's own rota: who has started his duty needs no grant."""
    return table.on_duty(field, is_chief_now)


ACCESS = Access(
    line("POST /scans", gate=at("station_id")),
    line("POST /scans/override", chief=on_duty("station_id")),
    line("POST /visits/{visit_id}/end", officer=ANY, chief=on_duty("station_id")),
    line("POST /visits/{visit_id}/void", officer=ANY, chief=on_duty("station_id")),
    line("POST /visits/{visit_id}/rate", anyone=own("member_id")),
    line("POST /service-uses", machine=at("station_id"), gate=at("station_id"), chief=on_duty("station_id")),
    line("GET /visitor-flow", officer=ANY, planner=ANY, chief=on_duty("station_id")),
    line("GET /visitor-flow/hours", officer=ANY, planner=ANY, chief=on_duty("station_id")),
    line("GET /service-demand", officer=ANY, planner=ANY, chief=on_duty("station_id")),
    line("GET /service-demand.svg", officer=ANY, planner=ANY, chief=on_duty("station_id")),
    line("GET /scan-audit", officer=ANY, chief=on_duty("station_id")),
    line("POST /stations", officer=ANY),
    line("POST /stations/{station_id}/register-gate", officer=ANY),
    line("POST /stations/{station_id}/remove-gate", officer=ANY, chief=on_duty("station_id")),
    line("GET /stations/{station_id}/gates", officer=ANY, chief=on_duty("station_id")),
    line("GET /stations/{station_id}/flow.svg", officer=ANY, planner=ANY, chief=on_duty("station_id")),
    line("GET /stations/{station_id}/ratings", anyone=ANY),
    line("POST /stations/{station_id}/set-hours", officer=ANY, chief=on_duty("station_id")),
    line("POST /stations/{station_id}/suspend", officer=ANY),
    line("POST /stations/{station_id}/resume", officer=ANY),
    line("POST /stations/{station_id}/retire", officer=ANY),
    line("POST /stations/{station_id}/change-facilities", officer=ANY, chief=on_duty("station_id")),
    line("POST /stations/{station_id}/list-on-map", officer=ANY),
    line("POST /state-reports", machine=at("station_id")),
    line("POST /work-areas", officer=ANY, planner=ANY),
    line("GET /coverage", officer=ANY, planner=ANY),
    line("GET /stations", anyone=ANY),
    line("GET /stations.geojson", public=ANY),
    line("GET /map", public=ANY),  # browsers and map apps have no token; no person is in any of the three
    line("GET /stations/{station_id}/card", public=ANY),
    line("GET /stations/{station_id}/live", anyone=ANY),
    line("POST /stations/{station_id}/inspect-standard", officer=ANY, inspector=at("station_id")),
    line("POST /stations/{station_id}/close-review", officer=ANY),
    line(
        "GET /stations/{station_id}/review",
        officer=ANY,
        planner=ANY,
        inspector=at("station_id"),
        leader=at("station_id"),
        chief=on_duty("station_id"),
    ),
    line("GET /reviews", officer=ANY, planner=ANY),
    line("GET /stations/{station_id}/flow", officer=ANY, planner=ANY, chief=on_duty("station_id")),
    line("POST /members", officer=ANY),
    line("POST /members/{member_id}/suspend", officer=ANY),
    line("POST /members/{member_id}/reinstate", officer=ANY),
    line("POST /members/{member_id}/leave", officer=ANY, anyone=own("member_id")),
    line("POST /members/{member_id}/issue-code", officer=ANY, anyone=own("member_id")),
    line("POST /members/{member_id}/revoke-code", officer=ANY, anyone=own("member_id")),
    line("GET /members/{member_id}", officer=ANY, anyone=own("member_id")),
    line("GET /members/{member_id}/code", anyone=own("member_id")),
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
    line("POST /duties/plan", officer=ANY, leader=at("station_id")),
    line("POST /duties/{duty_id}/name-deputy", officer=ANY, leader=at("station_id")),
    line("POST /duties/{duty_id}/cancel", officer=ANY, leader=at("station_id")),
    line("POST /duties/{duty_id}/start", anyone=ANY),  # whoever is on it: the rota decides
    line("POST /duties/{duty_id}/end", anyone=ANY),
    line("POST /duties/{duty_id}/offer-swap", anyone=ANY),
    line("POST /duties/{duty_id}/accept-swap", anyone=ANY),
    line("POST /duties/{duty_id}/withdraw-swap", anyone=ANY),
    line("GET /people/{person_id}/duties", officer=ANY, anyone=own("person_id")),
    line("GET /stations/{station_id}/rota", anyone=ANY),
    line("GET /rota", officer=ANY, planner=ANY, leader=ANY),
    line("GET /patrol-coverage", officer=ANY, planner=ANY, leader=ANY),
    line("POST /calendar", officer=ANY),
    line("GET /calendar", anyone=ANY),
    line("POST /demands", anyone=own("chief_id")),  # that he is on the duty is the rota's to say
    line("GET /demands", officer=ANY, planner=ANY, leader=at("station_id"), chief=on_duty("station_id")),
    line("GET /demands/figures", officer=ANY, planner=ANY, leader=at("station_id"), chief=on_duty("station_id")),
    *CONTENT,
)
