"""The checks of the day find what they look for: each is given a log or tables in which it is wrong."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from scenario.checks import cause_faults, ledger_faults, money_faults, visit_faults
from shared.clock import CHINA
from shared.log.append import Actor, Context
from shared.log.codec import derived_id, encode
from shared.log.read import Recorded

NOON = datetime(2026, 1, 23, 12, 0, tzinfo=CHINA)
STARTED = "cn.yizhan.checkin.VisitStarted.v1"


def visit(member: str, start: int, end: int, exit_kind: str | None = "scanned") -> dict[str, Any]:
    times = {"started_at": NOON + timedelta(minutes=start), "ends_at": NOON + timedelta(minutes=end)}
    return {"member_id": member, "exit_kind": exit_kind, **times}


def row(event_id: str, correlation: str, cause: str | None = None, origin: str = "") -> Recorded:
    context = Context("command", Actor("system", "test"), correlation, cause)
    return Recorded(1, event_id, origin, "visits", "visits-W01", 1, "VisitStarted", "{}", encode(context), NOON, NOON)


def test_visits_one_after_another_are_in_order() -> None:
    assert visit_faults([visit("W01", 0, 10), visit("W01", 10, 20), visit("W02", 5, 15)]) == []


def test_two_visits_at_once_are_found() -> None:
    assert visit_faults([visit("W01", 0, 10), visit("W01", 9, 20)]) == ["checkin: visits of W01 overlap"]


def test_two_open_visits_are_found() -> None:
    (fault,) = visit_faults([visit("W01", 0, 10, None), visit("W01", 10, 20, None)])
    assert "more than one open visit" in fault


def test_a_ledger_that_differs_from_its_lots_is_found() -> None:
    lots = [{"member_id": "W13", "lot_id": "a", "remaining": 3}]
    assert ledger_faults(lots, [], [{"member_id": "W13", "points": 3}]) == []
    assert ledger_faults(lots, [], [{"member_id": "W13", "points": 2}]) == [
        "points: W13 has 3 by lots and debt, 2 by the statement"
    ]


def test_a_debt_counts_against_the_lots() -> None:
    owing, line = [{"member_id": "W13", "debt": 2}], [{"member_id": "W13", "points": -2}]
    assert ledger_faults([], owing, line) == []
    assert ledger_faults([], [], line) == ["points: W13 has 0 by lots and debt, -2 by the statement"]


def test_an_overdrawn_lot_is_found() -> None:
    lots = [{"member_id": "W13", "lot_id": "a", "remaining": -1}]
    assert ledger_faults(lots, [], [{"member_id": "W13", "points": -1}]) == ["points: lot a holds -1"]


SUMS = {"available_fen": 100, "committed_fen": 500, "vouchers_fen": 300, "allowances_fen": 200, "differences": []}


def test_money_that_adds_up_is_in_order() -> None:
    assert money_faults(SUMS) == []


def test_money_that_was_given_twice_or_promised_to_nobody_is_found() -> None:
    twice = {"what": "settled", "of": "R1", "expected_fen": 300, "found_fen": 600}
    assert money_faults({**SUMS, "differences": [twice]}) == ["welfare: settled of R1: 600 fen instead of 300"]
    (overspent,) = money_faults({**SUMS, "available_fen": -5})
    assert "5 fen were given" in overspent
    (promised,) = money_faults({**SUMS, "vouchers_fen": 0})
    assert "500 fen are committed" in promised


def test_an_effect_with_its_cause_in_its_correlation_is_in_order() -> None:
    told = row(derived_id("public", "scan", STARTED.rpartition(".")[0]), "one", origin="/yizhan/checkin")
    assert cause_faults({"checkin": [row("scan", "one"), row("end", "one", cause="scan")], "points": [told]}) == []


def test_an_effect_without_its_cause_is_found() -> None:
    (fault,) = cause_faults({"checkin": [row("end", "one", cause="scan")]})
    assert "has no cause" in fault


def test_an_effect_in_another_correlation_than_its_cause_is_found() -> None:
    (fault,) = cause_faults({"checkin": [row("scan", "one"), row("end", "other", cause="scan")]})
    assert "has no cause" in fault


def test_something_told_that_nobody_published_is_found() -> None:
    (fault,) = cause_faults({"checkin": [row("scan", "one")], "points": [row("x", "one", origin="/yizhan/checkin")]})
    assert "nobody published" in fault
