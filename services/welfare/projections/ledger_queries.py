"""What is asked of refund ledgers: the report, lists, faults, and what a batch consists of."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Row, Select, and_, func, select, tuple_

from shared.errors import NotFound
from shared.queries import View

from ..domain.ledger_commands import Sums
from .ledger_report import BATCH, FAULT, FILE, LEDGER, LINE, PART, PAYMENT

AT_ONCE = 5_000  # rows of what is read to its end
PATHS = ("A", "B", "C")
REJECTED = "rejected"


class Filter(NamedTuple):
    """Which lines are asked for; None: all of them."""

    status: str | None
    path: str | None
    code: str | None


async def page(view: View, org_id: str, after: str, limit: int) -> list[dict[str, Any]]:
    """The ledgers of an organisation, by quarter."""
    wanted = and_(LEDGER.c.org_id == org_id, LEDGER.c.quarter > after)
    rows = await view.db.execute(select(LEDGER).where(wanted).order_by(LEDGER.c.quarter).limit(limit))
    return [dict(row._mapping) for row in rows]


async def report(view: View, ledger_id: str) -> dict[str, Any]:
    """Lines, paths, amounts and the rate, as of now. Raises `NotFound`."""
    row = (await view.db.execute(select(LEDGER).where(LEDGER.c.ledger_id == ledger_id))).first()
    if row is None:
        raise NotFound("There is no ledger of this quarter.", field="quarter")
    groups = await _groups(view, ledger_id)
    conflicting = await _conflicting(view, ledger_id)
    sums = _sums(groups, conflicting)
    return {
        **row._mapping,
        "statuses": _by(groups, 0, ("accepted", "held", REJECTED, "sent", "resent", "paid", "returned")),
        "paths": _by([one for one in groups if one[0] != REJECTED], 1, PATHS),
        "union_to_be_formed": sum(count for status, path, count, _ in groups if path == "C" and status != REJECTED),
        "eligible": sums.eligible,
        "eligible_fen": sums.eligible_fen,
        "paid": sums.paid,
        "paid_fen": sums.paid_fen,
        "rate_e4": sums.rate,
        "batch_list": await _batches(view, ledger_id),
        "files": await files(view, ledger_id),
    }


async def _groups(view: View, ledger_id: str) -> list[tuple[str, str, int, int]]:
    counted = (LINE.c.status, LINE.c.path, func.count(), func.sum(LINE.c.fen))
    query = select(*counted).where(LINE.c.ledger_id == ledger_id).group_by(LINE.c.status, LINE.c.path)
    return [(status, path, count, int(fen)) for status, path, count, fen in await view.db.execute(query)]


async def _conflicting(view: View, ledger_id: str) -> list[tuple[int, int]]:
    """Amounts that were told of one firm: how many, and what those above the smallest come to."""
    held = and_(LINE.c.ledger_id == ledger_id, LINE.c.status == "held", LINE.c.code == "LEDGER_LINE_CONFLICT")
    beyond = func.sum(LINE.c.fen) - func.min(LINE.c.fen)
    query = select(func.count() - 1, beyond).where(held).group_by(LINE.c.firm_id)
    return [(int(count), int(fen)) for count, fen in await view.db.execute(query)]


def _sums(groups: list[tuple[str, str, int, int]], conflicting: list[tuple[int, int]]) -> Sums:
    """As the ledger itself will count when it is reconciled: the amounts of a conflict are one line, the smallest."""
    eligible = [(count, fen) for status, _, count, fen in groups if status != REJECTED]
    paid = [(count, fen) for status, _, count, fen in groups if status == "paid"]
    return Sums(
        sum(count for count, _ in eligible) - sum(count for count, _ in conflicting),
        sum(fen for _, fen in eligible) - sum(fen for _, fen in conflicting),
        sum(count for count, _ in paid),
        sum(fen for _, fen in paid),
    )


def _by(groups: list[tuple[str, str, int, int]], place: int, names: tuple[str, ...]) -> dict[str, dict[str, int]]:
    found = {name: {"lines": 0, "fen": 0} for name in names}
    for one in groups:
        of = found[str(one[place])]
        of["lines"] += one[2]
        of["fen"] += one[3]
    return found


async def _batches(view: View, ledger_id: str) -> list[dict[str, Any]]:
    answered = {"paid": func.count().filter(PAYMENT.c.status == "paid")}
    answered["returned"] = func.count().filter(PAYMENT.c.status == "returned")
    counts = (
        select(PAYMENT.c.batch, *[count.label(name) for name, count in answered.items()])
        .where(PAYMENT.c.ledger_id == ledger_id)
        .group_by(PAYMENT.c.batch)
        .subquery()
    )
    columns = [column for column in BATCH.c if column.name != "ledger_id"]
    query = (
        select(*columns, counts.c.paid, counts.c.returned)
        .join(counts, counts.c.batch == BATCH.c.batch)
        .where(BATCH.c.ledger_id == ledger_id)
        .order_by(BATCH.c.batch)
    )
    return [dict(row._mapping) for row in await view.db.execute(query)]


async def files(view: View, ledger_id: str, file_id: str | None = None) -> list[dict[str, Any]]:
    """Files that came, in parts; of lines and of returns."""
    sums = {name: func.sum(PART.c[name]) for name in ("rows", "good", "other", "faults")}
    query = (
        select(PART.c.file_id, PART.c.kind, FILE.c.state, *[one.label(name) for name, one in sums.items()])
        .outerjoin(FILE, and_(FILE.c.ledger_id == PART.c.ledger_id, FILE.c.file_id == PART.c.file_id))
        .where(PART.c.ledger_id == ledger_id)
        .group_by(PART.c.file_id, PART.c.kind, FILE.c.state)
        .order_by(PART.c.file_id)
    )
    if file_id is not None:
        query = query.where(PART.c.file_id == file_id)
    return [_file(row) for row in await view.db.execute(query)]


def _file(row: Row[Any]) -> dict[str, Any]:
    good, other = ("accepted", "held") if row.kind == "lines" else ("paid", "returned")
    counts = {"rows": int(row.rows), "faults": int(row.faults), good: int(row.good), other: int(row.other)}
    return {"file_id": row.file_id, "kind": row.kind, "state": row.state or "taken", **counts}


async def parts(view: View, ledger_id: str, file_id: str) -> list[list[int]]:
    """Which rows of a file have come: the first of each part, and how many."""
    of = and_(PART.c.ledger_id == ledger_id, PART.c.file_id == file_id)
    query = select(PART.c.first_row, PART.c.rows).where(of).order_by(PART.c.first_row)
    return [[first, count] for first, count in await view.db.execute(query)]


def _lines(ledger_id: str, wanted: Filter) -> Select[Any]:
    query = select(LINE).where(LINE.c.ledger_id == ledger_id)
    for name, value in wanted._asdict().items():
        if value is not None:
            query = query.where(LINE.c[name] == value)
    return query.order_by(LINE.c.firm_id, LINE.c.fen)


async def lines(
    view: View, ledger_id: str, wanted: Filter, after: tuple[str, int] | None, limit: int
) -> list[dict[str, Any]]:
    """Lines by firm."""
    query = _lines(ledger_id, wanted).limit(limit)
    if after is not None:
        query = query.where(tuple_(LINE.c.firm_id, LINE.c.fen) > after)
    return [_line(row._mapping) for row in await view.db.execute(query)]


def _line(row: Mapping[str, Any]) -> dict[str, Any]:
    shown = ("firm_id", "fen", "path", "status", "code", "row", "import_id", "attempt")
    account = row["account"] if row["account"] != "unseen" else "not_looked_at"
    return {name: row[name] for name in shown} | {"account": account, "union_to_be_formed": row["path"] == "C"}


async def unseen(view: View, ledger_id: str) -> list[tuple[str, int, str]]:
    """Lines whose account came by reference, and that nobody has looked at."""
    wanted = and_(LINE.c.ledger_id == ledger_id, LINE.c.account == "unseen", LINE.c.status == "accepted")
    rows = await view.db.execute(select(LINE.c.firm_id, LINE.c.fen, LINE.c.account_ref).where(wanted))
    return [(firm_id, fen, ref) for firm_id, fen, ref in rows]


async def account(view: View, ledger_id: str, firm_id: str) -> list[tuple[int, str, int]]:
    """Where the accounts of a firm's lines are kept: amount, reference, row."""
    wanted = and_(LINE.c.ledger_id == ledger_id, LINE.c.firm_id == firm_id, LINE.c.status != REJECTED)
    rows = await view.db.execute(select(LINE.c.fen, LINE.c.account_ref, LINE.c.row).where(wanted))
    return [(fen, ref, row) for fen, ref, row in rows]


async def faults(
    view: View, ledger_id: str, file_id: str | None, after: tuple[str, int] | None, limit: int
) -> list[dict[str, Any]]:
    """Rows of files that somebody should look at, by file and row."""
    query = select(FAULT).where(FAULT.c.ledger_id == ledger_id).order_by(FAULT.c.file_id, FAULT.c.row).limit(limit)
    if file_id is not None:
        query = query.where(FAULT.c.file_id == file_id)
    if after is not None:
        query = query.where(tuple_(FAULT.c.file_id, FAULT.c.row) > after)
    shown = {name: name for name in ("file_id", "row", "firm_id", "code", "reason")} | {"column": "cell"}
    return [{name: row._mapping[of] for name, of in shown.items()} for row in await view.db.execute(query)]


async def batch(view: View, ledger_id: str, number: int) -> tuple[int, int]:
    """How many lines a batch has, and what they come to. Raises `NotFound`."""
    of = and_(BATCH.c.ledger_id == ledger_id, BATCH.c.batch == number)
    row = (await view.db.execute(select(BATCH.c.lines, BATCH.c.fen).where(of))).first()
    if row is None:
        raise NotFound("No batch of this number was sent.", field="batch")
    return row.lines, row.fen


async def payments(view: View, ledger_id: str, number: int) -> AsyncIterator[list[Row[Any]]]:
    """The transfers of a batch, by firm."""
    after = ""
    while True:
        of = and_(PAYMENT.c.ledger_id == ledger_id, PAYMENT.c.batch == number, PAYMENT.c.firm_id > after)
        rows = list(await view.db.execute(select(PAYMENT).where(of).order_by(PAYMENT.c.firm_id).limit(AT_ONCE)))
        if not rows:
            return
        yield rows
        after = rows[-1].firm_id
