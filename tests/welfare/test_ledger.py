"""Refund ledgers 免申即享: which lines are paid, by which path, and never twice (WF10, E45, K8)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from services.welfare.domain import refusals
from services.welfare.domain.ledger import (
    LEDGER,
    LedgerChecked,
    LedgerCollated,
    LedgerImportBegun,
    LedgerImported,
    LedgerOpened,
    LedgerReconciled,
    LedgerSent,
    LedgerUnchecked,
)
from services.welfare.domain.ledger_commands import (
    BeginImport,
    CheckLedger,
    CollateLedger,
    EndImport,
    ReconcileLedger,
    ReopenLedger,
    SendLedger,
    Sums,
)
from services.welfare.domain.ledger_file import (
    LEDGER_FILE,
    LedgerPartTaken,
    SeeAccounts,
    TakeLine,
    TakePart,
    TakeReturns,
)
from services.welfare.domain.ledger_lines import (
    LEDGER_LINES,
    Answer,
    Claim,
    CorrectLine,
    Held,
    LedgerAccountsSeen,
    LedgerLineCorrected,
    LedgerLinePicked,
    LedgerLinesAccepted,
    LedgerLinesHeld,
    Line,
    Payment,
    PickLine,
    RefundsPaid,
    RefundsReturned,
    RefundsSent,
    shard_of,
)
from services.welfare.domain.ledger_sorting import Fault, NewLine, Told
from services.welfare.domain.values import PATH_C_LIMIT_FEN
from services.welfare.handlers.ledgers import HANDLERS
from shared.decider import Change
from shared.errors import NotFound, ValidationFailed
from shared.testing.given import Given, on

NOW = datetime(2026, 4, 2, 2, tzinfo=UTC)
ID = "org:2026Q1"
opened = LedgerOpened(NOW, "org", "2026Q1")
collated = LedgerCollated(NOW)
checked = LedgerChecked(NOW, "F1")
sent = LedgerSent(NOW, 1, 1, 120_000, "F2")


def line(firm: str = "A1", fen: int = 120_000, row: int = 1, **other: Any) -> NewLine:
    return NewLine(
        **{
            "row": row,
            "firm_id": firm,
            "union": True,
            "own_account": True,
            "yearly_fen": 480_000,
            "fen": fen,
            "account": "good",
            **other,
        }
    )


def part(*lines: NewLine, first: int = 1, faults: tuple[Fault, ...] = ()) -> TakePart:
    count = len(lines) + len(faults)
    return TakePart(ID, "org", "2026Q1", "file1", first, count, lines, faults, "ref", NOW)


def ledger(*events: Any) -> Change:
    return on(LEDGER, ID, opened, *events)


def lines_of(firm: str, *events: Any) -> Change:
    return on(LEDGER_LINES, shard_of(ID, firm), *events)


def accepted(firm: str = "A1", fen: int = 120_000, path: Any = "A", account: Any = "good") -> LedgerLinesAccepted:
    return LedgerLinesAccepted(NOW, "file1", "ref", (Line(1, firm, path, fen, account),))


def payment(firm: str = "A1", attempt: int = 1, ref: str = "ref") -> Payment:
    return Payment(firm, 120_000, attempt, 1, ref)


def told(reason: str | None = None, attempt: int = 1, firm: str = "A1", row: int = 1) -> Told:
    return Told(row, firm, attempt, reason)


def returns(*rows: Told, first: int = 1) -> TakeReturns:
    return TakeReturns(ID, "bank1", first, len(rows), rows, (), NOW)


at_the_bank = (ledger(collated, checked, sent), lines_of("A1", accepted(), RefundsSent(NOW, 1, (payment(),))))
came_back = (*at_the_bank, lines_of("A1", RefundsReturned(NOW, (Answer("A1", 120_000, 1, "account_closed"),))))
paid = (*at_the_bank, lines_of("A1", RefundsPaid(NOW, (Answer("A1", 120_000, 1),))))


@pytest.mark.parametrize(
    ("path", "facts"),
    [
        ("A", {"union": True, "own_account": True}),
        ("B", {"union": True, "own_account": False}),
        ("C", {"union": False, "own_account": False}),
        ("C", {"union": False, "own_account": True, "yearly_fen": PATH_C_LIMIT_FEN}),
    ],
)
def test_wf10_the_path_is_by_union_and_account(given: Given, path: Any, facts: dict[str, Any]) -> None:
    events = given(ledger()).when(part(line(**facts))).events
    (event,) = events[LEDGER_LINES.stream(shard_of(ID, "A1"))]
    assert isinstance(event, LedgerLinesAccepted)
    assert event.lines == (Line(1, "A1", path, 120_000),)


def test_wf10_the_first_part_makes_the_ledger(given: Given) -> None:
    given().when(part(line())).then(
        on(LEDGER, ID, opened, LedgerImportBegun(NOW, "file1")),
        lines_of("A1", accepted()),
        on(LEDGER_FILE, f"{ID}/file1", LedgerPartTaken(NOW, 1, 1, 1, 0, ())),
    )


@pytest.mark.parametrize(
    ("code", "column", "facts"),
    [
        ("PATH_C_LIMIT", "yearly", {"union": False, "yearly_fen": PATH_C_LIMIT_FEN + 1}),
        ("PATH_C_LIMIT", "yearly", {"union": False, "yearly_fen": PATH_C_LIMIT_FEN + 1, "fen": 0}),
        ("AMOUNT_NOT_POSITIVE", "amount", {"fen": 0}),
        ("AMOUNT_NOT_POSITIVE", "amount", {"fen": -5, "account": "bad"}),
    ],
)
def test_wf10_k10_a_line_is_rejected_and_leaves_its_firm_free(
    given: Given, code: str, column: str, facts: dict[str, Any]
) -> None:
    given(ledger()).when(part(line(**facts), line(row=2))).then(
        on(LEDGER, ID, LedgerImportBegun(NOW, "file1")),
        lines_of("A1", LedgerLinesAccepted(NOW, "file1", "ref", (Line(2, "A1", "A", 120_000),))),
        on(LEDGER_FILE, f"{ID}/file1", LedgerPartTaken(NOW, 1, 2, 1, 0, (Fault(1, code, column, "A1"),))),
    )


def test_wf10_the_same_firm_and_amount_is_dropped(given: Given) -> None:
    doubles = (Fault(11, "DUPLICATE_LEDGER_LINE", "amount", "A1"), Fault(12, "DUPLICATE_LEDGER_LINE", "amount", "A1"))
    given(ledger(LedgerImportBegun(NOW, "file1")), lines_of("A1", accepted())).when(
        part(line(row=11), line(row=12), first=11)
    ).then(on(LEDGER_FILE, f"{ID}/file1", LedgerPartTaken(NOW, 11, 2, 0, 0, doubles)))


def test_wf10_another_amount_of_a_firm_holds_both(given: Given) -> None:
    conflict = Held(Line(2, "A1", "A", 130_000), "LEDGER_LINE_CONFLICT")
    events = given(ledger(), lines_of("A1", accepted())).when(part(line(fen=130_000, row=2), first=2)).events
    held = LedgerLinesHeld(NOW, "file1", "ref", (conflict,), (Claim("A1", 120_000),))
    assert events[LEDGER_LINES.stream(shard_of(ID, "A1"))] == [held]


def test_wf10_amounts_that_conflict_within_a_part_are_held_too(given: Given) -> None:
    one, two = Line(1, "A1", "A", 120_000), Line(2, "A1", "A", 130_000)
    events = given(ledger()).when(part(line(), line(fen=130_000, row=2), line(fen=130_000, row=3))).events
    code = "LEDGER_LINE_CONFLICT"
    held = LedgerLinesHeld(NOW, "file1", "ref", (Held(one, code), Held(two, code)), ())
    assert events[LEDGER_LINES.stream(shard_of(ID, "A1"))] == [held]
    (taken,) = events[LEDGER_FILE.stream(f"{ID}/file1")]
    assert isinstance(taken, LedgerPartTaken)
    assert [(fault.row, fault.code) for fault in taken.faults] == [(1, code), (2, code), (3, "DUPLICATE_LEDGER_LINE")]


def test_wf10_nothing_of_a_conflict_is_paid_until_one_is_picked(given: Given) -> None:
    scenario = given(ledger()).when(part(line(), line(fen=130_000, row=2), line("B2", row=3)))
    scenario.when(EndImport(ID, "file1", 3, False, NOW)).when(CollateLedger(ID, NOW)).when(CheckLedger(ID, "F1", NOW))
    events = scenario.when(SendLedger(ID, "F2", NOW)).events
    assert events[LEDGER.stream(ID)] == [LedgerSent(NOW, 1, 1, 120_000, "F2")]
    scenario.when(PickLine(ID, "A1", 130_000, NOW)).when(CheckLedger(ID, "F1", NOW)).when(SendLedger(ID, "F2", NOW))
    assert scenario.events[LEDGER.stream(ID)] == [LedgerSent(NOW, 2, 1, 130_000, "F2")]


def test_wf10_the_officer_picks_one_amount_and_the_others_are_dropped(given: Given) -> None:
    scenario = given(ledger()).when(part(line(), line(fen=130_000, row=2, account="bad")))
    scenario.when(PickLine(ID, "A1", 140_000, NOW)).then_refused(NotFound)
    scenario.when(PickLine(ID, "A1", 130_000, NOW)).then(
        lines_of("A1", LedgerLinePicked(NOW, "A1", 130_000, "bad", (120_000,)))
    )
    scenario.when(PickLine(ID, "A1", 130_000, NOW)).then_nothing()
    scenario.when(CorrectLine(ID, "A1", None, NOW)).then_refused(refusals.AccountInvalid)


def test_wf10_a_bad_account_is_held_until_it_is_corrected(given: Given) -> None:
    held = Held(Line(1, "A1", "B", 120_000, "bad"), "ACCOUNT_INVALID")
    scenario = given(ledger()).when(part(line(own_account=False, account="bad")))
    events = scenario.events
    assert events[LEDGER_LINES.stream(shard_of(ID, "A1"))] == [LedgerLinesHeld(NOW, "file1", "ref", (held,), ())]
    (taken,) = events[LEDGER_FILE.stream(f"{ID}/file1")]
    assert isinstance(taken, LedgerPartTaken)
    assert taken.faults == (Fault(1, "ACCOUNT_INVALID", "payer_account", "A1"),)
    scenario.when(CorrectLine(ID, "A1", "new", NOW)).then(
        lines_of("A1", LedgerLineCorrected(NOW, "A1", 120_000, "new"))
    )


def test_wf10_a_line_held_for_its_account_conflicts_with_another_amount(given: Given) -> None:
    scenario = given(ledger()).when(part(line(account="bad"), line(fen=130_000, row=2)))
    (event,) = scenario.events[LEDGER_LINES.stream(shard_of(ID, "A1"))]
    assert isinstance(event, LedgerLinesHeld)
    assert (len(event.lines), event.also) == (2, (Claim("A1", 120_000),))
    scenario.when(CorrectLine(ID, "A1", "new", NOW)).then_refused(refusals.LedgerLineConflict)


def test_k2_a_part_that_came_before_is_nothing_new_even_when_the_ledger_is_closed(given: Given) -> None:
    scenario = given(ledger()).when(part(line(), line("B2", row=2)))
    scenario.when(part(line(), line("B2", row=2))).then_nothing()
    scenario.when(part(line("B2", row=2), first=2)).then_refused(ValidationFailed)
    scenario.when(EndImport(ID, "file1", 3, False, NOW)).then_refused(refusals.ImportIncomplete)
    scenario.when(CollateLedger(ID, NOW)).then_refused(refusals.ImportIncomplete)
    scenario.when(EndImport(ID, "file1", 2, False, NOW)).then(on(LEDGER, ID, LedgerImported(NOW, "file1", 2)))
    scenario.when(CollateLedger(ID, NOW)).then(on(LEDGER, ID, collated))
    scenario.when(part(line(), line("B2", row=2))).then_nothing()
    scenario.when(part(line("C3", row=3), first=3)).then_refused(refusals.LedgerClosed)
    scenario.when(ReopenLedger(ID, NOW)).when(part(line("C3", row=3), first=3))
    assert scenario.events[LEDGER_LINES.stream(shard_of(ID, "C3"))]


@pytest.mark.parametrize(
    ("refusal", "facts"),
    [
        (refusals.PathCLimit, {"union": False, "yearly_fen": PATH_C_LIMIT_FEN + 1}),
        (refusals.AmountNotPositive, {"fen": 0}),
        (refusals.DuplicateLedgerLine, {}),
    ],
)
def test_wf10_a_single_line_is_answered_with_its_code(given: Given, refusal: Any, facts: dict[str, Any]) -> None:
    given(ledger(), lines_of("A1", accepted())).when(
        TakeLine(ID, "org", "2026Q1", line(**facts), "ref2", NOW)
    ).then_refused(refusal)


def test_wf10_a_single_line_that_is_held_is_recorded_with_its_refusal(given: Given) -> None:
    conflict = Held(Line(0, "A1", "A", 130_000, "unseen"), "LEDGER_LINE_CONFLICT")
    scenario = given(ledger(), lines_of("A1", accepted()))
    scenario.when(TakeLine(ID, "org", "2026Q1", line(fen=130_000, row=0, account="unseen"), "ref2", NOW)).then_refused(
        refusals.LedgerLineConflict,
        lines_of("A1", LedgerLinesHeld(NOW, None, "ref2", (conflict,), (Claim("A1", 120_000),))),
    )
    scenario.when(TakeLine(ID, "org", "2026Q1", line("B2", row=0, account="bad"), "", NOW)).then_refused(
        refusals.AccountInvalid,
        lines_of(
            "B2",
            LedgerLinesHeld(NOW, None, "", (Held(Line(0, "B2", "A", 120_000, "bad"), "ACCOUNT_INVALID"),), ()),
        ),
    )


def test_wf10_an_account_that_came_by_reference_is_paid_only_once_it_was_looked_at(given: Given) -> None:
    unseen = lines_of("A1", accepted(account="unseen"))
    scenario = given(ledger(collated, checked), unseen)
    scenario.when(SendLedger(ID, "F2", NOW)).then_refused(refusals.LedgerNotReady)
    scenario.when(SeeAccounts(ID, (Claim("A1", 120_000), Claim("A1", 7)), (), NOW)).then(
        lines_of("A1", LedgerAccountsSeen(NOW, (Claim("A1", 120_000),), ()))
    )
    scenario.when(SendLedger(ID, "F2", NOW)).then(
        on(LEDGER, ID, sent), lines_of("A1", RefundsSent(NOW, 1, (payment(),)))
    )
    other = given(ledger(collated, checked), unseen).when(SeeAccounts(ID, (), (Claim("A1", 120_000),), NOW))
    other.when(CorrectLine(ID, "A1", None, NOW)).then_refused(refusals.AccountInvalid)


def test_k8_who_has_checked_does_not_send(given: Given) -> None:
    given(ledger(collated, checked), lines_of("A1", accepted())).when(SendLedger(ID, "F1", NOW)).then_refused(
        refusals.FourEyesRequired
    )


def test_k8_what_is_changed_after_the_check_is_checked_again(given: Given) -> None:
    scenario = given(ledger(collated, checked), lines_of("A1", accepted()))
    scenario.when(CorrectLine(ID, "A1", "new", NOW)).then(
        lines_of("A1", LedgerLineCorrected(NOW, "A1", 120_000, "new")), on(LEDGER, ID, LedgerUnchecked(NOW, 0))
    )
    scenario.when(SendLedger(ID, "F2", NOW)).then_refused(refusals.LedgerNotReady)


def test_e44_a_ledger_is_sent_only_after_all_its_steps(given: Given) -> None:
    scenario = given(ledger(), lines_of("A1", accepted()))
    scenario.when(CheckLedger(ID, "F1", NOW)).then_refused(refusals.LedgerNotReady)
    scenario.when(SendLedger(ID, "F2", NOW)).then_refused(refusals.LedgerNotReady)
    scenario.when(ReconcileLedger(ID, NOW)).then_refused(refusals.LedgerNotReady)
    scenario.when(returns(told())).then_refused(refusals.LedgerNotReady)
    given().when(CollateLedger(ID, NOW)).then_refused(NotFound)


def test_e44_a_step_too_early_is_told_which_comes_first(given: Given) -> None:
    steps: list[tuple[tuple[Any, ...], str]] = [((), "collate it first"), ((collated,), "have it checked first")]
    for past, first in steps:
        refusal = given(ledger(*past), lines_of("A1", accepted())).when(SendLedger(ID, "F2", NOW)).refusal
        assert (refusal.code, refusal.field) == ("LEDGER_NOT_READY", "quarter")
        assert first in refusal.detail


def test_e45_a_returned_payment_is_resent_and_paid_once(given: Given) -> None:
    scenario = given(*came_back)
    scenario.when(CorrectLine(ID, "A1", "new", NOW)).when(CheckLedger(ID, "F1", NOW)).when(SendLedger(ID, "F2", NOW))
    scenario.then(
        on(LEDGER, ID, LedgerSent(NOW, 2, 1, 120_000, "F2")),
        lines_of("A1", RefundsSent(NOW, 2, (payment(attempt=2, ref="new"),))),
    )
    scenario.when(returns(told(attempt=2)))
    assert scenario.events[LEDGER_LINES.stream(shard_of(ID, "A1"))] == [RefundsPaid(NOW, (Answer("A1", 120_000, 2),))]
    scenario.when(CorrectLine(ID, "A1", "third", NOW)).then_refused(refusals.RefundAlreadyPaid)
    scenario.when(CheckLedger(ID, "F1", NOW)).when(SendLedger(ID, "F2", NOW)).then_refused(refusals.LedgerNotReady)


def test_e45_a_payment_that_is_with_the_bank_is_not_sent_again(given: Given) -> None:
    scenario = given(*at_the_bank)
    scenario.when(CorrectLine(ID, "A1", "new", NOW)).then_refused(refusals.RefundOutstanding)
    scenario.when(CheckLedger(ID, "F1", NOW)).when(SendLedger(ID, "F2", NOW)).then_refused(refusals.LedgerNotReady)


def test_e45_a_returned_payment_can_be_tried_again_as_it_is(given: Given) -> None:
    given(*came_back).when(CorrectLine(ID, "A1", None, NOW)).then(
        lines_of("A1", LedgerLineCorrected(NOW, "A1", 120_000, None))
    )


@pytest.mark.parametrize(
    ("past", "row", "code"),
    [
        (paid, told("account_closed"), "REFUND_ALREADY_PAID"),
        (came_back, told(), "REFUND_NOT_AWAITED"),
        (at_the_bank, told(attempt=2), "NOT_FOUND"),
        (at_the_bank, told(firm="Z9"), "NOT_FOUND"),
    ],
)
def test_e45_what_contradicts_a_payment_changes_nothing_and_is_listed(
    given: Given, past: tuple[Change, ...], row: Told, code: str
) -> None:
    events = given(*past).when(returns(row)).events
    ((taken,),) = events.values()
    assert [fault.code for fault in taken.faults] == [code]  # type: ignore[attr-defined]


@pytest.mark.parametrize(("past", "row"), [(paid, told()), (came_back, told("account_closed"))])
def test_k2_the_banks_word_given_twice_is_nothing_new(given: Given, past: tuple[Change, ...], row: Told) -> None:
    scenario = given(*past).when(returns(row, row))
    ((taken,),) = scenario.events.values()
    assert (taken.paid, taken.returned, taken.faults) == (0, 0, ())  # type: ignore[attr-defined]
    scenario.when(returns(row, row)).then_nothing()


def test_wf10_the_rate_is_paid_of_eligible_lines_with_held_ones_and_a_conflict_as_one(given: Given) -> None:
    scenario = given(ledger()).when(
        part(
            line("A1"),
            line("B2", row=2),
            line("C3", row=3, account="bad"),
            line("D4", row=4),
            line("D4", 99_000, row=5),
            line("E5", 0, row=6),
            line("G7", row=7, union=False, yearly_fen=PATH_C_LIMIT_FEN + 1),
        )
    )
    scenario.when(EndImport(ID, "file1", 7, False, NOW)).when(CollateLedger(ID, NOW)).when(CheckLedger(ID, "F1", NOW))
    scenario.when(SendLedger(ID, "F2", NOW)).when(returns(told(), told("closed", firm="B2", row=2)))
    sums = Sums(eligible=4, eligible_fen=459_000, paid=1, paid_fen=120_000)
    scenario.when(ReconcileLedger(ID, NOW)).then(on(LEDGER, ID, LedgerReconciled(NOW, "org", "2026Q1", sums)))
    assert sums.rate == 2_500
    scenario.when(ReconcileLedger(ID, NOW)).then_nothing()
    scenario.when(PickLine(ID, "D4", 99_000, NOW)).then_refused(refusals.LedgerClosed)
    scenario.when(returns(told(), first=9)).then_refused(refusals.LedgerClosed)


def test_wf10_a_ledger_is_over_only_once_the_bank_has_answered(given: Given) -> None:
    given(*at_the_bank).when(ReconcileLedger(ID, NOW)).then_refused(refusals.RefundOutstanding)


def test_wf10_every_command_of_the_ledger_has_a_handler() -> None:
    assert BeginImport not in HANDLERS.commands  # it is part of others
    assert {TakePart, TakeLine, TakeReturns, EndImport, SendLedger} <= set(HANDLERS.commands)
