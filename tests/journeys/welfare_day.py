"""A small day of money in a running welfare, that goes on whatever dies meanwhile; and what it comes to.

Gifts for check-ins, meals, purchases by both doors, a reversal before and one after the cut-off, meals that a terminal
tells later, expiry at midnight, settlements of two days, the bank.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

from services.welfare.domain.settlement import settlement_id_of
from services.welfare.domain.takings import day_in_china
from shared.contracts.checkin import VisitStarted
from shared.contracts.event_type import events_topic, intake_topic
from shared.contracts.registry import subject_of
from shared.testing.gates import calling
from shared.testing.processes import NOON
from shared.testing.topics import Publisher, Raw, binary
from shared.testing.waiting import eventually
from tests.running import Town

OFFICE, TERMINAL = ("officer", "finance"), ("terminal",)
FACE, MEAL, PATIENCE = 500, 300, 90.0
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
_days = itertools.count()

# What it comes to: the budgets' allocated, committed and consumed fen, each redemption's state, and the settlements.
SUMS: dict[str, Any] = {
    "budgets": {"gifts": (2_500, 0, 420), "meals": (3_000, 0, 1_200), "offline": (600, 0, 600)},
    "granted": (4, 4),
    "redemptions": {"verified": 7, "reversed": 3, "refused": 1},
    "settlements": {
        "market": [("paid", 0, 2, 0, 920), ("carried", 0, 1, -500, -200)],
        "canteen": [("paid", 0, 4, 0, 1_200), ("paid", 0, 1, 0, 300)],
    },
    "settled twice": [],
}


async def nothing_else() -> None:
    """Nothing more is done in the middle of the day."""


class MoneyDay:
    """Two days of its own, as are all its names: what it comes to does not depend on the days before it."""

    def __init__(self, town: Town, name: str) -> None:
        self.town, self.name = town, name
        self.noon = NOON + 4 * DAY * next(_days)
        self.redemptions: list[str] = []

    def of(self, kind: str) -> str:
        return f"{kind}-{self.name}"

    async def passes(self, at_noon: Callable[[], Awaitable[None]] = nothing_else) -> None:
        """All of it; `at_noon` is done in its middle, while money moves."""
        await self._set_up()
        await self.idle()
        await self._tell(events_topic("checkin"), *[self._visit(number) for number in range(1, 5)])
        await self.idle()
        async with asyncio.TaskGroup() as doors:
            doors.create_task(self._noon_by_http())
            doors.create_task(self._noon_by_kafka())
            doors.create_task(_run(at_noon))
        await self.idle()
        await self._mistakes()
        await self.to(10 * HOUR)  # 22:00, the cut-off
        await self._reversed("market", "V2", "W2")
        await self._paid(0, "canteen", "market", together=True)
        await self.to(12 * HOUR)  # midnight: what nobody has used expires
        await self.to(DAY)
        await self._redeem("market", "L5", "W1", campaign_id=self.of("meals"))
        await self._tell(intake_topic("welfare"), self._wish("canteen", "L6", "W2", campaign_id=self.of("meals")))
        await self.idle()
        await self.to(DAY + 10 * HOUR)
        await self._paid(1, "canteen")
        await self.idle()

    async def idle(self) -> None:
        """It may be dead just now."""
        await self.town.welfare.idle(PATIENCE)

    async def to(self, later: timedelta) -> None:
        """Until then, and what is due has been done."""
        self.town.surroundings.clock.set(self.noon + later)
        await self.idle()

    async def _set_up(self) -> None:
        terms = {"starts_at": _at(self.noon - DAY), "ends_at": _at(self.noon + 2 * DAY), "face_fen": MEAL}
        meal = {"kind": "meal", "worker_fen": 200, "canteen_fen": 100, **terms}
        gift = {"kind": "checkin_gift", "stations": [self.of("S")], "merchants": [self.of("market")]}
        campaigns: dict[str, dict[str, Any]] = {
            "gifts": {**terms, **gift, "face_fen": FACE},
            "meals": meal,
            "offline": meal,
        }
        steps: list[tuple[str, dict[str, Any]]] = []
        for kind, (fen, *_) in SUMS["budgets"].items():
            campaign, budget = f"/campaigns/{self.of(kind)}", self.of(kind)
            steps.append((f"/budgets/{budget}/allocate", {"fen": fen, "source_ref": "2026-001"}))
            steps += [(f"{campaign}/draft", {**campaigns[kind], "budget_id": budget}), (f"{campaign}/publish", {})]
        for kind in ("canteen", "market"):
            merchant = f"/merchants/{self.of(kind)}"
            steps.append((f"{merchant}/onboard", {"category": "canteen", "contract_ref": "2026-1"}))
            steps.append((f"{merchant}/register-terminal", {"terminal_id": self._till(kind)}))
        allowance = {"terminal_id": self._till("canteen"), "budget_id": self.of("offline"), "fen": 2 * MEAL}
        steps.append((f"/merchants/{self.of('canteen')}/set-allowance", allowance))
        for path, body in steps:
            await self._post("A1", OFFICE, path, body)

    async def _noon_by_http(self) -> None:
        await self._redeem("market", "V1", "W1", 420, campaign_id=self.of("gifts"))
        await self._redeem("market", "V3", "W3", 450, campaign_id=self.of("gifts"))
        await self._redeem("canteen", "L1", "W1", campaign_id=self.of("meals"))
        await self._redeem("canteen", "L3", "W3", campaign_id=self.of("meals"))

    async def _noon_by_kafka(self) -> None:
        """Three meals of a terminal that was offline, whose allowance is good for two."""
        times: dict[str, Any] = {"redeemed_at": _at(self.noon - HOUR / 3), "sent_at": _at(self.noon)}
        offline = [
            self._wish("canteen", f"O{n}", f"W{n}", campaign_id=self.of("offline"), **times) for n in range(1, 4)
        ]
        voucher = self._wish("market", "V2", "W2", 500, campaign_id=self.of("gifts"))
        meal = self._wish("canteen", "L2", "W2", campaign_id=self.of("meals"))
        await self._tell(intake_topic("welfare"), voucher, meal, *offline)

    async def _mistakes(self) -> None:
        """Nothing is settled yet: one is taken back by each door."""
        await self._reversed("market", "V3", "W3")
        await self._tell(intake_topic("welfare"), self._record("RedemptionReversalRequested", self._back("L3", "W3")))
        await self.idle()

    async def _paid(self, day: int, *kinds: str, together: bool = False) -> None:
        """Verified, approved by somebody else, and paid."""
        names = [self._settlement(kind, day) for kind in kinds]
        for name in names:
            await self._post("F1", OFFICE, f"/settlements/{name}/verify", {})
            await self._post("F2", OFFICE, f"/settlements/{name}/approve", {})
        if together:
            payments = [{"settlement_id": name, "bank_ref": f"B-{name}"} for name in names]
            await self._post("F1", OFFICE, "/payments", {"payments": payments}, key=f"paid-{names}")
        else:
            for name in names:
                await self._post("F1", OFFICE, f"/settlements/{name}/pay", {"bank_ref": f"B-{name}"})

    def _till(self, kind: str) -> str:
        return f"{self.of(kind)}-till"

    def _settlement(self, kind: str, day: int) -> str:
        return settlement_id_of(self.of(kind), day_in_china(self.noon) + day * DAY)

    def _asked(self, kind: str, redemption: str, member: str, basket: int = 600, **more: Any) -> dict[str, Any]:
        self.redemptions.append(self.of(redemption))
        return {**self._back(redemption, member, kind), "basket_fen": basket, **more}

    def _back(self, redemption: str, member: str, kind: str = "canteen") -> dict[str, Any]:
        where = {"merchant_id": self.of(kind), "terminal_id": self._till(kind)}
        return {"redemption_id": self.of(redemption), "member_id": self.of(member), **where}

    async def _redeem(self, kind: str, redemption: str, member: str, basket: int = 600, **more: Any) -> None:
        body = self._asked(kind, redemption, member, basket, **more)
        await self._post(self._till(kind), TERMINAL, "/redemptions", body, key=body["redemption_id"])

    async def _reversed(self, kind: str, redemption: str, member: str) -> None:
        body = {**self._back(redemption, member, kind), "reason": "not_served"}
        key = f"back-{body['redemption_id']}"
        await self._post(self._till(kind), TERMINAL, "/redemption-reversals", body, key=key)

    def _wish(self, kind: str, redemption: str, member: str, basket: int = 600, **more: Any) -> Raw:
        return self._record("RedemptionRequested", self._asked(kind, redemption, member, basket, **more))

    def _record(self, kind: str, body: dict[str, Any]) -> Raw:
        if kind == "RedemptionReversalRequested":
            body = {**body, "reason": "not_served"}
        identity = f"{kind}-{body['redemption_id']}"
        return binary(f"cn.yizhan.welfare.{kind}.v1", identity, f"/tills/{self.name}", body["member_id"], body)

    def _visit(self, number: int) -> Raw:
        """As checkin would say, whose process is not needed here."""
        visit = VisitStarted(
            visit_id=self.of(f"visit{number}"),
            member_id=self.of(f"W{number}"),
            station_id=self.of("S"),
            gate_id="G1",
            started_at=_at(self.noon),  # type: ignore[arg-type]
            offline=False,
            clock_corrected=False,
            counted=True,
            flags=[],
        )
        named = ("cn.yizhan.checkin.VisitStarted.v1", visit.visit_id, "/yizhan/checkin", subject_of(visit))
        return binary(*named, visit.model_dump(mode="json"), sequence="1", time=_at(self.noon))

    async def _tell(self, topic: str, *records: Raw) -> None:
        async with Publisher(self.town.infra.kafka) as publisher:
            await publisher.send(topic, *records)

    async def _post(self, who: str, roles: tuple[str, ...], path: str, body: dict[str, Any], key: str = "") -> None:
        """Repeated under its key until there is an answer, as callers should."""
        async with calling(self.town.welfare, self.town.surroundings, who, *roles) as caller:
            answer = await caller.insist(path, body, key or f"{who}-{path}", PATIENCE)
            assert answer.status_code == 200, f"{path}: {answer.text}"

    async def sums(self) -> dict[str, Any]:
        """What it came to. Welfare is idle."""
        budgets = {}
        for kind in SUMS["budgets"]:
            found = await self._get(f"/budgets/{self.of(kind)}")
            assert found["available_fen"] == found["allocated_fen"] - found["committed_fen"] - found["consumed_fen"]
            budgets[kind] = tuple(found[f"{part}_fen"] for part in ("allocated", "committed", "consumed"))
        reach = await self._get(f"/campaigns/{self.of('gifts')}/reach")
        redemptions = [await self._get(f"/redemptions/{one}") for one in self.redemptions]
        settled, lines = await self._settled()
        return {
            "budgets": budgets,
            "granted": (reach["granted"], SUMS["granted"][1]),
            "redemptions": Counter(one["state"] for one in redemptions),
            "settlements": settled,
            "settled twice": [one for one, count in lines.items() if count > 1],
        }

    async def _settled(self) -> tuple[dict[str, Any], Counter[str]]:
        """Each merchant's settlements, and how often each redemption is a line of one."""
        settled: dict[str, Any] = {}
        lines: Counter[str] = Counter()
        for kind in SUMS["settlements"]:
            page = await self._get("/settlements", merchant_id=self.of(kind))
            sheets = [await self._get(f"/settlements/{one['settlement_id']}") for one in reversed(page["settlements"])]
            names = ("stage", "opening_fen", "lines", "adjustments_fen", "net_fen")
            settled[kind] = [tuple(sheet[name] for name in names) for sheet in sheets]
            lines.update(
                entry["redemption_id"] for one in sheets for entry in one["entries"] if entry["kind"] == "line"
            )
        return settled, lines

    async def _get(self, path: str, **query: str) -> dict[str, Any]:
        async with calling(self.town.welfare, self.town.surroundings, "A1", *OFFICE) as caller:
            answer = await eventually(
                lambda: caller.get(path, **query), PATIENCE, until=lambda found: found.status_code == 200
            )
            found: dict[str, Any] = answer.json()
            return found


async def _run(work: Callable[[], Awaitable[None]]) -> None:
    await work()


def _at(moment: datetime) -> str:
    return moment.isoformat()
