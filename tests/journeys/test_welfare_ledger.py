"""A quarter's refunds by the doors of a running welfare: imported, corrected, sent by two people, paid once (WF10)."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import AsyncIterator
from io import StringIO
from typing import Any

import psycopg
import pytest

from shared.contracts.event_type import events_topic, feedback_topic, intake_topic
from shared.embedded.infra import Infra
from shared.testing.gates import Caller, calling
from shared.testing.infrastructure import Databases
from shared.testing.topics import Publisher, answers, binary, header, read_all
from tests.running import Town, a_town

pytestmark = pytest.mark.journey
CARD, OTHER_CARD, TYPED_WRONG = "6222021234567890128", "6222 0212 3456 7890 136", "6222021234567890129"
FIRM_ACCOUNT = "1102020309200123456"


class Desk:
    """Two people of finance, and what they ask."""

    def __init__(self, town: Town, one: Caller, other: Caller) -> None:
        self.town, self.one, self.other = town, one, other
        self._numbers = 0

    def key(self) -> str:
        self._numbers += 1
        return f"key-{self._numbers}"

    async def post(self, path: str, body: dict[str, Any], who: Caller | None = None) -> dict[str, Any]:
        answer = await (who or self.one).post(path, body, self.key())
        return dict(answer.json())

    async def said(self, path: str, body: dict[str, Any] | None = None, who: Caller | None = None) -> str:
        """The outcome, or the code of the refusal."""
        answer = await self.post(path, body or {}, who)
        return str(answer.get("code") or answer["outcome"])

    async def get(self, path: str, **query: str) -> Any:
        await self.town.welfare.idle()
        answer = await self.one.get(path, **query)
        assert answer.status_code == 200, answer.text
        return answer.json() if "json" in answer.headers["Content-Type"] else answer.text

    async def bring(self, quarter: str, *rows: list[str], file: str = "file1") -> dict[str, Any]:
        """A whole file of lines."""
        taken = await self.post(f"/ledgers/{quarter}/imports/{file}/parts", {"first_row": 1, "rows": list(rows)})
        assert await self.said(f"/ledgers/{quarter}/imports/{file}/complete", {"rows": len(rows)}) == "accepted"
        return taken

    async def bank_says(self, quarter: str, *rows: list[str]) -> dict[str, Any]:
        return await self.post(f"/ledgers/{quarter}/returns/{self.key()}/parts", {"first_row": 1, "rows": list(rows)})

    async def sent(self, quarter: str) -> list[list[str]]:
        """Check, send, and read the file for the bank."""
        assert await self.said(f"/ledgers/{quarter}/check") == "accepted"
        batch = await self.post(f"/ledgers/{quarter}/send", {}, self.other)
        text = await self.get(f"/ledgers/{quarter}/batches/{batch['batch']}/bank-file")
        body, _, last = text.rstrip("\r\n").rpartition("\r\n")
        total = last.split(",")
        assert total[:2] == ["total", str(batch["lines"])]
        assert total[3] == hashlib.sha256(f"{body}\r\n".encode()).hexdigest()
        return [*csv.reader(StringIO(body))][1:]


def row(firm: str, account: str = CARD, amount: str = "1200.00", union: str = "是", yearly: str = "4800") -> list[str]:
    return [firm, union, account, "", yearly, amount]


def told(firm: str, **other: Any) -> dict[str, Any]:
    facts = {"firm_id": firm, "org_id": "default", "quarter": "2026Q3", "union": True, "own_account": True}
    return {**facts, "yearly_fen": 480_000, "fen": 120_000, **other}


@pytest.fixture(scope="module")
async def desk(infra: Infra, databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    async with a_town(infra, databases, tmp_path_factory.mktemp("ledger"), "welfare") as town:
        with_town = (town.welfare, town.surroundings)
        async with calling(*with_town, "F1", "finance") as one, calling(*with_town, "F2", "finance") as other:
            yield Desk(town, one, other)


async def test_wf10_k8_a_quarter_from_the_file_to_the_bank(desk: Desk) -> None:
    taken = await desk.bring(
        "2026Q1",
        row("A1"),
        ["B2", "是", "", FIRM_ACCOUNT, "4,800.00", "900.5"],
        ["C3", "否", "", FIRM_ACCOUNT, "10000.00", "300"],
        ["C4", "否", "", FIRM_ACCOUNT, "10000.01", "300"],
        row("D5", amount="0"),
        row("A1"),
        row("E6"),
        row("E6", amount="1300"),
        row("G7", account=TYPED_WRONG),
        row("H8", amount="12.345"),
    )
    codes = [(fault["row"], fault["column"], fault["code"]) for fault in taken["faults"]]
    assert (taken["accepted"], taken["held"]) == (3, 3)
    assert codes == [
        (4, "yearly", "PATH_C_LIMIT"),
        (5, "amount", "AMOUNT_NOT_POSITIVE"),
        (6, "amount", "DUPLICATE_LEDGER_LINE"),
        (7, "amount", "LEDGER_LINE_CONFLICT"),
        (8, "amount", "LEDGER_LINE_CONFLICT"),
        (9, "account", "ACCOUNT_INVALID"),
        (10, "amount", "VALIDATION_FAILED"),
    ]
    path = "/ledgers/2026Q1"
    assert await desk.said(f"{path}/collate") == "accepted"
    assert await desk.said(f"{path}/lines/E6/pick", {"fen": 130_000}) == "accepted"
    assert await desk.said(f"{path}/lines/G7/correct", {"account": TYPED_WRONG}) == "ACCOUNT_INVALID"
    assert await desk.said(f"{path}/check") == "accepted"
    assert await desk.said(f"{path}/send") == "FOUR_EYES_REQUIRED"
    assert await desk.said(f"{path}/lines/G7/correct", {"account": OTHER_CARD}) == "accepted"
    assert await desk.said(f"{path}/send", who=desk.other) == "LEDGER_NOT_READY"
    assert await desk.sent("2026Q1") == [
        ["2026Q1-A1-1", CARD, "1200.00", "A1"],
        ["2026Q1-B2-1", FIRM_ACCOUNT, "900.50", "B2"],
        ["2026Q1-C3-1", FIRM_ACCOUNT, "300.00", "C3"],
        ["2026Q1-E6-1", CARD, "1300.00", "E6"],
        ["2026Q1-G7-1", OTHER_CARD.replace(" ", ""), "1200.00", "G7"],
    ]


async def test_wf10_e45_the_same_quarter_from_the_bank_to_the_rate(desk: Desk, infra: Infra) -> None:
    """Goes on where the test before has ended."""
    path = "/ledgers/2026Q1"
    assert await desk.said(f"{path}/reconcile") == "REFUND_OUTSTANDING"
    said = await desk.bank_says(
        "2026Q1",
        ["2026Q1-A1-1", "paid", ""],
        ["2026Q1-B2-1", "成功", ""],
        ["2026Q1-C3-1", "退回", "account_closed"],
        ["2026Q1-E6-1", "paid", ""],
        ["2026Q1-G7-1", "paid", ""],
        ["2026Q2-A1-1", "paid", ""],
    )
    assert (said["paid"], said["returned"]) == (4, 1)
    assert [(fault["row"], fault["reason"]) for fault in said["faults"]] == [(6, "not_of_this_ledger")]
    # E45: what came back is corrected and resent, as another transfer; what was paid never is.
    assert await desk.said(f"{path}/lines/A1/correct", {}) == "REFUND_ALREADY_PAID"
    assert await desk.said(f"{path}/lines/C3/correct", {"account": CARD}) == "accepted"
    assert await desk.sent("2026Q1") == [["2026Q1-C3-2", CARD, "300.00", "C3"]]
    late = await desk.bank_says("2026Q1", ["2026Q1-C3-1", "paid", ""], ["2026Q1-A1-1", "returned", "closed"])
    assert [fault["code"] for fault in late["faults"]] == ["REFUND_NOT_AWAITED", "REFUND_ALREADY_PAID"]
    assert (await desk.bank_says("2026Q1", ["2026Q1-C3-2", "paid", ""]))["paid"] == 1
    assert await desk.said(f"{path}/reconcile") == "accepted"
    report = await desk.get(path)
    assert (report["stage"], report["eligible"], report["paid"], report["rate_e4"]) == ("reconciled", 5, 5, 10_000)
    assert report["paths"]["C"] == {"lines": 1, "fen": 30_000}
    assert report["statuses"]["rejected"] == {"lines": 1, "fen": 120_000}
    assert [(one["batch"], one["lines"], one["paid"], one["returned"]) for one in report["batch_list"]] == [
        (1, 5, 4, 1),
        (2, 1, 1, 0),
    ]
    assert await desk.said(f"{path}/collate") == "LEDGER_CLOSED"
    published = await read_all(infra.kafka, events_topic("welfare"))
    (one,) = [one for one in published if header(one, "ce_type") == "cn.yizhan.welfare.LedgerReconciled.v1"]
    assert b'"rate_e4":10000' in one.value


async def test_lists_are_filtered_paged_and_downloaded(desk: Desk) -> None:
    await desk.bring("2026Q2", *[row(f"P{number}") for number in range(5)], row("Q1", account="1"), row("Q2", "1"))
    first = await desk.get("/ledgers/2026Q2/lines", limit="3")
    rest = await desk.get("/ledgers/2026Q2/lines", limit="50", after=first["next"])
    assert [one["firm_id"] for one in first["lines"] + rest["lines"]] == ["P0", "P1", "P2", "P3", "P4", "Q1", "Q2"]
    held = await desk.get("/ledgers/2026Q2/lines", status="held", code="ACCOUNT_INVALID")
    assert [one["firm_id"] for one in held["lines"]] == ["Q1", "Q2"]
    assert (await desk.one.http.get("/ledgers/2026Q2/lines", params={"path": "B"})).json()["lines"] == []
    page = await desk.get("/ledgers/2026Q2/faults", limit="1")
    assert [one["row"] for one in page["faults"]] == [6]
    more = await desk.get("/ledgers/2026Q2/faults", limit="5", after=page["next"], file_id="file1")
    assert [(one["row"], one["column"]) for one in more["faults"]] == [(7, "account")]
    sheet = await desk.get("/ledgers/2026Q2/faults.csv")
    rows = [*csv.DictReader(StringIO(sheet.removeprefix("\ufeff")))]
    assert [(one["row"], one["code"]) for one in rows] == [("6", "ACCOUNT_INVALID"), ("7", "ACCOUNT_INVALID")]
    assert rows[0]["message"].startswith("The bank account cannot be right")
    assert (await desk.get("/ledgers/2026Q2/files/file1"))["parts"] == [[1, 7]]
    assert [one["quarter"] for one in (await desk.get("/ledgers", limit="1"))["ledgers"]] == ["2026Q1"]
    assert (await desk.get("/ledgers/2026Q2/lines/P1/account"))["accounts"] == [{"fen": 120_000, "number": CARD}]


async def fed_back(desk: Desk, infra: Infra, lines: list[dict[str, Any]]) -> list[str]:
    """Status or code of each line that was told by Kafka."""
    ids = [desk.key() for _ in lines]
    async with Publisher(infra.kafka) as publisher:
        for key, line in zip(ids, lines, strict=True):
            event = binary("cn.yizhan.welfare.LedgerLineReported.v1", key, "tax", line["firm_id"], line)
            await publisher.send(intake_topic("welfare"), event)
    await desk.town.welfare.idle()
    by_id = {one["id"]: one for one in answers(await read_all(infra.kafka, feedback_topic("welfare")))}
    return [by_id[key].get("code") or by_id[key]["status"] for key in ids]


async def test_wf10_single_lines_by_both_doors_with_the_same_codes(desk: Desk, infra: Infra) -> None:
    posted = (await desk.one.post("/content", {"subject": "A1", "text": CARD}, "card")).json()["ref"]
    wrong = (await desk.one.post("/content", {"subject": "A2", "text": TYPED_WRONG}, "wrong")).json()["ref"]
    lines = [
        (told("A1", account_ref=posted), "accepted"),
        (told("A2", account_ref=wrong), "accepted"),
        (told("A1", account_ref=posted), "DUPLICATE_LEDGER_LINE"),
        (told("A3", fen=0), "AMOUNT_NOT_POSITIVE"),
        (told("A4", union=False, yearly_fen=1_000_001), "PATH_C_LIMIT"),
        (told("A5"), "ACCOUNT_INVALID"),
        (told("A5", fen=7), "LEDGER_LINE_CONFLICT"),
    ]
    assert [await desk.said("/ledger-lines", line) for line, _ in lines] == [code for _, code in lines]
    sent = [{**line, "quarter": "2026Q4"} for line, _ in lines]
    assert await fed_back(desk, infra, sent) == [code for _, code in lines]
    assert await desk.said("/ledgers/2026Q4/collate") == "accepted"
    assert await fed_back(desk, infra, [told("A6", quarter="2026Q4")]) == ["LEDGER_CLOSED"]
    held = await desk.get("/ledgers/2026Q4/lines", code="ACCOUNT_INVALID")
    assert [one["firm_id"] for one in held["lines"]] == ["A2"]
    assert [one[:2] for one in await desk.sent("2026Q4")] == [["2026Q4-A1-1", CARD]]


async def test_a_file_that_is_broken_off_is_not_collated(desk: Desk) -> None:
    path, part = "/ledgers/2027Q1", {"first_row": 1, "rows": [row("A1")]}
    assert await desk.said(f"{path}/imports/f/parts", part) == "accepted"
    assert await desk.said(f"{path}/imports/f/parts", part, desk.other) == "unchanged"
    assert await desk.said(f"{path}/imports/f/complete", {"rows": 2}) == "IMPORT_INCOMPLETE"
    assert await desk.said(f"{path}/collate") == "IMPORT_INCOMPLETE"
    assert await desk.said(f"{path}/imports/f/abandon") == "accepted"
    assert await desk.said(f"{path}/collate") == "accepted"
    assert await desk.said(f"{path}/imports/g/parts", part) == "LEDGER_CLOSED"
    assert await desk.said(f"{path}/reopen") == "accepted"
    assert (await desk.post(f"{path}/imports/g/parts", part))["faults"][0]["code"] == "DUPLICATE_LEDGER_LINE"


async def test_numbers_of_accounts_are_in_no_event_and_no_log(desk: Desk, infra: Infra) -> None:
    await desk.town.welfare.idle()
    async with await psycopg.AsyncConnection.connect(desk.town.urls["welfare"]) as db:
        rows = await (await db.execute("select data::text || meta::text from event")).fetchall()
    numbers = (CARD, OTHER_CARD, OTHER_CARD.replace(" ", ""), FIRM_ACCOUNT, TYPED_WRONG)
    assert rows
    assert not [number for number in numbers for (text,) in rows if number in text]
    assert not [number for number in numbers if number in desk.town.welfare.output]


async def test_all_of_it_is_as_it_must_be(desk: Desk) -> None:
    await desk.town.welfare.idle()
    assert await desk.town.faults("welfare") == []
