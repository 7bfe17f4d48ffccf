"""Cells of a ledger's sheets, as people and banks write them: read, or told what is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from stdnum import luhn

from shared.errors import ValidationFailed

from ..domain.ledger_lines import Standing
from ..domain.ledger_sorting import Fault, NewLine, Told
from ..domain.values import ACCOUNT_DIGITS

YES, NO = {"yes", "true", "1", "是", "有"}, {"no", "false", "0", "否", "无"}
PAID, RETURNED = {"paid", "成功", "已付"}, {"returned", "失败", "退回", "退汇"}
UNREADABLE = ValidationFailed.code

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]{0,47}")  # of a firm: it is a part of a payment's reference
_YUAN = re.compile(r"(-?)([0-9]+)(?:\.([0-9]{1,2}))?")
_DIGITS = 10  # of yuan
_REASON = re.compile(r"[a-z][a-z0-9_]{0,63}")
_REFERENCE = re.compile(r"(.+)-([1-9][0-9]{0,3})")
_GAPS = str.maketrans("", "", " -\u00a0\t")


class _Wrong(Exception):
    def __init__(self, column: str, reason: str) -> None:
        super().__init__(column, reason)
        self.column, self.reason = column, reason


class Read(NamedTuple):
    """Rows that could be read, and faults of the others. `accounts` are the numbers, by row: content, never facts."""

    lines: list[NewLine]
    accounts: dict[int, str]
    faults: list[Fault]


def lines(rows: Sequence[Sequence[str]], first_row: int) -> Read:
    """Rows of a sheet of lines, with columns as `shared.contracts.ledger_sheet.LINES` has them."""
    read = Read([], {}, [])
    for row, cells in enumerate(rows, start=first_row):
        firm, union, own, payer, yearly, amount = map(str.strip, cells)
        try:
            line, number = _line(row, firm, union, own, payer, yearly, amount)
        except _Wrong as wrong:
            firm_id = firm if _ID.fullmatch(firm) else None
            read.faults.append(Fault(row, UNREADABLE, wrong.column, firm_id, wrong.reason))
            continue
        read.lines.append(line)
        if number:
            read.accounts[row] = number
    return read


def _line(row: int, firm: str, union: str, own: str, payer: str, yearly: str, amount: str) -> tuple[NewLine, str]:
    if not _ID.fullmatch(firm):
        raise _Wrong("firm_id", "not_an_id" if firm else "missing")
    word = union.lower()
    if word not in YES and word not in NO:
        raise _Wrong("union", "not_yes_or_no")
    has_union, own_number = word in YES, own.translate(_GAPS)
    number = own_number if has_union and own_number else payer.translate(_GAPS)
    paid, fen = _fen(yearly, "yearly"), _fen(amount, "amount")
    return NewLine(row, firm, has_union, bool(own_number), paid, fen, standing(number)), number


def _fen(text: str, column: str) -> int:
    """Yuan as people write them, with at most two decimals, as fen."""
    found = _YUAN.fullmatch(text) or _YUAN.fullmatch(text.replace(",", "").removeprefix("¥"))
    if found is None:
        raise _Wrong(column, "not_an_amount" if text else "missing")
    sign, yuan, decimals = found.groups()
    if len(yuan) > _DIGITS:
        raise _Wrong(column, "too_large")
    fen = int(yuan) * 100 + (int(decimals.ljust(2, "0")) if decimals else 0)
    return -fen if sign else fen


def standing(number: str) -> Standing:
    """Whether this can be the number of a bank account: digits, and the check digit of a UnionPay card 银联卡.

    Accounts of firms have no check digit that all banks share: of them only the length is known.
    """
    if not number.isascii() or not number.isdigit() or len(number) not in ACCOUNT_DIGITS:
        return "bad"
    if number.startswith("62") and 16 <= len(number) <= 19:
        return "good" if luhn.is_valid(number) else "bad"
    return "good"


def clean(number: str) -> str:
    """The number without the gaps that people leave in it."""
    return number.translate(_GAPS)


def returns(rows: Sequence[Sequence[str]], first_row: int, quarter: str) -> tuple[list[Told], list[Fault]]:
    """Rows of the bank's file, with columns as `shared.contracts.ledger_sheet.RETURNS` has them."""
    told: list[Told] = []
    faults: list[Fault] = []
    for row, cells in enumerate(rows, start=first_row):
        reference, result, reason = map(str.strip, cells)
        try:
            told.append(_told(row, reference, result.lower(), reason, quarter))
        except _Wrong as wrong:
            faults.append(Fault(row, UNREADABLE, wrong.column, None, wrong.reason))
    return told, faults


def _told(row: int, reference: str, result: str, reason: str, quarter: str) -> Told:
    parts = _REFERENCE.fullmatch(reference.removeprefix(f"{quarter}-"))
    if parts is None or not reference.startswith(f"{quarter}-"):
        raise _Wrong("payment_ref", "not_of_this_ledger" if reference else "missing")
    firm_id, attempt = parts[1], int(parts[2])
    if result in PAID:
        return Told(row, firm_id, attempt, None)
    if result not in RETURNED:
        raise _Wrong("result", "not_paid_or_returned")
    code = reason if _REASON.fullmatch(reason) else "returned"  # a bank's words are no facts of ours
    return Told(row, firm_id, attempt, code)


def payment_ref(quarter: str, firm_id: str, attempt: int) -> str:
    """What the bank's files call a transfer. A firm's further attempts have other ones (E45)."""
    return f"{quarter}-{firm_id}-{attempt}"
