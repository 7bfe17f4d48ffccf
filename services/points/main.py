"""points: patrols earn points 积分.

Start: `python -m services.points.main --role api|worker|all`.
"""

from __future__ import annotations

from shared.service import Service, run

from .access import ACCESS
from .api import accounts, goods, hazards, rankings, redemptions, reports, reviews, rules, teams
from .handlers import HANDLERS
from .messaging import MESSAGING
from .projections.balance import BALANCE
from .projections.goods_shelf import GOODS_SHELF
from .projections.hazard_register import HAZARD_REGISTER
from .projections.leaderboard import LEADERBOARD
from .projections.patrol_register import PATROL_REGISTER
from .projections.reconciliation import RECONCILIATION
from .projections.redemptions import REDEMPTIONS
from .projections.review_queue import REVIEW_QUEUE
from .projections.statement import STATEMENT
from .projections.teams import TEAMS

SERVICE = Service(
    name="points",
    handlers=HANDLERS,
    messaging=MESSAGING,
    projections=(
        BALANCE,
        STATEMENT,
        LEADERBOARD,
        PATROL_REGISTER,
        HAZARD_REGISTER,
        REVIEW_QUEUE,
        TEAMS,
        GOODS_SHELF,
        REDEMPTIONS,
        RECONCILIATION,
    ),
    routers=(
        reports.router,
        reviews.router,
        rankings.router,
        hazards.router,
        teams.router,
        accounts.router,
        rules.router,
        goods.router,
        redemptions.router,
    ),
    access=ACCESS,
)

if __name__ == "__main__":
    run(SERVICE)
