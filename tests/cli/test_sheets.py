"""Sheets of ledgers, as spreadsheets keep them."""

from __future__ import annotations

from pathlib import Path

from openpyxl import Workbook

from shared.cli.sheets import opened
from shared.contracts.ledger_sheet import LINES


def test_an_account_kept_as_a_number_that_the_spreadsheet_has_rounded_is_no_account(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["企业编号", "是否建会", "工会账户", "原缴费账户", "年缴费额", "返还金额"])
    for account in ("1234567890123456789", 1234567890123456789, 123456789012345):
        sheet.append(["F-1", "是", account, None, 4800, 1200])
    book.save(tmp_path / "lines.xlsx")
    with opened(tmp_path / "lines.xlsx", LINES) as read:
        whole, rounded, short = (row[2] for row in read.rows)
    assert (whole, short) == ("1234567890123456789", "123456789012345")
    assert not rounded.isdigit()
