"""checkin: one member code 会员码 opens every station.

Start: `python -m services.checkin.main --role api|worker|all`.
"""

from __future__ import annotations

from shared.service import Service, run

from .access import ACCESS
from .api import bookings, coverage, duties, equipment, members, scans, stations
from .handlers import HANDLERS
from .messaging import MESSAGING
from .projections.member_visits import MEMBER_VISITS
from .projections.slot_board import SLOT_BOARD
from .projections.station_live import STATION_LIVE

SERVICE = Service(
    name="checkin",
    handlers=HANDLERS,
    messaging=MESSAGING,
    projections=(STATION_LIVE, MEMBER_VISITS, SLOT_BOARD),
    routers=(
        scans.router,
        stations.router,
        equipment.router,
        coverage.router,
        members.router,
        duties.router,
        bookings.router,
    ),
    access=ACCESS,
)

if __name__ == "__main__":
    run(SERVICE)
