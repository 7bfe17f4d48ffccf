"""What is printed or opened in a spreadsheet: the same rows as CSV and as PDF.

The PDF names Adobe's font for simplified Chinese, which readers bring along, and embeds none: a page is small, and the
same rows are the same bytes. Letters and figures are Helvetica's, which every reader has: where no Chinese font is
installed, the English words and all figures still stand as they should.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from textwrap import wrap
from typing import Any, NamedTuple, TypeAlias
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

CSV, PDF = "text/csv", "application/pdf"

CHINESE, LATIN = "STSong-Light", "Helvetica"
SIZE, LEADING = 8, 10  # points
MARGIN = 15 * mm
CHUNK = 100  # rows of one table; to split a long one over pages takes quadratic time

Row: TypeAlias = Sequence[str | int]

pdfmetrics.registerFont(UnicodeCIDFont(CHINESE))
_TITLE = ParagraphStyle("title", fontName=LATIN, fontSize=14, leading=20)
_TEXT = ParagraphStyle("text", fontName=LATIN, fontSize=9, leading=14)
_CELL = ParagraphStyle("cell", fontName=LATIN, fontSize=SIZE, leading=LEADING)
_NUMBER = ParagraphStyle("number", _CELL, alignment=TA_RIGHT)
_BEYOND_LATIN = re.compile(r"[^\x00-\xff]+")


class Column(NamedTuple):
    """`share` of the page's width; numbers stand at the right."""

    heading: str
    share: int
    number: bool = False


class Section(NamedTuple):
    """A table of the page, under a line of text."""

    text: str
    columns: Sequence[Column]
    rows: Sequence[Row]


def as_csv(headings: Row, rows: Iterable[Row]) -> bytes:
    """As RFC 4180 has it, in UTF-8."""
    written = io.StringIO()
    csv.writer(written).writerows([headings, *rows])
    return written.getvalue().encode()


def as_pdf(title: str, about: Sequence[str], sections: Sequence[Section]) -> bytes:
    """A4, with page numbers; headings are on each page that a table reaches."""
    written = io.BytesIO()
    margins = dict.fromkeys(("leftMargin", "rightMargin", "topMargin", "bottomMargin"), MARGIN)
    document = SimpleDocTemplate(written, pagesize=A4, title=title, invariant=1, **margins)
    story: list[Flowable] = [_words(title, _TITLE), *[_words(line, _TEXT) for line in about]]
    for section in sections:
        story += [Spacer(1, 4 * mm), _words(section.text, _TEXT), *_tables(section, document.width)]
    document.build(story, onFirstPage=_numbered, onLaterPages=_numbered)
    return written.getvalue()


def _tables(section: Section, width: float) -> list[Flowable]:
    whole = sum(column.share for column in section.columns)
    widths = [width * column.share / whole for column in section.columns]
    headings = [_words(column.heading, _NUMBER if column.number else _CELL) for column in section.columns]
    numbers = [("ALIGN", (n, 0), (n, -1), "RIGHT") for n, column in enumerate(section.columns) if column.number]
    style = TableStyle(
        [
            ("FONT", (0, 0), (-1, -1), LATIN, SIZE, LEADING),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("BACKGROUND", (0, 0), (-1, 0), colors.whitesmoke),
            ("GRID", (0, 0), (-1, -1), 0.25, colors.lightgrey),
            *numbers,
        ]
    )
    rows = [[_fitting(cell, room) for cell, room in zip(row, widths, strict=True)] for row in section.rows]
    chunks = [rows[start : start + CHUNK] for start in range(0, len(rows), CHUNK)] or [[]]
    return [Table([headings, *chunk], widths, style=style, repeatRows=1) for chunk in chunks]


def _words(text: str, style: ParagraphStyle) -> Paragraph:
    """Text in both fonts, each for what it has."""
    return Paragraph(_BEYOND_LATIN.sub(rf'<font name="{CHINESE}">\g<0></font>', escape(text)), style)


def _fitting(cell: str | int, room: float) -> str:
    """Broken where it would leave its column: ids are up to 96 characters long, and are ASCII."""
    return "\n".join(wrap(str(cell), max(1, int((room - 12) / (SIZE * 0.55))))) if cell != "" else ""


def _numbered(canvas: Any, document: Any) -> None:
    canvas.setFont(LATIN, SIZE)
    canvas.drawCentredString(A4[0] / 2, MARGIN / 2, str(document.page))
