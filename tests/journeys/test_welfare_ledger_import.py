"""`yizhan ledger` against a running welfare: a file is imported whole, whoever is killed meanwhile (WF10)."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from openpyxl import Workbook

from shared.embedded.infra import Infra
from shared.testing.infrastructure import Databases
from shared.testing.processes import ROOT
from shared.testing.waiting import eventually
from tests.running import Town, a_town

pytestmark = pytest.mark.journey
HEADER = ["企业编号", "单位名称", "是否建会", "工会账户", "原缴费账户", "年缴费额", "返还金额"]
CARD = "6222021234567890128"
MANY = 12_000  # rows: a dozen parts


@pytest.fixture(scope="module")
async def town(infra: Infra, databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    async with a_town(infra, databases, tmp_path_factory.mktemp("import"), "welfare") as town:
        yield town


class Commands:
    """The command line as somebody of finance has it."""

    def __init__(self, town: Town, folder: Path) -> None:
        self.town, self.folder = town, folder

    def started(self, *words: str, who: str = "F1") -> subprocess.Popen[str]:
        token = self.town.surroundings.issuer.token(who, ["finance"])
        settings = {"YIZHAN_TOKEN": token, "YIZHAN_WELFARE_URL": self.town.welfare.url, "PYTHONPATH": str(ROOT)}
        environment = {name: value for name, value in os.environ.items() if not name.startswith("YIZHAN_")}
        return subprocess.Popen(
            [sys.executable, "-m", "shared.cli", "ledger", *words, "--json"],
            cwd=self.folder, env={**environment, **settings}, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    async def run(self, *words: str, exit_code: int = 0, who: str = "F1") -> list[dict[str, Any]]:
        """Every line of its answer, or of its failure."""
        process = self.started(*words, who=who)
        said, failed = await asyncio.to_thread(process.communicate)
        assert process.returncode == exit_code, said + failed
        return [json.loads(line) for line in (said or failed).splitlines()]

    async def parts(self, quarter: str) -> int:
        """How many parts welfare has decided."""
        query = "select count(*) from event where type = 'LedgerPartTaken' and stream like %s"
        async with await psycopg.AsyncConnection.connect(self.town.urls["welfare"]) as db:
            row = await (await db.execute(query, (f"%{quarter}%",))).fetchone()
        assert row is not None
        return int(row[0])

    async def lines(self, quarter: str) -> tuple[int, int]:
        """Lines in the log, and firms that they are of: the same, where none is there twice."""
        query = """select count(*), count(distinct l->>'firm_id') from event, json_array_elements(data->'lines') l
          where type = 'LedgerLinesAccepted' and stream like %s"""
        async with await psycopg.AsyncConnection.connect(self.town.urls["welfare"]) as db:
            row = await (await db.execute(query, (f"%{quarter}%",))).fetchone()
        assert row is not None
        return int(row[0]), int(row[1])


@pytest.fixture
def commands(town: Town, tmp_path: Path) -> Commands:
    return Commands(town, tmp_path)


def sheet(path: Path, rows: list[list[Any]], encoding: str = "utf-8") -> str:
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file).writerows([HEADER, *rows])
    return str(path)


def line(number: int, amount: Any = "100.00", account: Any = CARD) -> list[Any]:
    return [f"F-{number:05}", f"第{number}厂", "是", account, "", "4800", amount]


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> str:
    return sheet(tmp_path_factory.mktemp("many") / "lines.csv", [line(number) for number in range(MANY)])


async def test_wf10_a_file_goes_to_the_bank_and_back_from_the_command_line(
    town: Town, commands: Commands, tmp_path: Path
) -> None:
    rows = [
        line(0),
        line(1, 90.5),
        line(2, "0"),
        line(3, account=6.22202123456789e18),
        [],
        line(4, "x"),
        line(5, "9" * 20),
        [],
        [],
    ]
    book = Workbook()
    for row in [HEADER, *rows]:
        book.active.append(row)  # type: ignore[union-attr]
    book.save(tmp_path / "lines.xlsx")
    (told,) = await commands.run("import", "lines.xlsx", "--quarter", "2026Q1")
    assert {name: told[name] for name in ("rows", "accepted", "held", "faults")} == {
        "rows": 7,
        "accepted": 2,
        "held": 1,
        "faults": 5,
    }
    await town.welfare.idle()
    faults = await commands.run("faults", "--quarter", "2026Q1")
    assert [(one["row"], one["column"], one["code"], one["reason"]) for one in faults] == [
        (3, "amount", "AMOUNT_NOT_POSITIVE", None),
        (4, "account", "ACCOUNT_INVALID", None),
        (5, "firm_id", "VALIDATION_FAILED", "missing"),
        (6, "amount", "VALIDATION_FAILED", "not_an_amount"),
        (7, "amount", "VALIDATION_FAILED", "too_large"),
    ]
    await commands.run("faults", "--quarter", "2026Q1", "--to", "faults.csv")
    assert (tmp_path / "faults.csv").read_text().count("ACCOUNT_INVALID") == 1
    await _sent(town, "2026Q1")
    (sums,) = await commands.run("bank-file", "1", "--quarter", "2026Q1", "--to", "bank.csv")
    assert (sums["lines"], sums["amount"]) == (2, "190.50")
    assert (tmp_path / "bank.csv").stat().st_mode & 0o077 == 0
    answers = [["payment_ref", "result"], ["2026Q1-F-00000-1", "paid"], ["2026Q1-F-00001-1", "退回"]]
    with (tmp_path / "answers.csv").open("w", newline="") as file:
        csv.writer(file).writerows(answers)
    for _ in range(2):  # the bank's file taken in twice pays nothing twice (E45)
        (told,) = await commands.run("returns", "answers.csv", "--quarter", "2026Q1")
        assert (told["paid"], told["returned"], told["faults"]) == (1, 1, 0)
        await town.welfare.idle()


async def _sent(town: Town, quarter: str) -> None:
    for who, step in (("F1", "collate"), ("F1", "check"), ("F2", "send")):
        headers = {"Authorization": town.surroundings.authorization(who, "finance"), "Idempotency-Key": f"{who}-{step}"}
        async with httpx.AsyncClient(base_url=town.welfare.url, headers=headers, trust_env=False) as http:
            answer = await http.post(f"/ledgers/{quarter}/{step}", json={})
        assert answer.status_code == 200, answer.text
    await town.welfare.idle()


async def test_files_of_chinese_spreadsheets_are_read_and_bad_ones_are_told(commands: Commands, tmp_path: Path) -> None:
    (told,) = await commands.run("import", sheet(tmp_path / "gb.csv", [line(1)], "gb18030"), "--quarter", "2026Q2")
    assert told["accepted"] == 1
    (tmp_path / "bare.csv").write_text("firm_id,amount\nF1,3\n")
    (failure,) = await commands.run("import", "bare.csv", "--quarter", "2026Q2", exit_code=2)
    assert "是否建会" in failure["error"]["message"]
    (tmp_path / "no.xlsx").write_text("no zip")
    (failure,) = await commands.run("import", "no.xlsx", "--quarter", "2026Q2", exit_code=2)
    assert failure["error"]["field"] == "FILE"
    (failure,) = await commands.run("import", sheet(tmp_path / "none.csv", []), "--quarter", "2026Q2", exit_code=2)
    assert "no row" in failure["error"]["message"]
    (failure,) = await commands.run("import", "gb.csv", "--quarter", "spring", exit_code=1)
    assert failure["error"]["message"].startswith("VALIDATION_FAILED")


async def test_k2_an_import_whose_command_is_killed_goes_on_and_doubles_nothing(commands: Commands, many: str) -> None:
    process = commands.started("import", many, "--quarter", "2026Q3")
    await eventually(lambda: commands.parts("2026Q3"), 30, until=lambda parts: parts >= 2)
    process.send_signal(signal.SIGKILL)
    await asyncio.to_thread(process.communicate)
    assert await commands.parts("2026Q3") < MANY // 1_000, "it was over before it was killed"
    (told,) = await commands.run("import", many, "--quarter", "2026Q3", who="F2")
    assert (told["rows"], told["accepted"], told["faults"]) == (MANY, MANY, 0)
    assert await commands.lines("2026Q3") == (MANY, MANY)
    assert await commands.parts("2026Q3") == MANY // 1_000


async def test_k2_an_import_whose_service_is_killed_waits_and_doubles_nothing(
    town: Town, commands: Commands, many: str
) -> None:
    process = commands.started("import", many, "--quarter", "2026Q4")
    await eventually(lambda: commands.parts("2026Q4"), 30, until=lambda parts: parts >= 2)
    town.welfare.kill()
    assert await commands.parts("2026Q4") < MANY // 1_000, "it was over before the service was killed"
    await town.welfare.start()
    said, failed = await asyncio.to_thread(process.communicate)
    assert process.returncode == 0, failed
    told = json.loads(said)
    assert (told["rows"], told["accepted"], told["faults"]) == (MANY, MANY, 0)
    assert await commands.lines("2026Q4") == (MANY, MANY)
    await town.welfare.idle()
    assert await town.faults("welfare") == []
