"""Who may do what in points: one line for each operation. docs/access/points.md is made from it."""

from __future__ import annotations

from typing import Any

from shared.access.table import ANY, Access, Asked, at, found, line, own
from shared.content_api import CONTENT
from shared.database import Connection

from .domain.hazard import HAZARD
from .domain.report import REPORT
from .projections.teams import MEMBER, TEAM

# Asked of the log, not of a read table: who has just filed something may look at it at once.
TOLD_BY = "select data->>%s from event where stream = %s and origin = '' and type = %s order by version limit 1"
LEADS = f"""select 1 from {MEMBER.name} m join {TEAM.name} t using (team_id)
  where m.volunteer_id = %s and t.leader_id = %s"""


async def _row(db: Connection, query: str, *values: str) -> Any:
    return await (await db.execute(query.encode(), values)).fetchone()


async def _filed_or_leads(db: Connection, asked: Asked) -> bool:
    row = await _row(db, TOLD_BY, "volunteer_id", REPORT.stream(asked.value), "PatrolReportSubmitted")
    if row is None:
        return False
    return row[0] == asked.principal.id or await _row(db, LEADS, row[0], asked.principal.id) is not None


async def _reported(db: Connection, asked: Asked) -> bool:
    row = await _row(db, TOLD_BY, "reporter_id", HAZARD.stream(asked.value), "HazardReported")
    return row is not None and row[0] == asked.principal.id


FILED = found(
    "filed",
    "report_id",
    "the caller filed the report or leads the team of who did",
    "Ask the volunteer, his leader, or an officer.",
    _filed_or_leads,
)
REPORTED = found("reported", "hazard_id", "the caller reported the hazard", "Ask an officer.", _reported)

ACCESS = Access(
    line("POST /patrol-reports", patrol_app=ANY, volunteer=own("volunteer_id")),
    line("GET /patrol-reports", officer=ANY, patrol_app=ANY, leader=at("station_id")),
    line("POST /patrol-reports/{report_id}/accept", officer=ANY, leader=ANY),
    line("POST /patrol-reports/{report_id}/reject", officer=ANY, leader=ANY),
    line("POST /patrol-reports/{report_id}/return", officer=ANY, leader=ANY),
    line("POST /patrol-reports/{report_id}/void", officer=ANY),
    line("POST /patrol-reports/{report_id}/weigh-again", officer=ANY),
    line("GET /review-queue", officer=ANY, leader=ANY),
    line("GET /patrol-reports/{report_id}", officer=ANY, patrol_app=ANY, anyone=FILED),
    line("POST /hazards", patrol_app=ANY, volunteer=own("reporter_id"), worker=own("reporter_id")),
    line("POST /hazards/anonymous", anyone=ANY),
    line("GET /hazards", officer=ANY, patrol_app=ANY),
    line("GET /hazards/{hazard_id}", officer=ANY, patrol_app=ANY, anyone=REPORTED),
    line("POST /teams", officer=ANY),
    line("POST /teams/{team_id}/join", officer=ANY, volunteer=own("volunteer_id")),
    line("POST /teams/{team_id}/leave", officer=ANY, volunteer=own("volunteer_id")),
    line("POST /teams/{team_id}/appoint-leader", officer=ANY),
    line("POST /teams/{team_id}/disband", officer=ANY),
    line("GET /teams", anyone=ANY),
    line("GET /teams/{team_id}", anyone=ANY),
    line("POST /accounts/{member_id}/grant-opening-lot", officer=ANY),
    line("POST /accounts/{member_id}/transfer", officer=ANY, anyone=own("member_id")),
    line("GET /accounts/{member_id}/balance", officer=ANY, machine=ANY, anyone=own("member_id")),
    line("GET /accounts/{member_id}/statement", officer=ANY, machine=ANY, anyone=own("member_id")),
    line("GET /leaderboard", anyone=ANY),
    line("POST /rules", officer=ANY),
    line("POST /key-periods", officer=ANY),
    line("GET /reconciliation", officer=ANY),
    line("POST /machines", officer=ANY),
    line("POST /machine-reports", machine=own("machine_id")),
    line("POST /machines/{machine_id}/list-goods", officer=ANY),
    line("POST /machines/{machine_id}/restock", officer=ANY, attendant=at("station_id")),
    line("POST /machines/{machine_id}/take-out", officer=ANY, attendant=at("station_id")),
    line("POST /machines/{machine_id}/clear-unit", officer=ANY, attendant=at("station_id")),
    line("GET /machines/{machine_id}/shelf", anyone=ANY),
    line("GET /machines/{machine_id}/redemptions", officer=ANY, attendant=ANY, machine=own("machine_id")),
    line("POST /redemptions", machine=own("machine_id")),
    line("POST /dispense-reports", machine=own("machine_id")),
    line("GET /redemptions/{redemption_id}", officer=ANY, attendant=ANY, machine=ANY),
    line("POST /redemptions/{redemption_id}/refund", officer=ANY, attendant=at("station_id")),
    *CONTENT,
)
