"""What merchants, members and officers see of redemptions and merchants, in a real PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import pytest

from services.welfare.domain.allowance import SetOfflineAllowance
from services.welfare.domain.merchant import (
    ApplyAsMerchant,
    LeaveMerchant,
    MerchantTerms,
    OnboardMerchant,
    RegisterTerminal,
    RemoveTerminal,
    SuspendMerchant,
)
from services.welfare.main import SERVICE
from services.welfare.projections import merchants, redemption_log
from services.welfare.projections.merchants import MERCHANTS
from services.welfare.projections.redemption_log import REDEMPTION_LOG, Wanted
from shared.database import Database
from shared.decider import Change, Command
from shared.errors import NotFound
from shared.testing.infrastructure import Databases
from tests.running import migrated

from .rows import log_of, looking, project
from .shop import TERMS, allowance, at, budget, campaign, meal, merchant, redeem, reverse, voucher

DRINK, ISSUED = voucher("drinks", "W01")
PAST: tuple[Change, ...] = (
    merchant("K1"), merchant("M2"), campaign("breakfast"), campaign("drinks"),
    budget("B-BRK", 1200), budget("B-DRINK", 3000), *ISSUED, *allowance("K1", "B-BRK", 200),
)  # fmt: skip
OFFLINE = meal("R5", "W05", at("09:30"), told=at("07:20", "2026-01-22"), sent=at("09:40"))
DAY: list[Command] = [
    meal("R1", "W01", at("06:10")),
    meal("R2", "W02", at("06:15")),
    meal("R3", "W02", at("07:12")),
    redeem("R4", "W01", "M2", at("08:00"), 450, voucher_id=DRINK),
    reverse("R2", at("08:20")),
    OFFLINE,
    redeem("R6", "W01", "M2", at("10:00"), 300, campaign_id="drinks"),
]
TODAY, YESTERDAY = date(2026, 1, 23), date(2026, 1, 22)


@pytest.fixture
async def database(databases: Databases) -> AsyncIterator[Database]:
    database = Database(migrated(databases, SERVICE), name="test", pool=2)
    yield database
    await database.close()


@pytest.fixture
async def log(database: Database) -> Database:
    await project(database, log_of(DAY, *PAST), REDEMPTION_LOG)
    return database


async def found(log: Database, limit: int = 50, before: int | None = None, **wanted: Any) -> list[str]:
    async with looking(log, REDEMPTION_LOG) as view:
        return [line["redemption_id"] for line in await redemption_log.page(view, Wanted(**wanted), limit, before)]


LOOKED_FOR: list[tuple[dict[str, Any], list[str]]] = [
    ({}, ["R6", "R5", "R4", "R3", "R2", "R1"]),
    ({"merchant_id": "M2"}, ["R6", "R4"]),
    ({"terminal_id": "K1-till", "day": TODAY}, ["R3", "R2", "R1"]),
    ({"day": YESTERDAY}, ["R5"]),
    ({"member_id": "W01"}, ["R6", "R4", "R1"]),
    ({"campaign_id": "drinks"}, ["R6", "R4"]),
    ({"code": "LIMIT_REACHED"}, ["R3"]),
    ({"state": "reversed"}, ["R2"]),
    ({"state": "refused", "merchant_id": "M2"}, ["R6"]),
]


@pytest.mark.parametrize("wanted,expected", LOOKED_FOR)
async def test_redemptions_are_looked_for_by_merchant_day_member_code(
    log: Database, wanted: dict[str, Any], expected: list[str]
) -> None:
    assert await found(log, **wanted) == expected


async def test_a_list_is_read_page_by_page(log: Database) -> None:
    async with looking(log, REDEMPTION_LOG) as view:
        first = await redemption_log.page(view, Wanted(merchant_id="K1"), 2, None)
    rest = await found(log, 9, first[-1]["place"], merchant_id="K1")
    assert [line["redemption_id"] for line in first] + rest == ["R5", "R3", "R2", "R1"]


async def one(log: Database, redemption_id: str) -> dict[str, Any]:
    async with looking(log, REDEMPTION_LOG) as view:
        return await redemption_log.one(view, redemption_id)


async def test_a_verified_one_has_its_split_and_receipt(log: Database) -> None:
    line = await one(log, "R4")
    assert (line["union_fen"], line["worker_fen"], line["merchant_fen"]) == (300, 150, 0)
    assert (line["receipt_no"], line["takings_day"], line["code"]) == ("M2-20260123-00001", TODAY, "")
    assert "place" not in line
    assert line["receipt"] == {
        "receipt_no": "M2-20260123-00001",
        "price": "4.50",
        "union": "3.00",
        "worker": "1.50",
        "merchant": "0.00",
    }


async def test_k6_an_offline_one_is_of_its_own_day_and_settled_by_that_of_its_upload(log: Database) -> None:
    line = await one(log, "R5")
    assert (line["day"], line["takings_day"], line["offline"], line["allowed_fen"]) == (YESTERDAY, TODAY, True, 200)
    assert line["flags"] == ["clock_corrected"]


async def test_wf7_a_reversed_one_says_why_and_what_it_was(log: Database) -> None:
    line = await one(log, "R2")
    assert (line["state"], line["reason"], line["union_fen"]) == ("reversed", "not_served", 300)
    assert (line["reversed_at"], line["adjusted_day"]) == (at("08:20"), None)


async def test_a_refused_one_says_why_and_has_no_amounts(log: Database) -> None:
    line = await one(log, "R6")
    assert (line["code"], line["union_fen"], line["receipt"]) == ("VOUCHER_ALREADY_REDEEMED", 0, None)
    with pytest.raises(NotFound):
        await one(log, "R9")


async def test_figures_are_by_campaign_state_and_code(log: Database) -> None:
    async with looking(log, REDEMPTION_LOG) as view:
        figures = await redemption_log.figures(view, Wanted(), TODAY, TODAY)
        all_of_k1 = await redemption_log.figures(view, Wanted(merchant_id="K1"), YESTERDAY, TODAY)
    names = ("campaign_id", "state", "code", "redemptions", "union_fen", "worker_fen", "merchant_fen")
    assert [tuple(line[name] for name in names) for line in figures] == [
        ("breakfast", "refused", "LIMIT_REACHED", 1, 0, 0, 0),
        ("breakfast", "reversed", "", 1, 300, 200, 100),
        ("breakfast", "verified", "", 1, 300, 200, 100),
        ("drinks", "refused", "VOUCHER_ALREADY_REDEEMED", 1, 0, 0, 0),
        ("drinks", "verified", "", 1, 300, 150, 0),
    ]
    assert [line["union_fen"] for line in all_of_k1 if line["state"] == "verified"] == [600]


NOW, LATER = at("09:00"), at("10:00")


async def shown(database: Database, merchant_id: str, *commands: Command) -> dict[str, Any]:
    await project(database, log_of(commands, budget("B-BRK", 4500)), MERCHANTS)
    async with looking(database, MERCHANTS) as view:
        return await merchants.of(view, merchant_id)


TAKEN_IN: tuple[Command, ...] = (
    ApplyAsMerchant("K1", MerchantTerms("food", "2026-0"), at("08:00")),
    OnboardMerchant("K1", TERMS, NOW),
    RegisterTerminal("K1", "K1-a", NOW),
    RegisterTerminal("K1", "K1-b", NOW),
    SetOfflineAllowance("K1", "K1-a", "B-BRK", 900, NOW),
)


async def test_a_merchant_is_shown_with_terminals_and_allowances(database: Database) -> None:
    removed = RemoveTerminal("K1", "K1-b", LATER)
    found = await shown(database, "K1", *TAKEN_IN, SetOfflineAllowance("K1", "K1-a", "B-BRK", 600, NOW), removed)
    assert (found["stage"], found["category"], found["since"]) == ("active", "canteen", NOW)
    assert found["terminals"] == [
        {
            "terminal_id": "K1-a",
            "removed_at": None,
            "allowances": [{"budget_id": "B-BRK", "left_fen": 600, "used_fen": 0}],
        },
        {"terminal_id": "K1-b", "removed_at": LATER, "allowances": []},
    ]


async def test_wf3_what_a_terminal_has_used_of_its_allowance_is_shown(database: Database) -> None:
    await project(database, log_of([OFFLINE], *PAST), MERCHANTS)
    async with looking(database, MERCHANTS) as view:
        (till,) = (await merchants.of(view, "K1"))["terminals"]
    assert till["allowances"] == [{"budget_id": "B-BRK", "left_fen": 0, "used_fen": 200}]


async def test_a_suspension_says_why_and_new_terms_do_not_end_it(database: Database) -> None:
    changed = OnboardMerchant("K1", MerchantTerms("canteen", "2026-9"), at("11:00"))
    found = await shown(database, "K1", *TAKEN_IN, SuspendMerchant("K1", "hygiene", LATER), changed)
    assert (found["stage"], found["reason"], found["since"]) == ("suspended", "hygiene", LATER)
    assert found["contract_ref"] == "2026-9"


async def test_who_has_left_or_only_applied_is_not_in_the_list(database: Database) -> None:
    others: list[Command] = [
        ApplyAsMerchant("K2", TERMS, NOW),
        OnboardMerchant("K3", TERMS, NOW),
        RegisterTerminal("K3", "K3-till", NOW),
        LeaveMerchant("K3", LATER),
        OnboardMerchant("M1", TERMS, NOW),
    ]
    gone = await shown(database, "K3", *TAKEN_IN, *others)
    assert (gone["stage"], [till["removed_at"] for till in gone["terminals"]]) == ("left", [LATER])
    async with looking(database, MERCHANTS) as view:
        first = await merchants.page(view, "", 1)
        rest = await merchants.page(view, "K1", 9)
        with pytest.raises(NotFound):
            await merchants.of(view, "K9")
    assert [one["merchant_id"] for one in first + rest] == ["K1", "M1"]
