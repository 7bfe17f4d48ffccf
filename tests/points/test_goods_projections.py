"""What members, attendants and officers see of points and goods, in a real PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.points.domain.account import ExpireLot, GrantOpeningLot, ReversePoints
from services.points.domain.goods import ChangeStock, ClearUnit, ListGoods
from services.points.domain.machine import NoteMachine, RegisterMachine
from services.points.domain.redemption import ExpireRedemption, Redeem, RefundRedemption, ReportDispense
from services.points.domain.rules import PublishRules
from services.points.main import SERVICE
from services.points.projections import balance, goods_shelf, reconciliation, redemptions, statement
from services.points.projections.balance import BALANCE
from services.points.projections.goods_shelf import GOODS_SHELF
from services.points.projections.reconciliation import RECONCILIATION
from services.points.projections.redemptions import REDEMPTIONS
from services.points.projections.statement import STATEMENT
from shared.clock import CHINA
from shared.database import Database
from shared.decider import Command
from shared.projecting import Projection
from shared.testing.infrastructure import Databases
from tests.running import migrated

from .rows import log_of, looking, project
from .the_day import MINUTE, at

EVE, NOON, UNTIL, LATE = at("09:00", "2026-01-22"), at("12:00"), at("12:05"), at("12:06")
ALL: tuple[Projection, ...] = (BALANCE, STATEMENT, GOODS_SHELF, REDEMPTIONS, RECONCILIATION)
SET_UP: list[Command] = [
    PublishRules(1, EVE, EVE),
    RegisterMachine("M1", "S1", 300, EVE),
    NoteMachine("M1", "ready", NOON - MINUTE),
    ListGoods("M1", "soap", 4, EVE),
    ListGoods("M1", "bicycle", 60, EVE),
    ChangeStock("M1", "S1", "soap", 3, "restocked", EVE),
    GrantOpeningLot("V1", 5, "old-1", at("09:00", "2025-01-20"), EVE),
    GrantOpeningLot("V1", 6, "old-2", at("09:00", "2025-06-20"), EVE),
]


@pytest.fixture
async def database(databases: Databases) -> AsyncIterator[Database]:
    database = Database(migrated(databases, SERVICE), name="test", pool=2)
    yield database
    await database.close()


def ask(redemption_id: str, item: str = "soap", now: Any = NOON) -> Redeem:
    return Redeem(redemption_id, "V1", "M1", item, now)


def say(redemption_id: str, result: Any, now: Any = NOON) -> ReportDispense:
    return ReportDispense(redemption_id, "M1", result, "jammed" if result == "failed" else "", now)


async def after(database: Database, *commands: Command) -> None:
    await project(database, log_of([*SET_UP, *commands]), *ALL)


async def shown(database: Database, now: Any = NOON) -> dict[str, Any]:
    async with looking(database, BALANCE) as view:
        return await balance.of(view, "V1", now)


async def shelf(database: Database, now: Any = NOON) -> dict[str, Any]:
    async with looking(database, GOODS_SHELF) as view:
        found = await goods_shelf.of(view, "M1", now)
        assert found is not None
        return found


async def lines(database: Database) -> list[tuple[str, int, int]]:
    async with looking(database, STATEMENT) as view:
        found = await statement.of(view, "V1", 50, None)
        return [(line["kind"], line["points"], line["balance"]) for line in reversed(found)]


def counts(shelf: dict[str, Any]) -> tuple[int, int, int]:
    (soap,) = (item for item in shelf["goods"] if item["item_id"] == "soap")
    return soap["sellable"], soap["held"], soap["blocked"]


async def test_e27_a_balance_has_the_date_of_every_lot_that_expires(database: Database) -> None:
    await after(database)
    found = await shown(database)
    first, second = at("00:00", "2026-02-01"), at("00:00", "2026-07-01")
    assert [(e["lot_id"], e["at"].astimezone(CHINA), e["points"]) for e in found["expiring"]] == [
        ("opening:old-1", first, 5),
        ("opening:old-2", second, 6),
    ]
    assert (found["expires_next"]["at"], found["expires_next"]["points"]) == (first, 5)
    assert (found["available"], found["held"], found["debt"], found["lifetime"]) == (11, 0, 0, 11)
    assert found["level"] == {"level": 1, "next_from": 50}


async def test_pt10_e23_there_are_two_scores_and_the_statement_explains_both(database: Database) -> None:
    """The balance is what its lines add up to; of a lifetime only those of earning and of its reversal count."""
    good = [ask("X1"), say("X1", "dispensed")]
    await after(database, *good, ReversePoints("V1", "opening", "old-2", LATE))
    found, told = await shown(database), await lines(database)
    earned = [points for kind, points, _ in told if kind.startswith(("earned", "reversed"))]
    assert found["available"] == sum(points for _, points, _ in told) == told[-1][2] == 1
    assert found["lifetime"] == sum(earned) == 5


async def test_held_points_are_shown_apart(database: Database) -> None:
    await after(database, ask("X1"))
    found = await shown(database)
    assert (found["available"], found["held"]) == (7, 4)
    assert [(lot["remaining"], lot["held"]) for lot in found["lots"]] == [(5, 4), (6, 0)]
    assert counts(await shelf(database)) == (2, 1, 0)


async def test_a_lot_past_its_expiry_is_not_available_before_its_timer_has_come(database: Database) -> None:
    await after(database)
    assert (await shown(database, at("00:00", "2026-02-01")))["available"] == 6


async def test_e26_a_statement_runs_from_line_to_line(database: Database) -> None:
    jam = [ask("X1"), say("X1", "failed")]
    good = [ask("X2"), say("X2", "dispensed"), RefundRedemption("X2", "S1", "faulty_goods", LATE)]
    unsaid = [ask("X3"), ExpireRedemption("X3", UNTIL), say("X3", "dispensed", LATE)]
    ends = [ReversePoints("V1", "opening", "old-2", LATE), ExpireLot("V1", "opening:old-1", at("00:00", "2026-02-01"))]
    await after(database, *jam, *good, *unsaid, *ends)
    assert await lines(database) == [
        ("earned_opening", 5, 5),
        ("earned_opening", 6, 11),
        ("spent", -4, 7),
        ("refunded", 4, 11),
        ("spent", -4, 7),
        ("reversed_opening", -6, 1),
        ("expired", -1, 0),
    ]


async def test_a_page_of_a_statement_continues_with_the_same_balances(database: Database) -> None:
    await after(database, ask("X1"), say("X1", "dispensed"))
    async with looking(database, STATEMENT) as view:
        (newest,) = await statement.of(view, "V1", 1, None)
        older = await statement.of(view, "V1", 2, newest["position"])
    assert [line["balance"] for line in (newest, *older)] == [7, 11, 5]


async def test_debt_is_shown_until_it_is_repaid(database: Database) -> None:
    spent = [step for n in ("X1", "X2") for step in (ask(n), say(n, "dispensed"))]
    owing = [*spent, ReversePoints("V1", "opening", "old-2", LATE)]
    await after(database, *owing, GrantOpeningLot("V1", 2, "old-9", LATE, LATE))
    found = await shown(database)
    assert (found["available"], found["debt"], found["lifetime"]) == (0, 1, 7)


async def test_what_is_left_after_a_debt_is_repaid_can_be_spent(database: Database) -> None:
    spent = [step for n in ("X1", "X2") for step in (ask(n), say(n, "dispensed"))]
    owing = [*spent, ReversePoints("V1", "opening", "old-2", LATE)]
    await after(database, *owing, GrantOpeningLot("V1", 7, "old-9", LATE, LATE))
    found = await shown(database)
    assert (found["available"], found["debt"], found["lifetime"]) == (4, 0, 12)


async def test_pt8_a_refund_for_an_expired_lot_is_a_lot_of_its_own(database: Database) -> None:
    february = at("00:00", "2026-02-01")
    spent = [ask("X1"), say("X1", "dispensed"), ExpireLot("V1", "opening:old-1", february)]
    await after(database, *spent, RefundRedemption("X1", "S1", "faulty_goods", february))
    found = await shown(database, february)
    assert [(lot["lot_id"], lot["remaining"]) for lot in found["lots"]] == [("refund:X1", 4), ("opening:old-2", 6)]
    assert found["lifetime"] == 11


async def test_a_shelf_tells_what_is_sellable_held_and_blocked(database: Database) -> None:
    await after(database, ask("X1"), say("X1", "failed"), ask("X2"), say("X2", "dispensed"))
    found = await shelf(database)
    assert counts(found) == (1, 0, 1)
    bicycle, soap = found["goods"]
    assert (bicycle["price"], bicycle["band"], soap["price"], soap["band"]) == (60, 3, 4, 1)
    assert [unit["redemption_id"] for unit in soap["blocked_units"]] == ["X1"]
    assert (found["station_id"], found["state"]) == ("S1", "ready")


@pytest.mark.parametrize("outcome,expected", [("sellable", (3, 0, 0)), ("written_off", (2, 0, 0))])
async def test_a_cleared_unit_leaves_the_shelf_or_comes_back_to_it(
    database: Database, outcome: Any, expected: tuple[int, int, int]
) -> None:
    await after(database, ask("X1"), say("X1", "failed"), ClearUnit("M1", "S1", "soap", "X1", outcome, LATE))
    assert counts(await shelf(database)) == expected


async def test_e33_late_words_take_their_unit_from_the_shelf(database: Database) -> None:
    unsaid = [ask("X1"), ExpireRedemption("X1", UNTIL), say("X1", "dispensed", LATE)]
    jam = [ask("X2"), ExpireRedemption("X2", UNTIL), say("X2", "failed", LATE)]
    await after(database, *unsaid, *jam)
    assert counts(await shelf(database)) == (1, 0, 1)


async def test_a_machine_that_was_not_heard_of_is_shown_offline(database: Database) -> None:
    await after(database)
    assert (await shelf(database, NOON - MINUTE + 5 * MINUTE))["state"] == "offline"


async def test_redemptions_of_a_machine_are_listed_by_the_day_of_their_start(database: Database) -> None:
    tomorrow = at("00:00", "2026-01-24")
    await after(database, ask("X1"), say("X1", "failed"), NoteMachine("M1", "ready", tomorrow), ask("X2", now=tomorrow))
    async with looking(database, REDEMPTIONS) as view:
        (today,) = await redemptions.of_machine(view, "M1", NOON.date(), 50, None)
        (later,) = await redemptions.of_machine(view, "M1", tomorrow.date(), 50, None)
        assert await redemptions.of_machine(view, "M2", NOON.date(), 50, None) == []
    assert (today["redemption_id"], today["state"], today["reason"]) == ("X1", "failed", "jammed")
    assert (later["redemption_id"], later["state"]) == ("X2", "held")


@pytest.mark.parametrize(
    "ending,state",
    [
        ([say("X1", "dispensed")], "dispensed"),
        ([ExpireRedemption("X1", UNTIL)], "expired"),
        ([ExpireRedemption("X1", UNTIL), say("X1", "dispensed", LATE)], "dispensed_late"),
        ([say("X1", "dispensed"), RefundRedemption("X1", "S1", "faulty_goods", LATE)], "refunded"),
    ],
    ids=["dispensed", "expired", "late", "refunded"],
)
async def test_a_redemption_is_shown_as_it_ended(database: Database, ending: list[Command], state: str) -> None:
    await after(database, ask("X1"), *ending)
    async with looking(database, REDEMPTIONS) as view:
        found = await redemptions.one(view, "X1")
    assert found is not None
    assert (found["state"], found["points"], found["member_id"]) == (state, 4, "V1")


async def reconciled(database: Database, org: str = "O1") -> dict[str, Any]:
    async with looking(database, RECONCILIATION) as view:
        return await reconciliation.of(view, org)


async def test_e26_ledger_and_lots_are_one_sum(database: Database) -> None:
    spent = [step for n in ("X1", "X2") for step in (ask(n), say(n, "dispensed"))]
    await after(database, *spent, ReversePoints("V1", "opening", "old-2", LATE))
    sums = {"accounts": 1, "ledger": -3, "lots": 0, "debt": 3}
    assert await reconciled(database) == {**sums, "differences": []}
    assert (await reconciled(database, "O2"))["accounts"] == 0


async def test_an_account_whose_ledger_differs_is_listed(database: Database) -> None:
    await after(database)
    async with await database.connect("rows") as connection:
        await connection.execute("update account_sums_v1 set lots = lots - 1")
    (difference,) = (await reconciled(database))["differences"]
    assert (difference["member_id"], difference["ledger"], difference["lots"]) == ("V1", 11, 10)
