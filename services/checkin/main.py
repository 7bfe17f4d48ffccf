"""checkin: one member code 会员码 opens every station.

Start: `python -m services.checkin.main --role api|worker|all`.
"""

from __future__ import annotations

from shared.service import Service, run

from .access import ACCESS
from .api import (
    bookings,
    coverage,
    demands,
    duties,
    equipment,
    figures,
    gates,
    maps,
    members,
    reviews,
    rota,
    scans,
    stations,
    visits,
)
from .handlers import HANDLERS
from .messaging import MESSAGING
from .projections.coverage_map import COVERAGE_MAP
from .projections.demands import DEMANDS
from .projections.member_card import MEMBER_CARD
from .projections.member_visits import MEMBER_VISITS
from .projections.ratings import RATINGS
from .projections.reviews import REVIEWS
from .projections.rota import ROTA
from .projections.scan_audit import SCAN_AUDIT
from .projections.service_demand import SERVICE_DEMAND
from .projections.slot_board import SLOT_BOARD
from .projections.station_card import STATION_CARD
from .projections.station_live import STATION_LIVE
from .projections.visitor_flow import VISITOR_FLOW

SERVICE = Service(
    name="checkin",
    handlers=HANDLERS,
    messaging=MESSAGING,
    projections=(
        STATION_LIVE,
        STATION_CARD,
        COVERAGE_MAP,
        MEMBER_VISITS,
        SLOT_BOARD,
        MEMBER_CARD,
        VISITOR_FLOW,
        SERVICE_DEMAND,
        RATINGS,
        SCAN_AUDIT,
        ROTA,
        DEMANDS,
        REVIEWS,
    ),
    routers=(
        scans.router,
        visits.router,
        gates.router,
        stations.router,
        maps.router,
        equipment.router,
        coverage.router,
        members.router,
        duties.router,
        rota.router,
        demands.router,
        bookings.router,
        figures.router,
        reviews.router,
    ),
    access=ACCESS,
    secrets=("code_secret",),
)

if __name__ == "__main__":
    run(SERVICE)
