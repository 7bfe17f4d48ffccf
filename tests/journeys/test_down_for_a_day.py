"""A service that was down: what reached its topics in time has its effect before the deadlines that have passed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from shared.contracts.event_type import intake_topic
from shared.embedded.infra import Infra
from shared.testing.gates import RULES, Caller, calling
from shared.testing.infrastructure import Databases
from shared.testing.processes import NOON
from shared.testing.topics import Publisher, binary
from shared.testing.waiting import eventually
from tests.running import Town, a_town

pytestmark = pytest.mark.journey
HOLD, IN_TIME = timedelta(minutes=5), timedelta(seconds=3)
DAY = timedelta(days=1)
YEAR = {"starts_at": "2026-01-01T00:00:00+08:00", "ends_at": "2027-01-01T00:00:00+08:00"}
SET_UP: list[tuple[str, dict[str, Any]]] = [
    ("/rules", RULES),
    ("/machines", {"machine_id": "M1", "station_id": "S1"}),
    ("/machines/M1/list-goods", {"item_id": "soap", "price": 4}),
    ("/machines/M1/restock", {"station_id": "S1", "item_id": "soap", "units": 5}),
    (
        "/accounts/V1/grant-opening-lot",
        {"points": 9, "source_ref": "old", "earned_at": "2025-12-05T09:00:00+08:00"},
    ),
]


@pytest.fixture(scope="module")
async def town(infra: Infra, databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    async with a_town(infra, databases, tmp_path_factory.mktemp("down"), "points") as town:
        yield town


WELFARE_SET_UP: list[tuple[str, dict[str, Any]]] = [
    ("/budgets/B1/allocate", {"fen": 1_000, "source_ref": "2026-001"}),
    ("/campaigns/C1/draft", {
        "kind": "phased", "budget_id": "B1", "face_fen": 500, "valid_until": (NOON + DAY).isoformat(), **YEAR,
        "phases": [{"phase_id": "winter", **YEAR}],
    }),
    ("/campaigns/C1/publish", {}),
    ("/merchants/K1/onboard", {"category": "supermarket", "contract_ref": "2026-1"}),
    ("/merchants/K1/register-terminal", {"terminal_id": "K1-till"}),
]  # fmt: skip


async def done(http: Caller, path: str, body: dict[str, Any]) -> None:
    answer = await http.insist(path, body, path)
    assert answer.status_code == 200, answer.text


async def test_pt11_a_machines_word_that_waited_in_its_topic_is_not_late(town: Town) -> None:
    """The hold has ended by the time points is back; the word came before, and nobody is charged as for a late one."""
    clock = town.surroundings.clock
    async with calling(town.points, town.surroundings, "P1", "officer") as officer:
        for path, body in SET_UP:
            await done(officer, path, body)
    async with calling(town.points, town.surroundings, "M1", "machine") as machine:
        await done(machine, "/machine-reports", {"machine_id": "M1", "state": "ready"})
        await done(
            machine, "/redemptions", {"redemption_id": "X1", "member_id": "V1", "machine_id": "M1", "item_id": "soap"}
        )
    await town.points.idle()
    town.points.kill()
    word = {"redemption_id": "X1", "machine_id": "M1", "result": "dispensed"}
    async with Publisher(town.infra.kafka) as publisher:
        clock.run_from(NOON + HOLD - IN_TIME)
        await publisher.send(
            intake_topic("points"), binary("cn.yizhan.points.DispenseReported.v1", "1", "M1", "M1", word)
        )
    assert clock.now() < NOON + HOLD
    await eventually(lambda: clock.now() > NOON + HOLD)
    await town.points.start()
    await town.points.idle()
    async with calling(town.points, town.surroundings, "P1", "officer") as officer:
        assert (await officer.get("/redemptions/X1")).json()["state"] == "dispensed"


async def test_wf6_a_purchase_that_waited_in_its_topic_is_not_too_late_for_its_voucher(town: Town) -> None:
    """Its voucher would have expired by the time welfare is back; that of somebody else, unused, has."""
    clock = town.surroundings.clock
    clock.set(NOON + HOLD)
    await town.welfare.start()
    async with calling(town.welfare, town.surroundings, "A1", "officer", "finance") as office:
        for path, body in WELFARE_SET_UP:
            await done(office, path, body)
    for member in ("W1", "W2"):
        async with calling(town.welfare, town.surroundings, member) as worker:
            await done(worker, "/campaigns/C1/claim", {"member_id": member})
    await town.welfare.idle()
    town.welfare.kill()
    where = {"member_id": "W1", "merchant_id": "K1", "terminal_id": "K1-till", "campaign_id": "C1"}
    wish = {"redemption_id": "R1", "basket_fen": 420, **where}
    async with Publisher(town.infra.kafka) as publisher:
        clock.run_from(NOON + DAY - IN_TIME)
        await publisher.send(
            intake_topic("welfare"), binary("cn.yizhan.welfare.RedemptionRequested.v1", "R1", "K1-till", "W1", wish)
        )
    assert clock.now() < NOON + DAY
    await eventually(lambda: clock.now() > NOON + DAY)
    await town.welfare.start()
    await town.welfare.idle()
    async with calling(town.welfare, town.surroundings, "A1", "officer", "finance") as office:
        assert (await office.get("/redemptions/R1")).json()["state"] == "verified"
        budget = (await office.get("/budgets/B1")).json()
    assert (budget["committed_fen"], budget["consumed_fen"]) == (0, 420)
