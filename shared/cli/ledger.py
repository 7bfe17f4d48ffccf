"""`yizhan ledger`: the quarter's refunds from the file to the bank and back, at welfare's own doors."""

from __future__ import annotations

import asyncio
import os
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, NamedTuple
from uuid import uuid4

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from shared.cli.ledger_door import As, Door, Patience, Quarter, Url, door
from shared.cli.saying import AsJson, Failure, Instance, Say, command
from shared.cli.sheets import Sheet, opened
from shared.contracts.ledger_sheet import LINES, MOST_ROWS, RETURNS

AT_ONCE = 4  # parts on their way: while one is decided the next is read
SHOWN = 20  # bad rows that are told of at once

File = Annotated[Path, typer.Argument(metavar="FILE", help="A sheet, CSV or XLSX; its first row names the columns.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Refund ledgers 免申即享: import lines, and talk with the bank.")
    command(group, "import", "yizhan ledger import lines.csv --quarter 2026Q1")(import_lines)
    command(group, "faults", "yizhan ledger faults --quarter 2026Q1 --to faults.csv")(faults)
    command(group, "bank-file", "yizhan ledger bank-file 1 --quarter 2026Q1 --to refunds.csv")(bank_file)
    command(group, "returns", "yizhan ledger returns answer.csv --quarter 2026Q1")(returns)
    app.add_typer(group, name="ledger")


async def import_lines(
    file: File,
    quarter: Quarter,
    who: As = "finance-desk",
    url: Url = None,
    patience: Patience = 60.0,
    as_json: AsJson = False,
    instance: Instance = None,
) -> None:
    """Import a sheet of lines. Broken off and run again it goes on, and no line is there twice."""
    say = Say(as_json)
    with opened(file, LINES) as sheet:
        async with door(instance, url, who, quarter, patience) as there:
            sent = await _sent(say, there, sheet, f"/imports/{sheet.digest}")
            await there.post(
                f"/imports/{sheet.digest}/complete",
                msgspec.json.encode({"rows": sent.rows}),
                str(uuid4()),
            )
            await _tell(say, there, sheet.digest, sent, ("accepted", "held"))


async def returns(
    file: File,
    quarter: Quarter,
    who: As = "finance-desk",
    url: Url = None,
    patience: Patience = 60.0,
    as_json: AsJson = False,
    instance: Instance = None,
) -> None:
    """Take in what the bank says of each transfer: paid, or returned and why."""
    say = Say(as_json)
    with opened(file, RETURNS) as sheet:
        async with door(instance, url, who, quarter, patience) as there:
            sent = await _sent(say, there, sheet, f"/returns/{sheet.digest}")
            await _tell(say, there, sheet.digest, sent, ("paid", "returned"))


async def bank_file(
    batch: Annotated[int, typer.Argument(metavar="BATCH", help="Which batch, counted from 1.")],
    quarter: Quarter,
    to: Annotated[Path, typer.Option("--to", help="The file to write; only its owner may read it.")],
    who: As = "finance-desk",
    url: Url = None,
    patience: Patience = 60.0,
    as_json: AsJson = False,
    instance: Instance = None,
) -> None:
    """Write the file for the bank: the transfers of a batch, and a last row with their count, sum and SHA-256."""
    async with door(instance, url, who, quarter, patience) as there:
        text = await there.read(f"/batches/{batch}/bank-file")
    _write(to, text)
    _, count, total, digest = text.decode().splitlines()[-1].split(",")
    sums = {"file": str(to), "batch": batch, "lines": int(count), "amount": total, "sha256": digest}
    Say(as_json).answer(sums, f"{to}: {count} transfers, {total} yuan")


async def faults(
    quarter: Quarter,
    to: Annotated[Path | None, typer.Option("--to", help="Write all of them into this file, as CSV.")] = None,
    who: As = "finance-desk",
    url: Url = None,
    patience: Patience = 60.0,
    as_json: AsJson = False,
    instance: Instance = None,
) -> None:
    """List rows of files that are held, rejected, dropped or unreadable: where, which column, and why."""
    say = Say(as_json)
    async with door(instance, url, who, quarter, patience) as there:
        if to is not None:
            text = await there.read("/faults.csv")
            _write(to, text)
            count = text.count(b"\n") - 1
            say.answer({"file": str(to), "faults": count}, f"{to}: {count} rows")
            return
        after: dict[str, str] = {}
        while True:
            page = await there.get("/faults", limit=str(MOST_ROWS), **after)
            for row in page["faults"]:
                say.answer(row, _line(row))
            if page["next"] is None:
                return
            after = {"after": page["next"]}


class _Sent(NamedTuple):
    """What has become of a file's rows; without `counts`, some of them came before."""

    rows: int
    counts: Counter[str] | None
    faults: list[dict[str, Any]]
    position: str | None


async def _sent(say: Say, there: Door, sheet: Sheet, path: str) -> _Sent:
    """Send the parts that are missing, some at a time."""
    came = (await there.get(f"/files/{sheet.digest}"))["parts"]
    known = {(first, count) for first, count in came}
    counts, faults, position = Counter[str](), list[dict[str, Any]](), None
    rows, before, waiting = 0, bool(known), set[asyncio.Task[dict[str, Any]]]()
    with _progress(say) as progress:
        bar = progress.add_task(sheet.digest[:8], total=sheet.about)
        try:
            for first, part in _parts(sheet.rows):
                rows += len(part)
                if (first, len(part)) in known:
                    progress.advance(bar, len(part))
                    continue
                waiting.add(asyncio.create_task(_send(there, path, first, part), name=str(len(part))))
                if len(waiting) == AT_ONCE:
                    done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                    before |= _noted(done, counts, faults)
                    progress.advance(bar, sum(int(one.get_name()) for one in done))
            last = await asyncio.gather(*waiting)
            before |= _noted(waiting, counts, faults)
            position = last[-1]["position"] if last else None
        finally:
            for task in waiting:
                task.cancel()
        progress.update(bar, total=rows, completed=rows)
    if not rows:
        raise Failure("The file has no row under its header.", "Name another file.", field="FILE")
    return _Sent(rows, None if before else counts, sorted(faults, key=lambda one: one["row"]), position)


async def _send(there: Door, path: str, first: int, part: list[list[str]]) -> dict[str, Any]:
    body = msgspec.json.encode({"first_row": first, "rows": part})
    return await there.post(f"{path}/parts", body, str(uuid4()))


def _noted(done: set[asyncio.Task[dict[str, Any]]], counts: Counter[str], faults: list[dict[str, Any]]) -> bool:
    """Add up what parts were answered; answers whether one of them had come before."""
    before = False
    for task in done:
        answer = task.result()
        before |= answer["rows"] == 0
        for name in ("accepted", "held", "paid", "returned"):
            counts[name] += answer.get(name) or 0
        faults += answer["faults"]
    return before


def _parts(rows: Iterator[list[str]]) -> Iterator[tuple[int, list[list[str]]]]:
    """Each with the number of its first row."""
    first = 1
    while part := list(islice(rows, MOST_ROWS)):
        yield first, part
        first += len(part)


async def _tell(say: Say, there: Door, digest: str, sent: _Sent, names: tuple[str, str]) -> None:
    """What became of the file in all; of one that was broken off the service knows it."""
    counts, bad = sent.counts, len(sent.faults)
    if counts is None:
        at = {} if sent.position is None else {"min_position": sent.position}
        whole = (await there.get(f"/files/{digest}", **at))["file"]
        counts, bad = Counter({name: whole[name] for name in names}), whole["faults"]
    told = {name: counts[name] for name in names}
    shown = ", ".join(f"{count:,} {name}" for name, count in told.items())
    value = {"file_id": digest, "rows": sent.rows, **told, "faults": bad}
    say.answer(value, f"{sent.rows:,} rows: {shown}; {bad:,} to look at")
    for fault in sent.faults[:SHOWN]:
        say.note(_line(fault))
    if bad > len(sent.faults[:SHOWN]):
        say.note(f"... all of them: yizhan ledger faults --quarter {there.quarter}")


def _line(fault: dict[str, Any]) -> str:
    where = f"row {fault['row']:<7} {fault['firm_id'] or '-':<20} {fault['column'] or '-':<13}"
    return f"{where} {fault['code']:<21} {fault['message']}"


def _progress(say: Say) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True), disable=say.as_json or not sys.stderr.isatty())


def _write(path: Path, content: bytes) -> None:
    """It may hold numbers of accounts: for its owner only, and whole or not at all."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        draft.touch(mode=0o600)
        draft.write_bytes(content)
        draft.replace(path)
    except OSError as error:
        raise Failure(f"{path} cannot be written ({error.strerror}).", "Name another file.", field="--to") from error
