"""Who may do what in welfare: one line for each operation. docs/access/welfare.md is made from it."""

from __future__ import annotations

from shared.access.table import ANY, Access, line, own
from shared.content_api import CONTENT

ACCESS = Access(
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
    line("POST /campaigns/{campaign_id}/lists/{list_id}/upload", officer=ANY),
    line("POST /campaigns/{campaign_id}/lists/{list_id}/approve", officer=ANY),
    *CONTENT,
)
