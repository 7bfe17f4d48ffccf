"""points: patrols earn points 积分.

Start: `python -m services.points.main --role api|worker|all`.
"""

from __future__ import annotations

from shared.service import Service, run

from .access import ACCESS
from .api import accounts, hazards, rankings, reports, reviews, rules, teams
from .handlers import HANDLERS
from .messaging import MESSAGING
from .projections.balance import BALANCE
from .projections.hazard_register import HAZARD_REGISTER
from .projections.leaderboard import LEADERBOARD
from .projections.patrol_register import PATROL_REGISTER
from .projections.review_queue import REVIEW_QUEUE
from .projections.statement import STATEMENT
from .projections.teams import TEAMS

SERVICE = Service(
    name="points",
    handlers=HANDLERS,
    messaging=MESSAGING,
    projections=(BALANCE, STATEMENT, LEADERBOARD, PATROL_REGISTER, HAZARD_REGISTER, REVIEW_QUEUE, TEAMS),
    routers=(
        reports.router,
        reviews.router,
        rankings.router,
        hazards.router,
        teams.router,
        accounts.router,
        rules.router,
    ),
    access=ACCESS,
)

if __name__ == "__main__":
    run(SERVICE)
