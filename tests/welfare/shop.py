"""A canteen and a supermarket, their campaigns and budgets: the past that redemptions are decided over."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from services.welfare.domain.allowance import ALLOWANCE, OfflineAllowanceSet, allowance_id
from services.welfare.domain.budget import BUDGET, BudgetAllocated, BudgetCommitted
from services.welfare.domain.campaign import CAMPAIGN, CampaignDrafted, CampaignPublished
from services.welfare.domain.device_time import moment_of
from services.welfare.domain.entitlement import ENTITLEMENT, EntitlementGranted, entitlement_id
from services.welfare.domain.merchant import (
    MERCHANT,
    MerchantOnboarded,
    MerchantTerms,
    TerminalRegistered,
)
from services.welfare.domain.redemption import REDEMPTION, Redeem, ReverseRedemption
from services.welfare.domain.redemption_events import Asked, RedemptionRefused, RedemptionVerified
from services.welfare.domain.terms import Terms
from services.welfare.domain.voucher import VOUCHER
from services.welfare.domain.voucher_events import EXPIRY, VoucherIssued
from services.welfare.handlers.issuing import voucher_id_of
from shared.clock import CHINA
from shared.decider import Change, DeadlineSet
from shared.errors import Refused
from shared.testing.given import on


def at(clock: str, day: str = "2026-01-23") -> datetime:
    """This time of the day in China."""
    return datetime.fromisoformat(f"{day}T{clock}:00").replace(tzinfo=CHINA)


EVE = at("12:00", "2026-01-22")
YEAR: dict[str, Any] = {"starts_at": at("00:00", "2026-01-01"), "ends_at": at("00:00", "2027-01-01")}
BREAKFAST = Terms(
    kind="meal", budget_id="B-BRK", face_fen=300, worker_fen=200, canteen_fen=100, merchants=("K1",),
    window_from=time(6), window_to=time(8, 30), **YEAR,
)  # fmt: skip
DRINKS = Terms(kind="checkin_gift", budget_id="B-DRINK", face_fen=300, merchants=("M2",), **YEAR)
GIFTS = Terms(
    kind="list_gift", budget_id="B-GIFT", face_fen=2000, merchants=("M1",), collect=True,
    valid_until=at("00:00", "2026-03-01"), **YEAR,
)  # fmt: skip
CAMPAIGNS = {"breakfast": BREAKFAST, "drinks": DRINKS, "gifts": GIFTS}
DAY = date(2026, 1, 23)
TERMS = MerchantTerms("canteen", "2026-1")


def merchant(merchant_id: str, *more: Any) -> Change:
    """Taken in, with one terminal."""
    till = TerminalRegistered(EVE, merchant_id, f"{merchant_id}-till")
    return on(MERCHANT, merchant_id, MerchantOnboarded(EVE, merchant_id, TERMS, begins=True), till, *more)


def campaign(name: str, terms: Terms | None = None, *more: Any) -> Change:
    terms = terms or CAMPAIGNS[name]
    return on(CAMPAIGN, name, CampaignDrafted(EVE, terms), CampaignPublished(EVE, terms), *more)


def budget(budget_id: str, fen: int, *more: Any) -> Change:
    return on(BUDGET, budget_id, BudgetAllocated(EVE, fen, "2026-001"), *more)


def voucher(
    name: str,
    member_id: str,
    *more: Any,
    period: str = "once",
    until: datetime | None = None,
    terms: Terms | None = None,
) -> tuple[str, list[Change]]:
    """One that was issued the evening before, and the money that was promised for it."""
    terms = terms or CAMPAIGNS[name]
    voucher_id = voucher_id_of(name, member_id, period)
    valid_until = until or terms.voucher_ends(at("06:00"))
    facts = (voucher_id, member_id, name, terms.budget_id, terms.kind, period, terms.face_fen, terms.collect)
    issued = VoucherIssued(EVE, *facts, valid_until)
    return voucher_id, [
        on(BUDGET, terms.budget_id, BudgetCommitted(EVE, voucher_id, terms.face_fen, name)),
        on(ENTITLEMENT, entitlement_id(name, member_id), EntitlementGranted(EVE, period, "list", voucher_id)),
        on(VOUCHER, voucher_id, issued, DeadlineSet(EVE, EXPIRY, voucher_id, valid_until), *more),
    ]


def allowance(merchant_id: str, budget_id: str, fen: int) -> list[Change]:
    till = f"{merchant_id}-till"
    set_ = OfflineAllowanceSet(EVE, merchant_id, till, budget_id, fen, 0)
    return [
        on(ALLOWANCE, allowance_id(merchant_id, till), set_),
        on(BUDGET, budget_id, BudgetCommitted(EVE, f"allowance:{till}", fen)),
    ]


def redeem(
    redemption_id: str,
    member_id: str,
    merchant_id: str,
    now: datetime,
    basket: int = 600,
    *,
    told: datetime | None = None,
    sent: datetime | None = None,
    **which: Any,
) -> Redeem:
    """At the merchant's till. `told` and `sent` are by the clock of a till that was offline."""
    moment = moment_of(told, sent or (now if told else None), now, "redeemed_at")
    asked = Asked(
        redemption_id=redemption_id,
        member_id=member_id,
        merchant_id=merchant_id,
        terminal_id=which.pop("terminal_id", f"{merchant_id}-till"),
        basket_fen=basket,
        redeemed_at=moment.at,
        told_at=moment.told,
        flags=moment.flags,
        **which,
    )
    return Redeem(asked, now)


def meal(redemption_id: str, member_id: str, now: datetime, basket: int = 600, **more: Any) -> Redeem:
    return redeem(redemption_id, member_id, "K1", now, basket, campaign_id="breakfast", **more)


def reverse(redemption_id: str, now: datetime, **who: str) -> ReverseRedemption:
    return ReverseRedemption(redemption_id, "not_served", now, **who)


def refused(redemption: Redeem, refusal: type[Refused]) -> Change:
    """What is recorded of a refusal."""
    asked = redemption.asked
    return on(REDEMPTION, asked.redemption_id, RedemptionRefused(redemption.now, asked, refusal.code))


def verified(events: dict[str, list[Any]], redemption_id: str = "R1") -> RedemptionVerified:
    """That this was verified, and how."""
    (event,) = events[f"redemption-{redemption_id}"]
    assert isinstance(event, RedemptionVerified)
    return event
