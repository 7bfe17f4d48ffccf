"""welfare: budgets 预算, vouchers 代金券 and meals, settlement 结算, refunds 免申即享, courses 点单.

Start: `python -m services.welfare.main --role api|worker|all`.
"""

from __future__ import annotations

from shared.service import Service, run

from .access import ACCESS
from .api import (
    ballots,
    budgets,
    campaigns,
    ledger_files,
    ledgers,
    lists,
    merchants,
    payments,
    redemptions,
    sessions,
    settlements,
    statements,
    vouchers,
)
from .handlers import HANDLERS
from .messaging import MESSAGING
from .projections.ballot_result import BALLOT_RESULT
from .projections.budget_board import BUDGET_BOARD
from .projections.campaign_reach import CAMPAIGN_REACH
from .projections.campaigns import CAMPAIGNS
from .projections.disputes import DISPUTES
from .projections.ledger_report import LEDGER_REPORT
from .projections.merchants import MERCHANTS
from .projections.no_show_list import NO_SHOW_LIST
from .projections.reconciliation import RECONCILIATION
from .projections.redemption_log import REDEMPTION_LOG
from .projections.session_quality import SESSION_QUALITY
from .projections.settlement_sheet import SETTLEMENT_SHEET
from .projections.wallet import WALLET

SERVICE = Service(
    name="welfare",
    handlers=HANDLERS,
    messaging=MESSAGING,
    projections=(
        BALLOT_RESULT,
        SESSION_QUALITY,
        BUDGET_BOARD,
        MERCHANTS,
        REDEMPTION_LOG,
        SETTLEMENT_SHEET,
        DISPUTES,
        RECONCILIATION,
        CAMPAIGNS,
        CAMPAIGN_REACH,
        LEDGER_REPORT,
        WALLET,
        NO_SHOW_LIST,
    ),
    routers=(
        ballots.router,
        sessions.router,
        budgets.router,
        campaigns.router,
        merchants.router,
        redemptions.router,
        settlements.router,
        payments.router,
        statements.router,
        lists.router,
        ledgers.router,
        ledger_files.router,
        vouchers.router,
    ),
    access=ACCESS,
)

if __name__ == "__main__":
    run(SERVICE)
