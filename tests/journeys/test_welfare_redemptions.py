"""Redemptions by both doors of a running welfare: every answer a till or a merchant may get, and what it comes to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.contracts.checkin import MemberReinstated, MemberSuspended
from shared.contracts.event_type import events_topic, feedback_topic, intake_topic
from shared.embedded.infra import Infra
from shared.testing.gates import Caller, calling
from shared.testing.infrastructure import Databases
from shared.testing.processes import NOON
from shared.testing.topics import Publisher, answers, binary, header, read_all
from shared.testing.waiting import eventually
from tests.running import Town, a_town

pytestmark = pytest.mark.journey

YEAR: dict[str, Any] = {"starts_at": "2026-01-01T00:00:00+08:00", "ends_at": "2027-01-01T00:00:00+08:00"}
LUNCH: dict[str, Any] = {
    "kind": "meal", "face_fen": 300, "worker_fen": 200, "canteen_fen": 100,
    "window_from": "11:00", "window_to": "13:00", **YEAR,
}  # fmt: skip
GIFT: dict[str, Any] = {
    "kind": "phased", "budget_id": "B-GIFT", "face_fen": 500, "merchants": ["M1"],
    "valid_until": "2026-01-25T00:00:00+08:00", "phases": [{"phase_id": "winter", **YEAR}], **YEAR,
}  # fmt: skip
CAMPAIGNS: dict[str, dict[str, Any]] = {
    "lunch": {**LUNCH, "budget_id": "B-MEAL", "merchants": ["K1", "K2"]},
    "supper": {**LUNCH, "budget_id": "B-MEAL", "window_from": "18:00", "window_to": "20:00"},
    "riders": {**LUNCH, "budget_id": "B-MEAL", "trades": ["rider"]},
    "poor": {**LUNCH, "budget_id": "B-POOR"},
    "frozen": {**LUNCH, "budget_id": "B-FROZEN"},
    "over": {**LUNCH, "budget_id": "B-MEAL"},
    "gifts": GIFT,
    "packs": {**GIFT, "collect": True},
}
BUDGETS = {"B-MEAL": 300_000, "B-POOR": 900, "B-FROZEN": 900, "B-GIFT": 100_000}
OFFICE = ("officer", "finance")


class Till:
    """A merchant's terminal, which asks by HTTP or, under its name, by Kafka; and the office that can set it up."""

    def __init__(self, town: Town, office: Caller, http: Caller, merchant: str) -> None:
        self.town, self.office, self.http, self.merchant = town, office, http, merchant
        self._numbers = 0

    def name(self, kind: str) -> str:
        self._numbers += 1
        return f"{kind}-{self.merchant}-{self._numbers}"

    def wish(self, member: str, basket: int = 600, **more: Any) -> dict[str, Any]:
        where = {"merchant_id": self.merchant, "terminal_id": f"{self.merchant}-till"}
        return {"redemption_id": self.name("R"), "member_id": member, "basket_fen": basket, **where, **more}

    async def code(self, path: str, body: dict[str, Any], key: str = "") -> str:
        """The outcome, or the code of the refusal."""
        answer = await self.http.post(path, body, key or self.name("key"))
        return str(answer.json().get("code") or answer.json()["outcome"])

    async def redeem(self, member: str, basket: int = 600, **more: Any) -> tuple[str, str]:
        wish = self.wish(member, basket, **more)
        return wish["redemption_id"], await self.code("/redemptions", wish)

    async def refused_at_both(self, member: str, basket: int = 600, **more: Any) -> str:
        """The same code by HTTP and by Kafka."""
        _, by_http = await self.redeem(member, basket, **more)
        (by_kafka,) = await self.told("RedemptionRequested", self.wish(member, basket, **more))
        assert by_http == by_kafka
        return by_http

    async def told(self, kind: str, *bodies: dict[str, Any]) -> list[str]:
        """Send these by Kafka; answers the status or the code of each."""
        named = [(self.name("event"), body) for body in bodies]
        async with Publisher(self.town.infra.kafka) as publisher:
            for identity, body in named:
                record = binary(f"cn.yizhan.welfare.{kind}.v1", identity, "/tills", body["member_id"], body)
                await publisher.send(intake_topic("welfare"), record)
        told = await eventually(self._answers, 20, until=lambda told: all(identity in told for identity, _ in named))
        return [told[identity] for identity, _ in named]

    async def _answers(self) -> dict[str, str]:
        found = answers(await read_all(self.town.infra.kafka, feedback_topic("welfare")))
        return {one["id"]: one.get("code") or one["status"] for one in found}

    async def reverse(self, redemption: str, member: str, **more: str) -> str:
        return await self.code("/redemption-reversals", self.reversal(redemption, member, **more))

    def reversal(self, redemption: str, member: str, **more: str) -> dict[str, Any]:
        where = {"merchant_id": self.merchant, "terminal_id": f"{self.merchant}-till"}
        return {"redemption_id": redemption, "member_id": member, "reason": "not_served", **where, **more}

    async def budget(self, budget_id: str) -> tuple[int, int]:
        """Committed and consumed."""
        await self.town.welfare.idle()
        found = (await self.office.get(f"/budgets/{budget_id}")).json()
        assert found["allocated_fen"] == sum(found[f"{part}_fen"] for part in ("committed", "consumed", "available"))
        return found["committed_fen"], found["consumed_fen"]

    async def claim(self, campaign: str = "gifts") -> tuple[str, str]:
        """A new member with a voucher."""
        member = self.name("W")
        async with calling(self.town.welfare, self.town.surroundings, member, "worker") as worker:
            answer = await worker.post(f"/campaigns/{campaign}/claim", {"member_id": member}, f"claim-{member}")
        assert answer.status_code == 200, answer.text
        issued = next(one for one in answer.json()["events"] if one["type"] == "VoucherIssued")
        return member, issued["entity"]


def clock(moment: datetime) -> str:
    return moment.isoformat()


@pytest.fixture(scope="module")
async def town(infra: Infra, databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    async with a_town(infra, databases, tmp_path_factory.mktemp("redemptions"), "welfare") as town:
        yield town


@pytest.fixture(scope="module")
async def office(town: Town) -> AsyncIterator[Caller]:
    wishes: list[tuple[str, dict[str, Any]]] = []
    for budget, fen in BUDGETS.items():
        wishes.append((f"/budgets/{budget}/allocate", {"fen": fen, "source_ref": "2026-001"}))
    for name, terms in CAMPAIGNS.items():
        wishes += [(f"/campaigns/{name}/draft", terms), (f"/campaigns/{name}/publish", {})]
    for merchant in ("K1", "K2", "M1"):
        wishes.append((f"/merchants/{merchant}/onboard", {"category": "canteen", "contract_ref": "2026-1"}))
        wishes.append((f"/merchants/{merchant}/register-terminal", {"terminal_id": f"{merchant}-till"}))
    wishes += [("/budgets/B-FROZEN/freeze", {"reason": "audit"}), ("/campaigns/over/close", {})]
    async with calling(town.welfare, town.surroundings, "A1", *OFFICE) as office:
        for path, body in wishes:
            answer = await office.insist(path, body, f"set-up-{path}")
            assert answer.status_code == 200, answer.text
        yield office


@pytest.fixture(scope="module")
async def canteen(town: Town, office: Caller) -> AsyncIterator[Till]:
    async with calling(town.welfare, town.surroundings, "K1-till", "terminal") as http:
        yield Till(town, office, http, "K1")


@pytest.fixture(scope="module")
async def market(town: Town, office: Caller) -> AsyncIterator[Till]:
    async with calling(town.welfare, town.surroundings, "M1-till", "terminal") as http:
        yield Till(town, office, http, "M1")


async def test_wf2_a_meal_by_either_door_with_its_receipt(canteen: Till) -> None:
    _, before = await canteen.budget("B-MEAL")
    redemption, outcome = await canteen.redeem("W01", campaign_id="lunch")
    assert outcome == "accepted"
    assert await canteen.told("RedemptionRequested", canteen.wish("W02", campaign_id="lunch")) == ["accepted"]
    assert await canteen.budget("B-MEAL") == (0, before + 600)
    found = (await canteen.http.get(f"/redemptions/{redemption}")).json()
    assert (found["state"], found["union_fen"], found["worker_fen"], found["merchant_fen"]) == (
        "verified",
        300,
        200,
        100,
    )
    assert found["receipt_no"].startswith("K1-20260123-")
    assert await canteen.refused_at_both("W01", campaign_id="lunch") == "LIMIT_REACHED"


REFUSED: list[tuple[str, dict[str, Any]]] = [
    ("AMOUNT_MISMATCH", {"basket": 500, "campaign_id": "lunch"}),
    ("OUTSIDE_SERVICE_WINDOW", {"campaign_id": "supper"}),
    ("NOT_ELIGIBLE", {"campaign_id": "riders"}),
    ("CAMPAIGN_NOT_OPEN", {"campaign_id": "over"}),
    ("BUDGET_FROZEN", {"campaign_id": "frozen"}),
    ("NOT_FOUND", {"campaign_id": "none"}),
    ("VOUCHER_NOT_FOUND", {"voucher_id": "V9"}),
    ("VOUCHER_NOT_FOUND", {"campaign_id": "gifts"}),
    ("VALIDATION_FAILED", {}),
    ("VALIDATION_FAILED", {"campaign_id": "lunch", "redeemed_at": clock(NOON)}),
]


@pytest.mark.parametrize("code,wish", REFUSED, ids=[f"{one[0]} {n}" for n, one in enumerate(REFUSED)])
async def test_every_refusal_of_a_request_has_its_code_at_both_doors(
    canteen: Till, code: str, wish: dict[str, Any]
) -> None:
    assert await canteen.refused_at_both(canteen.name("W"), **wish) == code


async def test_wf1_the_last_money_is_spent_once(canteen: Till) -> None:
    outcomes = [(await canteen.redeem(canteen.name("W"), campaign_id="poor"))[1] for _ in range(3)]
    assert outcomes == ["accepted"] * 3
    assert await canteen.refused_at_both(canteen.name("W"), campaign_id="poor") == "BUDGET_EXHAUSTED"
    assert await canteen.budget("B-POOR") == (0, 900)


async def test_k2_e46_a_till_that_lost_the_answer_asks_again(canteen: Till) -> None:
    wish = canteen.wish(canteen.name("W"), campaign_id="lunch")
    assert await canteen.code("/redemptions", wish, "first") == "accepted"
    assert await canteen.code("/redemptions", wish, "first") == "accepted"  # the first answer again
    assert await canteen.code("/redemptions", wish, "second") == "unchanged"
    assert await canteen.told("RedemptionRequested", wish) == ["accepted"]


async def test_k2_e47_the_same_id_with_another_body_is_refused(canteen: Till) -> None:
    wish = canteen.wish(canteen.name("W"), campaign_id="lunch")
    assert await canteen.code("/redemptions", wish) == "accepted"
    other = {**wish, "member_id": canteen.name("W")}
    assert await canteen.code("/redemptions", other) == "IDEMPOTENCY_KEY_REUSED"
    assert await canteen.told("RedemptionRequested", other) == ["IDEMPOTENCY_KEY_REUSED"]


async def test_wf4_a_voucher_is_good_for_one_purchase(market: Till) -> None:
    member, voucher = await market.claim()
    before, consumed = await market.budget("B-GIFT")
    redemption, outcome = await market.redeem(member, 420, voucher_id=voucher)
    assert outcome == "accepted"
    assert await market.budget("B-GIFT") == (before - 500, consumed + 420)
    assert await market.refused_at_both(member, voucher_id=voucher) == "VOUCHER_ALREADY_REDEEMED"
    assert await market.refused_at_both(member, campaign_id="gifts") == "VOUCHER_ALREADY_REDEEMED"
    assert (await market.http.get(f"/redemptions/{redemption}")).json()["voucher_id"] == voucher


async def test_e35_two_tills_at_once_and_one_purchase(town: Town, office: Caller, market: Till) -> None:
    """Each till has another process of the service before it."""
    member, voucher = await market.claim()
    _, consumed = await market.budget("B-GIFT")
    second = town.process("welfare", role="api", name="second")
    await second.start()
    async with calling(second, town.surroundings, "M1-till", "terminal") as http:
        other = Till(town, office, http, "M1")
        wishes = [market.wish(member, 500, voucher_id=voucher) for _ in range(8)]
        tills = [till for _ in range(4) for till in (market, other)]
        asked = [
            till.code("/redemptions", wish, wish["redemption_id"]) for till, wish in zip(tills, wishes, strict=True)
        ]
        assert sorted(await asyncio.gather(*asked)) == ["VOUCHER_ALREADY_REDEEMED"] * 7 + ["accepted"]
    second.kill()
    assert (await market.budget("B-GIFT"))[1] == consumed + 500


async def test_whose_and_where(canteen: Till, market: Till) -> None:
    _, voucher = await market.claim()
    assert await market.refused_at_both(market.name("W"), voucher_id=voucher) == "VOUCHER_NOT_YOURS"
    member, voucher = await market.claim()
    assert await canteen.refused_at_both(member, voucher_id=voucher) == "MERCHANT_NOT_ACCEPTED"
    collector, pack = await market.claim("packs")
    assert await market.refused_at_both(collector, voucher_id=pack) == "RESERVATION_EXPIRED"


async def test_a_till_is_only_itself_and_only_its_merchants(town: Town, office: Caller, canteen: Till) -> None:
    wish = canteen.wish("W01", campaign_id="lunch")
    assert await canteen.code("/redemptions", {**wish, "terminal_id": "K2-till"}) == "FORBIDDEN"
    assert await canteen.code("/redemptions", {**wish, "merchant_id": "K2"}) == "TERMINAL_UNKNOWN"
    other = canteen.wish("W01", campaign_id="lunch", merchant_id="K2")
    assert await canteen.told("RedemptionRequested", other) == ["TERMINAL_UNKNOWN"]


async def test_row_22_a_suspended_member_redeems_nothing(town: Town, market: Till) -> None:
    member, voucher = await market.claim()
    await published(town, "MemberSuspended", MemberSuspended(member_id=member, reason="misuse", suspended_at=NOON))
    assert await market.refused_at_both(member, voucher_id=voucher) == "MEMBER_SUSPENDED"
    await published(town, "MemberReinstated", MemberReinstated(member_id=member, reinstated_at=NOON))
    assert (await market.redeem(member, 500, voucher_id=voucher))[1] == "accepted"


async def published(town: Town, kind: str, event: MemberSuspended | MemberReinstated) -> None:
    """As checkin would, whose process is not needed here."""
    record = binary(
        f"cn.yizhan.checkin.{kind}.v1", f"{kind}-{event.member_id}", "/yizhan/checkin", event.member_id,
        event.model_dump(mode="json"), sequence="1", time=clock(NOON),
    )  # fmt: skip
    async with Publisher(town.infra.kafka) as publisher:
        await publisher.send(events_topic("checkin"), record)
    await town.welfare.idle()


async def test_wf13_a_suspended_merchant_serves_nobody_and_keeps_what_was_verified(
    town: Town, office: Caller, canteen: Till
) -> None:
    async with calling(town.welfare, town.surroundings, "K2-till", "terminal") as http:
        till = Till(town, office, http, "K2")
        member = till.name("W")
        redemption, outcome = await till.redeem(member, campaign_id="lunch")
        assert outcome == "accepted"
        await office.insist("/merchants/K2/suspend", {"reason": "hygiene"}, "suspend-K2")
        assert await till.refused_at_both(till.name("W"), campaign_id="lunch") == "MERCHANT_SUSPENDED"
        assert (await till.http.get(f"/redemptions/{redemption}")).json()["state"] == "verified"
        assert await till.reverse(redemption, member) == "accepted"
        await office.insist("/merchants/K2/resume", {}, "resume-K2")
        assert (await till.redeem(member, campaign_id="lunch"))[1] == "accepted"


async def test_wf3_an_offline_till_is_paid_from_its_allowance_and_then_not_at_all(
    town: Town, office: Caller, canteen: Till
) -> None:
    terms = {**LUNCH, "budget_id": "B-OFF", "merchants": ["K1"]}
    till = {"terminal_id": "K1-till", "budget_id": "B-OFF", "fen": 600}
    for path, body in (
        ("/budgets/B-OFF/allocate", {"fen": 600, "source_ref": "2026-002"}),
        ("/campaigns/offline/draft", terms),
        ("/campaigns/offline/publish", {}),
        ("/merchants/K1/set-allowance", till),
    ):
        assert (await office.insist(path, body, f"offline-{path}")).status_code == 200
    assert await canteen.budget("B-OFF") == (600, 0)
    too_much = await office.post("/merchants/K1/set-allowance", {**till, "fen": 900}, "too much")
    assert too_much.json()["code"] == "BUDGET_EXHAUSTED"
    assert await canteen.refused_at_both(canteen.name("W"), campaign_id="offline") == "BUDGET_EXHAUSTED"
    now = town.surroundings.clock.now()
    times: dict[str, Any] = {"redeemed_at": clock(now - timedelta(minutes=20)), "sent_at": clock(now)}
    for _ in range(2):
        assert (await canteen.redeem(canteen.name("W"), campaign_id="offline", **times))[1] == "accepted"
    late = canteen.name("W")
    assert await canteen.refused_at_both(late, campaign_id="offline", **times) == "OFFLINE_ALLOWANCE_EXCEEDED"
    assert await canteen.budget("B-OFF") == (0, 600)
    recorded = (await office.get("/redemptions", code="OFFLINE_ALLOWANCE_EXCEEDED", member_id=late)).json()
    assert [line["offline"] for line in recorded["redemptions"]] == [True, True]


async def test_wf7_a_reversal_by_till_merchant_and_officer(town: Town, office: Caller, canteen: Till) -> None:
    _, before = await canteen.budget("B-MEAL")
    member = canteen.name("W")
    redemption, _ = await canteen.redeem(member, campaign_id="lunch")
    assert await canteen.reverse(redemption, canteen.name("W")) == "NOT_FOUND"
    assert await canteen.reverse(redemption, member) == "accepted"
    assert await canteen.reverse(redemption, member) == "ALREADY_REVERSED"
    assert await canteen.told("RedemptionReversalRequested", canteen.reversal(redemption, member)) == [
        "ALREADY_REVERSED"
    ]
    assert await canteen.budget("B-MEAL") == (0, before)
    second, outcome = await canteen.redeem(member, campaign_id="lunch")
    assert outcome == "accepted"
    async with calling(town.welfare, town.surroundings, "K1", "merchant") as boss:
        gone = await boss.post("/redemption-reversals", canteen.reversal(second, member), "boss")
        assert gone.json()["outcome"] == "accepted"
        await town.welfare.idle()
        mine = (await boss.get("/redemptions", merchant_id="K1", state="reversed")).json()["redemptions"]
        assert {redemption, second} <= {line["redemption_id"] for line in mine}
        other = await boss.get("/redemptions", merchant_id="K2", member_id=member)
        assert other.json()["code"] == "FORBIDDEN"
    third, _ = await canteen.redeem(member, campaign_id="lunch")
    by_hand = await office.post(f"/redemptions/{third}/reverse", {"reason": "complaint"}, "by hand")
    assert by_hand.json()["outcome"] == "accepted"


async def test_merchants_apply_come_and_go(town: Town, office: Caller) -> None:
    terms = {"category": "barber", "contract_ref": "2026-9"}
    async with calling(town.welfare, town.surroundings, "H1", "merchant") as barber:
        assert (await barber.post("/merchants/H1/apply", terms, "apply")).json()["outcome"] == "accepted"
        assert (await barber.post("/merchants/H1/onboard", terms, "self")).json()["code"] == "FORBIDDEN"
        for path, body in (("onboard", terms), ("register-terminal", {"terminal_id": "H1-till"})):
            assert (await office.post(f"/merchants/H1/{path}", body, f"H1-{path}")).status_code == 200
        await town.welfare.idle()
        assert "H1" in [one["merchant_id"] for one in (await barber.get("/merchants")).json()["merchants"]]
        assert (await office.post("/merchants/H1/remove-terminal", {"terminal_id": "H1-till"}, "out")).is_success
        assert (await office.post("/merchants/H1/leave", {}, "leave")).json()["outcome"] == "accepted"
        await town.welfare.idle()
        assert (await barber.get("/merchants/H1")).json()["stage"] == "left"
        assert (await barber.get("/merchants/K1")).json()["code"] == "FORBIDDEN"


async def test_a_redemption_is_seen_by_who_took_part_in_it(town: Town, market: Till) -> None:
    member, voucher = await market.claim()
    redemption, _ = await market.redeem(member, 500, voucher_id=voucher)
    for who, status in ((member, 200), ("M1", 200), ("M1-till", 200), ("W99", 403)):
        async with calling(town.welfare, town.surroundings, who) as caller:
            answer = await caller.get(f"/redemptions/{redemption}")
            assert answer.status_code == status, answer.text
    async with calling(town.welfare, town.surroundings, member) as caller:
        own = (await caller.get("/redemptions", member_id=member, limit="1")).json()
        assert [line["redemption_id"] for line in own["redemptions"]] == [redemption]
    day = {"from_day": "2026-01-23", "to_day": "2026-01-23"}
    figures = (await market.office.get("/redemption-figures", **day, merchant_id="M1")).json()["figures"]
    assert any(line["campaign_id"] == "gifts" and line["state"] == "verified" for line in figures)


async def test_at_the_end_everything_adds_up_and_was_told(town: Town, canteen: Till) -> None:
    records = await read_all(town.infra.kafka, events_topic("welfare"))
    kinds = {(header(record, "ce_type") or "").split(".")[3] for record in records}
    assert {
        "MerchantOnboarded",
        "MerchantResumed",
        "MerchantSuspended",
        "RedemptionReversed",
        "RedemptionVerified",
    } <= kinds
    assert await town.faults("welfare") == []


async def test_wf6_wf7_later_vouchers_have_expired_and_redemptions_stay(
    town: Town, market: Till, canteen: Till
) -> None:
    member = canteen.name("W")
    redemption, _ = await canteen.redeem(member, campaign_id="lunch")
    holder, voucher = await market.claim()
    town.surroundings.clock.set(NOON + timedelta(days=7))
    assert await market.refused_at_both(holder, voucher_id=voucher) == "VOUCHER_EXPIRED"
    assert await canteen.reverse(redemption, member) == "REVERSAL_WINDOW_CLOSED"
    reversal = canteen.reversal(redemption, member)
    assert await canteen.told("RedemptionReversalRequested", reversal) == ["REVERSAL_WINDOW_CLOSED"]
