"""The points supermarket by both doors of a running service: every answer a machine or a person may get."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from shared.contracts.checkin import MemberLeft, MemberReinstated, MemberSuspended
from shared.contracts.event_type import events_topic, feedback_topic, intake_topic
from shared.embedded.infra import Infra
from shared.testing.gates import RULES, Caller, calling
from shared.testing.infrastructure import Databases
from shared.testing.topics import Publisher, answers, binary, header, read_all
from tests.running import Town, a_town

pytestmark = pytest.mark.journey
MINUTE = timedelta(minutes=1)
MEMBER = 20  # points that each of our members has at first
GOODS = {"towel": (6, 1), "soap": (4, 50), "bicycle": (30, 1)}


class Machine:
    """Machine M1, which tells points what it does: by HTTP, or by Kafka under its name."""

    def __init__(self, town: Town, http: Caller) -> None:
        self.town, self.http = town, http
        self._numbers = 0

    def name(self, kind: str) -> str:
        self._numbers += 1
        return f"{kind}-{self._numbers}"

    async def ready(self) -> None:
        await self.ok("/machine-reports", {"machine_id": "M1", "state": "ready"})

    async def ok(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = await self.http.post(path, body, self.name("ok"))
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def code(self, path: str, body: dict[str, Any], key: str = "") -> str:
        """The outcome, or the code of the refusal."""
        answer = await self.http.post(path, body, key or self.name("code"))
        return str(answer.json().get("code") or answer.json()["outcome"])

    async def ask(self, member: str, item: str = "soap", redemption: str = "") -> tuple[str, str]:
        redemption = redemption or self.name("X")
        return redemption, await self.code("/redemptions", asked(redemption, member, item))

    async def asked_by_kafka(self, member: str, item: str = "soap") -> str:
        (answer,) = await self.told(("GoodsRequested", asked(self.name("X"), member, item)))
        return answer

    async def say(self, redemption: str, result: str) -> str:
        return await self.code("/dispense-reports", said(redemption, result))

    async def told(self, *events: tuple[str, dict[str, Any]]) -> list[str]:
        """Send these by Kafka; answers the status or the code of each."""
        records = [(self.name("event"), kind, data) for kind, data in events]
        async with Publisher(self.town.infra.kafka) as publisher:
            for identity, kind, data in records:
                record = binary(f"cn.yizhan.points.{kind}.v1", identity, "M1", data["machine_id"], data)
                await publisher.send(intake_topic("points"), record)
        await self.town.points.idle()
        all_answers = answers(await read_all(self.town.infra.kafka, feedback_topic("points")))
        by_id = {one["id"]: one for one in all_answers}
        return [by_id[identity].get("code") or by_id[identity]["status"] for identity, _, _ in records]


def asked(redemption: str, member: str, item: str = "soap") -> dict[str, Any]:
    return {"redemption_id": redemption, "member_id": member, "machine_id": "M1", "item_id": item}


def said(redemption: str, result: str) -> dict[str, Any]:
    reason = {"reason": "jammed"} if result == "failed" else {}
    return {"redemption_id": redemption, "machine_id": "M1", "result": result, **reason}


@pytest.fixture(scope="module")
async def town(infra: Infra, databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    async with a_town(infra, databases, tmp_path_factory.mktemp("supermarket"), "points") as town:
        yield town


@pytest.fixture(scope="module")
async def officer(town: Town) -> AsyncIterator[Caller]:
    async with calling(town.points, town.surroundings, "P1", "officer") as officer:
        wishes: list[tuple[str, dict[str, Any]]] = [
            ("/rules", RULES),
            ("/machines", {"machine_id": "M1", "station_id": "S1"}),
        ]
        for item, (price, units) in GOODS.items():
            wishes.append(("/machines/M1/list-goods", {"item_id": item, "price": price}))
            wishes.append(("/machines/M1/restock", {"station_id": "S1", "item_id": item, "units": units}))
        for number, (path, body) in enumerate(wishes):
            answer = await officer.insist(path, body, f"set-up-{number}")
            assert answer.status_code == 200, answer.text
        yield officer


@pytest.fixture(scope="module")
async def machine(town: Town, officer: Caller) -> AsyncIterator[Machine]:
    async with calling(town.points, town.surroundings, "M1", "machine") as http:
        yield Machine(town, http)


@pytest.fixture
async def member(machine: Machine, officer: Caller) -> str:
    """Somebody new, with points, at a machine that is there."""
    await machine.ready()
    return await grant(officer, machine.name("V"), MEMBER)


async def grant(officer: Caller, member: str, points: int) -> str:
    lot = {"points": points, "source_ref": f"old-{member}", "earned_at": "2025-12-05T09:00:00+08:00"}
    answer = await officer.insist(f"/accounts/{member}/grant-opening-lot", lot, f"grant-{member}")
    assert answer.status_code == 200, answer.text
    return member


async def points_of(town: Town, officer: Caller, member: str) -> tuple[int, int, int]:
    """Available, held, owed."""
    await town.points.idle()
    found = (await officer.get(f"/accounts/{member}/balance")).json()
    return found["available"], found["held"], found["debt"]


async def later(town: Town, minutes: float) -> None:
    town.surroundings.clock.set(town.surroundings.clock.now() + minutes * MINUTE)
    await town.points.idle()


async def test_pt11_goods_are_asked_for_and_paid_when_they_are_out(
    town: Town, machine: Machine, officer: Caller, member: str
) -> None:
    redemption, outcome = await machine.ask(member)
    assert outcome == "accepted"
    assert await points_of(town, officer, member) == (16, 4, 0)
    assert await machine.say(redemption, "dispensed") == "accepted"
    assert await machine.say(redemption, "dispensed") == "unchanged"
    assert await points_of(town, officer, member) == (16, 0, 0)
    assert (await officer.get(f"/redemptions/{redemption}")).json()["state"] == "dispensed"


async def test_pt11_the_same_by_kafka_with_the_same_answers(
    town: Town, machine: Machine, officer: Caller, member: str
) -> None:
    poor = await grant(officer, machine.name("V"), 3)
    told = await machine.told(
        ("MachineReported", {"machine_id": "M1", "state": "ready"}),
        ("GoodsRequested", asked("K1", member)),
        ("GoodsRequested", asked("K2", poor)),
        ("GoodsRequested", asked("K3", poor, "bicycle")),
        ("GoodsRequested", asked("K4", member, "tea")),
        ("GoodsRequested", asked("K1", poor)),
        ("DispenseReported", said("K1", "failed")),
        ("DispenseReported", said("K1", "dispensed")),
        ("DispenseReported", said("K9", "dispensed")),
        ("DispenseReported", {**said("K1", "failed"), "reason": None}),
    )
    assert told == [
        "accepted",
        "accepted",
        "INSUFFICIENT_POINTS",
        "BAND_NOT_REACHED",
        "NOT_FOUND",
        "IDEMPOTENCY_KEY_REUSED",
        "accepted",
        "HOLD_EXPIRED",
        "NOT_FOUND",
        "VALIDATION_FAILED",
    ]
    assert await points_of(town, officer, member) == (20, 0, 0)


async def test_every_refusal_of_a_request_has_its_code(
    town: Town, machine: Machine, officer: Caller, member: str
) -> None:
    poor = await grant(officer, machine.name("V"), 3)
    assert (await machine.ask(poor))[1] == "INSUFFICIENT_POINTS"
    assert (await machine.ask(member, "bicycle"))[1] == "INSUFFICIENT_POINTS"
    assert (await machine.ask(poor, "bicycle"))[1] == "BAND_NOT_REACHED"
    assert (await machine.ask(member, "tea"))[1] == "NOT_FOUND"
    assert (await machine.ask(member, "towel"))[1] == "accepted"
    assert (await machine.ask(member, "towel"))[1] == "OUT_OF_STOCK"
    assert await machine.asked_by_kafka(member, "towel") == "OUT_OF_STOCK"
    await later(town, 6)
    assert (await machine.ask(member))[1] == "MACHINE_OFFLINE"
    assert await machine.asked_by_kafka(member) == "MACHINE_OFFLINE"
    await machine.ok("/machine-reports", {"machine_id": "M1", "state": "out_of_order"})
    assert (await machine.ask(member))[1] == "MACHINE_OFFLINE"


async def test_k2_e31_a_double_click_is_one_redemption(
    town: Town, machine: Machine, officer: Caller, member: str
) -> None:
    body = asked(machine.name("X"), member)
    assert await machine.code("/redemptions", body, "click") == "accepted"
    assert await machine.code("/redemptions", body, "click") == "accepted"  # the first answer again
    assert await machine.code("/redemptions", body, "second click") == "unchanged"
    assert await points_of(town, officer, member) == (16, 4, 0)


async def test_pt11_e32_a_jam_gives_the_points_back_and_an_attendant_clears_the_unit(
    town: Town, machine: Machine, officer: Caller, member: str
) -> None:
    redemption, _ = await machine.ask(member)
    assert await machine.say(redemption, "failed") == "accepted"
    assert await machine.say(redemption, "dispensed") == "HOLD_EXPIRED"
    assert await points_of(town, officer, member) == (20, 0, 0)
    cleared = {"station_id": "S1", "item_id": "soap", "redemption_id": redemption, "outcome": "sellable"}
    async with calling(town.points, town.surroundings, "A1", "attendant") as attendant:
        before = await soap(town, attendant)
        assert redemption in [unit["redemption_id"] for unit in before["blocked_units"]]
        answer = await attendant.post("/machines/M1/clear-unit", cleared, f"clear-{redemption}")
        assert answer.status_code == 200, answer.text
        after = await soap(town, attendant)
        elsewhere = await attendant.post("/machines/M1/clear-unit", {**cleared, "station_id": "S2"}, "elsewhere")
    assert (after["sellable"], after["blocked"]) == (before["sellable"] + 1, before["blocked"] - 1)
    assert elsewhere.json()["code"] == "NOT_FOUND"


async def soap(town: Town, caller: Caller) -> dict[str, Any]:
    await town.points.idle()
    goods = (await caller.get("/machines/M1/shelf")).json()["goods"]
    return next(item for item in goods if item["item_id"] == "soap")


async def test_pt12_e33_no_word_frees_points_and_unit_and_a_late_word_charges_again(
    town: Town, machine: Machine, officer: Caller, member: str
) -> None:
    await later(town, 5)  # what other members have left unsaid has ended by now
    await machine.ready()
    redemption, _ = await machine.ask(member)
    stock = (await soap(town, officer))["sellable"]
    await later(town, 5)
    assert (await officer.get(f"/redemptions/{redemption}")).json()["state"] == "expired"
    assert await points_of(town, officer, member) == (20, 0, 0)
    assert (await soap(town, officer))["sellable"] == stock + 1
    assert await machine.say(redemption, "dispensed") == "accepted"
    assert await points_of(town, officer, member) == (16, 0, 0)
    assert (await soap(town, officer))["sellable"] == stock
    assert (await officer.get(f"/redemptions/{redemption}")).json()["state"] == "dispensed_late"
    assert await machine.say(redemption, "failed") == "HOLD_EXPIRED"


async def test_pt8_an_officer_refunds_goods_once_and_nothing_else(
    town: Town, machine: Machine, officer: Caller, member: str
) -> None:
    redemption, _ = await machine.ask(member)
    body = {"station_id": "S1", "reason": "faulty_goods"}
    early = await officer.post(f"/redemptions/{redemption}/refund", body, f"early-{redemption}")
    assert early.json()["code"] == "NOTHING_TO_REFUND"
    await machine.say(redemption, "dispensed")
    outcomes = [
        (await officer.post(f"/redemptions/{redemption}/refund", body, f"refund-{n}-{redemption}")).json()["outcome"]
        for n in range(2)
    ]
    assert outcomes == ["accepted", "unchanged"]
    assert await points_of(town, officer, member) == (20, 0, 0)


async def test_row_22_a_suspension_told_by_checkin_releases_the_holds(
    town: Town, machine: Machine, officer: Caller, member: str
) -> None:
    await machine.ask(member)
    now = town.surroundings.clock.now()
    await published(town, "MemberSuspended", MemberSuspended(member_id=member, reason="misuse", suspended_at=now))
    assert await points_of(town, officer, member) == (20, 0, 0)
    assert (await machine.ask(member))[1] == "MEMBER_SUSPENDED"
    assert await machine.asked_by_kafka(member) == "MEMBER_SUSPENDED"
    await published(town, "MemberReinstated", MemberReinstated(member_id=member, reinstated_at=now))
    assert (await machine.ask(member))[1] == "accepted"


async def test_row_22_who_has_left_redeems_nothing_and_the_holds_are_released(
    town: Town, machine: Machine, officer: Caller, member: str
) -> None:
    redemption, _ = await machine.ask(member)
    now = town.surroundings.clock.now()
    await published(town, "MemberLeft", MemberLeft(member_id=member, left_at=now))
    assert await points_of(town, officer, member) == (20, 0, 0)
    assert (await officer.get(f"/redemptions/{redemption}")).json()["state"] == "expired"
    assert (await machine.ask(member))[1] == "NOT_FOUND"
    assert await machine.asked_by_kafka(member) == "NOT_FOUND"


async def published(town: Town, kind: str, event: MemberSuspended | MemberReinstated | MemberLeft) -> None:
    """As checkin would, whose process is not needed here."""
    record = binary(
        f"cn.yizhan.checkin.{kind}.v1", f"{kind}-{event.member_id}", "/yizhan/checkin", event.member_id,
        event.model_dump(mode="json"), sequence="1", time="2026-01-23T04:00:00Z",
    )  # fmt: skip
    async with Publisher(town.infra.kafka) as publisher:
        await publisher.send(events_topic("checkin"), record)
    await town.points.idle()


async def test_points_are_not_transferred(machine: Machine, officer: Caller, member: str) -> None:
    answer = await officer.post(f"/accounts/{member}/transfer", {"to_member_id": "V9", "points": 1}, "give")
    assert (answer.status_code, answer.json()["code"]) == (409, "TRANSFER_NOT_ALLOWED")


async def test_a_source_is_granted_once(machine: Machine, officer: Caller, member: str) -> None:
    lot = {"points": 2, "source_ref": f"old-{member}", "earned_at": "2025-12-05T09:00:00+08:00"}
    answer = await officer.post(f"/accounts/{member}/grant-opening-lot", lot, f"again-{member}")
    assert (answer.status_code, answer.json()["code"]) == (409, "ALREADY_EARNED")


async def test_units_are_taken_out_and_what_nobody_knows_is_not_found(officer: Caller, machine: Machine) -> None:
    out = {"station_id": "S1", "item_id": "bicycle", "units": 1}
    first = await officer.post("/machines/M1/take-out", out, "out-1")
    second = await officer.post("/machines/M1/take-out", out, "out-2")
    assert (first.status_code, second.json()["code"]) == (200, "OUT_OF_STOCK")
    assert (await officer.get("/machines/M9/shelf")).json()["code"] == "NOT_FOUND"
    assert (await officer.get("/redemptions/X-9")).json()["code"] == "NOT_FOUND"


async def test_a_machine_is_only_itself(town: Town, machine: Machine, member: str) -> None:
    async with calling(town.points, town.surroundings, "M2", "machine") as other:
        answer = await other.post("/redemptions", asked("X-other", member), "other")
    assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")


async def test_the_redemptions_of_a_day_are_read_page_by_page(
    town: Town, machine: Machine, officer: Caller, member: str
) -> None:
    names = [(await machine.ask(member))[0] for _ in range(3)]
    await town.points.idle()
    path, day = "/machines/M1/redemptions", "2026-01-23"
    first = (await officer.get(path, day=day, limit="2")).json()
    rest = (await officer.get(path, day=day, limit="2", before=str(first["next"]))).json()
    found = [line["redemption_id"] for line in first["redemptions"] + rest["redemptions"]]
    assert found[:3] == names[::-1]


async def test_e26_at_the_end_everything_adds_up_and_was_told(
    town: Town, machine: Machine, officer: Caller, member: str
) -> None:
    redemption, _ = await machine.ask(member)
    await machine.say(redemption, "dispensed")
    await later(town, 30)
    sums = (await officer.get("/reconciliation")).json()
    assert sums["differences"] == []
    assert sums["ledger"] == sums["lots"] - sums["debt"] > 0
    records = await read_all(town.infra.kafka, events_topic("points"))
    kinds = {(header(record, "ce_type") or "").split(".")[3] for record in records}
    assert {
        "PointsEarned",
        "PointsSpent",
        "PointsRefunded",
        "LevelReached",
        "GoodsDispensed",
        "DispenseFailed",
    } <= kinds
    assert await town.faults("points") == []
