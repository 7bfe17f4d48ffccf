"""Every query of welfare but those of courses, and what the day has no need of: a refund ledger from its file to what
the bank says, content, a phased campaign whose voucher is used offline, a voucher held by a till, a disputed line.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from scenario.acts import STAFF, Caller, Order
from scenario.doors import Doors
from scenario.player import Player
from scenario.system import System
from services.welfare.domain.takings import cut_off, day_of
from shared.clock import CHINA
from shared.log.codec import derived_id

CARD = "6222021234567890128"  # its check digit is right
COLLEAGUE = Caller("A2", STAFF.roles)  # takes the step that STAFF may not
WORKER, TILL, GIFT_TILL = Caller("W01", ("worker",)), Caller("M2-till", ("terminal",)), Caller("M1-till", ("terminal",))
QUARTER, OFFLINE, SPRING = "2026Q1", "offline-1", "spring"
DAYS = {"from_day": "2026-01-23", "to_day": "2026-01-24"}
LEDGER = f"/ledgers/{QUARTER}"

# Some are asked in more than one way, as their answers differ.
QUERIES: tuple[tuple[str, dict[str, str]], ...] = (
    ("/content/{ref}", {}),
    ("/budgets", {}),
    ("/budgets", {"limit": "1"}),
    ("/budgets/{budget_id}", {}),
    ("/campaigns", {}),
    ("/campaigns", {"kind": "meal", "stage": "published"}),
    ("/campaigns/{campaign_id}", {}),
    ("/campaigns/{campaign_id}/reach", {}),
    ("/campaigns/{campaign_id}/lists", {}),
    ("/merchants", {}),
    ("/merchants/{merchant_id}", {}),
    ("/redemptions", {}),
    ("/redemptions", {"state": "refused", "limit": "1"}),
    ("/redemption-figures", DAYS),
    ("/redemptions/{redemption_id}", {}),
    ("/vouchers/{voucher_id}", {}),
    ("/wallet/{member_id}", {}),
    ("/wallet/{member_id}", {"usable": "true", "limit": "1"}),
    ("/no-shows", {"campaign_id": "gifts"}),
    ("/no-shows", {"merchant_id": "M1", "day": "2026-01-23"}),
    ("/settlements", {}),
    ("/settlements", {"stage": "paid", "limit": "1"}),
    ("/settlements/{settlement_id}", {}),
    ("/settlements/{settlement_id}", {"limit": "1"}),
    ("/disputes", {"state": "upheld"}),
    ("/payments/{day}.csv", {}),
    ("/merchants/{merchant_id}/statement", DAYS),
    ("/merchants/{merchant_id}/statement.csv", DAYS),
    ("/merchants/{merchant_id}/statement.pdf", DAYS),
    ("/reconciliation", {}),
    ("/ledgers", {}),
    ("/ledgers/{quarter}", {}),
    ("/ledgers/{quarter}/lines", {}),
    ("/ledgers/{quarter}/lines", {"status": "rejected"}),
    ("/ledgers/{quarter}/lines/{firm_id}/account", {}),
    ("/ledgers/{quarter}/files/{file_id}", {}),
    ("/ledgers/{quarter}/faults", {}),
    ("/ledgers/{quarter}/faults.csv", {}),
    ("/ledgers/{quarter}/batches/{batch}/bank-file", {}),
)
OWN: dict[str, dict[str, str]] = {
    "/campaigns/{campaign_id}": {"campaign_id": SPRING},
    "/campaigns/{campaign_id}/lists": {"campaign_id": "gifts"},
}


async def ids(doors: Doors) -> dict[str, str]:
    """Of what is asked for; vouchers and what was posted have their ids from the service."""
    (reward,) = (await doors.ask("welfare", "/wallet/W19"))["vouchers"]
    return {
        "ref": derived_id("content", STAFF.subject, "beside /content"),
        "budget_id": "B-DRINK",
        "campaign_id": "drinks",
        "merchant_id": "M2",
        "redemption_id": OFFLINE,
        "voucher_id": reward["voucher_id"],
        "member_id": "W10",
        "settlement_id": "M2-2026-01-23",
        "day": "2026-01-24",
        "quarter": QUARTER,
        "firm_id": "F-1",
        "file_id": "lines-1",
        "batch": "1",
    }


async def welfare_beside_the_day(system: System, doors: Doors) -> None:
    """In this order, as each step needs what the ones before have brought about. It ends behind the next cut-off."""
    player, now = Player(system, doors, lambda _said: None), system.clock.now()
    for path, body, caller in [*_ledger(), *_campaign(now), *await _at_tills(doors, now), *await _dispute(doors)]:
        await _order(doors, player, path, body, caller)
    system.clock.set(cut_off(day_of(now)))
    for step, caller in (("verify", STAFF), ("approve", COLLEAGUE)):
        await _order(doors, player, f"/settlements/M2-{day_of(now)}/{step}", {}, caller)
    await player.idle()


async def _order(doors: Doors, player: Player, path: str, body: dict[str, Any], caller: Caller) -> None:
    await player.idle()
    await doors.order(Order("welfare", path, body, f"beside {path}", caller))


Steps = list[tuple[str, dict[str, Any], Caller]]


def _ledger() -> Steps:
    """Three firms, one of them over the limit of path C, and a cell that cannot be read; the bank returns one."""
    firms = (("F-1", "yes", "4800.00"), ("F-2", "yes", "4800.00"), ("F-3", "no", "10000.01"), ("F-4", "?", "1.00"))
    rows = [[firm, union, CARD, CARD, yearly, "1200.00"] for firm, union, yearly in firms]
    said = [[f"{QUARTER}-F-1-1", "paid", ""], [f"{QUARTER}-F-2-1", "returned", "account_closed"]]
    return [
        (f"{LEDGER}/imports/lines-1/parts", {"first_row": 1, "rows": rows}, STAFF),
        (f"{LEDGER}/imports/lines-1/complete", {"rows": len(rows)}, STAFF),
        (f"{LEDGER}/collate", {}, STAFF),
        (f"{LEDGER}/check", {}, STAFF),
        (f"{LEDGER}/send", {}, COLLEAGUE),
        (f"{LEDGER}/returns/bank-1/parts", {"first_row": 1, "rows": said}, STAFF),
    ]


def _campaign(now: datetime) -> Steps:
    """From what drinks have left; and its merchant's account is posted as content."""
    today = datetime.combine(now.astimezone(CHINA).date(), time(), CHINA)
    times = {"starts_at": today.isoformat(), "ends_at": (today + timedelta(days=30)).isoformat()}
    phase = {"phase_id": "first", **times}
    what = {"kind": "phased", "budget_id": "B-DRINK", "face_fen": 200, "merchants": ["M2"], "phases": [phase]}
    account = derived_id("content", STAFF.subject, "beside /content")
    merchant = {"category": "drinks", "contract_ref": "2026-M2", "account_ref": account}
    allowance = {"terminal_id": "M2-till", "budget_id": "B-DRINK", "fen": 200}
    return [
        ("/content", {"subject": "M2", "text": CARD}, STAFF),
        ("/merchants/M2/onboard", merchant, STAFF),
        ("/merchants/M2/set-allowance", allowance, STAFF),
        (f"/campaigns/{SPRING}/draft", {**what, **times, "valid_until": times["ends_at"]}, STAFF),
        (f"/campaigns/{SPRING}/publish", {}, STAFF),
        (f"/campaigns/{SPRING}/claim", {"member_id": "W01"}, WORKER),
    ]


async def _at_tills(doors: Doors, now: datetime) -> Steps:
    """The clock of the one is an hour ahead; the other holds the reward of W19."""
    (reward,) = (await doors.ask("welfare", "/wallet/W19"))["vouchers"]
    till = {"merchant_id": "M2", "terminal_id": "M2-till", "sent_at": (now + timedelta(hours=1)).isoformat()}
    bought = {"redemption_id": OFFLINE, "member_id": "W01", "campaign_id": SPRING, "basket_fen": 350}
    hold = {"member_id": "W19", "merchant_id": "M1", "terminal_id": "M1-till", "reservation_ref": "M1-till-1"}
    return [
        ("/redemptions", {**bought, **till, "redeemed_at": till["sent_at"]}, TILL),
        (f"/vouchers/{reward['voucher_id']}/reserve", hold, GIFT_TILL),
    ]


async def _dispute(doors: Doors) -> Steps:
    """Of a drink that is paid: what was paid is found to be right."""
    settlement = "/settlements/M2-2026-01-23"
    line = {"redemption_id": (await doors.ask("welfare", settlement))["entries"][0]["redemption_id"]}
    return [
        (f"{settlement}/dispute-line", {**line, "reason": "not_served"}, STAFF),
        (f"{settlement}/decide-dispute", {**line, "line": "upheld"}, STAFF),
    ]
