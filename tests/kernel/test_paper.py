"""The same rows as CSV and as PDF."""

from __future__ import annotations

import csv
import io
from typing import Any

from pypdf import PdfReader

from shared.paper import CHUNK, Column, Section, as_csv, as_pdf

COLUMNS = (Column("核销 Redemption", 3), Column("金额 Yuan", 1, number=True))


def text_of(pdf: bytes) -> list[list[str]]:
    """The lines of each page."""
    pages = [page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages]
    return [[line.strip() for line in text.splitlines()] for text in pages]


def test_a_table_is_read_as_it_was_written() -> None:
    rows = [("R,1", 'say "x"', 3), ("R2", "", -4)]
    read = list(csv.reader(io.StringIO(as_csv(("a", "b", "c"), rows).decode(), newline="")))
    assert read == [["a", "b", "c"], ["R,1", 'say "x"', "3"], ["R2", "", "-4"]]


def test_a_page_has_its_words_in_chinese_too() -> None:
    (lines,) = text_of(as_pdf("商户对账单", ["期间 Days"], [Section("明细", COLUMNS, [("R1", "45.00")])]))
    assert {"商户对账单", "期间 Days", "明细", "核销 Redemption", "金额 Yuan", "R1", "45.00", "1"} == set(lines)


def test_letters_and_figures_need_no_chinese_font() -> None:
    runs: list[tuple[str, str]] = []

    def note(text: str, _cm: Any, _tm: Any, font: dict[str, str] | None, _size: float) -> None:
        if text.strip() and font is not None:
            runs.append((text.strip(), font["/BaseFont"]))

    pdf = as_pdf("商户对账单 Statement", ["元 & <yuan>"], [Section("明细", COLUMNS, [("R1", "45.00")])])
    PdfReader(io.BytesIO(pdf)).pages[0].extract_text(visitor_text=note)
    assert {("Statement", "/Helvetica"), ("& <yuan>", "/Helvetica"), ("45.00", "/Helvetica")} <= set(runs)
    assert {font for text, font in runs if not text.isascii()} == {"/STSong-Light"}


def test_every_page_that_a_table_reaches_has_its_headings_and_no_row_is_lost() -> None:
    rows = [(f"R{number}", f"{number}.00") for number in range(3 * CHUNK + 7)]
    pages = text_of(as_pdf("many", [], [Section("all", COLUMNS, rows)]))
    assert len(pages) > 3
    assert all("核销 Redemption" in lines for lines in pages)
    assert [line for lines in pages for line in lines if line.startswith("R")] == [row[0] for row in rows]


def test_a_long_id_stays_in_its_column_whole() -> None:
    name = "x" * 96
    (lines,) = text_of(as_pdf("long", [], [Section("ids", COLUMNS, [(name, "1.00")])]))
    assert "".join(line for line in lines if set(line) == {"x"}) == name


def test_no_rows_are_a_page_with_headings() -> None:
    (lines,) = text_of(as_pdf("none", [], [Section("nothing", COLUMNS, [])]))
    assert "金额 Yuan" in lines


def test_the_same_rows_are_the_same_bytes() -> None:
    written = [as_pdf("same", ["a"], [Section("b", COLUMNS, [("R1", "1.00")])]) for _ in range(2)]
    assert written[0] == written[1]
