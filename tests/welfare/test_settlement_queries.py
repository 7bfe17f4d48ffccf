"""What people look at: settlements, disputes, and whether the money adds up, in a real PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import pytest

from services.welfare.domain.allowance import SetOfflineAllowance
from services.welfare.domain.budget import BudgetCommitted, BudgetConsumed
from services.welfare.domain.takings import SettleTakings, cut_off
from services.welfare.main import SERVICE
from services.welfare.projections import disputes, reconciling, settlement_sheet
from services.welfare.projections.disputes import DISPUTES
from services.welfare.projections.reconciliation import RECONCILIATION
from services.welfare.projections.settlement_sheet import SETTLEMENT_SHEET, Wanted
from shared.database import Database
from shared.decider import Change, Command
from shared.errors import NotFound
from shared.testing.infrastructure import Databases
from tests.running import migrated
from tests.welfare.rows import log_of, looking, project
from tests.welfare.settling import (
    K1,
    K1_NEXT,
    NEXT,
    approve,
    decide,
    deny,
    disputed,
    later,
    line,
    pay,
    settle,
    settled,
    taken,
    verified,
    verify,
)
from tests.welfare.shop import DAY, allowance, at, budget, campaign, meal, merchant, redeem, reverse, voucher

ALL = Wanted("O1")


@pytest.fixture
async def database(databases: Databases) -> AsyncIterator[Database]:
    database = Database(migrated(databases, SERVICE), name="test", pool=2)
    yield database
    await database.close()


def a_busy_day() -> tuple[list[Command], list[Change]]:
    """All that can become of a line, on two days at two merchants; and vouchers and allowances of each kind."""
    gift, gift_past = voucher("gifts", "W20")
    drink, drink_past = voucher("drinks", "W21")
    _, kept_past = voucher("drinks", "W22")
    past = [
        merchant("K1"), merchant("M2"), campaign("breakfast"), campaign("drinks"), campaign("gifts"),
        budget("B-BRK", 10_000), budget("B-DRINK", 3_000), budget("B-GIFT", 4_000),
        *gift_past, *drink_past, *kept_past, *allowance("K1", "B-BRK", 900),
    ]  # fmt: skip
    commands: list[Command] = [
        *[meal(f"R{n}", f"W0{n}", at(f"06:0{n}")) for n in range(1, 8)],
        meal("O1", "W08", at("12:00"), told=at("07:30"), sent=at("12:00")),
        redeem("D1", "W21", "M2", at("13:00"), 250, voucher_id=drink),
        reverse("R1", at("08:00")),  # its line vanishes
        disputed("R2", at("09:00"), K1), decide("R2", "upheld", at("09:30")),
        disputed("R3", at("09:00"), K1),  # left out, and upheld after the cut-off
        disputed("R4", at("09:00"), K1),  # left out, and denied
        disputed("R5", at("09:00"), K1),  # left out, and not decided
        settle(), settle(merchant_id="M2"),
        decide("R3", "upheld", later("08:00")), decide("R4", "denied", later("08:00")),
        disputed("R6", later("08:00"), K1), decide("R6", "denied", later("08:30")),  # settled: an adjustment
        reverse("R7", later("08:40")),
        verify(), approve(), pay(),
        verify(name="M2-2026-01-23"), deny(by="A2", name="M2-2026-01-23"),
        settle(NEXT), SettleTakings("M2", NEXT, cut_off(NEXT)),
        SetOfflineAllowance("K1", "K1-till", "B-BRK", 500, later("12:00")),
    ]  # fmt: skip
    assert gift
    return commands, past


async def test_reconciliation_finds_no_difference_whatever_becomes_of_lines(database: Database) -> None:
    commands, past = a_busy_day()
    await project(database, log_of(commands, *past), RECONCILIATION)
    async with looking(database, RECONCILIATION) as view:
        found = await reconciling.of(view, "O1")
        nobodys = await reconciling.of(view, "O2")
    assert found == {
        "budgets": 3,
        "allocated_fen": 17_000,
        "committed_fen": 2_000 + 300 + 500,
        "consumed_fen": 300 * 4 + 250,
        "available_fen": 17_000 - 2_800 - 1_450,
        "vouchers_fen": 2_300,
        "allowances_fen": 500,
        "redeemed_fen": 300 * 4 + 250,  # R2, R3, R5 and the one offline; the drink
        "open_fen": 0,
        "left_out_fen": 300,  # R5
        "settled_fen": 300 * 5 + 250,  # R2, R6, R7 and the one offline; R3 on the next day; the drink
        "adjusted_fen": -600,  # R6 and R7
        "paid_fen": 1_200,
        "unpaid_fen": 250,  # what was denied is the opening of the next one
        "carried_fen": -300,  # R3 less R6 and R7
        "differences": [],
    }
    assert nobodys["budgets"] == nobodys["paid_fen"] == 0


async def test_wf8_what_is_paid_is_what_budgets_owe_for_settled_lines(database: Database) -> None:
    """When all is paid and nothing is carried: the two are one sum."""
    past = [merchant("K1"), campaign("breakfast"), budget("B-BRK", 10_000)]
    commands = [*[meal(f"R{n}", f"W0{n}", at(f"06:0{n}")) for n in range(1, 6)], settle(), verify(), approve(), pay()]
    await project(database, log_of(commands, *past), RECONCILIATION)
    async with looking(database, RECONCILIATION) as view:
        found = await reconciling.of(view, "O1")
    assert found["paid_fen"] == found["settled_fen"] == found["consumed_fen"] == found["redeemed_fen"] == 1_500
    assert found["differences"] == []


R9 = line("R9", at("07:00"))
FALSE: dict[str, tuple[list[Command], list[Change], dict[str, Any]]] = {
    "a redemption in two settlements": (
        [],
        [
            *settled(R9),
            taken(R9, day=NEXT),
            *settled(R9, day=NEXT)[3:],
            budget("B-BRK", 900, BudgetCommitted(at("07:00"), "R9", 300), BudgetConsumed(at("07:00"), "R9", 300)),
        ],
        {"what": "redemption", "of": "R9", "expected_fen": 300, "found_fen": 600},
    ),
    "a redemption that is nowhere": (
        [],
        [
            verified(R9),
            budget("B-BRK", 900, BudgetCommitted(at("07:00"), "R9", 300), BudgetConsumed(at("07:00"), "R9", 300)),
        ],
        {"what": "redemption", "of": "R9", "expected_fen": 300, "found_fen": 0},
    ),
    "a line that no budget owes": (
        [],
        [taken(R9), verified(R9), budget("B-BRK", 900)],
        {"what": "consumed", "of": "B-BRK", "expected_fen": 300, "found_fen": 0},
    ),
    "a promise without a voucher": (
        [],
        [budget("B-BRK", 900, BudgetCommitted(at("07:00"), "VC-9", 300))],
        {"what": "promise", "of": "VC-9", "expected_fen": 0, "found_fen": 300},
    ),
    "a voucher without a promise": (
        [],
        [budget("B-DRINK", 900), *voucher("drinks", "W21")[1][1:]],
        {"what": "promise", "of": voucher("drinks", "W21")[0], "expected_fen": 300, "found_fen": 0},
    ),
    "a budget that is overspent": (
        [],
        [budget("B-DRINK", 299), *voucher("drinks", "W21")[1]],
        {"what": "overspent", "of": "B-DRINK", "expected_fen": 0, "found_fen": -1},
    ),
}


@pytest.mark.parametrize("mistake", FALSE)
async def test_reconciliation_tells_a_mistake(database: Database, mistake: str) -> None:
    commands, past, difference = FALSE[mistake]
    await project(database, log_of(commands, *past), RECONCILIATION)
    async with looking(database, RECONCILIATION) as view:
        (found,) = (await reconciling.of(view, "O1"))["differences"]
    assert found == difference
    assert {type(found[name]) for name in ("expected_fen", "found_fen")} == {int}  # a sum of PostgreSQL is a Decimal


async def test_reconciliation_tells_what_was_paid_twice(database: Database) -> None:
    log = log_of([verify(), approve(), pay()], *settled(R9), budget("B-BRK", 900))
    twice = [*log, next(row for row in log if row.type == "SettlementPaid")]
    await project(database, twice, RECONCILIATION)
    async with looking(database, RECONCILIATION) as view:
        sums = await reconciling.of(view, "O1")
    assert sums["paid_fen"] == 600
    assert [one["of"] for one in sums["differences"] if one["what"] == "merchant"] == ["K1"]


async def test_settlement_sheet_shows_each_step_and_all_that_it_consists_of(database: Database) -> None:
    commands, past = a_busy_day()
    await project(database, log_of(commands, *past), SETTLEMENT_SHEET)
    async with looking(database, SETTLEMENT_SHEET) as view:
        sheets = await settlement_sheet.page(view, ALL, 10, None)
        one = await settlement_sheet.one(view, K1_NEXT, 0, 10)
        first = await settlement_sheet.one(view, K1, 0, 2)
        rest = await settlement_sheet.one(view, K1, first["next"], 10)
        balances = [await settlement_sheet.balance(view, name) for name in ("K1", "M2", "K9")]
    shown = [(one["settlement_id"], one["stage"], one["opening_fen"], one["net_fen"]) for one in sheets]
    assert shown == [
        ("M2-2026-01-24", "created", 250, 250),
        (K1_NEXT, "carried", 0, -300),
        ("M2-2026-01-23", "denied", 0, 250),
        (K1, "paid", 0, 1_200),
    ]
    entries = [(entry["kind"], entry["redemption_id"], entry["fen"], entry["reason"]) for entry in one["entries"]]
    assert entries == [
        ("line", "R3", 300, None),
        ("adjustment", "R6", -300, "denied"),
        ("adjustment", "R7", -300, "reversed"),
    ]
    assert (first["verified_by"], first["approved_by"], first["bank_ref"], first["lines"]) == ("A1", "A2", "BANK-1", 4)
    lines = {entry["redemption_id"]: entry["dispute"] for entry in first["entries"] + rest["entries"]}
    assert lines == {"O1": None, "R2": None, "R6": "denied", "R7": None}
    assert (first["disputed"], rest["next"]) == (0, None)
    assert balances == [-300, 0, 0]


async def test_settlement_sheet_counts_what_is_disputed_now(database: Database) -> None:
    past = [merchant("K1"), campaign("breakfast"), budget("B-BRK", 10_000)]
    day = [*[meal(f"R{n}", f"W0{n}", at(f"06:0{n}")) for n in (1, 2)], settle()]
    commands = [
        *day,
        disputed("R1", later("09:00")),
        disputed("R2", later("09:00")),
        decide("R2", "upheld", later("09:01")),
    ]
    await project(database, log_of(commands, *past), SETTLEMENT_SHEET)
    async with looking(database, SETTLEMENT_SHEET) as view:
        found = await settlement_sheet.one(view, K1, 0, 10)
        with pytest.raises(NotFound):
            await settlement_sheet.one(view, K1_NEXT, 0, 10)
    assert found["disputed"] == 1
    assert [entry["dispute"] for entry in found["entries"]] == ["open", "upheld"]


async def test_settlements_are_looked_for_page_by_page(database: Database) -> None:
    commands, past = a_busy_day()
    looked: list[tuple[Wanted, list[str]]] = [
        (ALL._replace(merchant_id="M2"), ["M2-2026-01-24", "M2-2026-01-23"]),
        (ALL._replace(day=DAY), ["M2-2026-01-23", K1]),
        (ALL._replace(stage="paid"), [K1]),
        (ALL._replace(day=date(2026, 1, 22)), []),
        (Wanted("O2"), []),
    ]
    await project(database, log_of(commands, *past), SETTLEMENT_SHEET)
    async with looking(database, SETTLEMENT_SHEET) as view:
        for wanted, expected in looked:
            first = await settlement_sheet.page(view, wanted, 1, None)
            rest = await settlement_sheet.page(view, wanted, 9, first[-1]["place"]) if first else []
            assert [one["settlement_id"] for one in first + rest] == expected


async def test_what_is_approved_is_to_be_paid(database: Database) -> None:
    past = [merchant("K1"), campaign("breakfast"), budget("B-BRK", 10_000)]
    log = log_of([meal("R1", "W01", at("06:00")), settle(), verify(), approve()], *past)
    await project(database, log, SETTLEMENT_SHEET)
    async with looking(database, SETTLEMENT_SHEET) as view:
        asked = [await settlement_sheet.to_pay(view, *what) for what in (("O1", DAY), ("O1", NEXT), ("O2", DAY))]
    assert [[one["settlement_id"] for one in found] for found in asked] == [[K1], [], []]


async def test_disputes_show_where_the_line_was_and_what_was_decided(database: Database) -> None:
    commands, past = a_busy_day()
    await project(database, log_of(commands, *past), DISPUTES)
    async with looking(database, DISPUTES) as view:
        found = await disputes.page(view, "O1", None, None, 10, None)
        still = await disputes.page(view, "O1", "open", "K1", 10, None)
        before = await disputes.page(view, "O1", None, None, 10, found[1]["place"])
        nobodys = await disputes.page(view, "O2", None, None, 10, None)
        elsewhere = await disputes.page(view, "O1", None, "M2", 10, None)
    shown = [(one["redemption_id"], one["settled"], one["state"], one["moved_to"]) for one in found]
    assert shown == [
        ("R6", True, "denied", None),
        ("R5", False, "open", None),
        ("R4", False, "denied", None),
        ("R3", False, "upheld", NEXT),
        ("R2", False, "upheld", DAY),
    ]
    assert [one["redemption_id"] for one in still] == ["R5"]
    assert before == found[2:]
    assert nobodys == elsewhere == []
