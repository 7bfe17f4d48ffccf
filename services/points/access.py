"""Who may do what in points: one line for each operation. docs/access/points.md is made from it."""

from __future__ import annotations

from shared.access.table import ANY, Access, line, own
from shared.content_api import CONTENT

ACCESS = Access(
    line("POST /patrol-reports", patrol_app=ANY, volunteer=own("volunteer_id")),
    line("GET /patrol-reports/{report_id}", anyone=ANY),
    line("POST /accounts/{member_id}/grant-opening-lot", officer=ANY),
    line("POST /accounts/{member_id}/transfer", officer=ANY, anyone=own("member_id")),
    line("GET /accounts/{member_id}/balance", officer=ANY, machine=ANY, anyone=own("member_id")),
    line("GET /accounts/{member_id}/statement", officer=ANY, machine=ANY, anyone=own("member_id")),
    line("GET /leaderboard", anyone=ANY),
    line("POST /rules", officer=ANY),
    line("POST /key-periods", officer=ANY),
    *CONTENT,
)
