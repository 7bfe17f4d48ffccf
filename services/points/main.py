"""points: patrols earn points 积分.

Start: `python -m services.points.main --role api|worker|all`.
"""

from __future__ import annotations

from shared.service import Service, run

from .access import ACCESS
from .api import accounts, reports, rules
from .handlers import HANDLERS
from .messaging import MESSAGING
from .projections.balance import BALANCE
from .projections.leaderboard import LEADERBOARD
from .projections.patrol_register import PATROL_REGISTER
from .projections.statement import STATEMENT

SERVICE = Service(
    name="points",
    handlers=HANDLERS,
    messaging=MESSAGING,
    projections=(BALANCE, STATEMENT, LEADERBOARD, PATROL_REGISTER),
    routers=(reports.router, accounts.router, rules.router),
    access=ACCESS,
)

if __name__ == "__main__":
    run(SERVICE)
