"""Settlements of a running welfare: from the till to the bank, over outages and kills, and what everybody can read."""

from __future__ import annotations

import csv
import io
import json
import signal
from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from typing import Any

import httpx
import pytest
from pypdf import PdfReader

from shared.clock import CHINA
from shared.contracts.event_type import events_topic
from shared.embedded.infra import Infra
from shared.money import yuan
from shared.testing.gates import calling
from shared.testing.infrastructure import Databases
from shared.testing.topics import Publisher, binary, header, read_all
from tests.running import Town, a_town

pytestmark = pytest.mark.journey

LUNCH: dict[str, Any] = {
    "kind": "meal", "budget_id": "B-MEAL", "face_fen": 300, "worker_fen": 200, "canteen_fen": 100,
    "starts_at": "2026-01-01T00:00:00+08:00", "ends_at": "2027-01-01T00:00:00+08:00",
}  # fmt: skip
ACCOUNT = "6222 0000 1234 5678"
FINANCE = ("finance",)


class House:
    """The union's finance, the canteens' tills, and the clock. Nobody keeps a connection over a kill."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self._numbers = 0

    def name(self, kind: str) -> str:
        self._numbers += 1
        return f"{kind}-{self._numbers}"

    @property
    def day(self) -> date:
        return self.town.surroundings.clock.now().astimezone(CHINA).date()

    async def post(self, who: str, roles: tuple[str, ...], path: str, body: dict[str, Any]) -> httpx.Response:
        async with calling(self.town.welfare, self.town.surroundings, who, *roles) as caller:
            return await caller.insist(path, body, self.name("key"))

    async def get(self, path: str, who: str = "A1", roles: tuple[str, ...] = FINANCE, **query: Any) -> httpx.Response:
        await self.town.welfare.idle()
        async with calling(self.town.welfare, self.town.surroundings, who, *roles) as caller:
            return await caller.get(path, **query)

    async def step(self, settlement: str, verb: str, who: str = "A1", **body: Any) -> str:
        """The outcome, or the code of the refusal."""
        answer = (await self.post(who, FINANCE, f"/settlements/{settlement}/{verb}", body)).json()
        return str(answer.get("code") or answer["outcome"])

    async def meals(self, merchant: str, count: int) -> list[str]:
        """Lunches of so many people who have had none."""
        till = f"{merchant}-till"
        names = [self.name("R") for _ in range(count)]
        for name in names:
            who = {"member_id": f"W-{name}", "merchant_id": merchant, "terminal_id": till, "campaign_id": "lunch"}
            answer = await self.post(
                till, ("terminal",), "/redemptions", {"redemption_id": name, "basket_fen": 600, **who}
            )
            assert answer.json()["outcome"] == "accepted", answer.text
        return names

    def to(self, clock: str, days: int = 0) -> None:
        """Move the clock to this time in China, of today or so many days later."""
        moment = datetime.fromisoformat(f"{self.day + timedelta(days=days)}T{clock}:00").replace(tzinfo=CHINA)
        self.town.surroundings.clock.set(moment)

    async def close_day(self, clock: str = "22:00") -> date:
        """Its cut-off comes; answers which day it was."""
        day = self.day
        self.to(clock)
        await self.town.welfare.idle()
        self.to("12:00", days=1)
        return day

    async def settlement(self, name: str) -> dict[str, Any]:
        answer = await self.get(f"/settlements/{name}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def told(self, kind: str) -> list[dict[str, Any]]:
        """What was published of this kind, by settlement."""
        await self.town.welfare.idle()
        records = await read_all(self.town.infra.kafka, events_topic("welfare"))
        wanted = f"cn.yizhan.welfare.{kind}.v1"
        return [json.loads(record.value or b"") for record in records if header(record, "ce_type") == wanted]

    async def adds_up(self) -> dict[str, Any]:
        found: dict[str, Any] = (await self.get("/reconciliation")).json()
        assert found["differences"] == []
        return found


@pytest.fixture(scope="module")
async def town(infra: Infra, databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    async with a_town(infra, databases, tmp_path_factory.mktemp("settlement"), "welfare") as town:
        yield town


@pytest.fixture(scope="module")
async def opened(town: Town) -> House:
    house = House(town)
    kept = await house.post("K1", ("merchant",), "/content", {"subject": "K1", "text": ACCOUNT})
    wishes: list[tuple[str, dict[str, Any]]] = [
        ("/budgets/B-MEAL/allocate", {"fen": 1_000_000, "source_ref": "2026-001"}),
        ("/campaigns/lunch/draft", LUNCH),
        ("/campaigns/lunch/publish", {}),
    ]
    for merchant, more in (("K1", {"account_ref": kept.json()["ref"]}), ("K2", {}), ("K3", {"account_ref": "nothing"})):
        wishes.append((f"/merchants/{merchant}/onboard", {"category": "canteen", "contract_ref": "2026-1", **more}))
        wishes.append((f"/merchants/{merchant}/register-terminal", {"terminal_id": f"{merchant}-till"}))
    for path, body in wishes:
        answer = await house.post("P1", ("officer", "finance"), path, body)
        assert answer.status_code == 200, answer.text
    return house


@pytest.fixture
async def house(opened: House) -> House:
    """With welfare running, whatever a test before has left."""
    if not opened.town.welfare.running:
        await opened.town.welfare.start()
    return opened


async def test_wf8_k8_from_the_till_to_the_bank(house: House) -> None:
    await house.meals("K1", 3)
    await house.meals("K3", 1)
    day = await house.close_day()
    name, other = f"K1-{day}", f"K3-{day}"
    created = await house.settlement(name)
    assert (created["stage"], created["lines"], created["net_fen"]) == ("created", 3, 900)
    assert datetime.fromisoformat(created["created_at"]).astimezone(CHINA).time().isoformat() == "22:00:00"
    assert await house.step(name, "approve", "A2") == "SETTLEMENT_CLOSED"
    assert [await house.step(one, "verify") for one in (name, other)] == ["accepted"] * 2
    assert await house.step(name, "approve") == "FOUR_EYES_REQUIRED"
    assert [await house.step(one, "approve", "A2") for one in (name, other)] == ["accepted"] * 2
    await check_payments(house, day)
    paid = {"payments": [{"settlement_id": one, "bank_ref": f"BANK-{one}"} for one in (name, other)]}
    twice = {"payments": paid["payments"] * 2}
    assert (await house.post("A1", FINANCE, "/payments", twice)).json()["code"] == "VALIDATION_FAILED"
    outcomes = [(await house.post("A1", FINANCE, "/payments", paid)).json()["outcome"] for _ in range(2)]
    assert outcomes == ["accepted", "unchanged"]
    assert await house.step(name, "pay", bank_ref="ANOTHER") == "SETTLEMENT_CLOSED"
    assert await house.step(name, "deny", reason="late") == "SETTLEMENT_CLOSED"
    assert (await house.get(f"/payments/{day}.csv")).text.splitlines()[1:] == []
    sums = await house.adds_up()
    assert sums["paid_fen"] == sums["settled_fen"] == sums["consumed_fen"] == 1_200
    told = {one["settlement_id"]: one for one in await house.told("SettlementPaid")}
    assert told[name]["paid_fen"] == 900


async def check_payments(house: House, day: date) -> None:
    """With the account where there is one; for finance alone."""
    answer = await house.get(f"/payments/{day}.csv")
    assert (answer.headers["Content-Type"], answer.headers["Cache-Control"]) == ("text/csv; charset=utf-8", "no-store")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    shown = [(row["settlement_id"], row["account"], row["amount_yuan"], row["amount_fen"]) for row in rows]
    assert shown == [(f"K1-{day}", ACCOUNT, "9.00", "900"), (f"K3-{day}", "", "3.00", "300")]
    assert (await house.get(f"/payments/{day}.csv", "P1", ("officer",))).status_code == 403


async def test_wf8_a_disputed_line_holds_the_approval_and_is_then_paid(house: House) -> None:
    (redemption, *_) = await house.meals("K1", 2)
    day = await house.close_day()
    name = f"K1-{day}"
    assert await house.step(name, "verify") == "accepted"
    line = {"redemption_id": redemption}
    assert await house.step(name, "dispute-line", **line, reason="not_served") == "accepted"
    assert await house.step(name, "dispute-line", **line, reason="not_served") == "unchanged"
    assert await house.step(name, "approve", "A2") == "SETTLEMENT_DISPUTED"
    assert (await house.settlement(name))["disputed"] == 1
    open_ones = (await house.get("/disputes", state="open")).json()["disputes"]
    assert [(one["redemption_id"], one["settled"]) for one in open_ones] == [(redemption, True)]
    assert await house.step(f"K2-{day}", "decide-dispute", **line, line="upheld") == "NOT_FOUND"
    assert await house.step(name, "decide-dispute", **line, line="upheld") == "accepted"
    assert await house.step(name, "decide-dispute", **line, line="denied") == "SETTLEMENT_CLOSED"
    assert await house.step(name, "approve", "A2") == "accepted"
    assert await house.step(name, "pay", bank_ref="BANK-2") == "accepted"
    await house.adds_up()


async def test_row_18_a_case_leaves_a_line_out_and_its_end_is_in_the_books(house: House) -> None:
    """By Kafka, before the cut-off; denied after it: the member has his day back, the union its money."""
    redemption, kept = await house.meals("K2", 2)
    now = house.town.surroundings.clock.now().isoformat()
    case = {
        "case_id": "CS-1", "kind": "complaint", "category": "meals", "outcome": "merchant_fault", "round": 1,
        "redemption_id": redemption, "closed_at": now, "in_time": True,
    }  # fmt: skip
    record = binary(
        "cn.yizhan.grievance.CaseClosed.v1", "closed-1", "/yizhan/grievance", "CS-1", case, sequence="1",
        time=now,
    )  # fmt: skip
    async with Publisher(house.town.infra.kafka) as publisher:
        await publisher.send(events_topic("grievance"), record)
    await house.town.welfare.idle()
    day = await house.close_day()
    name = f"K2-{day}"
    assert [entry["redemption_id"] for entry in (await house.settlement(name))["entries"]] == [kept]
    (told,) = [one for one in await house.told("SettlementDisputed") if one["redemption_id"] == redemption]
    assert (told["settlement_id"], told["case_id"], told["reason"]) == (name, "CS-1", "merchant_fault")
    before = await house.adds_up()
    assert await house.step(name, "decide-dispute", redemption_id=redemption, line="denied") == "accepted"
    after = await house.adds_up()
    assert (before["left_out_fen"], after["left_out_fen"]) == (300, 0)
    assert after["consumed_fen"] == before["consumed_fen"] - 300
    found = (await house.get(f"/redemptions/{redemption}")).json()
    assert (found["state"], found["reason"]) == ("reversed", "line_denied")


async def test_e41_e42_a_reversal_after_the_cut_off_is_carried_until_takings_pay_it(house: House) -> None:
    (redemption, *_) = await house.meals("K3", 1)
    first = await house.close_day()
    gone = await house.post("P1", ("officer",), f"/redemptions/{redemption}/reverse", {"reason": "not_served"})
    assert gone.json()["outcome"] == "accepted"
    second = await house.close_day()
    await house.meals("K3", 3)
    third = await house.close_day()
    seen = [await house.settlement(f"K3-{day}") for day in (first, second, third)]
    assert [(one["stage"], one["opening_fen"], one["net_fen"]) for one in seen] == [
        ("created", 0, 300),
        ("carried", 0, -300),
        ("created", -300, 600),
    ]
    await house.adds_up()


async def test_wf8_a_denied_settlement_is_the_opening_of_the_next_though_nothing_is_taken(house: House) -> None:
    await house.meals("K2", 1)
    day = await house.close_day()
    assert await house.step(f"K2-{day}", "deny", reason="wrong_price") == "accepted"
    following = await house.close_day()
    found = await house.settlement(f"K2-{following}")
    assert (found["opening_fen"], found["lines"], found["net_fen"]) == (300, 0, 300)
    await house.adds_up()


async def test_a_statement_is_the_same_to_read_as_a_table_and_on_paper(house: House) -> None:
    await house.meals("K1", 2)
    last = await house.close_day()
    query = {"from_day": "2026-01-23", "to_day": last.isoformat()}
    mine: dict[str, Any] = {"who": "K1", "roles": ("merchant",), **query}
    read = (await house.get("/merchants/K1/statement", **mine)).json()
    rows = list(csv.DictReader(io.StringIO((await house.get("/merchants/K1/statement.csv", **mine)).text)))
    paper = (await house.get("/merchants/K1/statement.pdf", **mine)).content
    words = [line for page in PdfReader(io.BytesIO(paper)).pages for line in page.extract_text().splitlines()]
    sums = read["sums"]
    assert len(read["settlements"]) >= 3
    assert sum(sums[name] for name in ("opening_fen", "lines_fen", "adjustments_fen")) == sum(
        sums[name] for name in ("paid_fen", "unpaid_fen", "carried_fen")
    )
    for kind, name in (("line", "lines_fen"), ("adjustment", "adjustments_fen")):
        assert sum(int(row["amount_fen"]) for row in rows if row["kind"] == kind) == sums[name]
    for sheet in read["settlements"]:
        mine_rows = [row for row in rows if row["settlement_id"] == sheet["settlement_id"]]
        amounts = [sheet["opening_fen"], *[entry["fen"] for entry in sheet["entries"]], sheet["net_fen"]]
        assert [(row["amount_yuan"], int(row["amount_fen"])) for row in mine_rows] == [(yuan(f), f) for f in amounts]
        assert mine_rows[-1]["stage"] == sheet["stage"]
        at = words.index(f"{sheet['day']} 明细 {sheet['settlement_id']}")
        printed = words[at : at + 5 + 5 * (len(sheet["entries"]) + 1)]
        assert [one for one in printed if one in {entry["redemption_id"] for entry in sheet["entries"]}] == [
            entry["redemption_id"] for entry in sheet["entries"]
        ]
        assert printed.count("3.00") == len(sheet["entries"])
    assert "商户对账单 Merchant statement" in words
    assert (await house.get("/merchants/K1/statement.pdf", **{**mine, "who": "K2"})).status_code == 403
    assert (await house.get("/merchants/K1/statement", **{**mine, "to_day": "2027-01-01"})).status_code == 422
    for form in ("", ".csv", ".pdf"):
        nobody = await house.get(f"/merchants/K9/statement{form}", **{**mine, "who": "F1", "roles": ("finance",)})
        assert (nobody.status_code, nobody.json()["errors"][0]["field"]) == (404, "merchant_id")


async def test_a_merchant_reads_his_own_settlements(house: House) -> None:
    day = await house.close_day()
    mine = (await house.get("/settlements", "K1", ("merchant",), merchant_id="K1")).json()["settlements"]
    name = mine[0]["settlement_id"]
    statuses = [
        (await house.get(path, who, ("merchant",), **query)).status_code
        for path, who, query in (
            (f"/settlements/{name}", "K1", {}),
            (f"/settlements/{name}", "K2", {}),
            ("/settlements", "K2", {"merchant_id": "K1"}),
            ("/settlements", "K1", {}),
            (f"/settlements/K1-{day}", "K1", {}),
        )
    ]
    assert statuses == [200, 403, 403, 422, 403]
    assert {one["merchant_id"] for one in mine} == {"K1"}
    unknown = await house.get("/settlements/K1-2020-01-01")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "NOT_FOUND")


async def test_wf8_after_an_outage_each_day_has_exactly_its_lines(house: House) -> None:
    """Down over two cut-offs, and up again with a redemption at once."""
    mine = await house.meals("K1", 2)
    day = house.day
    await house.town.welfare.stop()
    house.to("23:30", days=1)
    await house.town.welfare.start()
    (late,) = await house.meals("K1", 1)
    following = await house.close_day("23:40")
    house.to("22:00")
    found = await house.settlement(f"K1-{day}")
    assert [entry["redemption_id"] for entry in found["entries"]] == mine
    assert found["created_at"] < f"{following}"
    house.to("12:00", days=1)
    next_one = await house.settlement(f"K1-{following + timedelta(days=1)}")
    assert [entry["redemption_id"] for entry in next_one["entries"]] == [late]
    await house.adds_up()


POINTS = ["timer.after_fire"]
# The second one kills a whole day with settlements in `test_welfare_kills.py`, which is not slow.
RARELY = ["committer.before_append", "committer.after_append", "projection.before_commit", "relay.after_send"]


@pytest.mark.fault
@pytest.mark.parametrize("point", [*POINTS, *[pytest.param(one, marks=pytest.mark.slow) for one in RARELY]])
async def test_wf8_killed_at_the_cut_off_there_is_one_settlement_for_each_merchant(house: House, point: str) -> None:
    made = {merchant: await house.meals(merchant, 2) for merchant in ("K1", "K2")}
    await house.town.welfare.idle()
    await house.town.welfare.stop()
    await house.town.welfare.start(failpoint=point)
    day = house.day
    house.to("22:00")
    assert await house.town.welfare.died() == -signal.SIGKILL
    assert house.town.welfare.actions()[-1] == "failpoint"
    await house.town.welfare.start()
    await house.town.welfare.idle()
    for merchant, names in made.items():
        found = await house.settlement(f"{merchant}-{day}")
        assert [entry["redemption_id"] for entry in found["entries"] if entry["kind"] == "line"] == names
    told = [one["settlement_id"] for one in await house.told("SettlementCreated") if one["day"] == day.isoformat()]
    assert set(told) == {f"{merchant}-{day}" for merchant in made}
    if point != "relay.after_send":  # which sends its page again
        assert len(told) == len(made)
    await house.adds_up()
    house.to("12:00", days=1)


@pytest.mark.fault
async def test_wf8_when_all_is_done_money_and_log_add_up(house: House) -> None:
    await house.adds_up()
    assert await house.town.faults("welfare") == []
