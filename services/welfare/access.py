"""Who may do what in welfare: one line for each operation. docs/access/welfare.md is made from it."""

from __future__ import annotations

from shared.access.table import ANY, Access, Asked, found, line, own
from shared.content_api import CONTENT
from shared.database import Connection

from .domain.redemption import REDEMPTION
from .domain.settlement import SETTLEMENT
from .domain.voucher import VOUCHER

# Asked of the log, not of a read table: who has just redeemed something may look at it at once.
WHOSE = """select coalesce(data->'purchase', data->'asked') from event where stream = %s and origin = ''
  order by version limit 1"""


async def _took_part(db: Connection, asked: Asked) -> bool:
    row = await (await db.execute(WHOSE.encode(), (REDEMPTION.stream(asked.value),))).fetchone()
    return row is not None and asked.principal.id in [
        row[0][who] for who in ("member_id", "merchant_id", "terminal_id")
    ]


PARTY = found(
    "party",
    "redemption_id",
    "the caller is its member, its merchant or its terminal",
    "Ask the merchant, or an officer.",
    _took_part,
)

PAID_TO = "select data->>'merchant_id' from event where stream = %s and origin = '' order by version limit 1"


async def _is_paid(db: Connection, asked: Asked) -> bool:
    row = await (await db.execute(PAID_TO.encode(), (SETTLEMENT.stream(asked.value),))).fetchone()
    return row is not None and asked.principal.id == row[0]


PAYEE = found("payee", "settlement_id", "the caller is its merchant", "Ask the union's finance.", _is_paid)

ISSUED_TO = "select data->>'member_id' from event where stream = %s and origin = '' order by version limit 1"


async def _has_it(db: Connection, asked: Asked) -> bool:
    row = await (await db.execute(ISSUED_TO.encode(), (VOUCHER.stream(asked.value),))).fetchone()
    return row is not None and asked.principal.id == row[0]


HOLDER = found("holder", "voucher_id", "it is the caller's own", "Ask the union that gave it.", _has_it)

ACCESS = Access(
    line("POST /ballots/{ballot_id}/open", officer=ANY),
    line("POST /ballots/{ballot_id}/close", officer=ANY),
    line("POST /votes", anyone=own("member_id")),
    line("POST /sessions/{session_id}/schedule", officer=ANY),
    line("POST /sessions/{session_id}/rate", anyone=own("member_id")),
    line("POST /session-ratings", officer=ANY, machine=ANY),
    line("GET /ballots", anyone=ANY),
    line("GET /ballots/{ballot_id}", anyone=ANY),
    line("GET /ballots/{ballot_id}/counts", officer=ANY),
    line("GET /members/{member_id}/votes", anyone=own("member_id")),
    line("GET /sessions", anyone=ANY),
    line("GET /sessions/{session_id}", anyone=ANY),
    line("GET /sessions/{session_id}/attendances", officer=ANY),
    line("GET /members/{member_id}/sessions", officer=ANY, anyone=own("member_id")),
    line("GET /session-quality", officer=ANY, planner=ANY),
    line("GET /session-quality/courses", officer=ANY, planner=ANY),
    line("POST /budgets/{budget_id}/allocate", finance=ANY),
    line("POST /budgets/{budget_id}/freeze", finance=ANY),
    line("POST /budgets/{budget_id}/unfreeze", finance=ANY),
    line("POST /budgets/{budget_id}/close", finance=ANY),
    line("GET /budgets", finance=ANY, officer=ANY),
    line("GET /budgets/{budget_id}", finance=ANY, officer=ANY),
    line("POST /campaigns/{campaign_id}/draft", officer=ANY),
    line("POST /campaigns/{campaign_id}/publish", officer=ANY),
    line("POST /campaigns/{campaign_id}/pause", officer=ANY),
    line("POST /campaigns/{campaign_id}/resume", officer=ANY),
    line("POST /campaigns/{campaign_id}/close", officer=ANY),
    line("POST /campaigns/{campaign_id}/claim", anyone=own("member_id")),
    line("POST /campaigns/{campaign_id}/lists/{list_id}/upload", officer=ANY),
    line("POST /campaigns/{campaign_id}/lists/{list_id}/approve", officer=ANY),
    line("POST /merchants/{merchant_id}/apply", merchant=own("merchant_id"), officer=ANY),
    line("POST /merchants/{merchant_id}/onboard", officer=ANY),
    line("POST /merchants/{merchant_id}/suspend", officer=ANY),
    line("POST /merchants/{merchant_id}/resume", officer=ANY),
    line("POST /merchants/{merchant_id}/leave", officer=ANY),
    line("POST /merchants/{merchant_id}/register-terminal", officer=ANY),
    line("POST /merchants/{merchant_id}/remove-terminal", officer=ANY),
    line("POST /merchants/{merchant_id}/set-allowance", finance=ANY),
    line("POST /redemptions", terminal=own("terminal_id")),
    line("POST /redemption-reversals", terminal=own("terminal_id"), merchant=own("merchant_id")),
    line("POST /redemptions/{redemption_id}/reverse", officer=ANY),
    line("GET /merchants", anyone=ANY),
    line("GET /merchants/{merchant_id}", officer=ANY, finance=ANY, merchant=own("merchant_id")),
    line(
        "GET /redemptions",
        officer=ANY,
        finance=ANY,
        merchant=own("merchant_id"),
        terminal=own("terminal_id"),
        anyone=own("member_id"),
    ),
    line("GET /redemption-figures", officer=ANY, finance=ANY, merchant=own("merchant_id")),
    line("GET /redemptions/{redemption_id}", officer=ANY, finance=ANY, anyone=PARTY),
    line("GET /campaigns", anyone=ANY),
    line("GET /campaigns/{campaign_id}", anyone=ANY),
    line("GET /campaigns/{campaign_id}/reach", officer=ANY, finance=ANY),
    line("GET /campaigns/{campaign_id}/lists", officer=ANY),
    line("POST /ledger-lines", finance=ANY, machine=ANY),
    line("POST /ledgers/{quarter}/imports/{import_id}/parts", finance=ANY),
    line("POST /ledgers/{quarter}/imports/{import_id}/complete", finance=ANY),
    line("POST /ledgers/{quarter}/imports/{import_id}/abandon", finance=ANY),
    line("POST /ledgers/{quarter}/collate", finance=ANY),
    line("POST /ledgers/{quarter}/reopen", finance=ANY),
    line("POST /ledgers/{quarter}/check", finance=ANY),
    line("POST /ledgers/{quarter}/send", finance=ANY),
    line("POST /ledgers/{quarter}/returns/{file_id}/parts", finance=ANY),
    line("POST /ledgers/{quarter}/reconcile", finance=ANY),
    line("POST /ledgers/{quarter}/lines/{firm_id}/pick", officer=ANY, finance=ANY),
    line("POST /ledgers/{quarter}/lines/{firm_id}/correct", officer=ANY, finance=ANY),
    line("GET /ledgers", officer=ANY, finance=ANY),
    line("GET /ledgers/{quarter}", officer=ANY, finance=ANY),
    line("GET /ledgers/{quarter}/lines", officer=ANY, finance=ANY),
    line("GET /ledgers/{quarter}/lines/{firm_id}/account", finance=ANY),
    line("GET /ledgers/{quarter}/files/{file_id}", officer=ANY, finance=ANY),
    line("GET /ledgers/{quarter}/faults", officer=ANY, finance=ANY),
    line("GET /ledgers/{quarter}/faults.csv", officer=ANY, finance=ANY),
    line("GET /ledgers/{quarter}/batches/{batch}/bank-file", finance=ANY),
    line("POST /settlements/{settlement_id}/verify", finance=ANY),
    line("POST /settlements/{settlement_id}/approve", finance=ANY),
    line("POST /settlements/{settlement_id}/deny", finance=ANY),
    line("POST /settlements/{settlement_id}/pay", finance=ANY),
    line("POST /settlements/{settlement_id}/dispute-line", finance=ANY, officer=ANY),
    line("POST /settlements/{settlement_id}/decide-dispute", finance=ANY),
    line("GET /settlements", finance=ANY, officer=ANY, merchant=own("merchant_id")),
    line("GET /settlements/{settlement_id}", finance=ANY, officer=ANY, merchant=PAYEE),
    line("GET /disputes", finance=ANY, officer=ANY, merchant=own("merchant_id")),
    line("GET /payments/{day}.csv", finance=ANY),
    line("POST /payments", finance=ANY),
    line("GET /merchants/{merchant_id}/statement", finance=ANY, officer=ANY, merchant=own("merchant_id")),
    line("GET /merchants/{merchant_id}/statement.csv", finance=ANY, officer=ANY, merchant=own("merchant_id")),
    line("GET /merchants/{merchant_id}/statement.pdf", finance=ANY, officer=ANY, merchant=own("merchant_id")),
    line("GET /reconciliation", finance=ANY, officer=ANY),
    line("POST /vouchers/{voucher_id}/reserve", terminal=own("terminal_id")),
    line("POST /vouchers/{voucher_id}/release", terminal=own("terminal_id")),
    line("POST /vouchers/{voucher_id}/revoke", officer=ANY),
    line("GET /vouchers/{voucher_id}", officer=ANY, finance=ANY, terminal=ANY, anyone=HOLDER),
    line("GET /wallet/{member_id}", officer=ANY, anyone=own("member_id")),
    line("GET /no-shows", officer=ANY, merchant=own("merchant_id"), anyone=own("member_id")),
    *CONTENT,
)
